"""Five steps of /bin/true one after the other: processes, pods of their image, or each in a worker's pod."""

import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from benchmarks.in_airflow.servers import seconds
from benchmarks.in_cluster.deployment import Deployment, Deployments
from benchmarks.measure import NotMeasured, Taken, progress, rounds
from benchmarks.table import Row, missing

LENGTH = 5
MOST = 3  # rounds: a chain of workers' pods takes half a minute
STEP, BETWEEN = "of which a step", "and from one to the next"


class Variant(NamedTuple):
    """A way in which the five run, what is applied for it, and the seconds that all may take."""

    what: str
    component: str
    dag: str
    limit: float


# step_pods has LocalExecutor, so what runs as processes is measured beside it, by turns.
LOCAL = Variant("LocalExecutor", "deploy/step_pods", "chain", 1.5)
VARIANTS = (
    LOCAL,
    Variant("LocalExecutor, the five in one task", "deploy/step_pods", "joined", 1.5),
    Variant("step_pods", "deploy/step_pods", "pods", 10.0),
    Variant("KubernetesExecutor", "deploy/kubernetes_executor", "chain", 10.0),
    Variant("KubernetesExecutor, the five in one task", "deploy/kubernetes_executor", "joined", 10.0),
)


class Times(NamedTuple):
    """Seconds: from the trigger to the end; that a task lasts; from one's end to the next one's start."""

    total: float
    step: float
    between: float


def rows(deployments: Deployments, n: int) -> list[Row]:
    """For each variant the time of all, of a step, and between steps; beside LocalExecutor."""
    taken: dict[str, list[Times]] = {}
    for component in dict.fromkeys(each.component for each in VARIANTS):
        taken |= _taken(deployments, component, min(n, MOST))
    return [row for each in VARIANTS for row in _rows(each, taken)]


def _taken(deployments: Deployments, component: str, n: int) -> dict[str, list[Times]]:
    """The times of the variants of a component, which had their turns."""
    there = [each for each in VARIANTS if each.component == component]
    found: dict[str, list[Times]] = {each.what: [] for each in there}

    def run(variant: Variant, deployment: Deployment) -> Taken:
        taken, times = _run(deployment, variant)
        found[variant.what].append(times)
        return taken

    try:
        deployment = deployments.ready
        deployment.switch(component)
        measures: dict[str, Callable[[], Taken]] = {
            each.what: partial(run, each, deployment) for each in there
        }
        kept = rounds(component, measures, n)
    except (NotMeasured, AssertionError) as error:
        progress(f"{component}: {error}\n")
        return {}
    return {name: found[name][-len(kept[name]) :] for name in kept}


def _run(deployment: Deployment, variant: Variant) -> tuple[Taken, Times]:
    conf = {"IMAGE": deployment.images[1]} if variant.dag == "pods" else {}
    api = deployment.api
    began = time.time()
    run_id = api.trigger(variant.dag, conf)
    api.ended(variant.dag, [run_id])
    taken = api.taken(variant.dag, run_id, began)
    tasks = sorted(api.tasks(variant.dag, run_id), key=lambda task: str(task["start_date"]))
    spans = [(seconds(task["start_date"]), seconds(task["end_date"])) for task in tasks]
    gaps = [after[0] - before[1] for before, after in pairwise(spans)]
    of_a_step = median(end - start for start, end in spans[:-1])  # the last one is the verdict
    return taken, Times(taken.seconds, of_a_step, median(gaps))


def _rows(variant: Variant, taken: dict[str, list[Times]]) -> list[Row]:
    what, budget = f"chain of {LENGTH}, trigger to end: {variant.what}", f"≤ {variant.limit:g} s"
    if not (mine := taken.get(variant.what)):
        return [missing(what, budget)]
    total = median(each.total for each in mine)
    local = taken.get(LOCAL.what)
    ratio = f"{total / median(each.total for each in local):.1f} × LocalExecutor" if local else ""
    made = [Row(what, f"{total:.2f} s", ratio, budget, total <= variant.limit)]
    if variant.dag != "joined":
        made.append(Row(f"  {STEP}", f"{median(each.step for each in mine):.2f} s"))
    return [*made, Row(f"  {BETWEEN}", f"{median(each.between for each in mine):.2f} s")]
