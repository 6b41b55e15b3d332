"""Read a run's folder, in any store, as each viewer would: what will they not see, why, and what to do."""

from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from typing import Any, NamedTuple

from py.artifacts import open_store
from py.results.viewers import MISSES, VIEWERS, WARNS, WRONG, Finding, RunFolder, findings
from py.results.viewers.place import Place, place_of
from py.tools.errors import Missing, StoreError, UsageError

RUNNING = "running"


class Report(NamedTuple):
    """What there is to say of a run: how it stands, what viewers make of it, and what was not looked at."""

    url: str
    place: Place | None
    state: str
    findings: tuple[Finding, ...]
    unread: tuple[str, ...]

    @property
    def is_seen(self) -> bool:
        """Whether every viewer sees all, and as it is; warnings do not count."""
        return all(finding.severity == WARNS for finding in self.findings)

    def counts(self) -> dict[str, dict[str, int]]:
        """How many findings each viewer has, by severity."""
        counted = Counter((finding.viewer, finding.severity) for finding in self.findings)
        severities = (MISSES, WRONG, WARNS)
        return {viewer.name: {kind: counted[viewer.name, kind] for kind in severities} for viewer in VIEWERS}

    def as_json(self) -> Mapping[str, Any]:
        """All of it, for programs."""
        place = self.place
        return {
            "url": self.url,
            "place": {"type": place.kind, "job": place.job, "build": place.build} if place else None,
            "state": self.state,
            "viewers": self.counts(),
            "findings": [finding._asdict() for finding in self.findings],
            "unread": list(self.unread),
        }


def verify(url: str, now: float | None = None) -> Report:
    """Read the folder at a URL or path; UsageError if no run is there, Missing if it cannot be reached.

    `now`, in seconds since 1970, is the time that viewers look at it, if that is another than this.
    """
    try:
        store = open_store(url)
        run = RunFolder(store, place_of(store.url), now)
        if not run.is_run:
            raise UsageError(f"{store.url} is no run's folder: {_what_is_there(run)}")
        found = tuple(findings(run))
        return Report(store.url, run.place, _state(run), found, tuple(dict.fromkeys(run.unread)))
    except (StoreError, OSError) as error:
        raise Missing(str(error)) from None


def show(report: Report) -> None:
    """Print a report for people: each fault with what becomes of it, and a line for each viewer."""
    place = report.place
    where = f"build {place.build} of {place.job}, {place.kind}" if place else "in no bucket's layout"
    print(_line(report.url), _line(f"{where}: {report.state}"), sep="\n", end="\n\n")
    for (file, why, todo), same in groupby(report.findings, key=lambda one: (one.file, one.why, one.todo)):
        print(_line(f"{file}: {why}"))
        _columns([(f"  {found.viewer}", found.severity, found.what) for found in same])
        print(f"  → {todo}\n")
    for name in report.unread:
        print(_line(f"not looked at: {name}"))
    _columns([(viewer, _summed(counts)) for viewer, counts in report.counts().items()])
    if not place:
        print("\nNot looked for, as the folder is in no layout: alias, latest-build.txt, names in the path.")


def _summed(counts: Mapping[str, int]) -> str:
    told = [f"{severity} {count}" for severity, count in counts.items() if count]
    return ", ".join(told) or "sees it all"


def _state(run: RunFolder) -> str:
    if run.finished is None:
        return RUNNING
    result, passed = (run.finished.data.get(key) for key in ("result", "passed"))
    if isinstance(result, str) and result:
        return result[:40]
    return (
        {True: "passed", False: "not passed"}[passed]
        if isinstance(passed, bool)
        else "over; nobody knows how"
    )


def _what_is_there(run: RunFolder) -> str:
    wanted = "there is no started.json, finished.json or build-log.txt"
    folders = sorted(run.store.folders())
    return f"{wanted}; did you mean a folder in it, as {folders[-1]}?" if folders else wanted


def _columns(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def _line(text: str) -> str:
    """What a stranger wrote, in one line and without a terminal's commands."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
