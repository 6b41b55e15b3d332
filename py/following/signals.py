"""^C and its relatives: the first gets a question, or does what the command line says; the next ends us."""

import signal
import sys
from contextlib import suppress
from queue import Empty, SimpleQueue

from py.pipeline.local import Interrupts, Nobody
from py.tools.errors import UsageError, near

ASK, CANCEL, LEAVE = "ask", "cancel", "leave"
CHOICES = (ASK, CANCEL, LEAVE)
GO_ON = "go on"
QUESTION = "\nstop following [f], cancel the run [c], or go on [Enter]? "


class Interrupted(Exception):
    """Somebody wants us to stop; `signals.choice` says what to do about the run."""


class Signals(Interrupts):
    """Listens while `heeded`; a second signal raises KeyboardInterrupt wherever we are.

    It stands where an Event is wanted, whose `set` may not be called by a signal's handler.
    """

    def __init__(self, choice: str) -> None:
        super().__init__(Nobody())
        if choice not in CHOICES:
            raise UsageError(f"--on_interrupt={choice}: {near(choice, CHOICES, 'there are')}")
        self._choice = choice
        self._number = 0
        self._heard = False
        self._bell: SimpleQueue[None] = SimpleQueue()

    def __call__(self, *which: object) -> None:
        self.times += 1
        self._number, self._heard = int(str(which[0])), True
        self._bell.put(None)
        if self.times > 1:
            raise KeyboardInterrupt

    def is_set(self) -> bool:
        """Whether a signal waits for its answer."""
        return self._heard

    def wait(self, timeout: float) -> bool:
        """Wait so many seconds, or until a signal comes; whether one waits for its answer."""
        if not self._heard:
            with suppress(Empty):
                self._bell.get(timeout=timeout)
        return self._heard

    def answer(self) -> str:
        """What to do about the run: cancel, leave or go on. Asks if that is wanted and somebody is there."""
        choice = self._choice
        if choice == ASK:
            there = self._number == signal.SIGINT and sys.stdin.isatty() and sys.stdout.isatty()
            choice = _asked() if there else LEAVE
        if choice == GO_ON:
            self.times = 0
        self._heard = False
        while not self._bell.empty():
            self._bell.get()
        return choice


def _asked() -> str:
    while True:
        try:
            word = input(QUESTION).strip().lower()
        except EOFError:
            return LEAVE
        for choice, words in {GO_ON: ("",), LEAVE: ("f", "follow"), CANCEL: ("c", "cancel")}.items():
            if word in words:
                return choice
