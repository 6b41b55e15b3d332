"""build-log.txt: what all steps printed, one after the other, as a viewer shows it who knows of one log."""

import fcntl
import io
from pathlib import Path
from typing import BinaryIO

from py.tools.files import plain

NAME = "build-log.txt"
LONGEST = 10_000_000  # bytes of a step's output that it holds: of a longer one, the end
PIECE = 1 << 20


def append(log: Path, title: str, step: Path, start: int, pointer: str) -> None:
    """Add what a step has printed, from `start` on in its own log; `pointer` says where all of it is.

    Of a step that has put something else in place of its log there is nothing but the title.
    """
    with log.open("ab") as sink, _opened(step) as source:
        fcntl.flock(sink, fcntl.LOCK_EX)  # steps end at once, and in several processes
        end = source.seek(0, 2)
        begin = min(end, max(start, end - LONGEST))
        left_out = f"… {begin - start:,} bytes more in {pointer}\n" if begin > start else ""
        sink.write(f"=== {title} ===\n{left_out}".encode())
        source.seek(begin)
        while piece := source.read(PIECE):  # shutil would bring three compressors along
            sink.write(piece)
        sink.write(b"\n")


def _opened(log: Path) -> BinaryIO:
    try:
        return plain(log)
    except OSError:
        return io.BytesIO()
