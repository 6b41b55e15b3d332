"""A run's folder as viewers find it: read once, in pieces, and never further than a limit.

What is in it may have been written by anybody: files that never end, nest for ever or are no text are told as
broken, and none of them is waited for.
"""

import json
import time
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from py.artifacts import Item, Store
from py.results.viewers.cases import JUnit, looks_like_junit, read_junit
from py.results.viewers.place import Place
from py.tools.errors import Absent

STARTED, FINISHED, PROWJOB, PODINFO = "started.json", "finished.json", "prowjob.json", "podinfo.json"
METADATA = "artifacts/metadata.json"
LOG = "build-log.txt"
MOST_FILES = 50_000
MOST_JUNIT = 1000  # files; each costs a question to the store
MOST_GUESSES = 100  # files that may be JUnit, though their names do not say so
MOST_JSON = 10_000_000  # bytes of a file
MOST_XML = 100_000_000  # bytes of a file, which is what TestGrid and Spyglass read
MOST_XML_IN_ALL = 300_000_000  # bytes
HEAD = 4096  # bytes in which a file shows what it is
LOCAL = ("workspace/", "source/")  # of a folder on the machine that drives the run: no store gets them
OURS = (STARTED, FINISHED, PROWJOB, PODINFO, LOG, "clone-records.json")


class Document(NamedTuple):
    """A JSON file: its object, or why it has none. `text` is false if it holds what is no UTF-8."""

    name: str
    data: Mapping[str, Any]
    broken: str = ""
    text: bool = True


class RunFolder:
    """What is in the folder at which `store` is opened; `place` is where in a bucket's layout that lies."""

    def __init__(self, store: Store, place: Place | None, now: float | None = None) -> None:
        self.store, self.place = store, place
        self.now = time.time() if now is None else now
        self.unread: list[str] = []  # what was not looked at, and why
        self._documents: dict[str, Document | None] = {}

    @cached_property
    def _found(self) -> dict[str, Item]:
        """What is there by name, without what stays on the machine that drives the run."""
        kept = (item for item in self.store.list() if self.place or not item.name.startswith(LOCAL))
        found = {item.name: item for item in islice(kept, MOST_FILES)}
        if len(found) == MOST_FILES:
            self.unread.append(f"all after the first {MOST_FILES} files")
        return found

    @cached_property
    def links(self) -> frozenset[str]:
        """Files of a folder that are links: what they lead to is in no store."""
        root = self.store.url.removeprefix("file://")
        return frozenset(
            name for name in self._found if root != self.store.url and Path(root, name).is_symlink()
        )

    @cached_property
    def files(self) -> dict[str, Item]:
        """What a viewer can find, by name."""
        return {name: item for name, item in self._found.items() if name not in self.links}

    @property
    def is_run(self) -> bool:
        """Whether there is anything in it that a run leaves."""
        return any(name in OURS or name.startswith("artifacts/") for name in self._found)

    @cached_property
    def started(self) -> Document | None:
        """started.json, if it is there."""
        return self.document(STARTED)

    @cached_property
    def finished(self) -> Document | None:
        """finished.json, if it is there."""
        return self.document(FINISHED)

    @property
    def status(self) -> list[Document]:
        """Those of started.json and finished.json that are there and can be read."""
        return [found for found in (self.started, self.finished) if found and not found.broken]

    def document(self, name: str) -> Document | None:
        """A JSON file of the folder, if it is there."""
        if name not in self._documents:
            self._documents[name] = self._document(name) if name in self.files else None
        return self._documents[name]

    def _document(self, name: str) -> Document:
        content = self.head(name, MOST_JSON + 1)
        if len(content) > MOST_JSON:
            return Document(name, {}, f"is larger than {MOST_JSON // 1_000_000} MB")
        return _document(name, content)

    def head(self, name: str, length: int) -> bytes:
        """The first bytes of a file; none if it went away meanwhile."""
        try:
            with self.store.open(name) as stream:
                return stream.read(length)
        except Absent:
            return b""

    @cached_property
    def junit(self) -> list[JUnit]:
        """The files that hold JUnit, or that are called so, each read once."""
        found: list[JUnit] = []
        left = MOST_XML_IN_ALL
        for name in self._junit_names():
            size = min(self.files[name].size, MOST_XML)
            if size > left or len(found) == MOST_JUNIT:
                self.unread.append(f"{name}: there is too much JUnit in all")
                continue
            found.append(self._junit(name, self.files[name]))
            if found[-1].is_cut:
                self.unread.append(f"{name}: all after the first {len(found[-1].cases)} cases")
            left -= size
        return found

    def _junit_names(self) -> Iterator[str]:
        """The files that hold JUnit by their names, or else by how they begin."""
        guesses = 0
        for name in self.files:
            if not name.endswith(".xml"):
                continue
            if "junit" in Path(name).name:
                yield name
            elif guesses < MOST_GUESSES:
                guesses += 1
                if looks_like_junit(self.head(name, HEAD)):
                    yield name

    def _junit(self, name: str, item: Item) -> JUnit:
        if item.size > MOST_XML:
            return JUnit(name, size=item.size)
        try:
            with self.store.open(name) as stream:
                return read_junit(name, stream.read, MOST_XML, item.size)
        except Absent:
            return JUnit(name, broken="went away while it was read")


def _document(name: str, content: bytes) -> Document:
    text = content.decode(errors="replace")
    try:
        data = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        return Document(name, {}, "is nested too deep")
    except ValueError as error:
        return Document(name, {}, f"is no JSON ({error})" if content.strip() else "is empty")
    if not isinstance(data, dict):
        return Document(name, {}, "is no JSON object")
    return Document(name, data, text=content.decode(errors="ignore") == text)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON's")
