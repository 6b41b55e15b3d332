"""The official client costs what is used of it, and is otherwise itself."""

import subprocess
import sys

import pytest

from py.airflow_api.lean import PACKAGES
from py.tools.folders import ROOT


def said(script: str) -> list[str]:
    """The words that a Python prints which has the client by the piece."""
    whole = f"from py.airflow_api.lean import by_the_piece\nby_the_piece()\n{script}"
    return subprocess.check_output([sys.executable, "-c", whole], cwd=ROOT, text=True).split()


def test_what_a_trigger_uses_loads_nothing_else() -> None:
    script = """
import sys
from airflow_client.client import ApiClient, Configuration, DAGApi, DagRunApi, TriggerDAGRunPostBody
print(*(name for name in sys.modules if name.startswith("airflow_client.client.api.")))
"""
    assert said(script) == ["airflow_client.client.api.dag_api", "airflow_client.client.api.dag_run_api"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_that_is_in_the_whole_client_is_in_this_one(package: str) -> None:
    names = f"import {package} as it; print(*sorted(each for each in dir(it) if each[0].isupper()))"
    whole = subprocess.check_output([sys.executable, "-c", names], text=True).split()
    assert len(whole) > 20
    script = f"import {package} as it; print(*(getattr(it, each).__name__ for each in {whole}))"
    assert said(script) == whole


def test_a_name_that_is_not_in_it_is_missed_as_ever() -> None:
    script = "import airflow_client.client.models as it; print(hasattr(it, 'Nothing'))"
    assert said(script) == ["False"]
