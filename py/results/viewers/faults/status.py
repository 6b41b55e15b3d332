"""started.json and finished.json: when a run began and ended, and how.

Their fields are TestGrid's metadata/job.go, which Prow's site/content/en/docs/metadata-artifacts.md calls the
source of truth; Go's parser takes no text for a number and no number for a text.
"""

from collections.abc import Iterator
from typing import Any

from py.results.verdict import ABORTED, FAILURE, SUCCESS
from py.results.viewers.base import Faults, Spot, shown
from py.results.viewers.folder import FINISHED, STARTED, RunFolder

FAULTS = Faults()
DAY = 24 * 3600  # seconds after which TestGrid gives a run up
SKEW = 3600  # seconds by which clocks may differ
MILLISECONDS = 10**11  # as seconds that is the year 5138
QUARANTINED = "quarantined"  # in the metadata of our own runs
RESULTS = (SUCCESS, FAILURE, ABORTED)
_TEXTS = {"node", "pull", "repo-commit", "job-version", "repo-version", "revision", "result"}


@FAULTS.fault("write it first of all: timestamp, pull, repos, repo-commit (`python -m py.prow started`)")
def _started_missing(run: RunFolder) -> Iterator[Spot]:
    if run.started is None:
        yield Spot(STARTED, "it is not there")


@FAULTS.fault("write one JSON object into it, whole (to a new name, then moved)")
def _json_broken(run: RunFolder) -> Iterator[Spot]:
    for found in (run.started, run.finished):
        if found and found.broken:
            yield Spot(found.name, f"it {found.broken}")


@FAULTS.fault("write it as UTF-8")
def _json_not_utf8(run: RunFolder) -> Iterator[Spot]:
    for found in run.status:
        if not found.text:
            yield Spot(found.name, "it holds bytes that are no UTF-8")


@FAULTS.fault("write `timestamp`: whole seconds since 1970, as `date +%s` prints them")
def _timestamp_missing(run: RunFolder) -> Iterator[Spot]:
    for found in run.status:
        if found.data.get("timestamp") is None:
            yield Spot(found.name, "`timestamp` is missing")


@FAULTS.fault("write `timestamp` as a whole number, without quotes and without a fraction")
def _timestamp_no_integer(run: RunFolder) -> Iterator[Spot]:
    for found in run.status:
        value = found.data.get("timestamp")
        if value is not None and not _is_integer(value):
            only = {"TestGrid", "Spyglass", "deck"}
            if not isinstance(value, float):
                only |= {"Gubernator"}  # it subtracts one from the other
                only |= set() if _as_kettle(value) else {"kettle"}
            yield Spot(found.name, f"`timestamp` is {shown(value)}", frozenset(only))


@FAULTS.fault("write the time of the run in whole seconds since 1970, as `date +%s` prints it")
def _timestamp_zero(run: RunFolder) -> Iterator[Spot]:
    for name, value in _times(run).items():
        if value <= 0:
            yield Spot(name, f"`timestamp` is {value}")


@FAULTS.fault("divide it by 1000: a timestamp is in seconds")
def _timestamp_milliseconds(run: RunFolder) -> Iterator[Spot]:
    for name, value in _times(run).items():
        if value >= MILLISECONDS:
            yield Spot(name, f"`timestamp` is {value}, which is no time in seconds")


@FAULTS.fault("set the clock of the machine that writes it")
def _timestamp_to_come(run: RunFolder) -> Iterator[Spot]:
    for name, value in _times(run).items():
        if run.now + SKEW < value < MILLISECONDS:
            yield Spot(name, f"`timestamp` is {value}, which is still to come")


@FAULTS.fault("write both from one clock, and started.json only once")
def _ends_before_it_begins(run: RunFolder) -> Iterator[Spot]:
    times = _times(run)
    if 0 < times.get(FINISHED, 0) < times.get(STARTED, 0) < MILLISECONDS:
        yield Spot(FINISHED, f"it is {times[STARTED] - times[FINISHED]} s before started.json")


@FAULTS.fault("write texts as texts: \"pull\": \"12\", \"repos\": {\"org/repo\": \"main:SHA\"}")  # fmt: skip
def _field_type(run: RunFolder) -> Iterator[Spot]:
    for found in run.status:
        for key, value in found.data.items():
            if _is_mistyped(key, value):
                yield Spot(found.name, f"`{key}` is {shown(value)}")


@FAULTS.fault(
    "write finished.json when the run is over, also when it is killed; ABORTED if nobody knows how it ended"
)
def _never_finished(run: RunFolder) -> Iterator[Spot]:
    began = _times(run).get(STARTED, run.now)
    if run.finished is None and run.now - began > DAY:
        yield Spot(FINISHED, f"it is not there, {int((run.now - began) / 3600)} hours after the run began")


