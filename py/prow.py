"""Binary for CI jobs: run a pipeline in an Airflow, wait for its verdict; write results, and check them."""

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from py.tools import cli, dryrun
from py.tools.errors import UsageError

if TYPE_CHECKING:
    from py.artifacts import Store
    from py.following.session import Session
    from py.results.layout import Job

TIME_LIMIT, AWAY_LIMIT = 6 * 3600, 300  # seconds
EXIT = {"SUCCESS": 0, "FAILURE": 1, "ABORTED": 1}


class Folder(TypedDict):
    """Where a job's results are."""

    build: str
    folder: str


class Prow:
    """Run a pipeline in Airflow, follow a run, cancel it; write the results of other jobs, and check any.

    The exit code of run, follow and cancel: 0 the run is green, 1 it is red (FAILURE or ABORTED), 2 asked
    wrongly and nothing was started, 3 could not tell: out of time, Airflow away for too long, the run
    deleted, or somebody stopped us.

    Which Airflow: --url=, else $AIRFLOW_API_URL, else the local one of this checkout (`make run_airflow`),
    whose password is known. For any other: $AIRFLOW_API_USERNAME and $AIRFLOW_API_PASSWORD, or
    $AIRFLOW_API_TOKEN.
    """

    def run(
        self,
        dag: str,
        *,
        conf: str = "{}",
        preset: str = "",
        run_id: str = "",
        url: str = "",
        time_limit: float = TIME_LIMIT,
        away_limit: float = AWAY_LIMIT,
        on_interrupt: str = "ask",
        unpause: bool = False,
        verbose: bool = False,
    ) -> int:
        """Trigger a run of a pipeline and follow it to its verdict, which is the exit code.

        The first ^C or SIGTERM does what --on_interrupt says, the second stops us at once; in neither case
        does the run lose its teardown. A CI job that is to take its run with it when it is cancelled says
        --on_interrupt=cancel.

        Args:
            dag: Name of the pipeline, which is its DAG's.
            conf: JSON object with params.
            preset: Named set of params to start from.
            run_id: A name for the run; one with the time in it if empty.
            url: Where Airflow is, as in http://localhost:8080.
            time_limit: Seconds after which we stop following; the run goes on.
            away_limit: Seconds for which Airflow's API may be away.
            on_interrupt: ask, cancel (the run; its teardown is followed to the end), or leave (it goes on).
                Where there is nobody to ask, ask is leave.
            unpause: Unpause the DAG if it is paused, instead of refusing to wait for nothing.
            verbose: Print what the steps print.
        """
        from py.pipeline import params
        from py.pipeline.run import fresh_id

        asked = params.asked(conf, preset) | ({"dryrun": True} if dryrun.enabled else {})
        session = _session(dag, url, time_limit, away_limit, on_interrupt)
        return EXIT[session.run(run_id or fresh_id("prow"), asked, unpause=unpause, verbose=verbose)]

    def follow(
        self,
        dag: str,
        run_id: str,
        *,
        url: str = "",
        time_limit: float = TIME_LIMIT,
        away_limit: float = AWAY_LIMIT,
        on_interrupt: str = "ask",
        verbose: bool = False,
    ) -> int:
        """Follow a run that is going on, or has ended, to its verdict, which is the exit code.

        Args:
            dag: Name of the pipeline, which is its DAG's.
            run_id: The run's id in Airflow.
            url: Where Airflow is, as in http://localhost:8080.
            time_limit: Seconds after which we stop following; the run goes on.
            away_limit: Seconds for which Airflow's API may be away.
            on_interrupt: ask, cancel (the run), or leave; where there is nobody to ask, ask is leave.
            verbose: Print what the steps print.
        """
        session = _session(dag, url, time_limit, away_limit, on_interrupt)
        return EXIT[session.follow(run_id, verbose=verbose)]

    def cancel(
        self,
        dag: str,
        run_id: str,
        *,
        url: str = "",
        time_limit: float = TIME_LIMIT,
        away_limit: float = AWAY_LIMIT,
    ) -> int:
        """Cancel a run, and follow it until what it made is taken away; its verdict is the exit code.

        Args:
            dag: Name of the pipeline, which is its DAG's.
            run_id: The run's id in Airflow.
            url: Where Airflow is, as in http://localhost:8080.
            time_limit: Seconds after which we stop following; the run goes on.
            away_limit: Seconds for which Airflow's API may be away.
        """
        if dryrun.would(f"cancel the run {run_id} of {dag}"):
            return 0
        session = _session(dag, url, time_limit, away_limit, "leave")
        return EXIT[session.follow(run_id, cancel=True)]

    def verify(self, url: str, *, json: bool = False) -> int:
        """Read a run's folder as TestGrid, Spyglass, Gubernator, kettle and Deck do: what will they not see?

        The exit code is 0 if each of them shows all of it as it is, 1 if one does not, 2 if no run is there
        or the place cannot be reached. A warning is no more than that. docs/viewers.md says who reads what.

        Args:
            url: The run's folder: a URL (gs://, s3://, file://) or a path, as runs/NAME.
            json: Print JSON.
        """
        from py.results import verify

        report = verify.verify(url)
        if json:
            from json import dumps

            print(dumps(report.as_json(), indent=1))
        else:
            verify.show(report)
        return 0 if report.is_seen else 1

    def started(
        self,
        store: str,
        *,
        job: str = "",
        job_type: str = "",
        build: str = "",
        org: str = "",
        repo: str = "",
        refs: str = "",
        pull: str = "",
        commit: str = "",
    ) -> Folder:
        """Say that a job's run has begun: for jobs that are no pipelines of ours, which do so themselves.

        What no flag says is taken from Prow's variables, which are named below. Prints the run's folder.

        Args:
            store: URL of the store; the folder in it follows from the job, as Prow lays out its bucket.
            job: Name of the job ($JOB_NAME).
            job_type: presubmit, batch, postsubmit or periodic ($JOB_TYPE; else by what is tested).
            build: The build's number ($BUILD_ID, $BUILD_NUMBER; else a new one of 19 digits).
            org: Owner of the repository that is tested ($REPO_OWNER).
            repo: Name of that repository ($REPO_NAME).
            refs: What is tested: main:SHA,12:SHA ($PULL_REFS).
            pull: Pull request that is tested ($PULL_NUMBER).
            commit: Its head, or without one the commit ($PULL_PULL_SHA, $PULL_BASE_SHA).
        """
        from py.results import plain_job

        told = {"job": job, "job_type": job_type, "build": build, "org": org, "repo": repo}
        told |= {"refs": refs, "pull": pull, "commit": commit}
        place, run, where = _run_of(store, told, is_new=True)
        if not dryrun.would(f"write started.json to {where['folder']}, and what leads there"):
            plain_job.begin(place, run)
        return where

    def finished(
        self,
        store: str,
        *,
        result: str,
        artifacts: str = "",
        log: str = "",
        job: str = "",
        job_type: str = "",
        build: str = "",
        org: str = "",
        repo: str = "",
        refs: str = "",
        pull: str = "",
        commit: str = "",
    ) -> Folder:
        """Say how a job's run has ended, after it was said that it `started`; a run ends once.

        artifacts/metadata.json, an object with texts, is merged into finished.json: viewers show it.

        Args:
            store: URL of the store, as it was given to `started`.
            result: SUCCESS, FAILURE or ABORTED.
            artifacts: Folder whose files are stored first, JUnit and metadata.json among them.
            log: File with what the job printed, stored as build-log.txt.
            job: Name of the job ($JOB_NAME).
            job_type: presubmit, batch, postsubmit or periodic ($JOB_TYPE; else by what is tested).
            build: The build's number, as `started` printed it ($BUILD_ID, $BUILD_NUMBER).
            org: Owner of the repository that is tested ($REPO_OWNER).
            repo: Name of that repository ($REPO_NAME).
            refs: What is tested: main:SHA,12:SHA ($PULL_REFS).
            pull: Pull request that is tested ($PULL_NUMBER).
            commit: Its head, or without one the commit ($PULL_PULL_SHA, $PULL_BASE_SHA).
        """
        from py.results import plain_job

        if result not in EXIT:
            raise UsageError(f"--result={result}: a run ends with one of {', '.join(EXIT)}")
        told = {"job": job, "job_type": job_type, "build": build, "org": org, "repo": repo}
        told |= {"refs": refs, "pull": pull, "commit": commit}
        place, run, where = _run_of(store, told, is_new=False)
        files = Path(artifacts) if artifacts else None
        if files and not files.is_dir():
            raise UsageError(f"--artifacts={artifacts} is no folder")
        if not dryrun.would(f"write finished.json ({result}) to {where['folder']}"):
            plain_job.end(place, run, result, artifacts=files, log=Path(log) if log else None)
        return where


def _session(dag: str, url: str, time_limit: float, away_limit: float, on_interrupt: str) -> "Session":
    from py.following.place import place
    from py.following.session import Limits, Session

    for flag, seconds in (("time_limit", time_limit), ("away_limit", away_limit)):
        if seconds <= 0:
            raise UsageError(f"--{flag} wants seconds above 0, not {seconds:g}")
    again = f" --url={url}" if url else ""
    return Session(dag, place(url), Limits(time_limit, away_limit), on_interrupt, again)


def _run_of(store: str, told: dict[str, str], *, is_new: bool) -> "tuple[Store, Job, Folder]":
    """The store, the job and its run's place there, as flags and the environment tell them."""
    from py.artifacts import open_store
    from py.pipeline import jobs
    from py.results import layout

    job, place = jobs.asked(told, is_new=is_new), open_store(store)
    return place, job, {"build": job.build, "folder": f"{place.url}/{layout.folder(job)}"}


if __name__ == "__main__":
    cli.main(Prow)
