"""tf_k8s_tests, everything warm: by Airflow, which runs already, and without it, by turns."""

import functools
import sys
from statistics import median

from benchmarks.in_airflow.servers import Servers
from benchmarks.measure import Program, Taken, once, rounds
from benchmarks.table import Row, missing

LIMIT = 1.25
CONF = '--conf={"PULL_NUMBER": "1"}'
AIRFLOW, LOCAL = "driven by Airflow, from the command to the verdict", "local run, the same"


def rows(servers: Servers, n: int) -> list[Row]:
    """Both, and the ratio."""
    ours = servers.ours
    env = {"WINDTUNNEL_AIRFLOW_HOME": str(ours.home.folder), "AIRFLOW_API_URL": ""}
    runs = f"--runs={ours.folder / 'local'}"
    programs = {
        AIRFLOW: Program([sys.executable, "-m", "py.prow", "run", "tf_k8s_tests", CONF], env),
        LOCAL: Program([sys.executable, "-m", "py.e2e", "run", "tf_k8s_tests", CONF, runs]),
    }
    measures = {name: functools.partial(once, program) for name, program in programs.items()}
    taken = rounds("tf_k8s_tests", measures, n)
    if len(taken) < len(programs):
        return [missing(name) for name in programs]
    ratio = median(a.seconds / b.seconds for a, b in zip(taken[AIRFLOW], taken[LOCAL], strict=True))
    return [
        Row(AIRFLOW, _figure(taken[AIRFLOW]), f"{ratio:.2f} × local", f"≤ {LIMIT:g} × local", ratio <= LIMIT),
        Row(LOCAL, _figure(taken[LOCAL]), "1.00 × local"),
    ]


def _figure(taken: list[Taken]) -> str:
    return f"{median(each.seconds for each in taken):.1f} s"
