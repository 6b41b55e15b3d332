"""What a step prints, as far as Airflow's log can bear it: that log is slow, and may not hold up a step."""

import time
from collections.abc import Callable

LINES = 100  # that are passed on in a second
LAST = 20  # that are shown at the end, whatever came before
TAIL = 8192  # bytes in which these are looked for; also of a line whose end does not come
WIDTH = 2000  # characters of one line


class TaskLog:
    """Passes lines on to `say`; of a flood only the beginning of each second, and the end."""

    def __init__(self, say: Callable[[str], object], file: str) -> None:
        self.say, self.file = say, file
        self.rest = b""  # of a line whose end has not come
        self.left_out = 0  # lines since the last that was passed on
        self.second, self.room = 0.0, LINES

    def feed(self, piece: bytes) -> None:
        """A step printed something."""
        if time.monotonic() - self.second >= 1:
            self.second, self.room = time.monotonic(), LINES
        if not self.room:
            self.left_out += piece.count(b"\n")
            self.rest = (self.rest + piece)[-TAIL:]
            return
        if self.left_out:
            self._point(self.left_out)
            self.left_out, self.rest = 0, self.rest.rpartition(b"\n")[2]
        *lines, self.rest = (self.rest + piece).split(b"\n", self.room)
        self.room -= len(lines)
        for line in lines:
            self._say(line)
        if not self.room:
            self.left_out = self.rest.count(b"\n")
        self.rest = self.rest[-TAIL:]

    def end(self) -> None:
        """The step has ended: its last lines, and where all of them are."""
        lines = self.rest.removesuffix(b"\n").split(b"\n")[-LAST:] if self.rest else []
        if self.left_out > len(lines):
            self._point(self.left_out - len(lines))
        for line in lines:
            self._say(line)

    def _point(self, lines: int) -> None:
        self.say(f"… {lines:,} lines more in {self.file}")

    def _say(self, line: bytes) -> None:
        shown = line.removesuffix(b"\r").rpartition(b"\r")[2]  # of a progress bar, what a terminal would show
        self.say(shown[:WIDTH].decode(errors="replace"))
