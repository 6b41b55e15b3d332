"""Small pipelines whose steps are real processes: a folder with `dags/`, and a shell as the binary."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from py.pipeline import run as runs
from py.pipeline.run import Run
from py.tools.folders import ROOT

SHELL = """\
#!/usr/bin/env bash
exec bash -c "${1#--do=}"
"""
# Ignores SIGTERM, and has a child in a session of its own that ignores it as well; each tells its pid.
STUBBORN = """\
#!/usr/bin/env bash
trap '' TERM
[ "${1-}" ] || setsid "$0" again &
echo $$ > "${1:+grand}child"
while :; do sleep 0.1; done
"""


class Project:
    """A user's project, and what a person can type in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = dict(os.environ)
        (folder / "dags").mkdir()
        self.program("sh", SHELL)
        self.program("stubborn", STUBBORN)
        self.started: list[subprocess.Popen[str]] = []

    def program(self, name: str, text: str) -> None:
        """Write an executable into the project's folder."""
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def declare(self, body: str, name: str = "sample") -> None:
        """Write dags/NAME.py: `body` sees `pipeline` and `sh`, and needs no `done`."""
        head = f"""\
            from datetime import timedelta
            from py.pipeline import Binary, Pipeline
            sh = Binary("./sh")
            pipeline = Pipeline("{name}", doc="A sample.")
            """
        text = textwrap.dedent(head) + textwrap.dedent(body)
        if "pipeline.done" not in body:
            text += "\npipeline.done()\n"
        (self.folder / "dags" / f"{name}.py").write_text(text)

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Start `e2e …` as a person would, in a session of its own."""
        argv = [sys.executable, "-m", "py.e2e", *words]
        env = self.env | {"PYTHONPATH": str(ROOT)}
        child = subprocess.Popen(
            argv, cwd=self.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
        self.started.append(child)
        return child

    def e2e(self, *words: str) -> tuple[int, str]:
        """Exit code and output of `e2e …`."""
        child = self.start(*words)
        out, _ = child.communicate(timeout=60)
        return child.returncode, out

    def run(self, *words: str, name: str = "sample") -> tuple[int, str]:
        """Exit code and output of `e2e run`."""
        return self.e2e("run", name, "--dags=dags", *words)

    def last(self) -> Run:
        """The newest run, as recorded."""
        return runs.find("last", self.folder / "runs")

    def states(self) -> dict[str, str]:
        """The state of each step of the newest run."""
        return self.last().states()

    def wait_for(self, path: str, seconds: float = 20) -> Path:
        """Wait until a step has made this file, which is how a test knows that the step is in its middle."""
        wait_until((self.folder / path).exists, seconds)
        return self.folder / path

    def end(self) -> None:
        """End what a failing test may have left."""
        for child in self.started:
            if child.poll() is None:
                child.send_signal(signal.SIGKILL)
                child.wait()


def wait_until(truth: Callable[[], object], seconds: float = 20) -> None:
    """Return as soon as something is true; fail after so many seconds.

    What takes long to look at is looked at less often: who waits has no need of the cores.
    """
    began = time.monotonic()
    deadline = began + seconds
    while not truth():
        looked = time.monotonic()
        assert looked < deadline, "waited in vain"
        time.sleep(min(0.5, max(0.01, 9 * (looked - began))))
        began = time.monotonic()


def alive(pid: int) -> bool:
    """A process that only waits for init to notice its end is not alive."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An empty project of a user."""
    made = Project(tmp_path)
    yield made
    made.end()
