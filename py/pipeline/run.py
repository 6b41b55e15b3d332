"""One execution of a pipeline: its name, its folders, and the record from which it can be told again.

runs/NAME/run.json              what was asked, every step with its holes; at the end, how it ended
runs/NAME/steps/STEP/step.json  how the step ended; beside it its log.txt and outputs.json
runs/NAME/workspace             WORKSPACE, shared by the steps
runs/NAME/artifacts             ARTIFACTS, the files to keep (elsewhere, if the conf says so)
runs/NAME/source                the commit that the pipeline's file is from, if the run was asked for by it
runs/.open/NAME                 there while the run is not over; locked by whoever drives it
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from py.pipeline import environment
from py.pipeline.answers import known
from py.pipeline.model import Command, Output, Pipeline, Reference, Step, Value
from py.pipeline.record import (
    ABORTED,
    FAILED,
    KILLED,
    NOT_RUN,
    PASSED,
    Record,
    heard,
    heard_step,
    spelled,
    spelled_step,
)
from py.pipeline.render import Answer, spell
from py.results import quarantine, reasons
from py.results.metadata import FINISHED
from py.results.quarantine import Entry
from py.results.reasons import Reason
from py.tools.errors import Missing, StoreError, UsageError, near
from py.tools.files import sweep, write_whole
from py.tools.names import slug

if TYPE_CHECKING:
    from py.artifacts import Store

__all__ = [
    "ABORTED", "AIRFLOW", "FAILED", "KILLED", "LOCAL", "NOT_RUN", "PASSED", "RESULTS", "Record", "Run",
    "find", "forget", "fresh_id", "marker", "name_of", "new", "read",
]  # fmt: skip

RESULTS = "WINDTUNNEL_RESULTS"  # the variable with the store of runs whose conf names none
LOCAL, AIRFLOW = "local", "airflow"  # engines: who drives a run, and so who finishes it if it is lost


@dataclass
class Run:
    """A run, new or read back; its steps have no holes left but the outputs of other steps."""

    name: str
    id: str
    pipeline: str
    file: str
    home: Path
    folder: Path
    artifacts: Path
    params: dict[str, Value]
    steps: dict[str, Step]
    last: str
    began: float
    engine: str = LOCAL
    results: str = ""  # the URL of the store that keeps what it leaves
    doc: str = ""
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    result: str = ""
    reasons: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()  # what else there is to say
    quarantine: tuple[Entry, ...] = ()
    left_out: tuple[str, ...] = ()  # steps of the pipeline that nobody asked for

    @cached_property
    def store(self) -> "Store | None":
        """The store that keeps what it leaves, if there is one; made once: its client takes long to make."""
        if not self.results:
            return None
        from py.artifacts import open_store

        return open_store(self.results)

    @property
    def dryrun(self) -> bool:
        """Whether no process may be started."""
        return bool(self.params["dryrun"])

    @property
    def workspace(self) -> Path:
        """The folder that the steps share."""
        return self.folder / "workspace"

    @property
    def answer(self) -> Answer:
        """Who answers the references of this run's commands."""
        return known(self.params, self.name, self.outputs)

    def states(self) -> dict[str, str]:
        """The state of each step that has ended or will not run."""
        return {name: record.state for name, record in self.records.items()}

    def obstacle(self, steps: Iterable[str]) -> str:
        """The first of these steps that has not passed, and what became of it; empty if there is none."""
        bad = [name for name in steps if name not in self.records or self.records[name].state != PASSED]
        return f"{bad[0]} {self.states().get(bad[0], NOT_RUN)}" if bad else ""

    def step_folder(self, step: str) -> Path:
        """Where a step's log, outputs and record are."""
        return self.folder / "steps" / step

    def keep(self, step: str, record: Record) -> None:
        """Remember how a step ended, here and on disk."""
        self.records[step] = record
        _write(self.step_folder(step) / "step.json", spelled(record))

    def reopen(self) -> None:
        """It goes on after its end, as somebody cleared a task: it has no verdict until the next one."""
        if self.result:
            self.result, self.reasons, self.notes = "", (), ()
            (self.folder / FINISHED).unlink(missing_ok=True)
            self.save()

    def close(self) -> None:
        """The run is over: nobody has to finish it."""
        marker(self.folder.parent, self.name).unlink(missing_ok=True)

    def save(self) -> None:
        """Write run.json, whole or not at all."""
        _write(
            self.folder / "run.json",
            {
                "name": self.name, "id": self.id, "pipeline": self.pipeline, "file": self.file,
                "home": str(self.home), "artifacts": str(self.artifacts), "params": self.params,
                "steps": [spelled_step(step) for step in self.steps.values()], "last": self.last,
                "began": self.began, "engine": self.engine, "results": self.results,
                "doc": self.doc, "groups": self.groups,
                "quarantine": [entry._asdict() for entry in self.quarantine], "left_out": self.left_out,
                "result": self.result,
                "reasons": reasons.spelled(self.reasons), "notes": reasons.spelled(self.notes),
            },
        )  # fmt: skip


