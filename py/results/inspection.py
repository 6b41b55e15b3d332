"""What a step has left in ARTIFACTS, looked at when it ends: a later one may change it, or take it away."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from py.results import junit, reasons
from py.results.quarantine import Entry, test_of
from py.results.reasons import Reason

COARSE = 2.0  # seconds: some file systems keep whole, or even, ones
SKEW = 300.0  # seconds by which the clock of a machine that ran tests may be behind
NAMED = 3  # failed tests that a sentence names


class Owed(NamedTuple):
    """What a step has to leave: a JUnit file, if it is named, and files to keep."""

    junit: str = ""
    pass_with_no_tests: bool = False
    files: tuple[str, ...] = ()


class Found(NamedTuple):
    """What speaks against what a step left, what else there is to say of it, and a digest of its JUnit."""

    reasons: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()
    seal: str = ""

    @property
    def excuses(self) -> bool:
        """Whether nothing is wrong with a step but tests in quarantine."""
        return not self.reasons and any(note.kind == reasons.QUARANTINED for note in self.notes)


def spelled(found: Found) -> dict[str, Any]:
    """What was found, as JSON holds it."""
    return {
        "reasons": reasons.spelled(found.reasons),
        "notes": reasons.spelled(found.notes),
        "seal": found.seal,
    }


def heard(told: dict[str, Any]) -> Found:
    """What was found, as JSON held it."""
    return Found(reasons.heard(told["reasons"]), reasons.heard(told["notes"]), told["seal"])


def make_room(owed: Owed, artifacts: Path, aside: Path) -> None:
    """Before a step begins: what has the name of what it owes is not its own. JUnit is kept in `aside`."""
    for name in filter(None, (owed.junit, *owed.files)):
        with suppress(OSError):  # nothing is there, or a folder: it will be told
            if name == owed.junit:
                import shutil

                shutil.move(artifacts / name, aside)
            else:
                (artifacts / name).unlink()


def inspect(
    step: str, owed: Owed, artifacts: Path, *, began: float, since: float, quarantine: Sequence[Entry] = ()
) -> Found:
    """Look at what a step left that began then, in a run that goes on since (seconds since 1970)."""
    against = [
        Reason(kind, step, f"{step} passed, but {why}")
        for name in owed.files
        for kind, why in _objections(artifacts, name, began)
    ]
    notes: list[Reason] = []
    seal = ""
    if owed.junit:
        file = artifacts / owed.junit
        seal = digest(file)
        said, notes = _judged(step, owed, artifacts, began, since, quarantine)
        against += [Reason(kind, step, f"{step} passed, but {why}") for kind, why in said]
    return Found(tuple(against), tuple(notes), seal)


def objection_to_file(artifacts: Path, name: str) -> str:
    """Why something that is there is no file of the run's own; empty if it is one."""
    path = artifacts / name
    try:
        if path.resolve() != artifacts.resolve() / name:
            return "it is a link, and only files are kept"
        return "" if path.is_file() else "it is no file"
    except (OSError, RuntimeError):  # links in a circle
        return "it is no file"


def digest(file: Path) -> str:
    """What tells a file from another one; empty if it is none, or cannot be read."""
    with suppress(OSError):
        if file.is_file():  # to open a pipe could wait forever
            with file.open("rb") as content:
                return hashlib.file_digest(content, "sha256").hexdigest()
    return ""


def fresh(file: Path, since: float) -> bool:
    """Whether a file, or a link, is not older than a moment."""
    return file.lstat().st_mtime >= since - COARSE


_Objections = list[tuple[str, str]]  # kinds and what they say


def _objections(artifacts: Path, name: str, began: float) -> _Objections:
    """What speaks against a file that is to be kept."""
    file = artifacts / name
    if not file.exists() and not file.is_symlink():
        return [(reasons.ARTIFACT_MISSING, f"its {name} is missing")]
    if why := objection_to_file(artifacts, name):
        return [(reasons.ARTIFACT_MISSING, f"its {name} is not there: {why}")]
    if not fresh(file, began):
        return [(reasons.ARTIFACT_STALE, f"its {name} is from before this step")]
    return [] if file.stat().st_size else [(reasons.ARTIFACT_EMPTY, f"its {name} is empty")]


def _judged(
    step: str, owed: Owed, artifacts: Path, began: float, since: float, quarantine: Sequence[Entry]
) -> tuple[_Objections, list[Reason]]:
    """What speaks against a JUnit file, and what else there is to say of it."""
    name = owed.junit
    file = artifacts / name
    if not file.exists():
        return [(reasons.JUNIT_MISSING, f"its {name} is missing")], []
    if why := objection_to_file(artifacts, name):
        return [(reasons.JUNIT_UNREADABLE, f"{name} is no JUnit: {why}")], []
    if not fresh(file, began):
        return [(reasons.JUNIT_STALE, f"its {name} is from before this step")], []
    try:
        report = junit.examine(file)
    except ValueError as error:
        return [(reasons.JUNIT_UNREADABLE, str(error))], []
    if report.ran is not None and report.ran < since - SKEW:
        return [(reasons.JUNIT_STALE, f"{name} is about tests that ran before this run")], []
    failed = [case for case in report.cases if case.failure]
    known = {case: entry for case in failed for entry in quarantine if entry.covers(case)}
    said = [(reasons.JUNIT_CONTRADICTS, f"{name} {claim}") for claim in report.contradictions]
    if unknown := [case.name for case in failed if case not in known]:
        more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
        said.append((reasons.JUNIT_FAILED, f"{name} holds failures: {', '.join(unknown[:NAMED])}{more}"))
    if all(case.skipped for case in report.cases) and not failed and not owed.pass_with_no_tests:
        said.append((reasons.JUNIT_EMPTY, f"{name} holds no test that was run"))
    return said, list(_quarantined(step, report.cases, known, quarantine))


def _quarantined(
    step: str, cases: list[junit.Case], known: dict[junit.Case, Entry], quarantine: Sequence[Entry]
) -> Iterator[Reason]:
    for case, entry in known.items():
        text = f"{test_of(case)} in {step} failed, and is in quarantine ({entry})"
        yield Reason(reasons.QUARANTINED, test_of(case), text)
    for entry in quarantine:
        if not any(entry.covers(case) for case in cases):
            text = f"the quarantine of {entry.test} is about no test of {step} ({entry})"
            yield Reason(reasons.QUARANTINE_UNUSED, entry.test, text)
