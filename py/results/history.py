"""How steps and tests fare over many runs: how often they pass, which are flaky, how long they take.

A run counts if it ended as SUCCESS or FAILURE; one that is going on, or was aborted, says nothing about the
code. In a run that counts, what was skipped or did not run does not count either.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from py.results.past import FAILED, FLAKY, PASSED, Cell, Past, Subject

_RAN = (PASSED, FAILED, FLAKY)


class Failure(NamedTuple):
    """The run in which a subject failed last, and the first line of why."""

    run: Past
    said: str


class Row(NamedTuple):
    """A subject's history; `flips` holds the commits on which it both passed and failed: a flake.

    `passed` counts the runs in which it passed at once; `failing` those, up to the newest, in which it failed
    and did not pass at all, and `since` is the first of them. Median and p90 are of the seconds that it took;
    None if it never ran.
    """

    subject: Subject
    ran: int
    passed: int
    flips: tuple[str, ...]
    median: float | None
    p90: float | None
    failing: int = 0
    since: Past | None = None
    last: Failure | None = None

    @property
    def rate(self) -> float | None:
        """The share of the runs in which it passed, of those in which it ran; None if it never ran."""
        return self.passed / self.ran if self.ran else None


def rows(runs: Sequence[Past]) -> list[Row]:
    """A row for each subject of these runs, which are in the order of time; what hurts comes first.

    That is what fails now, longest first, then what is flaky, then what failed most often, then what is slow.
    """
    lives: dict[Subject, list[tuple[Past, Cell]]] = {}
    for run in runs:
        counts = run.counts
        for subject, cell in run.cells.items():
            life = lives.setdefault(subject, [])
            if counts and cell.outcome in _RAN:
                life.append((run, cell))
    return sorted((_row(subject, life) for subject, life in lives.items()), key=_pain)


def percentile(values: Iterable[float], share: float) -> float:
    """The value that this share of the values is below, between two of them in proportion to the distance."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = ordered[int(place)]
    high = ordered[min(int(place) + 1, len(ordered) - 1)]
    return low + (high - low) * (place - int(place))


def _row(subject: Subject, life: list[tuple[Past, Cell]]) -> Row:
    if not life:
        return Row(subject, 0, 0, (), None, None)
    passed = sum(cell.outcome == PASSED for _, cell in life)
    seconds = [cell.seconds for _, cell in life]
    median, p90 = percentile(seconds, 0.5), percentile(seconds, 0.9)
    if passed == len(life):
        return Row(subject, passed, passed, (), median, p90)
    failed = [(run, cell) for run, cell in life if cell.outcome != PASSED]
    healthy = [index for index, (_, cell) in enumerate(life) if cell.outcome != FAILED]
    streak = life[healthy[-1] + 1 :] if healthy else life
    run, cell = failed[-1]
    return Row(
        subject, len(life), passed, _flips(life), median, p90, len(streak), streak[0][0] if streak else None,
        Failure(run, cell.said),
    )  # fmt: skip


def _flips(life: list[tuple[Past, Cell]]) -> tuple[str, ...]:
    """The commits with both outcomes, newest last; a run of an unknown commit is like no other."""
    outcomes: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    for run, cell in life:
        code = run.tested or f"run {run.id}"
        names[code] = run.commit or code
        outcomes.setdefault(code, set()).add(cell.outcome)
    return tuple(names[code] for code, told in outcomes.items() if FLAKY in told or len(told) > 1)


def _pain(row: Row) -> tuple[object, ...]:
    return (-row.failing, -len(row.flips), row.passed - row.ran, -(row.p90 or 0.0), row.subject)
