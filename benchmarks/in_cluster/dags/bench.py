"""What the benchmarks run in a cluster; it is built into the image, as a worker's pod has no other DAGs."""

from py.pipeline import Binary, Pipeline, airflow_dag

LENGTH = 5
WIDTH = 9  # and the verdict


def chain(name: str, *, group: str = "", image: bool = False) -> Pipeline:
    """Steps one after the other, each a task, or all in one; processes, or in the image of the conf."""
    pipeline = Pipeline(name, doc=__doc__ or "")
    where = pipeline.param("IMAGE", "", help="What the steps run in.") if image else None
    true = Binary("/bin/true", image=where)
    steps = [pipeline.step("s1", true())]
    for number in range(2, LENGTH + 1):
        steps.append(pipeline.step(f"s{number}", true(), after=steps[-1:]))
    if group:
        pipeline.group(group, steps)
    pipeline.done()
    return pipeline


def wide() -> Pipeline:
    """Steps that can all run at once."""
    pipeline = Pipeline("wide", doc=__doc__ or "")
    for number in range(1, WIDTH + 1):
        pipeline.step(f"s{number}", Binary("/bin/true")())
    pipeline.done()
    return pipeline


pipelines = chain("chain"), chain("joined", group="all"), chain("pods", image=True), wide()

dags = [airflow_dag(each) for each in pipelines]
