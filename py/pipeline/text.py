"""How pipelines and runs look as text."""

import time
from pathlib import Path

from py.pipeline import results, summary
from py.pipeline.model import Pipeline, Value
from py.pipeline.progress import RUNNING, WAITING
from py.pipeline.run import Record, Run


def show_pipeline(pipeline: Pipeline) -> None:
    """What a pipeline is for, its params with defaults, and its steps with what they wait for and give."""
    print(pipeline.doc, end="\n\n")
    summary.columns(
        [(f"  {p.name}", said(p.default), _about(p.help, p.choices)) for p in pipeline.params.values()]
    )
    for name, values in pipeline.presets.items():
        print(f"  preset {name}: {', '.join(f'{k}={said(v)}' for k, v in values.items())}")
    if pipeline.cron:
        with_preset = f", preset {pipeline.cron_preset}" if pipeline.cron_preset else ""
        print(f"  schedule {pipeline.cron}{with_preset}")
    if pipeline.tags:
        print(f"  tags {', '.join(pipeline.tags)}")
    print()
    summary.columns(
        [
            (f"  {step.name}", f"after {', '.join(step.upstream)}" if step.upstream else "first",
             f"gives {', '.join(step.outputs)}" if step.outputs else
             f"undoes {', '.join(step.undoes)}" if step.undoes else "")
            for step in pipeline.steps.values()
        ]
    )  # fmt: skip
    print(f"  {pipeline.last}")
    for name, steps in pipeline.groups.items():
        print(f"  group {name}: {', '.join(steps)}")


def show_run(run: Run) -> None:
    """What a run was asked, and how far its steps are."""
    print(f"{run.pipeline} {run.name}: {run.result or 'not over'}")
    print(f"  id    {run.id}\n  file  {summary.near(Path(run.file))}\n  home  {run.home}", end="\n\n")
    summary.columns([(f"  {name}", said(value)) for name, value in run.params.items()])
    print()
    show_steps(run)


def show_steps(run: Run) -> None:
    """A row for each step: how it ended, how long it took, and why it is not well."""
    summary.table({name: run.records.get(name) or _unended(run, name) for name in run.steps})


def _unended(run: Run, step: str) -> Record:
    return Record(RUNNING if run.step_folder(step).exists() else WAITING)


def show_end(run: Run) -> None:
    """The summary of a run; one that is not over says so."""
    ended = max((record.began + record.seconds for record in run.records.values()), default=0.0)
    summary.show(
        f"{run.pipeline} {run.name}", run.result or "not over yet", run.reasons, run.notes,
        max(0.0, (ended if run.result else time.time()) - run.began), dryrun=run.dryrun,
        failed=summary.failures(run), results=results.place(run) or summary.near(run.folder),
        report=summary.page(run),
    )  # fmt: skip


def said(value: Value) -> str:
    """A value as a person would write it."""
    return str(value).lower() if isinstance(value, bool) else str(value) or '""'


def _about(help: str, choices: tuple[Value, ...]) -> str:
    return f"{help} One of: {', '.join(map(said, choices))}." if choices else help
