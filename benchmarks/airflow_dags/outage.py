"""Two steps side by side: one takes longer than the API server is away, one ends meanwhile."""

from py.pipeline import Binary, Pipeline, airflow_dag

sleep = Binary("/bin/sleep")
pipeline = Pipeline("outage", doc=__doc__ or "")
pipeline.step("goes_on", sleep("90"))
pipeline.step("ends", sleep("20"))
pipeline.done()

dag = airflow_dag(pipeline)
