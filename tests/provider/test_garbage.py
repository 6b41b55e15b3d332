"""Airflow is not searched for garbage over and over while it loads."""

import os
import subprocess
import sys
from pathlib import Path

LOADING = """\
import gc, airflow
{before}
count = lambda: sum(generation["collections"] for generation in gc.get_stats())
begun = count()
import airflow.jobs.scheduler_job_runner
print(count() - begun)
"""


def searches(home: Path, before: str) -> int:
    """How often Python searches for garbage while a scheduler is loaded."""
    env = os.environ | {"AIRFLOW_HOME": str(home)}
    return int(subprocess.check_output([sys.executable, "-c", LOADING.format(before=before)], env=env))


def test_a_scheduler_that_loads_is_searched_fifty_times_less_than_python_would(tmp_path: Path) -> None:
    ours, pythons = searches(tmp_path, ""), searches(tmp_path, "gc.set_threshold(700, 10, 10)")
    assert pythons > 100
    assert ours <= pythons / 50
