"""Twenty steps that do nothing, in a chain or side by side: what a runner adds to fork and exec."""

import functools
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks import peers
from benchmarks.measure import Memory, NotMeasured, Program, Taken, memory, once, progress, rounds
from benchmarks.table import Row, missing
from py.tools.folders import ROOT

HERE = Path(__file__).parent
BARE, LIBRARY, CLI, MAKE = "bare loop in Python", "Windtunnel, library", "Windtunnel, py.e2e run", "make -j2"
OURS = (LIBRARY, CLI)
STEPS = {"true": "/bin/true"} | {name: str(HERE / "steps" / name) for name in ("stamp", "linger")}
LIMIT = 3.0  # times the bare loop
FIRST = 0.1  # seconds from the start to the first step
EACH = 0.002  # seconds for each step above the bare loop
HELD = 25.0  # MiB

# Nobody is told anything, and a busy machine gets the time it needs.
PEER = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}

Takes = dict[str, list[Taken]]


def rows(shape: str, n: int, with_peers: bool) -> list[Row]:
    """The rows for `chain`, or for `fan`, where two steps run at once."""
    with tempfile.TemporaryDirectory() as scratch:
        programs = _programs(shape, with_peers, Path(scratch))
        timed = rounds(f"{shape}, whole run", _each(programs, "true"), n)
        stamped = rounds(f"{shape}, first step", _each(programs, "stamp"), n)
        held = _memories(shape, programs)
    bounded = LIMIT if shape == "chain" else None
    made = [*_whole(timed, bounded), *_first(stamped), *_per_step(stamped), *_held(held)]
    wanted = [*programs, *(set(peers.pinned()) - set(programs) if with_peers else ())]
    lost = [name for name in wanted if name not in timed or name not in stamped or name not in held]
    return made + [missing(name) for name in lost]


def _programs(shape: str, with_peers: bool, scratch: Path) -> dict[str, Program]:
    """How each runner is started; what a step is, its environment says."""
    runners = HERE / "runners"
    runs = scratch / "runs"
    flags = ["--jobs=2", f"--dags={HERE / 'pipelines'}", f"--runs={runs}"]
    programs = {
        BARE: Program([sys.executable, runners / "run_bare.py", shape]),
        MAKE: Program(["make", "-s", "-j2", "-f", runners / "Makefile", shape]),
        LIBRARY: Program(
            [sys.executable, runners / "run_windtunnel.py", shape, runs], {"PYTHONPATH": str(ROOT)}
        ),
        CLI: Program([sys.executable, "-m", "py.e2e", "run", shape, *flags]),
    }
    for name in peers.pinned() if with_peers else ():
        try:
            argv: list[str | Path] = [peers.python_of(name), runners / f"run_{name}.py", shape]
        except peers.NotInstalled as error:
            progress(f"{name} is left out: {error}\n")
        else:
            programs[name] = Program(argv, PEER | {"PREFECT_HOME": str(scratch / "prefect")})
    return programs


def _each(programs: Mapping[str, Program], step: str) -> dict[str, functools.partial[Taken]]:
    return {name: functools.partial(once, _with(program, step)) for name, program in programs.items()}


def _with(program: Program, step: str) -> Program:
    return Program(program.argv, {**program.env, "STEP": STEPS[step]})


def _memories(shape: str, programs: Mapping[str, Program]) -> dict[str, Memory]:
    progress(f"{shape}, memory: {len(programs)} runs\n")
    held = {}
    for name, program in programs.items():
        progress(f"  {name}")
        try:
            held[name] = memory(_with(program, "linger"))
        except NotMeasured as error:
            progress(f"{shape}: the memory of {name} cannot be measured: {error}\n")
    progress("")
    return held


def _whole(timed: Takes, limit: float | None) -> list[Row]:
    """The whole run, from start to exit."""
    if BARE not in timed:
        return []
    bare = [taken.seconds for taken in timed[BARE]]
    ratios = {
        name: median(taken.seconds / least for taken, least in zip(each, bare, strict=True))
        for name, each in timed.items()
    }
    made = []
    for name, each in timed.items():
        budget, holds = "", None
        if name in OURS and limit:
            budget, holds = f"≤ {limit:g} × bare", ratios[name] <= limit
        elif name in peers.pinned() and CLI in ratios:
            budget, holds = "slower than py.e2e", ratios[name] > ratios[CLI]
        figure = _ms(median(taken.seconds for taken in each))
        made.append(Row(f"whole run: {name}", figure, f"{ratios[name]:.1f} × bare", budget, holds))
    return made


def _first(stamped: Takes) -> list[Row]:
    """From the start to the first step's first deed."""
    bare = [taken.stamps[0] for taken in stamped.get(BARE, [])]
    made = []
    for name, each in stamped.items():
        seconds = median(taken.stamps[0] for taken in each)
        ratio = median(a.stamps[0] / b for a, b in zip(each, bare, strict=True)) if bare else 0
        budget, holds = (f"< {_ms(FIRST)}", seconds < FIRST) if name in OURS else ("", None)
        made.append(Row(f"to the first step: {name}", _ms(seconds), f"{ratio:.1f} × bare", budget, holds))
    return made


def _per_step(stamped: Takes) -> list[Row]:
    """From one step to the next, above what the bare loop takes for that."""
    if BARE not in stamped:
        return []
    bare = [taken.gap for taken in stamped[BARE]]
    made = []
    for name, each in stamped.items():
        if name == BARE:
            continue
        seconds = median(taken.gap - least for taken, least in zip(each, bare, strict=True))
        budget, holds = (f"< {_ms(EACH)}", seconds < EACH) if name in OURS else ("", None)
        made.append(Row(f"each step above bare: {name}", _ms(seconds), "", budget, holds))
    return made


def _held(held: Mapping[str, Memory]) -> list[Row]:
    made = []
    for what, index in (("memory of all, PSS", 0), ("memory of the largest, RSS", 1)):
        for name, peak in held.items():
            ratio = f"{peak[index] / held[BARE][index]:.1f} × bare" if BARE in held else ""
            budget, holds = (f"< {HELD:g} MiB", peak[index] < HELD) if name in OURS else ("", None)
            made.append(Row(f"{what}: {name}", f"{peak[index]:.1f} MiB", ratio, budget, holds))
    return made


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if abs(seconds) < 1 else f"{seconds * 1000:.0f} ms"
