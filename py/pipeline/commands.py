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
        values = [*self.flags.values(), self.binary.source, self.binary.image]
        return [value for value in values if isinstance(value, Reference)]


@dataclass(frozen=True)
class Binary:
    """A program whose commands are steps: a Python module (`py.release`), or an executable in any language.

    A name with a slash is a path, as from the folder above `dags/`; one with dots is a module; any other
    is looked for on PATH.

    With a `source`, the folder of a checkout, the program is that checkout's: a path is one in it, and a
    module and what it imports are looked for there first. All else stays, so that flags mean the same: it is
    started in the folder above `dags/`, and a module by our Python with our libraries.

    With an `image`, the program is that image's, and runs in a container of it, which has the run's folders
    and starts in WORKSPACE.
    """

    program: str
    source: str | Output = ""
    image: str | Reference | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.source, str | Output):
            raise DefinitionError(f"{self.program}: source {self.source!r} is no step's output and no path")
        if not isinstance(self.image, str | Reference | None):
            raise DefinitionError(f"{self.program}: image {self.image!r} is no name of one and no reference")
        if self.source != "" and not ("/" in self.program or self.is_module):
            raise DefinitionError(f"{self.program} would be looked for on PATH; name a path in the source")

    def __call__(self, command: str = "", /, **flags: Value | Reference) -> Command:
        """A command with its flags; they are compared with those that the program's source declares."""
        for flag, value in flags.items():
            if not isinstance(value, Reference | str | int | float | bool):
                allowed = "text, a number, true or false, or a reference"
                raise DefinitionError(f"{self.program} {command}: {flag} cannot be {value!r}; give {allowed}")
        if self.is_module:
            signature.check(self.program, command, flags, known=not self.is_elsewhere)
        return Command(self, command, flags)

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is not our own program: its flags may be others."""
        return self.source != "" or self.image is not None

    @property
    def is_module(self) -> bool:
        """Whether Python runs it."""
        return "/" not in self.program and "." in self.program
