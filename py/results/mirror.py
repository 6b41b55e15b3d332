"""A run's folder, kept in a store as it grows: it can be looked at meanwhile, and outlives this machine."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from py.results import buildlog, layout
from py.results.metadata import CLONED, FINISHED, PROWJOB, STARTED
from py.tools.errors import WindtunnelError
from py.tools.files import is_part, is_plain, write_whole

if TYPE_CHECKING:
    from py.artifacts import Store
    from py.results.layout import Job

EVERY = 3.0  # seconds between two looks at what has changed
SHARE = 10  # of the time, the part that looking may take: a log that grows is copied whole each time
_STATE = ".mirrored.json"  # what the store has already, for whoever goes on
_FILES = ("run.json", STARTED, PROWJOB, CLONED, buildlog.NAME, "report.html", FINISHED)
_ANNOUNCED = "/"  # stands there for what lies outside of the run's place
_Stamp = list[int]  # size, and time of the last change


class Mirror:
    """Copies what is new in a run's folder, or has changed, to the run's place in a store.

    Several tasks may mirror the same run. While it goes on nothing that the store does disturbs it: what
    could not be copied is tried again. Links are not followed, for they may lead anywhere, and artifacts are
    kept before the end only if `early`: nobody has looked for secrets in them yet.
    """

    def __init__(self, run: Path, artifacts: Path, store: "Store", job: "Job", *, early: bool) -> None:
        self.run, self.artifacts, self.store, self.job, self.early = run, artifacts, store, job, early
        self.place = layout.folder(job)

    def announce(self) -> None:
        """Tell viewers that there is a run: its first files, and what leads to them."""
        self._copy(self._changed(dict(_files(self.run))))
        if _ANNOUNCED in self._known():
            return
        layout.lead_to(self.store, self.job)
        self._remember({_ANNOUNCED: [1]})

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Copy what changes, every few seconds and once more at the end of the block."""
        over = threading.Event()
        thread = threading.Thread(target=self._look_often, args=(over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def copy(self) -> None:
        """Copy all that is there by now, but not that the run is over."""
        self.announce()
        self._keep_up(early=True)

    def end(self) -> None:
        """Copy what says that the run is over, and last of all the file by which viewers know that."""
        left = self._changed(dict(_files(self.run)))
        last = {name: left.pop(name) for name in [FINISHED] if name in left}
        self._copy(left)
        self._copy(last)

    def _look_often(self, over: threading.Event) -> None:
        pause = EVERY
        while True:
            stop = over.wait(pause)
            began = time.monotonic()
            with suppress(WindtunnelError, OSError):
                self._keep_up(early=self.early)
            if stop:
                return
            pause = max(EVERY, SHARE * (time.monotonic() - began))

    def _copy(self, files: dict[str, Path]) -> None:
        stamps = {name: _stamp(path) for name, path in files.items()}  # first: what comes meanwhile is new
        if files:
            self.store.put_all({f"{self.place}/{name}": path for name, path in files.items()})
            self._remember(stamps)

    def _keep_up(self, *, early: bool) -> None:
        """Copy what has changed; take away tests of an earlier attempt, or the end of a run that goes on."""
        kept = dict(_artifacts(self.artifacts))
        here = dict(_files(self.run)) | kept
        self._copy(self._changed({name: path for name, path in here.items() if early or name not in kept}))
        gone = [name for name in self._known() if name not in here and name != _ANNOUNCED]
        for name in gone:
            self.store.delete(f"{self.place}/{name}")
        if gone:
            left = {name: stamp for name, stamp in self._known().items() if name not in gone}
            write_whole(self.run / _STATE, json.dumps(left))

    def _remember(self, stamps: dict[str, _Stamp]) -> None:
        write_whole(self.run / _STATE, json.dumps(self._known() | stamps))

    def _changed(self, files: dict[str, Path]) -> dict[str, Path]:
        known = self._known()
        return {name: path for name, path in files.items() if known.get(name) != _stamp(path)}

    def _known(self) -> dict[str, _Stamp]:
        try:
            return dict(json.loads((self.run / _STATE).read_bytes()))
        except (OSError, ValueError):
            return {}


def _files(run: Path) -> Iterator[tuple[str, Path]]:
    """What of a run's own folder is its results, by its name in the store."""
    for path in (
        *(run / name for name in _FILES),
        *run.glob("steps/*/step.json"),
        *run.glob("steps/*/log.txt"),
    ):
        if is_plain(path):
            yield str(path.relative_to(run)), path


def _artifacts(folder: Path) -> Iterator[tuple[str, Path]]:
    """What steps have kept, by its name in the store."""
    for path in folder.rglob("*"):
        if is_plain(path) and not is_part(path):
            yield f"artifacts/{path.relative_to(folder)}", path


def _stamp(path: Path) -> _Stamp:
    try:
        told = path.stat()
    except FileNotFoundError:
        return []
    return [told.st_size, told.st_mtime_ns]
