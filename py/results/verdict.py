"""Whether a run is green: its steps, and what they left, which may say more than their exit codes."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from py.results import reasons
from py.results.inspection import Found, Owed, digest, fresh, objection_to_file
from py.results.reasons import Reason

SUCCESS, FAILURE, ABORTED = "SUCCESS", "FAILURE", "ABORTED"
STEPS_JUNIT = "junit_steps.xml"  # the runner's own: a case for each step
# What viewers take for JUnit, in any folder of the artifacts; Prow unpacks what it uploads.
JUNIT = re.compile(r"(junit.*|test)\.xml(\.gz)?")


class Attempt(NamedTuple):
    """How an earlier attempt of a step ended, when it began (seconds since 1970) and how long it took."""

    state: str
    reason: str
    began: float
    seconds: float


class Ended(NamedTuple):
    """How a step ended, what it had to leave, what was found then, and what became of it before."""

    state: str
    why: str = ""
    owed: Owed = Owed()
    found: Found = Found()
    earlier: tuple[Attempt, ...] = ()


class Verdict(NamedTuple):
    """How a run ended, why, and what else there is to say of it."""

    result: str
    reasons: tuple[Reason, ...]
    notes: tuple[Reason, ...]


def judge(
    steps: Mapping[str, Ended],
    artifacts: Path,
    since: float,
    *,
    interrupted: bool = False,
    also: Iterable[Reason] = (),
) -> Verdict:
    """The verdict on a run that went on since (seconds since 1970).

    A step that passed is believed only with what it owes, as it was when it ended. JUnit that no step
    declares makes a run red whatever it says: nobody waits for it, so nobody would miss it. `also` are
    reasons from elsewhere.
    """
    why = [*_states(steps)]
    for name, step in steps.items():
        if step.state == "passed":
            why += step.found.reasons or _changes(name, step, artifacts)
    declared = {STEPS_JUNIT, *(step.owed.junit for step in steps.values())}
    why += [
        Reason(reasons.JUNIT_UNDECLARED, name, f"{name} is there, but no step declares it")
        for name in _junit(artifacts, since)
        if name not in declared
    ]
    why += also
    if interrupted and not why:
        why = [Reason(reasons.INTERRUPTED, "", "interrupted")]
    notes = [note for name, step in steps.items() for note in (*_retries(name, step), *_notes(step))]
    return Verdict(ABORTED if interrupted else FAILURE if why else SUCCESS, tuple(why), tuple(notes))


def _states(steps: Mapping[str, Ended]) -> Iterator[Reason]:
    """What the steps' own ends say against a run."""
    for name, step in steps.items():
        if step.state not in ("passed", "not run"):
            kind = reasons.STEP_ABORTED if step.state == "aborted" else reasons.STEP_FAILED
            yield Reason(kind, name, f"{name} {step.state}: {step.why}")
    if rest := ", ".join(name for name, step in steps.items() if step.state == "not run"):
        yield Reason(reasons.NOT_RUN, rest, f"not run: {rest}")


def _changes(name: str, step: Ended, artifacts: Path) -> Iterator[Reason]:
    """What is no longer as it was when a step ended."""
    if step.owed.junit:
        file = artifacts / step.owed.junit
        if not step.found.seal:
            why = f"nobody looked at its {file.name} when it ended"
            yield Reason(reasons.JUNIT_MISSING, name, f"{name} passed, but {why}")
        elif objection_to_file(artifacts, file.name):
            why = f"its {file.name} was taken away after that"
            yield Reason(reasons.JUNIT_CHANGED, name, f"{name} passed, but {why}")
        elif digest(file) != step.found.seal:
            why = f"its {file.name} was changed after that"
            yield Reason(reasons.JUNIT_CHANGED, name, f"{name} passed, but {why}")
    for each in step.owed.files:  # to change one is a step's good right, as to sign it
        if objection_to_file(artifacts, each) or not (artifacts / each).stat().st_size:
            why = f"its {each} was taken away after that"
            yield Reason(reasons.ARTIFACT_MISSING, name, f"{name} passed, but {why}")


def _retries(name: str, step: Ended) -> Iterator[Reason]:
    """What became of the first attempt that did not pass: who passes later may hide it."""
    for number, attempt in enumerate(step.earlier, 1):
        if attempt.state != "passed":
            which = "the first" if number == 1 else f"attempt {number}"
            now = f"{name} {step.state} at its attempt {len(step.earlier) + 1}"
            yield Reason(reasons.RETRIED, name, f"{now}; {which} {attempt.state}: {attempt.reason}")
            return


def _notes(step: Ended) -> tuple[Reason, ...]:
    return step.found.notes if step.state == "passed" else ()


def _junit(artifacts: Path, since: float) -> list[str]:
    """The files of this run that viewers take for JUnit, as paths in the artifacts."""
    found = [
        Path(folder, name)
        for folder, _, names in os.walk(artifacts)
        for name in names
        if JUNIT.fullmatch(name)
    ]
    return sorted(str(path.relative_to(artifacts)) for path in found if path.exists() and fresh(path, since))
