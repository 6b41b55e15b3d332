"""What is dear to start is started once for all workers of a test run; the last one ends it."""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def shared(name: str, start: Callable[[], str], end: Callable[[str], object]) -> Iterator[str]:
    """What `start` has said of a thing, whichever worker has started it; `end` gets the same.

    Each worker holds a lock that the others hold as well: who gets it alone is the last. A second lock keeps
    them apart while one begins or ends it. The kernel lets go of both for a worker that was killed.
    """
    of_this_run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    file = Path(tempfile.gettempdir(), f"windtunnel-tests-{of_this_run}-{name}")
    door = file.with_suffix(".door")
    with file.open("a+") as users:
        with held(door):
            if not (said := file.read_text()):
                file.write_text(said := start())
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield said
        finally:
            with held(door), suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                end(said)
                file.unlink()
                door.unlink()


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Hold a file's lock, for which all wait who want to do the same."""
    with file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
