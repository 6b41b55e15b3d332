"""Write a greeting, keep it, take it away again: the smallest pipeline with param, output and undo."""

from py.pipeline import Binary, Pipeline, airflow_dag

greeting = Binary("examples/any_language/greeting.sh")

pipeline = Pipeline("hello", doc=__doc__)
who = pipeline.param("NAME", "world", help="Whom to greet.")

write = pipeline.step("write", greeting("write", name=who), outputs=["file"])
pipeline.step("keep", greeting("keep", file=write["file"]))
pipeline.step("erase", greeting("erase"), undoes=[write])
pipeline.done()

dag = airflow_dag(pipeline)
