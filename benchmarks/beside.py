"""Programs beside the first of them, which is the least that can be had: a row for each."""

import functools
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NotRequired, TypedDict, Unpack

from benchmarks.measure import Program, Taken, once, rounds
from benchmarks.table import Row, missing


class Told(TypedDict):
    """How a figure is told: in words, beside what rows call `least`, and with which budget of all others."""

    least: str
    spelled: Callable[[float], str]
    budget: str
    holds: Callable[[float, float], bool]  # by the seconds and the ratio
    digits: NotRequired[int]  # of the ratio, behind the point


def rows(title: str, programs: Mapping[str, Program], n: int, **how: Unpack[Told]) -> list[Row]:
    """How long each takes, by turns, and how many times the first of them."""
    taken = rounds(title, {name: functools.partial(once, each) for name, each in programs.items()}, n)
    return told(list(programs), taken, **how)


def told(names: Sequence[str], taken: Mapping[str, Sequence[Taken]], **how: Unpack[Told]) -> list[Row]:
    """A row for each of these, beside the first, of which each round counts by itself."""
    floor = names[0]
    if floor not in taken:
        return [missing(name) for name in names]
    made = []
    for name in names:
        if name not in taken:
            made.append(missing(name, "" if name == floor else how["budget"]))
            continue
        seconds = median(each.seconds for each in taken[name])
        ratio = median(a.seconds / b.seconds for a, b in zip(taken[name], taken[floor], strict=True))
        bound = ("", None) if name == floor else (how["budget"], how["holds"](seconds, ratio))
        spelled = f"{ratio:.{how.get('digits', 2)}f} × {how['least']}"
        made.append(Row(name, how["spelled"](seconds), spelled, *bound))
    return made
