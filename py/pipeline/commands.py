"""What a step starts: a command of a binary, with flags whose values may be references."""

from collections.abc import Mapping
from dataclasses import dataclass

from py.pipeline import signature
from py.pipeline.references import Output, Reference, Value
from py.tools.errors import DefinitionError


@dataclass(frozen=True)
class Command:
    """A binary's command with its flags, whose values may be references."""

    binary: "Binary"
    name: str
    flags: Mapping[str, Value | Reference]

    @property
    def references(self) -> list[Reference]:
        """What must be known before it can be started."""
        values = [*self.flags.values(), self.binary.source]
        return [value for value in values if isinstance(value, Reference)]


@dataclass(frozen=True)
class Binary:
    """A program whose commands are steps: a Python module (`py.release`), or an executable in any language.

    A name with a slash is a path, as from the folder above `dags/`; one with dots is a module; any other
    is looked for on PATH.

    With a `source`, the folder of a checkout, the program is that checkout's: a path is one in it, and a
    module and what it imports are looked for there first. All else stays, so that flags mean the same: it is
    started in the folder above `dags/`, and a module by our Python with our libraries.
    """

    program: str
    source: str | Output = ""

    def __post_init__(self) -> None:
        if not isinstance(self.source, str | Output):
            raise DefinitionError(f"{self.program}: source {self.source!r} is no step's output and no path")
        if self.source != "" and not ("/" in self.program or self.is_module):
            raise DefinitionError(f"{self.program} would be looked for on PATH; name a path in the source")

    def __call__(self, command: str = "", /, **flags: Value | Reference) -> Command:
        """A command with its flags; they are compared with those that the program's source declares."""
        for flag, value in flags.items():
            if not isinstance(value, Reference | str | int | float | bool):
                allowed = "text, a number, true or false, or a reference"
                raise DefinitionError(f"{self.program} {command}: {flag} cannot be {value!r}; give {allowed}")
        if self.is_module:
            signature.check(self.program, command, flags, known=self.source == "")
        return Command(self, command, flags)

    @property
    def is_module(self) -> bool:
        """Whether Python runs it."""
        return "/" not in self.program and "." in self.program