@FAULTS.fault("write `passed` beside `result`: true or false")
def _passed_missing(run: RunFolder) -> Iterator[Spot]:
    if (end := _end(run)) and end.get("passed") is None:
        yield Spot(FINISHED, "`passed` is missing")


@FAULTS.fault(f"write `result` beside `passed`: {', '.join(RESULTS)}")
def _result_missing(run: RunFolder) -> Iterator[Spot]:
    if (end := _end(run)) and not end.get("result"):
        yield Spot(FINISHED, "`result` is missing")


@FAULTS.fault(f"write `passed` (true or false) and `result` ({', '.join(RESULTS)})")
def _no_verdict(run: RunFolder) -> Iterator[Spot]:
    if (end := _end(run)) and end.get("passed") is None and not end.get("result"):
        yield Spot(FINISHED, "neither `passed` nor `result` is there")


@FAULTS.fault(f"write one of Prow's words: {', '.join(RESULTS)}")
def _result_word(run: RunFolder) -> Iterator[Spot]:
    result = (_end(run) or {}).get("result")
    if isinstance(result, str) and result and result not in RESULTS:
        yield Spot(FINISHED, f"`result` is {shown(result)}")


@FAULTS.fault("write SUCCESS in capitals")
def _success_in_other_words(run: RunFolder) -> Iterator[Spot]:
    end = _end(run) or {}
    result = end.get("result")
    if isinstance(result, str) and result and result not in RESULTS and end.get("passed") is True:
        yield Spot(FINISHED, f"it passed, and `result` is {shown(result)}")


@FAULTS.fault("decide once whether the run passed, and write both from that")
def _verdicts_differ(run: RunFolder) -> Iterator[Spot]:
    end = _end(run) or {}
    passed, result = end.get("passed"), end.get("result")
    if isinstance(passed, bool) and result in RESULTS and passed != (result == SUCCESS):
        yield Spot(FINISHED, f"`passed` is {str(passed).lower()}, `result` is {result}")


@FAULTS.fault("a run with a failing test has failed: judge it by its JUnit too, not by exit codes alone")
def _false_green(run: RunFolder) -> Iterator[Spot]:
    if is_green(run) and (failed := [name for name, test in _failed(run) if test not in _quarantined(run)]):
        yield Spot(FINISHED, f"it says that the run passed, but {_listed(failed)} failed")


@FAULTS.fault("nothing, as long as somebody mends it: `metadata` says that it is in quarantine")
def _failed_in_quarantine(run: RunFolder) -> Iterator[Spot]:
    if is_green(run) and (failed := [name for name, test in _failed(run) if test in _quarantined(run)]):
        yield Spot(FINISHED, f"it says that the run passed, although {_listed(failed)} failed")


@FAULTS.fault("give the step that failed a case in a JUnit file, with the reason as its text")
def _red_without_a_case(run: RunFolder) -> Iterator[Spot]:
    end = _end(run)
    if end and (end.get("passed") is False or end.get("result") in (FAILURE, ABORTED)) and not _failed(run):
        yield Spot(FINISHED, "it says that the run did not pass, and no JUnit says what failed")


def is_green(run: RunFolder) -> bool:
    """Whether finished.json says that the run passed."""
    end = _end(run) or {}
    return end.get("passed") is True or (end.get("passed") is None and end.get("result") == SUCCESS)


def _end(run: RunFolder) -> Any:
    return run.finished.data if run.finished and not run.finished.broken else None


def _failed(run: RunFolder) -> list[tuple[str, str]]:
    """The cases that failed: where each is, and what it is called in a quarantine."""
    return [
        (f"{case.name} ({junit.name})", ".".join(filter(None, map(case.given.get, ("classname", "name")))))
        for junit in run.junit
        if junit.is_read
        for case in junit.cases
        if case.failed
    ]


def _quarantined(run: RunFolder) -> list[str]:
    """The tests that were known to fail, as our own runs say, in lines."""
    told = (_end(run) or {}).get("metadata")
    known = told.get(QUARANTINED) if isinstance(told, dict) else None
    return known.split("\n") if isinstance(known, str) else []


def _listed(names: list[str]) -> str:
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def _times(run: RunFolder) -> dict[str, int]:
    """The timestamps that are whole numbers, by file."""
    return {
        found.name: found.data["timestamp"]
        for found in run.status
        if _is_integer(found.data.get("timestamp"))
    }


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _as_kettle(value: object) -> bool:
    return (
        isinstance(value, str | bool)
        and str(int(value) if isinstance(value, bool) else value).strip().isdecimal()
    )


def _is_mistyped(key: str, value: object) -> bool:
    if value is None or key in ("timestamp", "metadata"):
        return False
    if key == "repos":
        return not isinstance(value, dict) or not all(isinstance(refs, str | None) for refs in value.values())
    if key == "passed":
        return not isinstance(value, bool)
    return key in _TEXTS and not isinstance(value, str)
