"""Programs beside the first of them, which is the least that can be had: a row for each."""

import functools
from collections.abc import Callable, Mapping
from statistics import median

from benchmarks.measure import Program, once, rounds
from benchmarks.table import Row, missing


def rows(
    title: str,
    programs: Mapping[str, Program],
    n: int,
    *,
    least: str,
    spelled: Callable[[float], str],
    budget: str,
    holds: Callable[[float, float], bool],
) -> list[Row]:
    """How long each takes, and how many times the first of them, which rows call `least`.

    The budget is of all others; it `holds` by the seconds and the ratio.
    """
    floor = next(iter(programs))
    taken = rounds(title, {name: functools.partial(once, each) for name, each in programs.items()}, n)
    if floor not in taken:
        return [missing(name) for name in programs]
    made = []
    for name in programs:
        if name not in taken:
            made.append(missing(name, "" if name == floor else budget))
            continue
        seconds = median(each.seconds for each in taken[name])
        ratio = median(a.seconds / b.seconds for a, b in zip(taken[name], taken[floor], strict=True))
        bound = ("", None) if name == floor else (budget, holds(seconds, ratio))
        made.append(Row(name, spelled(seconds), f"{ratio:.2f} × {least}", *bound))
    return made
