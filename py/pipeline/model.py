"""The vocabulary: a pipeline is a value with holes, checked as it is written.

Steps refer to what is known only in a run: a Param (what the trigger says), an Output (what a step above
wrote), the run's name. To read a pipeline is to choose who answers these references (answers.py). A step can
refer to steps above it only, so the order of definition is an order in which the steps can run.
"""

import re
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

from py.pipeline import signature
from py.tools.errors import DefinitionError, UsageError, near

Value = str | int | float | bool
Thing = TypeVar("Thing")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")  # it names files, labels and tasks of Airflow as well
HOUR = timedelta(hours=1)


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
        if type(value) is not type(self.default) and not numeric:
            return f"wants {wanted}, not {_json(value)}"
        if self.choices and value not in self.choices:
            return f"is {_json(value)}, which is none of: {', '.join(map(_json, self.choices))}"
        if self.pattern and isinstance(value, str) and not re.fullmatch(self.pattern, value):
            return f"is {_json(value)}, which does not match {self.pattern}"
        if isinstance(value, str):
            return _unspeakable(value)
        return ""


@dataclass(frozen=True)
class Output(Reference):
    """What a step will have written under a name."""

    step: str
    name: str


@dataclass(frozen=True)
class RunName(Reference):
    """The run's short name: a DNS label that is known before anything runs."""


@dataclass(frozen=True)
class Command:
    """A binary's command with its flags, whose values may be references."""

    binary: "Binary"
    name: str
    flags: Mapping[str, Value | Reference]


@dataclass(frozen=True)
class Binary:
    """A program whose commands are steps: a Python module (`py.release`), or an executable in any language.

    A name with a slash is a path, as from the folder above `dags/`; one with dots is a module; any other
    is looked for on PATH.
    """

    program: str

    def __call__(self, command: str = "", /, **flags: Value | Reference) -> Command:
        """A command with its flags; they are compared with those that the program's source declares."""
        for flag, value in flags.items():
            if not isinstance(value, Reference | str | int | float | bool):
                allowed = "text, a number, true or false, or a reference"
                raise DefinitionError(f"{self.program} {command}: {flag} cannot be {value!r}; give {allowed}")
        if self.is_module:
            signature.check(self.program, command, flags)
        return Command(self, command, flags)

    @property
    def is_module(self) -> bool:
        """Whether Python runs it."""
        return "/" not in self.program and "." in self.program


@dataclass(frozen=True)
class Step:
    """A command with named outputs, and its place among the others."""

    name: str
    command: Command
    outputs: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    undoes: tuple[str, ...] = ()
    timeout: float = HOUR.total_seconds()
    junit: bool = False
    secrets: tuple[str, ...] = ()

    def __getitem__(self, output: str) -> Output:
        """A reference to one of its outputs."""
        if output not in self.outputs:
            raise DefinitionError(
                f"step {self.name!r} has no output {output!r}; {near(output, self.outputs, 'it gives')}"
            )
        return Output(self.name, output)