def fresh_id(by: str = LOCAL) -> str:
    """The id of a run that nobody has named; who makes it is its first word."""
    return f"{by}__{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}.{os.urandom(3).hex()}"


def name_of(pipeline: str, run_id: str) -> str:
    """The run's short name: a DNS label of 40 characters at most, the same for the same run in any engine."""
    begin = slug(pipeline)[:31].rstrip("-")
    return f"{begin}-{hashlib.sha256(f'{pipeline} {run_id}'.encode()).hexdigest()[:8]}"


def new(
    pipeline: Pipeline,
    params: Mapping[str, Value],
    *,
    runs: Path,
    home: Path,
    file: str = "",
    run_id: str = "",
    engine: str = LOCAL,
) -> Run:
    """Make a run and its folders; its record is written as it begins. What would stop it is said now."""
    if (unset := environment.unset(pipeline.steps)) and not params["dryrun"]:
        names = ", ".join(f"${name}" for name in unset)
        raise Missing(f"steps of {pipeline.name} need {names}, which is not set")
    now = time.time()
    run_id = run_id or fresh_id()
    name = name_of(pipeline.name, run_id)
    folder = runs.absolute() / name
    where = str(params["ARTIFACTS_PATH"]).removeprefix("file://")
    if "://" in where:
        raise UsageError(f"ARTIFACTS_PATH {where}: it is a folder of this machine; for a bucket set RESULTS")
    results = str(params["RESULTS"]) or os.environ.get(RESULTS, "")
    if results:
        from py.artifacts import check_url

        check_url(results)
    artifacts = home / where if where else folder / "artifacts"
    in_quarantine = _quarantine(pipeline, home, now)
    answer = known(params, name, {})
    steps = {step.name: _bound(step, answer) for step in pipeline.steps.values()}
    if said := environment.spilled(steps, params):
        raise UsageError(f"{'; '.join(said)}: a step is given a secret by its name only, in secrets=[…]")
    run = Run(
        name, run_id, pipeline.name, file, home.absolute(), folder, artifacts.absolute(), dict(params), steps,
        pipeline.last, now, engine, results, pipeline.doc, dict(pipeline.groups),
        quarantine=in_quarantine,
        left_out=tuple(step.name for step in pipeline.written if step.name not in steps),
    )  # fmt: skip
    if run.store and not run.dryrun:
        run.store.check()
    for needed in (run.workspace, run.artifacts, folder / "steps"):
        needed.mkdir(parents=True, exist_ok=True)
    return run


def _quarantine(pipeline: Pipeline, home: Path, now: float) -> tuple[Entry, ...]:
    """The tests of a pipeline that may fail; DefinitionError for a file that must not be so.

    What undoes others is never excused: what it has left is nobody's known failure.
    """
    dags = home / "dags"

    def others() -> list[str]:
        from py.pipeline import load

        found, broken = load.all_of(dags)
        return [] if broken else list(found)

    steps = [step.name for step in pipeline.written if step.junit and not step.undoes]
    known_steps = quarantine.read(dags / quarantine.NAME, pipeline.name, steps, quarantine.day(now), others)
    return tuple(entry for entry in known_steps if entry.step in pipeline.steps)


