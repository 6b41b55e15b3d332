"""One step that prints as many millions of bytes as the conf says."""

from py.pipeline import Binary, Pipeline, airflow_dag

pipeline = Pipeline("chatty", doc=__doc__)
megabytes = pipeline.param("MEGABYTES", 300, help="How much it prints.")
pipeline.step("gush", Binary("steps/gush_megabytes")("print", n=megabytes))
pipeline.done()

dag = airflow_dag(pipeline)
