"""From `kubectl apply` to a finished run, on a cluster whose node has the images."""

import time
from statistics import median

from benchmarks.in_cluster.deployment import Deployment, Deployments
from benchmarks.measure import NotMeasured, Taken, progress
from benchmarks.table import Row, missing
from tests.deployment.conftest import RUNS

AVAILABLE, FINISHED = "from kubectl apply to available", "from kubectl apply to a finished run of 5 steps"
LIMITS = {AVAILABLE: 30.0, FINISHED: 40.0}  # seconds
MOST = 2  # rounds: each begins with nothing and takes a minute and a half


def rows(deployments: Deployments, n: int) -> list[Row]:
    """Both times, of the deployment without any component; the run is triggered as the README says."""
    try:
        taken = [_taken(deployments.ready) for _ in range(min(n, MOST))]
    except (NotMeasured, AssertionError) as error:
        progress(f"{error}\n")
        return [missing(name, f"≤ {limit:g} s") for name, limit in LIMITS.items()]
    return [
        _row(AVAILABLE, [each.stamps[0] for each in taken]),
        _row(FINISHED, [each.seconds for each in taken]),
    ]


def _taken(deployment: Deployment) -> Taken:
    deployment.fresh()
    deployment.choose()
    progress("applying, on a cluster that has nothing but the Secret\n")
    began = time.monotonic()
    deployment.apply()
    available = time.monotonic() - began
    deployment.trigger("chain")
    deployment.shell(f"until cat {RUNS}/*/finished.json 2>/dev/null; do sleep 0.1; done")
    return Taken(time.monotonic() - began, (available,))


def _row(name: str, taken: list[float]) -> Row:
    value, limit = median(taken), LIMITS[name]
    return Row(name, f"{value:.1f} s", "", f"≤ {limit:g} s", value <= limit)
