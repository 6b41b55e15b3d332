"""End a process and all that it started, wherever that went."""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

GRACE = 10.0  # seconds between asking processes to end and ending them
LARGEST = 1 << 22  # bytes of an environment; Linux allows half of that
PATIENCE = 0.01  # seconds between two looks at them


def end_tree(pid: int, mark: str = "", hurry: Callable[[], bool] = lambda: False) -> None:
    """End a process and all it started: SIGTERM, GRACE seconds (none once `hurry` says so), SIGKILL.

    That is its descendants and the rest of its session; what moved to a session and a parent of its own is
    found by `mark` (see end_marked).
    """
    import psutil  # late: only what has to be ended pays for it

    def tree() -> list[psutil.Process]:
        rest = [*_where(lambda process: os.getsid(process.pid) == pid), *_marked(mark)]
        with suppress(psutil.NoSuchProcess):
            top = psutil.Process(pid)
            return [top, *top.children(recursive=True), *rest]
        return rest

    _end(tree, hurry)


def end_marked(mark: str, hurry: Callable[[], bool] = lambda: False) -> list[str]:
    """End, as end_tree does, every process but ourselves whose STEP_OUTPUTS begins with `mark`.

    What is left then is named; the kernel ends none that hangs in it, nor we one that is somebody else's.

    All processes of a step inherit that variable, wherever they moved, and no two steps share it; those of
    a run share its folder as the beginning.
    """
    if not _may_be_marked(mark):
        return []
    return [f"process {each.pid}" for each in _end(lambda: _marked(mark), hurry)]


def _end(tree: "Callable[[], list[psutil.Process]]", hurry: Callable[[], bool]) -> "list[psutil.Process]":
    asked = dict.fromkeys(tree())  # each once: a second SIGTERM says that we cannot wait
    for process in asked:
        _quietly(process.terminate)
    try:
        _wait(asked, hurry)
    finally:  # also when we are interrupted a second time
        # Once more from the top: what was born while we asked must go as well.
        last = {**asked, **dict.fromkeys(tree())}
        for process in last:
            _quietly(process.kill)
        _wait(last)
    return [process for process in last if _alive(process)]


def _wait(processes: "Iterable[psutil.Process]", hurry: Callable[[], bool] = lambda: False) -> None:
    """Wait GRACE seconds at most for processes to end; none is reaped, for its exit code is its parent's."""
    deadline = time.monotonic() + GRACE
    while any(map(_alive, processes)) and time.monotonic() < deadline and not hurry():
        time.sleep(PATIENCE)


def _alive(process: "psutil.Process") -> bool:
    import psutil

    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _may_be_marked(mark: str) -> bool:
    """Whether any process may carry the mark: a look that costs so little that every run can have it."""
    if not Path("/proc/self/environ").exists():
        return True
    carried = f"STEP_OUTPUTS={mark}".encode()
    for pid in filter(str.isdecimal, os.listdir("/proc")):  # noqa: PTH208  # a path each would cost more
        with suppress(OSError):  # it has ended, or is somebody else's
            environ = os.open(f"/proc/{pid}/environ", os.O_RDONLY)
            try:
                if int(pid) != os.getpid() and carried in os.read(environ, LARGEST):
                    return True
            finally:
                os.close(environ)
    return False


def _marked(mark: str) -> "list[psutil.Process]":
    return _where(lambda process: process.environ().get("STEP_OUTPUTS", "").startswith(mark)) if mark else []


def _where(wanted: "Callable[[psutil.Process], bool]") -> "list[psutil.Process]":
    """The processes of this machine, but ourselves, of which we may know that they are wanted."""
    import psutil

    def known(process: psutil.Process) -> bool:
        try:
            return process.pid != os.getpid() and wanted(process)
        except (psutil.Error, OSError):
            return False

    return [process for process in psutil.process_iter() if known(process)]


def _quietly(deed: Callable[[], object]) -> None:
    import psutil

    with suppress(psutil.Error, OSError):
        deed()
