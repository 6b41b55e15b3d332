"""Build the programs once: Go modules side by side, a line per program, nothing half-done to be found."""

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path

from py.clusters.host import pause, preflight, programs
from py.clusters.host.locks import locked
from py.clusters.host.modules import MODULES, PROGRAMS, SOURCES, Module
from py.tools import process
from py.tools.errors import ClusterError, Missing

LANES = 2  # the largest module in one, the others in turn in the other: linking uses one core, compiling all
LOOK = 0.2  # seconds between two looks for a finished program
PART = ".part"  # the end of the name of a folder in which a build is not whole
FORGOTTEN = 30 * 24 * 3600.0  # seconds after which a build that nobody used is removed


def ensure() -> Path:
    """The folder with the programs; they are built first if not there or damaged (minutes, with progress)."""
    where = programs.folder()
    if os.environ.get(programs.OVERRIDE):
        lacking = [name for name in (*PROGRAMS, programs.PAUSE_IMAGE) if not (where / name).is_file()]
        if lacking:
            raise Missing(
                f"{programs.OVERRIDE}={where} lacks {', '.join(lacking)}: "
                "name a folder that `python -m py.clusters.host build` made, or unset it"
            )
    elif programs.intact(where):
        os.utime(where)  # by which _prune knows what is used
    else:
        build(where)
        _prune()
    return where


def build(where: Path) -> None:
    """Make `where` with all programs in it; returns at once if it is whole. Minutes the first time."""
    with locked(where.with_name(where.name + ".lock")):
        if programs.intact(where):
            return
        preflight.check(building=True)
        for leftover in (where, *where.parent.glob(f"{where.name}.*{PART}")):
            shutil.rmtree(leftover, ignore_errors=True)
        began = time.monotonic()
        _say(f"building Kubernetes and what it runs on, once, into {where} (some minutes)")
        with _scratch(where) as part:
            _build_all(preflight.go(), part)
            pause.write(part / programs.PAUSE_IMAGE, part / "pause")
            programs.write_manifest(part)
            part.rename(where)
        _say(f"built {len(PROGRAMS)} programs in {time.monotonic() - began:.0f} s")


@contextmanager
def _scratch(where: Path) -> Iterator[Path]:
    """A folder of this build alone: compilers that a killed one has left may still write into theirs."""
    made = tempfile.TemporaryDirectory(
        prefix=f"{where.name}.", suffix=PART, dir=where.parent, ignore_cleanup_errors=True
    )
    with made as private:
        part = Path(private) / where.name  # who may look into that one is for the umask to say
        part.mkdir()
        yield part


def _prune() -> None:
    """Remove builds that nobody made or used for a month."""
    for other in programs.cache_folder().iterdir():
        if other.is_dir() and time.time() - other.stat().st_mtime > FORGOTTEN:
            shutil.rmtree(other, ignore_errors=True)


def _build_all(go: Path, into: Path) -> None:
    stop = threading.Event()
    with ThreadPoolExecutor(LANES) as pool:
        lanes = [pool.submit(_build_module, module, go, into, stop) for module in MODULES]
        try:
            _watch(lanes, into)
        finally:
            stop.set()  # an error in one lane, or ^C: the others end their compilers and return
    for lane in lanes:
        lane.result()


def _build_module(module: Module, go: Path, into: Path, stop: threading.Event) -> None:
    if stop.is_set():
        return
    result = process.follow(
        module.argv(go, into),
        lambda piece: None,
        cwd=SOURCES / module.folder,
        env={**os.environ, **module.environment()},
        cancelled=stop.is_set,
    )
    if result.code and not result.cancelled:
        raise ClusterError(f"Go could not build {module.folder} in {SOURCES / module.folder}:\n{result.tail}")


def _watch(lanes: list[Future[None]], into: Path) -> None:
    """Print a line for each program as it appears, until all are built or one failed."""
    began = time.monotonic()
    told: set[str] = set()
    running: set[Future[None]] = set(lanes)
    while running:
        ended, running = wait(running, timeout=LOOK, return_when=FIRST_EXCEPTION)
        for program in PROGRAMS:
            if program not in told and (into / program).is_file():
                told.add(program)
                _say(f"  {len(told):2}/{len(PROGRAMS)} {program} ({time.monotonic() - began:.0f} s)")
        if any(lane.exception() for lane in ended):
            return


def _say(line: str) -> None:
    with suppress(BrokenPipeError):
        print(line, file=sys.stderr, flush=True)
