"""Many files side by side."""

import threading
from pathlib import Path

import pytest

from py.artifacts.parallel import for_each

FILES = {str(number): Path(str(number)) for number in range(100)}


def test_each_file_has_its_turn_once() -> None:
    done: list[tuple[str, Path]] = []
    for_each(FILES, lambda *what: done.append(what), 4)
    assert sorted(done) == sorted(FILES.items())


def test_the_first_failure_stops_what_has_not_begun() -> None:
    done: list[str] = []
    later = threading.Event()
    threading.Timer(1, later.set).start()

    def do(name: str, _path: Path) -> None:
        if name == "0":
            raise OSError("no room")
        later.wait()
        done.append(name)

    with pytest.raises(OSError, match="no room"):
        for_each(FILES, do, 4)
    assert len(done) < 4
