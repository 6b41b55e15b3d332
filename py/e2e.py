"""Binary for people: what pipelines there are, what they would do, and running them on this machine."""

import os
import sys
from contextlib import ExitStack
from pathlib import Path

from py.pipeline import answers, commits, graph, load, local, params, progress, run, text
from py.pipeline.execute import by_hand
from py.pipeline.render import quoted, render
from py.pipeline.run import Run
from py.pipeline.summary import RUNS
from py.results import verdict
from py.tools import cli, dryrun
from py.tools.errors import StoreError, UsageError, near

EXIT = {verdict.SUCCESS: 0, verdict.FAILURE: 1, verdict.ABORTED: 130, "": 3}  # empty: there is none yet


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

    def show(self, name: str, *, dags: str = "", runs: str = RUNS) -> None:
        """Show a pipeline: its params with defaults, and its steps; or a run: what was asked, how far it is.

        Args:
            name: Name of a pipeline; or a run's name or id, or `last` for the newest.
            dags: Folder with the pipelines' files; empty for Windtunnel's own.
            runs: Folder with the runs.
        """
        try:
            text.show_pipeline(load.pipeline(name, _dags(dags)).pipeline)
        except UsageError as unknown:
            try:
                past = run.find(name, Path(runs))
            except UsageError:
                raise unknown from None
            text.show_run(past)

    def plan(self, pipeline: str, *, conf: str = "", preset: str = "", dags: str = "") -> None:
        """Print every command of a pipeline, with placeholders for what only a run knows; start none.

        Args:
            pipeline: Name of the pipeline.
            conf: JSON object with params; empty for placeholders instead of params.
            preset: Named set of params to start from; short for {"preset": NAME} in the conf.
            dags: Folder with the pipelines' files; empty for Windtunnel's own.
        """
        planned = load.pipeline(pipeline, _dags(dags)).pipeline
        values = params.resolve(planned, params.asked(conf, preset), preset) if conf or preset else None
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
        repo: str = "",
        pull: str = "",
        commit: str = "",
        jobs: int = 0,
        verbose: bool = False,
        dags: str = "",
        runs: str = RUNS,
    ) -> int:
        """Run a pipeline on this machine; exit with 0 if it is green, 1 if red, 130 if it was cancelled.

        ^C once ends the steps and takes away what they made; twice stops at once. Runs whose runner was
        killed are finished first. With --repo the pipeline and its programs are those of that commit, which
        a dry run, too, has to clone to know them; it starts no step.

        Args:
            pipeline: Name of the pipeline.
            conf: JSON object with params, as in a trigger of Airflow.
            preset: Named set of params to start from; short for {"preset": NAME} in the conf.
            only: Steps to run, separated by commas, with what they need; empty for all.
            repo: A URL, a path (/… or ./…), or OWNER/NAME at github.com; empty: the files that are here.
            pull: Pull request of --repo to merge onto its default branch.
            commit: Head of that pull request; without --pull the commit of --repo to take.
            jobs: How many steps may run at once; 0 for as many as there are cores.
            verbose: Print what the steps print.
            dags: Folder with the pipelines' files; empty for Windtunnel's own, or `dags` of --repo.
            runs: Folder for the runs.
        """
        if jobs < 0:
            raise UsageError(f"--jobs wants 0 or more, not {jobs}")
        if (pull or commit) and not repo:
            raise UsageError("--pull and --commit belong to a repository; name it by --repo")
        asked = params.asked(conf, preset) | ({"dryrun": True} if dryrun.enabled else {})
        run_id = run.fresh_id()
        with ExitStack() as stack:
            if repo:
                folder = Path(runs) / run.name_of(pipeline, run_id)
                at = commits.checked_out(repo, pull=pull, commit=commit, run=folder)
                source = stack.enter_context(at)
                found = source.pipeline(pipeline, dags)
                asked = source.conf(found.pipeline, asked)
            else:
                found = load.pipeline(pipeline, _dags(dags))
            values = params.resolve(found.pipeline, asked, preset)
            for lost in [] if values["dryrun"] else local.finish_lost(Path(runs), _unfinished):
                print(f"{lost.name} is finished: {lost.result}\n")
            home = found.file.resolve().parents[1]
            chosen = found.pipeline.only(only.split(",")) if only else found.pipeline
            this = run.new(chosen, values, runs=Path(runs), home=home, file=str(found.file), run_id=run_id)
        return _driven(this, jobs, verbose)

    def report(self, name: str = "last", *, runs: str = RUNS) -> int:
        """Report on a run of any engine; exit as the run did, or with 3 as long as it is not over.

        As long as it is not, this draws its page, report.html, as far as it is by now.

        Args:
            name: Name or id of the run, or `last` for the newest.
            runs: Folder with the runs.
        """
        from py.pipeline import reporting

        past = run.find(name, Path(runs))
        if not past.result:
            past = reporting.drawn(past)
        text.show_steps(past)
        text.show_end(past)
        return EXIT[past.result]

    def history(
        self, pipeline: str, *, results: str = "", runs: str = "", last: int = 100, html: str = "",
        json: bool = False,
    ) -> None:  # fmt: skip
        """Show how a pipeline and its steps and tests have fared: what fails, what is flaky, what is slow.

        What hurts most is on top. A flip is a commit on which the same test both passed and failed. Runs that
        go on or were aborted do not count, and dry runs are none.

        Args:
            pipeline: Name of the pipeline, which is the job's in a store.
            results: Store with the runs of all engines, such as gs://BUCKET; empty: WINDTUNNEL_RESULTS.
            runs: Folder with local runs, instead of a store; `runs`, if no store is named at all.
            last: How many runs to look at, the newest.
            html: File to draw the grid into, rows tests, columns runs; instead of the table.
            json: Print all of it as JSON instead of the table.
        """
        from json import dumps

        from py.artifacts import open_store
        from py.results import builds, grid, history, table

        if last < 1:
            raise UsageError(f"--last wants 1 or more, not {last}")
        url = results or ("" if runs else os.environ.get(run.RESULTS, ""))
        look = builds.stored if url else builds.local
        found = look(open_store(url or runs or RUNS), pipeline, last)
        rows = history.rows(found.runs)
        if json:
            print(dumps(grid.told(pipeline, found, rows), indent=1))
        elif html:
            grid.write(Path(html), pipeline, found, rows)
            print(f"the grid of {len(found.runs)} runs is in {html}")
        else:
            table.show(pipeline, found, rows)

    def command(self, name: str, step: str, *, runs: str = RUNS) -> None:
        """Print the exact command of a step of a past run, ready to paste, environment included.

        Args:
            name: Name or id of the run, or `last` for the newest.
            step: Name of the step.
            runs: Folder with the runs.
        """
        past = run.find(name, Path(runs))
        if step not in past.steps:
            raise UsageError(f"{past.name} has no step {step!r}; {near(step, past.steps, 'it has')}")
        print(by_hand(past, past.steps[step]))


def _dags(folder: str) -> Path:
    return Path(folder) if folder else load.DAGS


def _driven(this: Run, jobs: int, verbose: bool) -> int:
    """Run the steps, show them and the verdict, and return its exit code."""
    with progress.shown(this, verbose=verbose or this.dryrun) as watcher:
        try:
            local.drive(this, jobs=jobs, watcher=watcher)
        except OSError as error:  # its disk is full, say
            raise StoreError(
                f"{this.name} stopped half-way, for nothing can be written: {error}; "
                "once that is mended, the next run takes away what it made"
            ) from None
    text.show_end(this)
    return EXIT[this.result]


def _unfinished(lost: Run) -> local.Watcher:
    print(f"{lost.name}: its runner left it unfinished; finishing it now")
    return progress.Lines(lost)


if __name__ == "__main__":
    cli.main(E2E)
