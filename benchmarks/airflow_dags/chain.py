"""Twenty steps, each after the one before: a task for each, and one for all."""

from py.pipeline import Binary, Pipeline, airflow_dag

true = Binary("/bin/true")


def chain(name: str, length: int, group: str = "") -> Pipeline:
    """The pipeline; all its steps in one group if that has a name."""
    pipeline = Pipeline(name, doc=__doc__ or "")
    steps = [pipeline.step("s1", true())]
    for number in range(2, length + 1):
        steps.append(pipeline.step(f"s{number}", true(), after=steps[-1:]))
    if group:
        pipeline.group(group, steps)
    pipeline.done()
    return pipeline


chained, joined, short = chain("chain", 20), chain("joined", 20, "all"), chain("short", 5)

dags = [airflow_dag(each) for each in (chained, joined, short)]
