"""The folder a checkout lives in: what clone made is repaired, what anybody else made is never touched.

A marker inside `.git` says that clone made the folder, and whether it came to its end. It is written before
anything else and removed by nobody, so a clone that was killed at any moment is recognised by the next one.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from py.tools import dryrun
from py.tools.errors import UsageError

MARKER = ".git/windtunnel-clone"
WORKING, DONE = "working", "done"


class Folder:
    """A folder that we hold: nobody else clones into it meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._marker = path / MARKER

    @property
    def state(self) -> str:
        """WORKING, DONE, or empty where no clone has begun."""
        return self._marker.read_text() if self._marker.exists() else ""

    @state.setter
    def state(self, state: str) -> None:
        if not dryrun.enabled:
            self._marker.write_text(state)

    def empty(self) -> None:
        """Remove all that clone made except the marker, which goes on saying whose the folder is."""
        if dryrun.would(f"empty {self.path}"):
            return
        self.state = WORKING
        for entry in [*self.path.iterdir(), *(self.path / ".git").iterdir()]:
            if entry == self._marker or entry.name == ".git":
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


@contextmanager
def hold(path: Path) -> Iterator[Folder]:
    """Hold a folder to clone into; UsageError, before anything is touched, if it holds something foreign."""
    _refuse_foreign(path)
    if dryrun.enabled:
        yield Folder(path)
        return
    (path / ".git").mkdir(parents=True, exist_ok=True)
    with (path / MARKER).open("a") as marker:
        try:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"another clone is at work in {path}; wait, or give another --src_dir") from None
        yield Folder(path)


def _refuse_foreign(path: Path) -> None:
    hint = "give another --src_dir, or move it away"
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file; {hint}")
    if not path.exists() or (path / MARKER).is_file():
        return
    if not path.parent.exists() and path.is_symlink():
        raise UsageError(f"{path} points nowhere; {hint}")
    git = path / ".git"
    if git.is_dir() and not any(git.iterdir()) and len(list(path.iterdir())) == 1:
        return  # killed between the folder and the marker
    if git.exists():
        raise UsageError(f"{path} is a checkout that clone did not make; {hint}")
    if any(path.iterdir()):
        raise UsageError(f"{path} holds files that clone did not make; {hint}")
