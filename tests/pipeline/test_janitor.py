"""The DAG that finishes what Airflow has lost: a run that is gone from its database, say."""

import subprocess

import pytest

from py.pipeline import run as runs
from py.pipeline.run import KILLED
from py.servers.supervisor import postgres_programs
from py.tools.folders import ROOT
from tests.airflows import Airflow
from tests.long_runs import STUBBORN_STEP, LongRun, begin, prepare
from tests.projects import wait_until


@pytest.fixture
def janitor(airflow: Airflow) -> Airflow:
    """An Airflow with the janitor."""
    prepare(airflow)
    if not (airflow.dags / "janitor.py").exists():
        airflow.put("janitor.py", (ROOT / "dags" / "janitor.py").read_text())
    return airflow


def forget(run: LongRun) -> None:
    """Let Airflow's database know nothing of a run; by REST, Airflow deletes none that goes on."""
    sql = f"delete from dag_run where run_id = '{run.id}'"
    where = [f"--host={run.airflow.home.folder}", "--username=airflow", "--dbname=postgres"]
    subprocess.run([postgres_programs() / "psql", *where, "--command", sql], check=True, capture_output=True)


def cleaned(airflow: Airflow) -> str:
    """Let the janitor pass once, and return what it said."""
    run_id = airflow.trigger("janitor")
    assert airflow.wait("janitor", run_id) == "success"
    return airflow.log("janitor", run_id, "finish_lost_runs")


def test_a_run_that_was_deleted_is_finished_and_others_are_left_alone(janitor: Airflow) -> None:
    deleted, other = begin(janitor, STUBBORN_STEP), begin(janitor, STUBBORN_STEP)
    for run in (deleted, other):
        run.wait_for("begun")
    forget(deleted)
    wait_until(lambda: not deleted.processes())
    assert (deleted.workspace / "cluster").exists()
    wait_until(lambda: finished(deleted, cleaned(janitor)), 60)
    record = runs.read(deleted.folder)
    assert (record.result, record.states()["teardown"]) == ("ABORTED", "passed")
    assert str(record.reasons[0]) in ("tests aborted: cancelled", f"tests aborted: {KILLED}")
    assert not (deleted.workspace / "cluster").exists()
    assert not deleted.is_open()
    assert other.processes()
    assert other.is_open()
    other.cancel()
    assert other.end()[1].result == "ABORTED"
    assert "is finished" not in cleaned(janitor)


def test_what_is_made_again_after_the_end_is_undone_again(janitor: Airflow) -> None:
    run = begin(janitor)
    assert run.end()[1].result == "SUCCESS"
    run.clear("create")  # and not what undoes it, which people forget
    wait_until(lambda: run.attempts("create") == 2)
    janitor.wait(run.dag, run.id)
    assert (run.workspace / "cluster").exists()
    assert finished(run, cleaned(janitor))
    assert not (run.workspace / "cluster").exists()
    assert runs.read(run.folder).result == "ABORTED"


def finished(run: LongRun, said: str) -> bool:
    """Whether the janitor says that it has finished a run."""
    return f"{run.folder.name} is finished: ABORTED" in said
