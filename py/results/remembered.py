"""Past runs of a bucket as they were read before: each is worth a handful of requests, and changes no more.

They are kept in the user's cache folder, a file for each job of a store. A run is taken from there if its
finished.json is still the one that it was read with; one that goes on has none, and is read each time.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from py import __version__
from py.artifacts import Item, Store
from py.results import past
from py.results.past import Cell, Past, Subject
from py.tools import folders
from py.tools.files import write_whole

MOST = 5000  # runs of a job that are kept, the newest
_FORM = f"1 {__version__}"  # what was kept in another form, or read by another version, is read anew


@dataclass
class Memory:
    """What is known of the runs of a job; `save` it once all are read."""

    store: Store
    job: str
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    fresh: bool = False

    def __post_init__(self) -> None:
        with suppress(OSError, ValueError, RecursionError):
            told = json.loads(self._file.read_bytes())
            self.known = told["runs"] if isinstance(told, dict) and told.get("form") == _FORM else {}

    def read(self, folder: str) -> Past:
        """The run in a folder of the store."""
        files = past.listed(self.store, folder)
        version = _version(files)
        kept = self.known.get(folder)
        if kept and version and kept["version"] == version:
            return _told(kept["run"])
        run = past.read(self.store, folder, self.job, files=files)
        if version:
            self.known[folder] = {"version": version, "run": _spelled(run)}
            self.fresh = True
        return run

    def save(self) -> None:
        """Keep what was read, if it can be kept: without it everything works, only later."""
        if not self.fresh:
            return
        newest = sorted(self.known, key=lambda folder: folder.rpartition("/")[2])[-MOST:]
        told = {"form": _FORM, "runs": {folder: self.known[folder] for folder in newest}}
        with suppress(OSError):
            write_whole(self._file, json.dumps(told, separators=(",", ":")), mode=0o600)

    @property
    def _file(self) -> Path:
        name = hashlib.sha256(f"{self.store.url} {self.job}".encode()).hexdigest()[:24]
        return folders.cache() / "history" / f"{name}.json"


def _version(files: dict[str, Item]) -> str:
    return files["finished.json"].version if "finished.json" in files else ""


def _spelled(run: Past) -> dict[str, Any]:
    return run._asdict() | {"cells": [[*subject, *cell] for subject, cell in run.cells.items()]}


def _told(run: dict[str, Any]) -> Past:
    cells = {Subject(*each[:3]): Cell(*each[3:]) for each in run["cells"]}
    return Past(**(run | {"cells": cells, "damaged": tuple(run["damaged"])}))
