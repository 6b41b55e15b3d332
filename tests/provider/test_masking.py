"""A command of Airflow is not slowed down by what tasks need, and secrets are hidden all the same."""

import os
import subprocess
import sys
from pathlib import Path

from py.provider.masking import TASK


def said(script: str, home: Path) -> str:
    """What a process of Airflow prints."""
    env = os.environ | {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__FERNET_KEY": "of-the-settings"}
    return subprocess.check_output([sys.executable, "-c", script], env=env, text=True)


def test_a_process_that_is_no_task_loads_nothing_of_one(tmp_path: Path) -> None:
    script = f"import sys, airflow; print({TASK!r} in sys.modules)"
    assert said(script, tmp_path) == "False\n"


def test_it_hides_the_secrets_of_its_settings_and_those_it_is_told(tmp_path: Path) -> None:
    script = """\
import airflow
from airflow.sdk.log import mask_secret, redact
mask_secret("of-a-connection")
print(redact("of-the-settings, of-a-connection, of nobody"))
"""
    assert said(script, tmp_path) == "***, ***, of nobody\n"


def test_a_task_tells_its_supervisor(tmp_path: Path) -> None:
    script = f"""\
from importlib import import_module
from types import SimpleNamespace
import airflow
from airflow.sdk.log import mask_secret
import_module("{TASK}").SUPERVISOR_COMMS = SimpleNamespace(send=lambda message: print(message.value))
mask_secret("of-a-task")
"""
    assert said(script, tmp_path) == "of-a-task\n"