@dataclass
class Pipeline:
    """Steps in the order in which they are written; `done` seals it, and a sealed pipeline is valid.

    Two params are always there: `dryrun`, and `ARTIFACTS_PATH` (where files to keep go).
    """

    name: str
    doc: str = ""
    params: dict[str, Param] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)
    presets: dict[str, Mapping[str, Value]] = field(default_factory=dict)
    last: str = ""

    run_name = RunName()

    def __post_init__(self) -> None:
        _check_name("pipeline", self.name)
        self.doc = (self.doc or "").strip()
        self.param("dryrun", False, help="Show every command and start none.")
        self.param("ARTIFACTS_PATH", "", help="Folder for the files to keep; empty for the run's own folder.")

    def param(
        self, name: str, default: Value, *, help: str = "", choices: Iterable[Value] = (), pattern: str = ""
    ) -> Param:
        """Declare what a trigger may say; the default gives the type and makes `{}` a sensible conf."""
        self._check_new("param", name, self.params)
        if type(default) not in (str, int, float, bool):
            raise DefinitionError(
                f"param {name!r}: the default {default!r} is no text, number, true or false"
            )
        param = Param(name, default, help, tuple(choices), pattern)
        if objection := param.objection(default):
            raise DefinitionError(f"param {name!r}: the default {objection}")
        self.params[name] = param
        return param

    def preset(self, name: str, **values: Value) -> None:
        """Name a set of params, such as `presubmit`."""
        self._check_new("preset", name, self.presets)
        for key, value in values.items():
            if key not in self.params:
                raise DefinitionError(
                    f"preset {name!r}: no param {key!r}; {near(key, self.params, 'there are')}"
                )
            if objection := self.params[key].objection(value):
                raise DefinitionError(f"preset {name!r}: {key} {objection}")
        self.presets[name] = values

    def step(
        self,
        name: str,
        command: Command,
        *,
        outputs: Iterable[str] = (),
        after: Iterable[Step] = (),
        undoes: Iterable[Step] = (),
        timeout: timedelta = HOUR,
        junit: bool = False,
        secrets: Iterable[str] = (),
    ) -> Step:
        """Add a step.

        It runs when the steps whose outputs it uses, and those it is `after`, have passed. One that `undoes`
        others runs, whatever has failed, once they and all steps above it that build on them have ended; so
        it may use params and the run's name, but no outputs. `junit` says that it writes JUnit of its own,
        `secrets` names environment variables that it, and no other step, gets.
        """
        self._check_new("step", name, self.steps)
        if not isinstance(command, Command):
            raise DefinitionError(f"step {name!r}: the command is {command!r}; make it with a Binary")
        names = _several(name, "outputs", outputs)
        for output in names:
            _check_name(f"step {name!r}: output", output)
        referred = [
            self._known(name, value) for value in command.flags.values() if isinstance(value, Reference)
        ]
        used = [reference.step for reference in referred if isinstance(reference, Output)]
        undone = [self._own(name, "undoes", step) for step in _several(name, "undoes", undoes)]
        if undone and used:
            raise DefinitionError(
                f"step {name!r} undoes others, so it runs after failures too, when the output of {used[0]!r} "
                "may not exist: use params and run_name"
            )
        waits = [self._own(name, "after", step) for step in _several(name, "after", after)]
        needed = {*used, *waits, *self._built_on(undone)}
        step = Step(
            name, command, names, tuple(known for known in self.steps if known in needed), tuple(undone),
            _seconds(name, timeout), junit, _several(name, "secrets", secrets),
        )  # fmt: skip
        self.steps[name] = step
        return step

    def done(self, name: str = "done") -> None:
        """Seal the pipeline with its last step, which waits for all others and judges the run."""
        self._check_new("step", name, self.steps)
        if not self.steps:
            raise DefinitionError(f"pipeline {self.name!r} is done before it has a step")
        self.last = name

    def only(self, names: Iterable[str]) -> "Pipeline":
        """The same pipeline with nothing but these steps, what they need, and what undoes any of it."""
        chosen = set(names)
        for name in chosen - set(self.steps):
            raise UsageError(f"{self.name} has no step {name!r}; {near(name, self.steps, 'it has')}")
        for step in reversed(self.steps.values()):
            if step.name in chosen:
                chosen.update(step.upstream)
        chosen.update(step.name for step in self.steps.values() if chosen.intersection(step.undoes))
        rest = copy(self)
        rest.steps = {
            step.name: replace(step, upstream=tuple(parent for parent in step.upstream if parent in chosen))
            for step in self.steps.values()
            if step.name in chosen
        }
        return rest

    def _built_on(self, undone: list[str]) -> set[str]:
        """The undone steps and all that need them, directly or not."""
        found = set(undone)
        if not found:
            return found
        for step in self.steps.values():
            if found.intersection(step.upstream):
                found.add(step.name)
        return found

    def _known(self, step: str, reference: Reference) -> Reference:
        if isinstance(reference, Param) and self.params.get(reference.name) is not reference:
            raise DefinitionError(f"step {step!r} uses the param {reference.name!r} of another pipeline")
        if isinstance(reference, Output) and reference.name not in self._outputs_of(reference.step):
            raise DefinitionError(
                f"step {step!r} uses an output of {reference.step!r}, a step of another pipeline"
            )
        return reference

    def _outputs_of(self, step: str) -> tuple[str, ...]:
        return self.steps[step].outputs if step in self.steps else ()

    def _own(self, name: str, word: str, step: object) -> str:
        if not isinstance(step, Step) or self.steps.get(step.name) is not step:
            what = f"step {step.name!r}" if isinstance(step, Step) else repr(step)
            raise DefinitionError(
                f"step {name!r}: {word}=[…] names {what}, which is no step of this pipeline"
            )
        return step.name

    def _check_new(self, kind: str, name: str, known: Iterable[str]) -> None:
        _check_name(kind, name)
        if self.last:
            raise DefinitionError(f"{kind} {name!r} comes after {self.last!r}, which is the last step")
        if name in known:
            raise DefinitionError(f"there is a {kind} {name!r} already; choose another name")


def _check_name(kind: str, name: object) -> None:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        what = "a name is a letter, then up to 99 letters, digits and underscores"
        raise DefinitionError(f"{kind} {name!r}: {what}")


def _several(step: str, word: str, given: Iterable[Thing]) -> tuple[Thing, ...]:
    """The things of a list; one thing without a list would be taken apart into what is no thing."""
    if isinstance(given, str | Step):
        raise DefinitionError(f"step {step!r}: {word} wants a list, as in {word}=[…]")
    return tuple(given)


def _seconds(step: str, timeout: timedelta) -> float:
    if not isinstance(timeout, timedelta) or timeout <= timedelta():
        raise DefinitionError(f"step {step!r}: timeout wants a time above 0, as in timedelta(minutes=5)")
    return timeout.total_seconds()


def _unspeakable(text: str) -> str:
    """Why a text cannot be a word of a command line; empty if it can."""
    if "\0" in text:
        return "holds a NUL character, which no command line can carry"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "holds half a surrogate pair, which is no text"
    return f"is {size:,} bytes long; a command line carries 100,000 at most" if size > 100_000 else ""


def _json(value: object) -> str:
    import json  # late: only a mistake needs it

    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= 80 else f"{text[:80]}…"
