"""Following survives what happens to Airflow's API meanwhile."""

import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from socket import create_connection, create_server, socket

import pytest

from py.servers.home import USER
from py.servers.supervisor import parts, start, stop
from tests.airflows import SLOW, Airflow
from tests.projects import wait_until
from tests.prows import DAG, WAIT, Prow, ended

CONF = f"--conf={json.dumps({'DO': WAIT})}"


@pytest.fixture
def airflow(fragile: Airflow) -> Airflow:
    """One that may be broken."""
    return fragile


def test_an_api_server_that_is_killed_and_back_changes_nothing(prow: Prow) -> None:
    child = prow.start("run", DAG, CONF, "--run_id=killed")
    prow.wait_for_middle("killed")
    home = prow.airflow.home
    old = parts(home)["api-server"].pid
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: parts(home)["api-server"].pid not in (0, old), SLOW)
    prow.let_go("killed")
    code, out = ended(child)
    assert code == 0, out
    assert out.count("Airflow's API is away; trying again") == 1
    assert out.count("Airflow's API is back") == 1
    assert re.search("middle  passed in", out)


def test_an_api_that_is_away_for_too_long_leaves_the_verdict_open(prow: Prow) -> None:
    child = prow.start("run", DAG, CONF, "--run_id=away", "--away_limit=2")
    prow.wait_for_middle("away")
    home = prow.airflow.home
    stop(home, "api-server")
    try:
        code, out = ended(child)
    finally:
        start(home, "api-server")
        prow.airflow.start()
    assert code == 3, out
    assert re.search(r"error: http://localhost:\d+ has not answered for too long", out)
    assert "python -m py.prow follow followed away" in out
    prow.let_go("away")
    assert prow("follow", DAG, "away")[0] == 0


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
                far.sendall(data)
                if cut.is_set():
                    break
            back.join()

    def _answer(self, far: socket, near: socket, cut: threading.Event) -> None:
        try:
            while (data := far.recv(65536)) and not cut.is_set():
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
