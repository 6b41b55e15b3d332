"""Airflow is killed, by parts and as a whole, in the middle of steps: none is lost, or runs beside itself."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest

from py.pipeline import run as runs
from py.pipeline.run import ABORTED, KILLED
from py.servers import supervisor
from py.servers.health import ailing
from tests.airflows import SLOW, Airflow
from tests.long_runs import STUBBORN_STEP, TWICE, alone, begin, prepare
from tests.projects import alive, wait_until


@pytest.fixture
def broken(fragile: Airflow) -> Iterator[Airflow]:
    """An Airflow that is whole again when a test has broken it."""
    prepare(fragile)
    yield fragile
    fragile.start()
    wait_until(lambda: not ailing(fragile.home.port()), SLOW)


def kill(airflow: Airflow, part: str) -> None:
    """Kill a part of Airflow, and no other."""
    os.kill(supervisor.parts(airflow.home)[part].pid, signal.SIGKILL)


def test_what_a_killed_scheduler_left_is_ended_and_run_again(broken: Airflow) -> None:
    stubborn, quick = begin(broken, TWICE), begin(broken, alone(4))
    for run in (stubborn, quick):
        run.wait_for("begun")
    kill(broken, "scheduler")
    for run in (stubborn, quick):
        state, record = run.end()
        assert (state, record.result) == ("success", "SUCCESS")
        assert run.attempts("tests") == 2
        assert (run.workspace / "undone").exists()


def test_a_step_ends_with_the_worker_that_would_have_told_its_end(broken: Airflow) -> None:
    run = begin(broken, STUBBORN_STEP)
    run.wait_for("begun")
    worker = run.runner().parent()
    assert worker
    worker.kill()
    wait_until(lambda: not run.processes())
    wait_until(lambda: runs.read(run.folder).states().get("tests") == ABORTED)
    run.mark("tests", "failed")  # Airflow finds out by itself, but waits three minutes for a sign of life
    state, record = run.end()
    assert (state, record.result) == ("failed", "ABORTED")
    assert list(map(str, record.reasons)) == [f"tests aborted: {KILLED}", "not run: beside"]


def test_no_step_is_lost_with_postgres_and_others_begin_before_it_ends(broken: Airflow) -> None:
    long, run = begin(broken, STUBBORN_STEP), begin(broken, alone(5))
    for each in (long, run):
        each.wait_for("begun")
    scheduler = supervisor.parts(broken.home)["scheduler"].pid
    postmaster = psutil.Process(supervisor.parts(broken.home)["postgres"].pid)
    for process in [postmaster, *postmaster.children(recursive=True)]:
        process.kill()
    wait_until(lambda: not ailing(broken.home.port()), SLOW)
    state, record = run.end()
    assert (state, record.result) == ("success", "SUCCESS")
    assert run.attempts("tests") == 1
    assert supervisor.parts(broken.home)["scheduler"].pid == scheduler
    long.cancel()
    assert long.end()[1].result == "ABORTED"


def test_steps_go_on_and_end_while_the_api_server_is_away(broken: Airflow) -> None:
    long, short = begin(broken, alone(10)), begin(broken, alone(4))
    for run in (long, short):
        run.wait_for("begun")
    supervisor.stop(broken.home, "api-server")
    short.wait_for("ended")
    wait_until(lambda: not short.processes())
    supervisor.start(broken.home, "api-server")
    wait_until(lambda: not ailing(broken.home.port()), SLOW)
    for run in (long, short):
        state, record = run.end()
        assert (state, record.result) == ("success", "SUCCESS")
        assert run.attempts("tests") == 1


def test_after_all_of_airflow_was_killed_its_next_start_ends_or_picks_up_what_ran(broken: Airflow) -> None:
    tests, teardown = begin(broken, TWICE), begin(broken, undoing=TWICE + '; rm -f "$WORKSPACE/cluster"')
    for run in (tests, teardown):
        run.wait_for("begun")
    children = [int(file.read_text()) for run in (tests, teardown) for file in run.workspace.glob("*child")]
    top = psutil.Process(int((broken.home.folder / "supervisord.pid").read_text()))
    of_steps = [*tests.processes(), *teardown.processes()]
    killed = [process for process in (top, *top.children(recursive=True)) if process not in of_steps]
    for process in killed:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    wait_until(lambda: not any(alive(process.pid) for process in killed))
    broken.start()
    for run, again in ((tests, "tests"), (teardown, "teardown")):
        state, record = run.end()
        assert (state, record.result) == ("success", "SUCCESS")
        assert run.attempts(again) == 2
    assert not any(map(alive, children))
