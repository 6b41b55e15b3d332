"""build-log.txt: what all steps printed, one after the other, as a viewer shows it who knows of one log."""

import fcntl
import shutil
from pathlib import Path

NAME = "build-log.txt"
LONGEST = 10_000_000  # bytes of a step's output that it holds: of a longer one, the end
PIECE = 1 << 20


def append(log: Path, title: str, step: Path, start: int, pointer: str) -> None:
    """Add what a step has printed, from `start` on in its own log; `pointer` says where all of it is."""
    with log.open("ab") as sink, step.open("rb") as source:
        fcntl.flock(sink, fcntl.LOCK_EX)  # steps end at once, and in several processes
        end = source.seek(0, 2)
        begin = max(start, end - LONGEST)
        left_out = f"… {begin - start:,} bytes more in {pointer}\n" if begin > start else ""
        sink.write(f"=== {title} ===\n{left_out}".encode())
        source.seek(begin)
        shutil.copyfileobj(source, sink, PIECE)
        sink.write(b"\n")
