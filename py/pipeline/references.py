"""What is known only in a run, and may stand for a flag's value: a param, a step's output, the run's name."""

import math
import re
from dataclasses import dataclass

from py.pipeline.rules import as_json, unspeakable
from py.tools.errors import DefinitionError

Value = str | int | float | bool


class Reference:
    """A hole: something that is known only in a run."""

    def __str__(self) -> str:
        raise DefinitionError(f"{self!r} has no text yet: pass it as the whole value of a flag")

    def __format__(self, spec: str) -> str:
        return str(self)

    def __bool__(self) -> bool:
        raise DefinitionError(
            f"{self!r} has no value yet: a pipeline cannot branch on it, but its command can"
        )


@dataclass(frozen=True)
class Param(Reference):
    """What the trigger says, or the default, whose type (text, int, float, bool) is the param's."""

    name: str
    default: Value
    help: str = ""
    choices: tuple[Value, ...] = ()
    pattern: str = ""

    def objection(self, value: object) -> str:
        """Why `value` cannot be this param's, in the words that follow its name; empty if it can."""
        wanted = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}[
            type(self.default)
        ]
        numeric = type(self.default) is float and type(value) is int
        endless = isinstance(value, float) and not math.isfinite(value)  # these are no JSON
        if endless or (type(value) is not type(self.default) and not numeric):
            return f"wants {wanted}, not {as_json(value)}"
        if self.choices and value not in self.choices:
            return f"is {as_json(value)}, which is none of: {', '.join(map(as_json, self.choices))}"
        if self.pattern and isinstance(value, str) and not re.fullmatch(self.pattern, value):
            return f"is {as_json(value)}, which does not match {self.pattern}"
        if isinstance(value, str):
            return unspeakable(value)
        return ""


@dataclass(frozen=True)
class Output(Reference):
    """What a step will have written under a name."""

    step: str
    name: str


@dataclass(frozen=True)
class RunName(Reference):
    """The run's short name: a DNS label that is known before anything runs."""
