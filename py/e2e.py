"""Binary for people: what pipelines there are, what they would do, and running them on this machine."""

import os
import shlex
import sys
import time
from pathlib import Path

from py.pipeline import answers, graph, load, local, params, progress, run
from py.pipeline.execute import by_hand
from py.pipeline.model import PRESET, Value
from py.pipeline.render import quoted, render
from py.pipeline.run import FAILED, Run
from py.results import verdict
from py.tools import cli, dryrun
from py.tools.errors import StoreError, UsageError, near

EXIT = {verdict.SUCCESS: 0, verdict.FAILURE: 1, verdict.ABORTED: 130}
RUNS = "runs"
TAIL = 12  # lines of a failed step's output that are shown at the end


class E2E:
    """Look at pipelines, run them here, and repeat any of their steps by hand."""

    def list(self, *, dags: str = "") -> int:
        """List the pipelines, each with the first line of what it says of itself.

        Args:
            dags: Folder with the pipelines' files; empty for Windtunnel's own.
        """
        found, broken = load.all_of(_dags(dags))
        width = max(map(len, found), default=0)
        for name in sorted(found):
            print(f"{name:<{width}}  {found[name].pipeline.doc.partition(chr(10))[0]}")
        for error in broken:
            print(f"error: {error}", file=sys.stderr)
        return 2 if broken else 0

    def show(self, pipeline: str, *, dags: str = "") -> None:
        """Show a pipeline: its params with defaults, and its steps with what they wait for and give.

        Args:
            pipeline: Name of the pipeline.
            dags: Folder with the pipelines' files; empty for Windtunnel's own.
        """
        shown = load.pipeline(pipeline, _dags(dags)).pipeline
        print(shown.doc, end="\n\n")
        _columns(
            [(f"  {p.name}", _default(p.default), _about(p.help, p.choices)) for p in shown.params.values()]
        )
        for name, values in shown.presets.items():
            print(f"  preset {name}: {', '.join(f'{k}={_default(v)}' for k, v in values.items())}")
        if shown.cron:
            print(f"  schedule {shown.cron}" + (f", preset {shown.cron_preset}" if shown.cron_preset else ""))
        if shown.tags:
            print(f"  tags {', '.join(shown.tags)}")
        print()
        _columns(
            [
                (f"  {step.name}", f"after {', '.join(step.upstream)}" if step.upstream else "first",
                 f"gives {', '.join(step.outputs)}" if step.outputs else
                 f"undoes {', '.join(step.undoes)}" if step.undoes else "")
                for step in shown.steps.values()
            ]
        )  # fmt: skip
        print(f"  {shown.last}")
        for name, steps in shown.groups.items():
            print(f"  group {name}: {', '.join(steps)}")

    def plan(self, pipeline: str, *, conf: str = "", preset: str = "", dags: str = "") -> None:
        """Print every command of a pipeline, with placeholders for what only a run knows; start none.

        Args:
            pipeline: Name of the pipeline.
            conf: JSON object with params; empty for placeholders instead of params.
            preset: Named set of params to start from; short for {"preset": NAME} in the conf.
            dags: Folder with the pipelines' files; empty for Windtunnel's own.
        """
        planned = load.pipeline(pipeline, _dags(dags)).pipeline
        values = params.resolve(planned, _asked(conf, preset), preset) if conf or preset else None
        for step in planned.steps.values():
            print(quoted(render(step.command, answers.placeholders(values))))

    def graph(self, pipeline: str, *, dags: str = "") -> None:
        """Print the pipeline's graph as Mermaid text.

        Args:
            pipeline: Name of the pipeline.
            dags: Folder with the pipelines' files; empty for Windtunnel's own.
        """
        print(graph.mermaid(load.pipeline(pipeline, _dags(dags)).pipeline))

    def run(
        self,
        pipeline: str,
        *,
        conf: str = "{}",
        preset: str = "",
        only: str = "",
        jobs: int = 0,
        verbose: bool = False,
        dags: str = "",
        runs: str = RUNS,
    ) -> int:
        """Run a pipeline on this machine; exit with 0 if it is green, 1 if red, 130 if it was cancelled.

        ^C once ends the steps and takes away what they made; twice stops at once. Runs whose runner was
        killed are finished first.

        Args:
            pipeline: Name of the pipeline.
            conf: JSON object with params, as in a trigger of Airflow.
            preset: Named set of params to start from; short for {"preset": NAME} in the conf.
            only: Steps to run, separated by commas, with what they need; empty for all.
            jobs: How many steps may run at once; 0 for as many as there are cores.
            verbose: Print what the steps print.
            dags: Folder with the pipelines' files; empty for Windtunnel's own.
            runs: Folder for the runs.
        """
        if jobs < 0:
            raise UsageError(f"--jobs wants 0 or more, not {jobs}")
        found = load.pipeline(pipeline, _dags(dags))
        asked = _asked(conf, preset) | ({"dryrun": True} if dryrun.enabled else {})
        values = params.resolve(found.pipeline, asked, preset)
        for lost in [] if values["dryrun"] else local.finish_lost(Path(runs), _unfinished):
            print(f"{lost.name} is finished: {lost.result}\n")
        home = found.file.resolve().parents[1]
        chosen = found.pipeline.only(only.split(",")) if only else found.pipeline
        this = run.new(chosen, values, runs=Path(runs), home=home, file=str(found.file))
        with progress.shown(this, verbose=verbose or this.dryrun) as watcher:
            try:
                result = local.drive(this, jobs=jobs, watcher=watcher)
            except OSError as error:  # its disk is full, say
                raise StoreError(
                    f"{this.name} stopped half-way, for nothing can be written: {error}; "
                    "once that is mended, the next run takes away what it made"
                ) from None
        _summary(this)
        return EXIT[result]

    def command(self, name: str, step: str, *, runs: str = RUNS) -> None:
        """Print the exact command of a step of a past run, ready to paste, environment included.

        Args:
            name: Name of the run, or `last` for the newest.
            step: Name of the step.
            runs: Folder with the runs.
        """
        past = run.find(name, Path(runs))
        if step not in past.steps:
            raise UsageError(f"{past.name} has no step {step!r}; {near(step, past.steps, 'it has')}")
        print(by_hand(past, past.steps[step]))


