"""A step that prints a lot: how much slower its log fills than a file that the shell writes."""

import functools
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.measure import Program, Taken, memory, once, rounds
from benchmarks.table import Row, missing

HERE = Path(__file__).parent
LEAST = 100.0  # MB/s
HELD = 25.0  # MiB
SHELL, CLI = "command > file", "Windtunnel, py.e2e run"


def rows(n: int, megabytes: int) -> list[Row]:
    """The rows for a step that prints that many millions of bytes in lines of 100."""
    with tempfile.TemporaryDirectory() as scratch:
        size = {"BYTES": str(megabytes * 1_000_000)}
        file, runs = Path(scratch, "file"), Path(scratch, "runs")
        flags = [f"--dags={HERE / 'pipelines'}", f"--runs={runs}"]
        programs = {
            SHELL: Program(["sh", "-c", f"'{HERE / 'steps' / 'gush'}' > '{file}'"], size),
            CLI: Program([sys.executable, "-m", "py.e2e", "run", "chatty", *flags], size),
        }
        taken = rounds(
            f"{megabytes} MB of output",
            {name: functools.partial(_afresh, program, file, runs) for name, program in programs.items()}, n,
        )  # fmt: skip
        held = memory(programs[CLI]) if CLI in taken else None
    made = [missing(name) for name in programs if name not in taken]
    if SHELL in taken:
        made.append(Row(SHELL, _speed(megabytes, taken[SHELL])))
    if CLI in taken and SHELL in taken and held:
        ratio = median(a.seconds / b.seconds for a, b in zip(taken[CLI], taken[SHELL], strict=True))
        speed = median(megabytes / each.seconds for each in taken[CLI])
        made += [
            Row(f"{CLI}, start-up included", _speed(megabytes, taken[CLI]), f"{ratio:.2f} × the time",
                f"≥ {LEAST:g} MB/s", speed >= LEAST),
            Row("its memory, the largest process, RSS", f"{held.largest:.1f} MiB", "", f"< {HELD:g} MiB",
                held.largest < HELD),
        ]  # fmt: skip
    return made


def _afresh(program: Program, file: Path, runs: Path) -> Taken:
    """Take it where nothing of the last time is left."""
    file.unlink(missing_ok=True)
    shutil.rmtree(runs, ignore_errors=True)
    return once(program)


def _speed(megabytes: int, taken: list[Taken]) -> str:
    return f"{median(megabytes / each.seconds for each in taken):.0f} MB/s"
