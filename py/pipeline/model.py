"""The vocabulary: a pipeline is a value with holes, checked as it is written.

Steps refer to what is known only in a run: a Param (what the trigger says), an Output (what a step above
wrote), the run's name. To read a pipeline is to choose who answers these references (answers.py). A step can
refer to steps above it only, so the order of definition is an order in which the steps can run.
"""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import timedelta

from py.pipeline import order
from py.pipeline.commands import Binary, Command
from py.pipeline.references import Output, Param, Reference, RunName, Value
from py.pipeline.rules import NAME, check_artifact, check_cron, check_name, check_tag, seconds, several
from py.results.inspection import Owed
from py.results.verdict import STEPS_JUNIT
from py.tools.errors import DefinitionError, UsageError, near
from py.tools.outputs import junit_name

__all__ = [
    "NAME", "Binary", "Command", "Output", "Param", "Pipeline", "Reference", "RunName", "Step", "Value",
]  # fmt: skip

HOUR = timedelta(hours=1)
PRESET = "preset"  # the param by which a trigger names one


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
    artifacts: tuple[str, ...] = ()
    pass_with_no_tests: bool = False

    @property
    def owed(self) -> Owed:
        """What it has to leave in ARTIFACTS."""
        return Owed(junit_name(self.name) if self.junit else "", self.pass_with_no_tests, self.artifacts)

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

    Three params are always there: `dryrun`, `ARTIFACTS_PATH` (the folder for files to keep) and `RESULTS`
    (the store for all that a run leaves); a fourth one, `preset`, where there are presets. By `tags` people
    find a pipeline among others.
    """

    name: str
    doc: str = ""
    tags: Iterable[str] = ()
    params: dict[str, Param] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    presets: dict[str, Mapping[str, Value]] = field(default_factory=dict)
    cron: str = ""
    cron_preset: str = ""
    last: str = ""
    _written: dict[str, Step] = field(default_factory=dict)  # steps as `step` gave them, in that order

    run_name = RunName()

    def __post_init__(self) -> None:
        check_name("pipeline", self.name)
        self.doc = (self.doc or "").strip()
        self.tags = several(f"pipeline {self.name!r}", "tags", self.tags)
        for tag in self.tags:
            check_tag(self.name, tag)
        self.param("dryrun", False, help="Show every command and start none.")
        self.param("ARTIFACTS_PATH", "", help="Folder for the files to keep; empty for the run's own folder.")
        self.param(
            "RESULTS", "", pattern=r"((file|gs|s3)://\S+|/\S+)?",
            help="Store for the results, as gs://BUCKET/FOLDER; empty: $WINDTUNNEL_RESULTS, or none.",
        )  # fmt: skip

    def param(
        self, name: str, default: Value, *, help: str = "", choices: Iterable[Value] = (), pattern: str = ""
    ) -> Param:
        """Declare what a trigger may say; the default gives the type and makes `{}` a sensible conf."""
        self._check_new("param", name, param=self.params)
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
        """Name a set of params, such as `presubmit`; a trigger says which one by the param `preset`."""
        self._check_new("preset", name, preset=self.presets)
        if not self.presets:
            self._check_new("param", PRESET, param=self.params)
        for key, value in values.items():
            if key not in self.params or key == PRESET:
                raise DefinitionError(
                    f"preset {name!r}: no param {key!r}; {near(key, self.params, 'there are')}"
                )
            if objection := self.params[key].objection(value):
                raise DefinitionError(f"preset {name!r}: {key} {objection}")
        self.presets[name] = values
        choices = ("", *self.presets)
        self.params[PRESET] = Param(PRESET, "", "Named set of params to start from; empty: none.", choices)

    def schedule(self, cron: str, *, preset: str = "") -> None:
        """Say when Airflow runs it: minute, hour, day, month and weekday, in UTC; and with which preset."""
        if self.cron or self.last:
            why = f"after {self.last!r}, which is the last step" if self.last else f"beside {self.cron!r}"
            raise DefinitionError(f"schedule {cron!r} comes {why}; a pipeline has one, above its end")
        check_cron(cron)
        if preset and preset not in self.presets:
            raise DefinitionError(
                f"schedule {cron!r}: no preset {preset!r}; {near(preset, self.presets, 'above it are')}"
            )
        self.cron, self.cron_preset = cron, preset

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
        pass_with_no_tests: bool = False,
        artifacts: Iterable[str] = (),
        secrets: Iterable[str] = (),
    ) -> Step:
        """Add a step.

        It runs when the steps whose outputs it uses, and those it is `after`, have passed. One that `undoes`
        others runs, whatever has failed, once they and all steps above it that build on them have ended; so
        it may use params and the run's name, but no outputs. `junit` says that it writes JUnit of its own,
        in which a test has to have run unless it may `pass_with_no_tests`; `artifacts` names more files that
        it leaves in ARTIFACTS. `secrets` names environment variables that it, and no other step, gets.
        """
        self._check_new("step", name, step=self.steps, group=self.groups)
        if not isinstance(command, Command):
            raise DefinitionError(f"step {name!r}: the command is {command!r}; make it with a Binary")
        where = f"step {name!r}"
        names = several(where, "outputs", outputs)
        for output in names:
            check_name(f"{where}: output", output)
        referred = [self._known(name, reference) for reference in command.references]
        used = [reference.step for reference in referred if isinstance(reference, Output)]
        undone = [self._own(where, "undoes", step) for step in several(where, "undoes", undoes)]
        if undone and used:
            raise DefinitionError(
                f"step {name!r} undoes others, so it runs after failures too, when the output of {used[0]!r} "
                "may not exist: use params and run_name"
            )
        waits = [self._own(where, "after", step) for step in several(where, "after", after)]
        step = Step(
            name, command, names, self._upstream({*used, *waits}, undone), tuple(undone),
            seconds(where, timeout), junit, several(where, "secrets", secrets),
            several(where, "artifacts", artifacts), pass_with_no_tests,
        )  # fmt: skip
        self._check_owed(where, step)
        self.steps[name] = self._written[name] = step
        return step

    def group(self, name: str, steps: Iterable[Step]) -> None:
        """Declare that steps belong in one task, as engines that start tasks slowly run them.

        Whoever waits for one of them waits for all, and they all wait for what any of them does; each keeps
        its own log, timeout and verdict.
        """
        self._check_new("group", name, step=self.steps, group=self.groups)
        where = f"group {name!r}"
        members = [self._own(where, "steps", step) for step in several(where, "steps", steps)]
        if not members:
            raise DefinitionError(f"{where} has no steps")
        for member in members:
            if members.count(member) > 1:
                raise DefinitionError(f"{where} names step {member!r} twice")
            if other := next((group for group, steps in self.groups.items() if member in steps), ""):
                raise DefinitionError(f"{where}: step {member!r} is in group {other!r} already")
            if self.steps[member].undoes:
                raise DefinitionError(
                    f"{where}: step {member!r} undoes others, whatever has failed; leave it a task of its own"
                )
        try:
            written = {step: self.steps[step] for step in self._written}
            self.steps = order.joined(written, members, self.groups.values())
        except DefinitionError as error:
            raise DefinitionError(f"{where} {error}") from None
        self.groups[name] = tuple(step for step in self._written if step in members)

    def tasks(self) -> dict[str, tuple[str, ...]]:
        """The steps of each task: a group, or a step outside of groups; each task below what it waits for."""
        task_of = {step: group for group, steps in self.groups.items() for step in steps}
        found: dict[str, tuple[str, ...]] = {}
        for step in self.steps:
            found.setdefault(task := task_of.get(step, step), self.groups.get(task, (step,)))
        return found

    def done(self, name: str = "done") -> None:
        """Seal the pipeline with its last step, which waits for all others and judges the run."""
        self._check_new("step", name, step=self.steps, group=self.groups)
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
        kept = {name: tuple(step for step in steps if step in chosen) for name, steps in self.groups.items()}
        rest.groups = {name: steps for name, steps in kept.items() if steps}
        return rest

    @property
    def written(self) -> tuple[Step, ...]:
        """All its steps, also of one that is but a part of them."""
        return tuple(self._written.values())

    def _check_owed(self, where: str, step: Step) -> None:
        """Every file is one step's: of two that write it, one would hide what the other says."""
        if step.pass_with_no_tests and not step.junit:
            raise DefinitionError(f"{where}: pass_with_no_tests is about its JUnit; say junit=True as well")
        for file in step.artifacts:
            check_artifact(where, file)
        files = [file for file in (step.owed.junit, *step.artifacts) if file]
        owners = {STEPS_JUNIT: "the runner"}
        for other in self._written.values() if files else ():
            owners |= dict.fromkeys((other.owed.junit, *other.artifacts), f"step {other.name!r}")
        for file in files:
            if file in owners:
                raise DefinitionError(f"{where} leaves {file} in ARTIFACTS, and so does {owners[file]}")

    def _upstream(self, needed: set[str], undone: list[str]) -> tuple[str, ...]:
        """What a step waits for that needs these and undoes those, in order."""
        waits = {step.name: step.upstream for step in self.steps.values()}
        needed |= order.built_on(waits, undone) if undone else set()
        for members in self.groups.values():
            needed |= set() if needed.isdisjoint(members) else set(members)
        return tuple(step for step in self.steps if step in needed)

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

    def _own(self, where: str, word: str, step: object) -> str:
        if not isinstance(step, Step) or self._written.get(step.name) is not step:
            what = f"step {step.name!r}" if isinstance(step, Step) else repr(step)
            raise DefinitionError(f"{where}: {word}=[…] names {what}, which is no step of this pipeline")
        return step.name

    def _check_new(self, kind: str, name: str, **taken: Iterable[str]) -> None:
        check_name(kind, name)
        if self.last:
            raise DefinitionError(f"{kind} {name!r} comes after {self.last!r}, which is the last step")
        for other, names in taken.items():
            if name in names:
                raise DefinitionError(f"there is a {other} {name!r} already; choose another name")
