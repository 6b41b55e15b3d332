"""What is dear to start is started once for all workers of a test run; the last one ends it."""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def shared(name: str, start: Callable[[], str], end: Callable[[str], object]) -> Iterator[str]:
    """What `start` has said of a thing, whichever worker has started it; `end` gets the same.

    Each worker holds a lock that the others hold as well: who gets it alone is the last. The kernel lets go
    of it for a worker that was killed.
    """
    of_this_run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    file = Path(tempfile.gettempdir(), f"windtunnel-tests-{of_this_run}-{name}")
    with file.open("a+") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        if not (said := file.read_text()):
            file.write_text(said := start())
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield said
        finally:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            end(said)
            file.unlink()
