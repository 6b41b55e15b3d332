"""What it adds to a run that its results are written: to a minute's run, and to each step of a busy one.

A step leaves JUnit, ten files and a short log. The bare loop only starts the steps; runs write their folder
and their page, and three keep it in a store as well while they go on.
"""

import functools
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks import beside
from benchmarks.measure import NotMeasured, Program, Taken, once, progress, rounds
from benchmarks.stores import SERVING
from benchmarks.table import Row, missing

HERE = Path(__file__).parent
BARE, FOLDER = "bare loop in Python", "py.e2e run"
LONG = 6  # steps of the minute's run
BUSY = 20  # steps without a pause
LIMIT = 1.01  # times the bare loop
EACH = 0.005  # seconds for each step
LOOP = """
import os, subprocess
for number in range(1, int(os.environ["STEPS"]) + 1):
    env = os.environ | {"STEP_NAME": f"s{number}"}
    subprocess.run([os.environ["STEP"]], check=True, env=env, stdout=subprocess.DEVNULL)
"""


def rows(n: int, seconds: float) -> list[Row]:
    """The rows for a run whose steps last so long in all, and those for each step of a busy one."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stores:
        programs = _programs(Path(scratch), stores)
        lasting = _with(programs, LONG, seconds / LONG)
        long = {f"a run of {seconds:g} s: {name}": each for name, each in lasting.items()}
        busy = {name: functools.partial(once, each) for name, each in _with(programs, BUSY, 0).items()}
        whole = beside.told(
            list(long), _side_by_side(long, n, seconds / LONG / len(long)),
            least="bare", spelled=lambda seconds: f"{seconds:.2f} s", digits=4,
            budget=f"≤ {LIMIT:g} × bare", holds=lambda _, ratio: ratio <= LIMIT,
        )  # fmt: skip
        return [*whole, *_each(list(programs), rounds("busy steps", busy, n))]


def _programs(scratch: Path, stores: ExitStack) -> dict[str, Program]:
    argv = [sys.executable, "-m", "py.e2e", "run", "leaving", f"--dags={HERE / 'pipelines'}", "--jobs=1"]
    ours = [*argv, f"--runs={scratch / 'runs'}"]
    (scratch / "artifacts").mkdir()
    made = {
        BARE: Program([sys.executable, "-c", LOOP], {"ARTIFACTS": str(scratch / "artifacts")}),
        FOLDER: Program(ours),
    }
    for kind, serving in SERVING.items():
        new = stores.enter_context(serving(scratch))
        made[f"{FOLDER}, kept in {kind}://"] = Program(ours, {"WINDTUNNEL_RESULTS": new()})
    return made


def _with(programs: Mapping[str, Program], steps: int, lasts: float) -> dict[str, Program]:
    told = {"STEP": str(HERE / "steps" / "leave"), "STEPS": str(steps), "LASTS": str(lasts)}
    return {name: Program(each.argv, {**each.env, **told}) for name, each in programs.items()}


def _side_by_side(programs: Mapping[str, Program], n: int, apart: float) -> dict[str, list[Taken]]:
    """Runs that mostly wait, in the same minute, so many seconds apart: each wants the cores for itself."""
    taken: dict[str, list[Taken]] = {name: [] for name in programs}
    for number in range(1, n + 1):
        progress(f"long runs: round {number} of {n}\n")
        with ThreadPoolExecutor(len(programs)) as pool:
            running = {}
            for name, program in programs.items():
                running[name] = pool.submit(once, program)
                time.sleep(apart)
            for name, each in running.items():
                try:
                    taken[name].append(each.result())
                except NotMeasured as error:
                    progress(f"{name} cannot be measured: {error}\n")
    return {name: each for name, each in taken.items() if len(each) == n}


def _each(names: list[str], taken: dict[str, list[Taken]]) -> list[Row]:
    made = []
    for name in names[1:]:
        what = f"each step above bare: {name}"
        if name not in taken or BARE not in taken:
            made.append(missing(what))
            continue
        above = median(a.gap - b.gap for a, b in zip(taken[name], taken[BARE], strict=True))
        made.append(Row(what, f"{above * 1000:.2f} ms", "", f"< {EACH * 1000:g} ms", above < EACH))
    return made
