"""`python -m py.prow` as a person or a CI job starts it, and a pipeline that does what a conf says."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from py.pipeline import run as runs
from py.tools.folders import ROOT
from tests.airflows import Airflow
from tests.projects import SHELL, wait_until

DAG = "followed"
PIPELINE = """\
    from py.pipeline import Binary, Pipeline, airflow_dag

    sh = Binary("./sh")
    pipeline = Pipeline("followed", doc="Does what the conf says.")
    do = pipeline.param("DO", "true", help="What the step in the middle does.")
    word = pipeline.param("WORD", "echo a", choices=["echo a", "echo b"])
    pipeline.preset("b", WORD="echo b")

    first = pipeline.step("first", sh(do="echo from the first step; touch $WORKSPACE/made"))
    middle = pipeline.step("middle", sh(do=do), after=[first])
    pipeline.step("later", sh(do=word), after=[middle])
    pipeline.step("undo", sh(do="rm -f $WORKSPACE/made"), undoes=[first])
    pipeline.done()

    dag = airflow_dag(pipeline)
    """
FAIL = "echo some words; echo the reason >&2; exit 3"
# Says that it is in its middle, and waits until it may end.
WAIT = "touch $WORKSPACE/begun; while [ ! -e $WORKSPACE/go ]; do sleep 0.05; done"


class Prow:
    """What a person can do with one Airflow from outside."""

    def __init__(self, airflow: Airflow) -> None:
        self.airflow = airflow
        kept = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW_API_")}
        home = str(airflow.home.folder)
        self.env = kept | {"WINDTUNNEL_AIRFLOW_HOME": home, "WINDTUNNEL_RUNS": str(airflow.runs)}
        self.started: list[subprocess.Popen[bytes]] = []

    def start(
        self, *words: str, env: Mapping[str, str] = MappingProxyType({}), terminal: int | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start `prow …`, its output in a pipe or on a terminal."""
        child = subprocess.Popen(
            [sys.executable, "-m", "py.prow", *words], cwd=ROOT, env={**self.env, **env},
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            stdout=subprocess.PIPE if terminal is None else terminal,
            stderr=subprocess.STDOUT if terminal is None else terminal,
        )  # fmt: skip
        self.started.append(child)
        return child

    def __call__(self, *words: str, **env: str) -> tuple[int, str]:
        """Exit code and output of `prow …`."""
        return ended(self.start(*words, env=env))

    def workspace(self, run_id: str) -> Path:
        """The folder that the steps of a run share."""
        return self.airflow.runs / runs.name_of(DAG, run_id) / "workspace"

    def wait_for_middle(self, run_id: str) -> None:
        """Return when the step in the middle waits to be let go."""
        wait_until((self.workspace(run_id) / "begun").exists, 60)

    def let_go(self, run_id: str) -> None:
        """Let the step in the middle end."""
        (self.workspace(run_id) / "go").touch()

    def end(self) -> None:
        """End what a failing test may have left."""
        for child in self.started:
            if child.poll() is None:
                child.kill()
                child.wait()


def ended(child: "subprocess.Popen[bytes]") -> tuple[int, str]:
    """Exit code and output of a child, when it has ended."""
    out, _ = child.communicate(timeout=120)
    return child.returncode, out.decode()


class Terminal:
    """A terminal that a person sits at."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        self.screen = ""

    def read_until(self, word: str) -> None:
        """Read the screen until a word is on it."""

        def read() -> bool:
            if select.select([self.ours], [], [], 0.05)[0]:
                self.screen += os.read(self.ours, 65536).decode(errors="replace")
            return word in self.screen

        wait_until(read, 60)

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self.ours, line.encode() + b"\n")

    def close(self) -> None:
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def followed_airflow(airflow: Airflow) -> Airflow:
    """An Airflow with the pipeline that does what a conf says."""
    airflow.program("sh", SHELL)
    airflow.need("followed.py", PIPELINE)
    return airflow


@pytest.fixture
def prow(followed_airflow: Airflow) -> Iterator[Prow]:
    """`python -m py.prow`, for an Airflow that has the pipeline."""
    made = Prow(followed_airflow)
    yield made
    made.end()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A terminal that a person sits at."""
    made = Terminal()
    yield made
    made.close()
