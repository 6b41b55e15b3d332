"""Airflow is not searched for garbage over and over while it loads."""

import os
import subprocess
import sys
from pathlib import Path

LOADING = """\
import gc, airflow
count = lambda: sum(generation["collections"] for generation in gc.get_stats())
begun = count()
import airflow.jobs.scheduler_job_runner
print(count() - begun)
"""


def test_a_scheduler_that_loads_is_searched_a_few_times_and_not_hundreds_as_python_would(
    tmp_path: Path,
) -> None:
    env = os.environ | {"AIRFLOW_HOME": str(tmp_path)}
    assert int(subprocess.check_output([sys.executable, "-c", LOADING], env=env)) < 20
