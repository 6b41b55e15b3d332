"""Why a run is not green, and what else there is to say of it: a sentence for people, a kind for programs."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

# Why a run is red.
STEP_FAILED, STEP_ABORTED, NOT_RUN, INTERRUPTED = "step_failed", "step_aborted", "not_run", "interrupted"
JUNIT_MISSING, JUNIT_STALE, JUNIT_UNREADABLE = "junit_missing", "junit_stale", "junit_unreadable"
JUNIT_EMPTY, JUNIT_FAILED, JUNIT_CONTRADICTS = "junit_empty", "junit_failed", "junit_contradicts"
JUNIT_CHANGED, JUNIT_UNDECLARED = "junit_changed", "junit_undeclared"
ARTIFACT_MISSING, ARTIFACT_STALE, ARTIFACT_EMPTY = "artifact_missing", "artifact_stale", "artifact_empty"
QUARANTINE_EXPIRED, LEFT_BEHIND = "quarantine_expired", "left_behind"
NOT_STORED, NOT_CENSORED = "not_stored", "not_censored"
# What is to be said of it, red or not.
RETRIED, QUARANTINED, QUARANTINE_UNUSED = "retried", "quarantined", "quarantine_unused"
LEFT_OUT = "left_out"
TOLD = "told"  # by a record that is older than these kinds


class Reason(NamedTuple):
    """`kind` is one of those above; `subject` a step, test, file, or what was left; `text` the sentence."""

    kind: str
    subject: str
    text: str

    def __str__(self) -> str:
        return self.text


def spelled(reasons: Iterable[Reason]) -> list[dict[str, str]]:
    """Reasons as JSON holds them."""
    return [reason._asdict() for reason in reasons]


def heard(told: Iterable[str | Mapping[str, Any]]) -> tuple[Reason, ...]:
    """Reasons as JSON held them; in older records they are sentences."""
    return tuple(Reason(TOLD, "", each) if isinstance(each, str) else Reason(**each) for each in told)
