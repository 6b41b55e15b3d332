"""Python files as they are, to see later which are others."""

import os
from collections.abc import Iterable
from pathlib import Path

OURS = Path(__file__).parents[1]
Files = dict[str, tuple[int, int]]


def files_in(folders: Iterable[Path]) -> Files:
    """Each Python file below some folders: when it was written, and its size."""
    walks = (walk for folder in folders for walk in os.walk(folder))
    places = (f"{folder}/{name}" for folder, _, names in walks for name in names)
    return {place: _written(place) for place in places if place.endswith(".py")}


def changed(before: Files, now: Files) -> set[str]:
    """The files that are edited, new or gone."""
    return {place for place, _ in before.items() ^ now.items()}


def _written(place: str) -> tuple[int, int]:
    try:
        about = Path(place).stat()
    except FileNotFoundError:  # an editor's
        return 0, 0
    return about.st_mtime_ns, about.st_size
