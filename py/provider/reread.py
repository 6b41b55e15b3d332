"""DAG files are read again as soon as what they are made of is another: what they import, and `py/`.

Airflow's own looks at the files themselves, and for the rest it reads all of them again and again: every ten
seconds that takes a quarter of a core for two dozen files, and an edit counts after ten seconds.
"""

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import wrapt
from airflow.listeners import hookimpl

from py.provider.edits import OURS, Files, changed, files_in


@hookimpl
def on_starting(component: Any) -> None:
    """Airflow calls this in each of its processes as it starts."""
    manager = sys.modules.get("airflow.dag_processing.manager")
    if manager and getattr(component, "__tablename__", "") == "job":
        wrapt.wrap_function_wrapper(manager, "DagFileProcessorManager._refresh_dag_bundles", Reader().look)


class Reader:
    """What has been seen of the files, and which of them wait to be read again."""

    def __init__(self) -> None:
        self._seen: Files | None = None
        self._stale: set[Any] = set()

    def look(
        self, refresh: Callable[..., None], manager: Any, args: tuple[Any, ...], given: dict[str, Any]
    ) -> None:
        """Look for edits, once a second, before Airflow refreshes its list of files."""
        bundles = [bundle for bundle in manager._dag_bundles if bundle.is_initialized]
        now = files_in([OURS, *(bundle.path for bundle in bundles)])
        if edits := changed(now if self._seen is None else self._seen, now):
            manager._force_refresh_bundles.update(bundle.name for bundle in bundles)
        refresh(*args, **given)
        if edits:
            (known,) = [*args, *given.values()]
            known_files = {str(file.absolute_path): file for of in known.values() for file in of}
            self._stale |= {known_files[place] for place in concerned(known_files, edits, now)}
        self._seen = now
        self._queue(manager)

    def _queue(self, manager: Any) -> None:
        """Queue them, but for those that are being read now, which may have been begun before an edit."""
        if ready := self._stale - manager._processors.keys():
            manager._add_files_to_queue(list(ready), mode="back")
            manager._resort_file_queue()  # what was edited last is first
            self._stale -= ready


def concerned(known: Iterable[str], edits: set[str], files: Iterable[str]) -> set[str]:
    """The DAG files to read again, beside those that were edited: for an edit of ours all of them.

    Else those that name what was edited, or a file that does; `files` are all that may name one.
    """
    if any(map(_is_ours, edits)):
        return set(known)
    texts = {place: _text(place) for place in files if place not in edits and not _is_ours(place)}
    names = {_module(place) for place in edits}
    found: set[str] = set()
    while more := {place for place in texts.keys() - found if _names_one(texts[place], names)}:
        found |= more
        names |= {_module(place) for place in more}
    return found & set(known)


def _is_ours(place: str) -> bool:
    return Path(place).is_relative_to(OURS)


def _module(place: str) -> str:
    path = Path(place)
    return path.parent.name if path.stem == "__init__" else path.stem


def _names_one(text: str, names: set[str]) -> bool:
    return not names.isdisjoint(re.findall(r"\w+", text))


def _text(place: str) -> str:
    try:
        return Path(place).read_text(errors="replace")
    except FileNotFoundError:
        return ""
