"""Five hundred steps in two layers; each of the second waits for two of the first."""

from py.pipeline import Binary, Pipeline, airflow_dag

WIDTH = 250
true = Binary("/bin/true")
pipeline = Pipeline("large", doc=__doc__)
first = [pipeline.step(f"a{number}", true()) for number in range(WIDTH)]
for number in range(WIDTH):
    pipeline.step(f"b{number}", true(), after=[first[number], first[number - 1]])
pipeline.done()

dag = airflow_dag(pipeline)
