"""Who holds a run or a step: its driver, the tasks that share it, an attempt. The kernel lets go for them."""

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from py.pipeline import results
from py.pipeline.model import Pipeline, Value
from py.pipeline.run import AIRFLOW, Run, marker, name_of, new, read


@contextmanager
def driving(run: Run) -> Iterator[None]:
    """Hold the run's lock while driving it; from then on it is a run that somebody finishes."""
    with _held(marker(run.folder.parent, run.name), fcntl.LOCK_EX):
        yield


@contextmanager
def attended(
    pipeline: Pipeline, params: Mapping[str, Value], *, run_id: str, runs: Path, home: Path, file: str
) -> Iterator[Run]:
    """The run of that id, made if it is new, for one of the tasks that share it.

    While a task attends a run nobody takes it for lost. A run of the same id that asked for something else is
    an older one that Airflow has forgotten: it is moved aside.
    """
    folder = runs.absolute() / name_of(pipeline.name, run_id)
    record, ours = folder / "run.json", marker(runs.absolute(), folder.name)
    if record.exists() and read(folder).params != params:
        folder.rename(f"{folder}.{time.time_ns()}")
    if not record.exists():
        with _held(ours, fcntl.LOCK_EX):  # of tasks that begin at once, one makes it
            if not record.exists():
                results.begin(
                    new(pipeline, params, runs=runs, home=home, file=file, run_id=run_id, engine=AIRFLOW)
                )
    with _held(ours, fcntl.LOCK_SH):
        yield read(folder)


@contextmanager
def _held(file: Path, how: int) -> Iterator[None]:
    """Make a lock file if need be and hold it; who held it before may have removed it meanwhile."""
    file.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with file.open("ab") as lock:
            fcntl.flock(lock, how)
            if file.exists() and file.stat().st_ino == os.fstat(lock.fileno()).st_ino:
                yield
                return


@contextmanager
def locked(file: Path, *, make: bool = True) -> Iterator[bool]:
    """Hold a lock file, which is made first if wanted; false if somebody else holds it or it is not there."""
    try:
        lock = file.open("ab" if make else "r+b")
    except FileNotFoundError:
        if make:
            raise
        yield False
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
