"""A step of a run on paper: how it ended, and what it was to do, in memory and as JSON."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from py.pipeline.commands import Binary, Command
from py.pipeline.model import Step
from py.pipeline.references import Output, Reference, Value
from py.results import inspection
from py.results.inspection import Found
from py.results.verdict import Attempt

PASSED, FAILED, ABORTED, NOT_RUN = "passed", "failed", "aborted", "not run"
KILLED = "the runner was killed"  # why a step was aborted of which nobody told the end

_LISTS = ("outputs", "upstream", "undoes", "secrets", "artifacts")


class Record(NamedTuple):
    """How a step ended: `state` is passed, failed, aborted or not run, and `reason` says why.

    `found` is what it had left by then, `earlier` what became of its earlier attempts.
    """

    state: str
    reason: str = ""
    code: int | None = None
    began: float = 0.0  # seconds since 1970
    seconds: float = 0.0
    tail: str = ""
    found: Found = Found()
    earlier: tuple[Attempt, ...] = ()


def spelled(record: Record) -> dict[str, Any]:
    """A record as JSON holds it."""
    earlier = [attempt._asdict() for attempt in record.earlier]
    return record._asdict() | {"found": inspection.spelled(record.found), "earlier": earlier}


def heard(told: Mapping[str, Any]) -> Record:
    """A record as JSON held it."""
    found = inspection.heard(told["found"]) if "found" in told else Found()
    earlier = tuple(Attempt(**each) for each in told.get("earlier", ()))
    return Record(**{**told, "found": found, "earlier": earlier})


def spelled_step(step: Step) -> dict[str, Any]:
    """A step as JSON holds it."""
    binary = step.command.binary
    command = {
        "program": binary.program,
        "source": _spelled_value(binary.source),
        "image": None if binary.image is None else _spelled_value(binary.image),
        "name": step.command.name,
        "flags": {flag: _spelled_value(value) for flag, value in step.command.flags.items()},
    }
    return vars(step) | {"command": command}


def heard_step(told: Mapping[str, Any]) -> Step:
    """A step as JSON held it."""
    flags = {flag: _heard_value(value) for flag, value in told["command"]["flags"].items()}
    source, image = told["command"].get("source", ""), told["command"].get("image")
    binary = Binary(told["command"]["program"], _heard_value(source), _heard_value(image))
    command = Command(binary, told["command"]["name"], flags)
    return Step(**{**told, **{key: tuple(told.get(key, ())) for key in _LISTS}, "command": command})


def _spelled_value(value: Value | Reference) -> Any:
    return {"step": value.step, "output": value.name} if isinstance(value, Output) else value


def _heard_value(value: Any) -> Any:
    return Output(value["step"], value["output"]) if isinstance(value, dict) else value
