"""Which step waits for which, where that does not follow from one step alone: undoing, and groups."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from py.tools.errors import DefinitionError

if TYPE_CHECKING:
    from py.pipeline.model import Step

Waits = Mapping[str, Collection[str]]  # what each step waits for


def built_on(waits: Waits, undone: Iterable[str]) -> set[str]:
    """The undone steps and all that need them, directly or not; `waits` has each step below what it needs."""
    found = set(undone)
    for name, needed in waits.items():
        if not found.isdisjoint(needed):
            found.add(name)
    return found


def joined(
    steps: Mapping[str, "Step"], members: Collection[str], groups: Iterable[Collection[str]] = ()
) -> dict[str, "Step"]:
    """The steps, given as they were defined, in an order in which they can run once `members` are one task.

    Whoever waits for one member waits for all of them, and all members wait for what any of them does.
    `groups` are those joined before. DefinitionError if any of it would have to wait for itself.
    """
    together = set(members)
    outside = {parent for name in members for parent in steps[name].upstream} - together
    waits = {step.name: set(step.upstream) for step in steps.values()}
    for name in steps:
        if name in together:
            waits[name] |= outside
        elif not waits[name].isdisjoint(together):
            waits[name] |= together
    ordered = {name: waits[name] for name in _sequence(waits, together)}
    above: set[str] = set()
    for step in steps.values():
        if step.undoes:  # more may build now on what it undoes, and that is waited for by whole groups
            needed = waits[step.name] | built_on(ordered, step.undoes) & above
            whole = [group for group in (*groups, together) if not needed.isdisjoint(group)]
            waits[step.name] = needed.union(*whole)
        above.add(step.name)
    place = {name: index for index, name in enumerate(_sequence(waits, together))}
    return {
        name: replace(steps[name], upstream=tuple(sorted(waits[name], key=place.__getitem__)))
        for name in place
    }


def _sequence(waits: Waits, together: Collection[str]) -> list[str]:
    """The steps, each below all that it waits for, and else as they are given."""
    names = list(waits)
    place = {name: index for index, name in enumerate(names)}
    left = {name: len(needed) for name, needed in waits.items()}
    children: dict[str, list[str]] = {name: [] for name in names}
    for name, needed in waits.items():
        for parent in needed:
            children[parent].append(name)
    ready = [place[name] for name in names if not left[name]]  # in order, so a heap
    found = []
    while ready:
        name = names[heappop(ready)]
        found.append(name)
        for child in children[name]:
            left[child] -= 1
            if not left[child]:
                heappush(ready, place[child])
    if stuck := set(names) - set(found):
        between = [name for name in _circle(waits, stuck) if name not in together]
        raise DefinitionError(
            f"would wait for itself: {', '.join(between)} must run after one of its steps and before another"
        )
    return found


def _circle(waits: Waits, stuck: Collection[str]) -> list[str]:
    """Stuck steps of which each waits for the next, and the last for the first."""
    way: list[str] = []
    name = next(name for name in waits if name in stuck)
    while name not in way:
        way.append(name)
        name = next(parent for parent in waits if parent in waits[name] and parent in stuck)
    return way[way.index(name) :]
