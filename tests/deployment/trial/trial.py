"""Take a while, and keep count of how often."""

from datetime import timedelta

from py.pipeline import Binary, Pipeline, airflow_dag

slow = Binary("/opt/windtunnel/dags/slow")

pipeline = Pipeline("trial", doc=__doc__)
seconds = pipeline.param("SECONDS", 1, help="How long the step takes.")
first = pipeline.step("first", slow("wait", seconds=seconds), outputs=["count"], timeout=timedelta(hours=1))
pipeline.step("then", slow("tell", count=first["count"]))
pipeline.done()

dag = airflow_dag(pipeline)
