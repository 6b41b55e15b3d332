"""Take a while, and keep count of how often."""

from datetime import timedelta

from py.pipeline import Binary, Pipeline, airflow_dag


def trial(name: str, *, image: bool = False) -> Pipeline:
    """A step that takes its time, one that has its output, and one that undoes it."""
    pipeline = Pipeline(name, doc=__doc__ or "")
    seconds = pipeline.param("SECONDS", 1, help="How long the step takes.")
    where = pipeline.param("IMAGE", "", help="What the steps run in.") if image else None
    slow = Binary("/opt/windtunnel/dags/slow", image=where)
    wait = slow("wait", seconds=seconds)
    first = pipeline.step("first", wait, outputs=["count"], timeout=timedelta(hours=1))
    pipeline.step("then", slow("tell", count=first["count"]))
    pipeline.step("undo", slow("undo"), undoes=[first])
    pipeline.done()
    return pipeline


dags = [airflow_dag(each) for each in (trial("trial"), trial("trial_in_image", image=True))]
