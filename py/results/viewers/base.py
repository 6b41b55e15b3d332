"""What a viewer is, what may be wrong with a run's folder, and what the one makes of the other."""

import reprlib
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from py.results.viewers.folder import RunFolder

MISSES, WRONG, WARNS = "misses", "shows wrongly", "warns"


class Effect(NamedTuple):
    """What a viewer makes of a fault: MISSES, WRONG or WARNS, and what a person sees there, or does not."""

    severity: str
    what: str


def misses(what: str) -> Effect:
    """Something is there, and is not shown."""
    return Effect(MISSES, what)


def wrong(what: str) -> Effect:
    """What is shown is not so."""
    return Effect(WRONG, what)


def warns(what: str) -> Effect:
    """All is shown, but less well than it could be."""
    return Effect(WARNS, what)


class Viewer(NamedTuple):
    """A program that shows runs: what it makes of faults; one that is not in the table does nothing to it."""

    name: str
    makes: Mapping[str, Effect]


class Spot(NamedTuple):
    """A place where a fault is: the file, what is there, and the viewers that it matters to if not all do."""

    file: str
    why: str
    only: frozenset[str] | None = None


Check = Callable[[RunFolder], Iterable[Spot]]


class Fault(NamedTuple):
    """A way to be wrong: how it is found, and what to do about it."""

    check: Check
    todo: str


class Faults(dict[str, Fault]):
    """Faults by name, which is that of the function that finds them."""

    def fault(self, todo: str) -> Callable[[Check], Check]:
        """Add a check; `todo` tells the one who wrote the folder what to do."""

        def add(check: Check) -> Check:
            self[check.__name__.strip("_").replace("_", "-")] = Fault(check, todo)
            return check

        return add


class Finding(NamedTuple):
    """What one viewer will not see, or not as it is."""

    viewer: str
    severity: str
    fault: str
    file: str
    what: str
    why: str
    todo: str


_short = reprlib.Repr()  # goes neither as deep as a stranger may nest, nor as far
_short.maxstring = 60


def shown(value: object) -> str:
    """A value from a file, short and in one line."""
    text = _short.repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
