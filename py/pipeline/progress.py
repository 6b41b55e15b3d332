"""How a run is shown while it goes: a live table on a terminal, plain lines anywhere else."""

import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from py.pipeline import summary
from py.pipeline.run import ABORTED, FAILED, PASSED, Record

if TYPE_CHECKING:
    from rich.console import RenderableType

WAITING, RUNNING = "waiting", "running"
COLOUR = {PASSED: "green", FAILED: "red", ABORTED: "yellow", RUNNING: "cyan"}
QUIET = "bright_black"  # of what waits or did not run, and of last words
ADVICE = {
    1: "interrupted: ending the steps and taking away what they made; once more: stop at once",
    2: "interrupted again: stopping at once",
}


class Steps(Protocol):
    """What is shown: a run's steps by name, and how those ended that have. Whoever drives it fills it in."""

    @property
    def steps(self) -> Mapping[str, object]: ...
    @property
    def records(self) -> Mapping[str, Record]: ...


@contextmanager
def shown(run: Steps, *, verbose: bool = False) -> "Iterator[Lines | Live]":
    """The watcher that fits where our output goes; `verbose` prints what the steps print, as lines.

    Either way a table of the steps is there in the end.
    """
    if verbose or not sys.stdout.isatty():
        yield Lines(run, verbose)
        if any(record.seconds for record in run.records.values()):  # else nothing was started
            with suppress(OSError):  # nobody reads any more
                print()
                summary.table({name: run.records[name] for name in run.steps if name in run.records})
        return
    live = Live(run)
    live.start()
    try:
        yield live
    finally:
        live.stop()


class Lines:
    """A line when a step begins or ends and, if wanted, one for each line that it prints."""

    def __init__(self, run: Steps, verbose: bool = False) -> None:
        self.run, self.verbose = run, verbose
        self.width = max(map(len, run.steps))
        self.zero = time.monotonic()
        self.unended: dict[str, bytes] = {}

    def began(self, step: str) -> None:
        """A step has begun."""
        self._line(step, RUNNING)

    def said(self, step: str, piece: bytes) -> None:
        """A step printed something."""
        if self.verbose:
            *whole, self.unended[step] = (self.unended.get(step, b"") + piece).split(b"\n")
            for line in whole:
                self._line(step, "| " + line.decode(errors="replace"))

    def ended(self, step: str, record: Record) -> None:
        """A step ended, or will not run."""
        took = f" in {record.seconds:.1f} s" if record.began else ""
        why = f": {record.reason}" if record.reason else ""
        self._line(step, f"{record.state}{took}{why}")

    def interrupted(self, times: int) -> None:
        """Somebody wants the run to stop."""
        self.note(ADVICE.get(times, ADVICE[2]))

    def note(self, text: str) -> None:
        """Something has happened that is no step's."""
        self._print(text)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Room for a question."""
        yield

    def _line(self, step: str, text: str) -> None:
        self._print(f"{time.monotonic() - self.zero:7.1f} s  {step:<{self.width}}  {text}")

    def _print(self, line: str) -> None:
        with suppress(OSError):  # nobody reads any more: the run goes on, and undoes what it made
            print(line, flush=True)


class Live:
    """A table that is drawn again and again: a row for each step with its state, time and last words."""

    def __init__(self, run: Steps) -> None:
        self.run = run
        self.since: dict[str, float] = {}
        self.last: dict[str, str] = {}
        self.noted = ""
        self.over = threading.Event()
        self.thread: threading.Thread | None = None

    def start(self) -> None:
        """Draw in a thread of its own, so that the first step does not wait until the library is loaded."""
        self.over.clear()
        self.thread = threading.Thread(target=self._draw, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Draw for the last time."""
        self.over.set()
        if self.thread:
            self.thread.join()

    def began(self, step: str) -> None:
        """A step has begun."""
        self.since[step] = time.monotonic()

    def said(self, step: str, piece: bytes) -> None:
        """A step printed something."""
        if lines := piece[-4096:].decode(errors="replace").strip().splitlines():
            self.last[step] = "".join(c for c in lines[-1] if c.isprintable())

    def ended(self, step: str, record: Record) -> None:
        """A step ended, or will not run."""
        self.last[step] = record.reason

    def interrupted(self, times: int) -> None:
        """Somebody wants the run to stop."""
        self.note(ADVICE.get(times, ADVICE[2]))

    def note(self, text: str) -> None:
        """Something has happened that is no step's."""
        self.noted = text

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Room for a question."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def _draw(self) -> None:
        from rich.live import Live as Screen  # late: loading it takes longer than starting a step

        with Screen(get_renderable=self._table, refresh_per_second=8) as screen:
            self.over.wait()
            screen.refresh()

    def _table(self) -> "RenderableType":
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2), expand=True)
        for width in (None, 8, 8):
            table.add_column(no_wrap=True, width=width)
        table.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
        for name in self.run.steps:
            record = self.run.records.get(name)
            running = name in self.since and not record
            state = record.state if record else RUNNING if running else WAITING
            seconds = record.seconds if record else time.monotonic() - self.since[name] if running else 0.0
            shown = Text(state, style=COLOUR.get(state, QUIET))
            table.add_row(
                name,
                shown,
                f"{seconds:6.1f} s" if seconds else "",
                Text(self.last.get(name, ""), style=QUIET),
            )
        return Group(table, Text(self.noted, style="yellow")) if self.noted else table
