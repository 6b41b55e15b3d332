"""Start programs by turns; say how long each took, when its steps began and what memory it held."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from py.tools.folders import ROOT

PAUSE = 0.01  # seconds between two looks at memory
PATIENCE = 300.0  # seconds


class NotMeasured(Exception):
    """Something could not be measured; the text says what and why."""


class Program(NamedTuple):
    """A command line and what it finds in its environment besides ours."""

    argv: Sequence[str | Path]
    env: Mapping[str, str] = {}


class Taken(NamedTuple):
    """Seconds from start to exit, and from the start to each step that says when it began; the output."""

    seconds: float
    stamps: tuple[float, ...] = ()
    output: str = ""

    @property
    def gap(self) -> float:
        """Seconds from the begin of a step to that of the next, on average."""
        return (self.stamps[-1] - self.stamps[0]) / (len(self.stamps) - 1)


class Memory(NamedTuple):
    """Peaks in MiB: of all its processes, shared pages in parts (PSS), and of the largest (RSS)."""

    tree: float
    largest: float


def once(program: Program) -> Taken:
    """Run a program to its end."""
    with tempfile.TemporaryDirectory() as folder:
        stamps = Path(folder, "stamps")
        stamps.touch()
        began, clock = time.time(), time.perf_counter()
        done = subprocess.run(
            program.argv, env=_env(program) | {"STAMPS": str(stamps)}, cwd=ROOT, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False,
        )  # fmt: skip
        seconds = time.perf_counter() - clock
        if done.returncode:
            raise _bad(program, done.returncode, done.stdout + done.stderr)
        times = sorted(float(line) - began for line in stamps.read_text().split())
    return Taken(seconds, tuple(times), done.stdout)


def memory(program: Program) -> Memory:
    """Run a program to its end and look at the memory of it and its descendants meanwhile."""
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        child = subprocess.Popen(
            program.argv, env=_env(program), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        deadline = time.monotonic() + PATIENCE
        tree = largest = 0
        while child.poll() is None and time.monotonic() < deadline:
            family = _family(child.pid)
            tree = max(tree, _shares(family))
            largest = max(largest, *(_kib(_told(pid, "status"), "VmHWM:") for pid in family))
            time.sleep(PAUSE)
        child.kill()
        if child.wait():
            output.seek(0)
            raise _bad(program, child.returncode, output.read())
    return Memory(tree / 1024, largest / 1024)


def rounds(title: str, measures: Mapping[str, Callable[[], Taken]], n: int) -> dict[str, list[Taken]]:
    """Take every measure `n` times, by turns, so that a busy machine is busy for all of them.

    Where `n` is above 1 a round that does not count comes first. What fails says so and is left out.
    """
    progress(f"{title}: {n} rounds of {len(measures)}\n")
    taken: dict[str, list[Taken]] = {name: [] for name in measures}
    for number in range(0 if n > 1 else 1, n + 1):
        for name in list(taken):
            progress(f"  round {number}: {name}")
            try:
                result = measures[name]()
            except (NotMeasured, subprocess.TimeoutExpired, OSError) as error:
                progress(f"{title}: {name} cannot be measured: {error}\n")
                del taken[name]
            else:
                taken[name] += [result] if number else []
    progress("")
    return taken


def progress(text: str) -> None:
    """One line that is written over on a terminal; elsewhere only what ends with a new line stays."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif text.endswith("\n"):
        print(text, end="", file=sys.stderr, flush=True)


def pss(pid: int) -> float:
    """The memory in MiB of a process and its descendants now, shared pages in parts."""
    return _shares(_family(pid)) / 1024


def _shares(pids: list[int]) -> int:
    # A set: between vfork and exec a child lives in its parent's memory, which counts once.
    return sum(_kib(share, "Pss:") for share in {_told(pid, "smaps_rollup") for pid in pids})


def _family(pid: int) -> list[int]:
    with suppress(psutil.Error):
        return [pid, *(process.pid for process in psutil.Process(pid).children(recursive=True))]
    return [pid]


def _told(pid: int, file: str) -> str:
    with suppress(OSError):  # it has ended
        return Path(f"/proc/{pid}/{file}").read_text()
    return ""


def _kib(text: str, field: str) -> int:
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith(field)), 0)


def _env(program: Program) -> dict[str, str]:
    """Ours, but Python compiles each module once, as it does wherever nobody told it not to."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | dict(program.env)


def _bad(program: Program, code: int, output: str) -> NotMeasured:
    return NotMeasured(f"{' '.join(map(str, program.argv))} ended with {code}: {output.strip()[-500:]}")