def _dags(folder: str) -> Path:
    return Path(folder) if folder else load.DAGS


def _asked(conf: str, preset: str) -> dict[str, object]:
    """The conf, which may name the same preset as the flag, but no other."""
    asked = params.from_json(conf)
    if preset and (other := asked.get(PRESET) or preset) != preset:
        raise UsageError(f"--preset={preset}, but the conf says {other!r}; give one of them")
    return asked


def _default(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value) or '""'


def _about(help: str, choices: tuple[Value, ...]) -> str:
    return f"{help} One of: {', '.join(map(_default, choices))}." if choices else help


def _columns(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def _unfinished(lost: Run) -> local.Watcher:
    print(f"{lost.name}: its runner left it unfinished; finishing it now")
    return progress.Lines(lost)


def _summary(this: Run) -> None:
    """The verdict, why, how to repeat what failed, and where the results are."""
    runs = _near(this.folder.parent)
    where = "" if runs == RUNS else f" --runs={shlex.quote(runs)}"
    for name in this.steps:
        if (record := this.records[name]).state == FAILED:
            print(f"\n{name} {record.reason}")
            print("".join(f"  | {line}\n" for line in record.tail.splitlines()[-TAIL:]), end="")
            print(f"  log:      {_near(this.step_folder(name) / 'log.txt')}")
            print(f"  by hand:  python -m py.e2e command {this.name} {name}{where}")
    took = time.time() - this.began
    note = " (dry run: no command was started)" if this.dryrun else ""
    print(f"\n{this.result}: {this.pipeline} {this.name} in {took:.1f} s{note}")
    print("".join(f"  - {reason}\n" for reason in this.reasons), end="")
    print(f"  results:  {_near(this.folder)}")


def _near(path: Path) -> str:
    """The path as seen from here, if that is shorter."""
    return min(str(path), os.path.relpath(path), key=len)


if __name__ == "__main__":
    cli.main(E2E)
