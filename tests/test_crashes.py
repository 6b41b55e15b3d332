"""Airflow is killed, by parts and as a whole, in the middle of steps: none is lost, or runs beside itself.

Nor does it disturb who follows a run.
"""

import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from socket import SHUT_RDWR, create_connection, create_server, socket

import psutil
import pytest

from py.pipeline import run as runs
from py.pipeline.run import ABORTED, KILLED
from py.provider.ending import IDLE
from py.servers import supervisor
from py.servers.health import ailing
from py.servers.home import USER
from tests.airflows import SLOW, Airflow, started
from tests.long_runs import STUBBORN_STEP, TWICE, UNTIL_ENDED, alone, begin, prepare
from tests.projects import alive, wait_until
from tests.prows import DAG, WAIT, Prow, ended

CONF = f"--conf={json.dumps({'DO': WAIT})}"


@pytest.fixture(scope="module")
def own() -> Iterator[Airflow]:
    """An Airflow that no other tests use."""
    made = started()
    yield made
    made.end()


@pytest.fixture
def airflow(own: Airflow) -> Airflow:
    """The same, in place of the one that all share."""
    return own


@pytest.fixture
def broken(airflow: Airflow) -> Iterator[Airflow]:
    """An Airflow that is whole again when a test has broken it."""
    prepare(airflow)
    yield airflow
    airflow.start()
    wait_until(lambda: not ailing(airflow.home.port()), SLOW)


def kill(airflow: Airflow, part: str) -> None:
    """Kill a part of Airflow, and no other."""
    os.kill(supervisor.parts(airflow.home)[part].pid, signal.SIGKILL)


def test_what_a_killed_scheduler_left_is_ended_and_run_again(broken: Airflow) -> None:
    stubborn, quick = begin(broken, TWICE), begin(broken, alone(1, first=UNTIL_ENDED))
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


def test_while_the_api_server_is_away_steps_go_on_and_end_and_who_follows_waits_or_leaves_the_verdict_open(
    broken: Airflow, prow: Prow
) -> None:
    patient = prow.start("run", DAG, CONF, "--run_id=patient")
    hasty = prow.start("run", DAG, CONF, "--run_id=hasty", "--away_limit=2")
    for name in ("patient", "hasty"):
        prow.wait_for_middle(name)
    long, short = begin(broken, alone(10)), begin(broken, alone(4))
    for run in (long, short):
        run.wait_for("begun")
    old = supervisor.parts(broken.home)["api-server"].pid
    kill(broken, "api-server")
    wait_until(lambda: supervisor.parts(broken.home)["api-server"].pid not in (0, old), SLOW)
    supervisor.stop(broken.home, "api-server")  # and it stays away
    code, out = ended(hasty)
    assert code == 3, out
    assert re.search(r"error: http://localhost:\d+ has not answered for too long", out)
    assert "python -m py.prow follow followed hasty" in out
    short.wait_for("ended")
    wait_until(lambda: not short.processes())
    supervisor.start(broken.home, "api-server")
    wait_until(lambda: not ailing(broken.home.port()), SLOW)
    for run in (long, short):
        state, record = run.end()
        assert (state, record.result) == ("success", "SUCCESS")
        assert run.attempts("tests") == 1
    for name in ("patient", "hasty"):
        prow.let_go(name)
    code, out = ended(patient)
    assert code == 0, out
    assert out.count("Airflow's API is away; trying again") == 1
    assert out.count("Airflow's API is back") == 1
    assert re.search("middle  passed in", out)
    assert prow("follow", DAG, "hasty")[0] == 0


def test_a_scheduler_waits_for_its_steps_as_it_ends_and_not_for_a_worker_that_hangs(broken: Airflow) -> None:
    run = begin(broken, alone(5))
    run.wait_for("begun")
    scheduler = psutil.Process(supervisor.parts(broken.home)["scheduler"].pid)
    idle = [child for child in scheduler.children() if any(IDLE in word for word in child.cmdline())]
    for worker in idle:
        worker.suspend()
    scheduler.terminate()
    run.wait_for("ended")
    wait_until(lambda: not any(alive(process.pid) for process in (scheduler, *idle)), 60)
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
    password = broken.home.password()
    broken.start()
    assert broken.home.password() == password
    for run, again in ((tests, "tests"), (teardown, "teardown")):
        state, record = run.end()
        assert (state, record.result) == ("success", "SUCCESS")
        assert run.attempts(again) == 2
    assert not any(map(alive, children))


class Forwarder:
    """A line to Airflow that is cut once a request has arrived there, and before its answer comes back."""

    def __init__(self, port: int, request: bytes) -> None:
        self.port, self.request, self.cuts = port, request, 0
        self.door = create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.door.getsockname()[1]}"

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.door.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket) -> None:
        with near, create_connection(("127.0.0.1", self.port)) as far:
            cut = threading.Event()
            back = threading.Thread(target=self._answer, args=(far, near, cut), daemon=True)
            back.start()
            while data := near.recv(65536):
                if self.request in data and not self.cuts:
                    self.cuts += 1
                    cut.set()
                far.sendall(data)  # all of the request, of which this may be the head alone
            back.join()

    def _answer(self, far: socket, near: socket, cut: threading.Event) -> None:
        try:
            while data := far.recv(65536):
                if cut.is_set():
                    near.shutdown(SHUT_RDWR)
                    return
                near.sendall(data)
        except OSError:
            return


@pytest.fixture
def bad_line(prow: Prow) -> Iterator[Forwarder]:
    """A line that loses the answer to the first trigger."""
    made = Forwarder(prow.airflow.home.port(), b"POST /api/v2/dags/followed/dagRuns")
    yield made
    made.door.close()


def test_a_trigger_whose_answer_is_lost_makes_one_run(prow: Prow, bad_line: Forwarder) -> None:
    who = {"AIRFLOW_API_USERNAME": USER, "AIRFLOW_API_PASSWORD": prow.airflow.home.password()}
    code, out = prow("run", DAG, "--run_id=lost", f"--url={bad_line.url}", **who)
    assert (code, bad_line.cuts) == (0, 1), out
    assert prow.airflow.wait(DAG, "lost") == "success"