def read(folder: Path) -> Run:
    """A run as it was recorded, over or not."""
    folder = folder.absolute()
    try:
        return _told(folder, json.loads((folder / "run.json").read_text()))
    except (KeyError, TypeError, ValueError) as error:  # damaged, or of another version of ours
        raise StoreError(
            f"the record of the run in {folder} cannot be read ({type(error).__name__}: {error}); take away "
            f"by hand what the run made, then remove {folder} and {marker(folder.parent, folder.name)}"
        ) from None


def _told(folder: Path, told: dict[str, Any]) -> Run:
    steps = {each["name"]: heard_step(each) for each in told.pop("steps")}
    told |= {
        "home": Path(told["home"]),
        "artifacts": Path(told["artifacts"]),
        "reasons": reasons.heard(told["reasons"]),
        "notes": reasons.heard(told.get("notes", ())),
        "quarantine": tuple(Entry(**entry) for entry in told.get("quarantine", ())),
        "left_out": tuple(told.get("left_out", ())),
        "groups": {name: tuple(steps) for name, steps in told.get("groups", {}).items()},
    }
    run = Run(folder=folder, steps=steps, **told)
    for name, step in steps.items():
        record, outputs = run.step_folder(name) / "step.json", run.step_folder(name) / "outputs.json"
        with suppress(FileNotFoundError):  # gone at any moment, where the step begins again
            run.records[name] = heard(json.loads(record.read_text()))
            # Only a step that passed has outputs that were checked; others may have written anything.
            if run.records[name].state == PASSED:
                given = json.loads(outputs.read_text())
                run.outputs[name] = {output: str(given[output]) for output in step.outputs if output in given}
    return run


def forget(folder: Path) -> None:
    """Take away what is there of a run that never began: who made it was killed before it had a record."""
    sweep(folder)
    for empty in ("workspace", "artifacts", "steps", ""):
        with suppress(OSError):  # it is not there, or not empty
            (folder / empty).rmdir()
    marker(folder.parent, folder.name).unlink(missing_ok=True)


def find(name: str, runs: Path) -> Run:
    """The run of that name, or of that id in its engine; the newest if the name is `last`."""
    known_runs = sorted(runs.glob("*/run.json"), key=lambda file: file.stat().st_mtime_ns)
    names = [file.parent.name for file in known_runs]
    if not names:
        raise UsageError(f"there are no runs in {runs.absolute()}; name another folder with --runs=FOLDER")
    meant = [name] if name in names else names[-1:] if name == "last" else _named(name, known_runs)
    if not meant:
        raise UsageError(
            f"there is no run {name!r} in {runs.absolute()}; {near(name, names[-5:], 'the last')}"
        )
    if len(meant) > 1:
        raise UsageError(f"{name} is the id of several runs; say which by its name: {', '.join(meant)}")
    return read(runs / meant[0])


def _named(run_id: str, files: list[Path]) -> list[str]:
    """The names of the runs with an id; one that was moved aside for another of its id is none."""
    found = []
    for file in files:
        with suppress(ValueError):  # a damaged one
            told = json.loads(file.read_bytes())
            if isinstance(told, dict) and (told.get("id"), told.get("name")) == (run_id, file.parent.name):
                found.append(file.parent.name)
    return found


def marker(runs: Path, name: str) -> Path:
    """The file that is there while a run is not over."""
    return runs / ".open" / name


def _bound(step: Step, answer: Answer) -> Step:
    """The step with what is known of a run put in; outputs stay references."""
    flags = {
        flag: answer(value) if isinstance(value, Reference) and not isinstance(value, Output) else value
        for flag, value in step.command.flags.items()
    }
    binary = step.command.binary
    if isinstance(binary.image, Reference) and not isinstance(binary.image, Output):
        binary = replace(binary, image=spell(binary.image, answer))
    command = Command(binary, step.command.name, flags)
    return Step(**(vars(step) | {"command": command}))


def _write(path: Path, content: object) -> None:
    said = json.dumps(content, indent=1).encode()
    if not path.is_file() or path.read_bytes() != said:  # to read costs a tenth of writing
        write_whole(path, said)
