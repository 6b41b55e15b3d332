"""Binary for CI jobs and people: run a pipeline in an Airflow, near or far, and wait for its verdict."""

import os
from typing import TYPE_CHECKING

from py.tools import cli, dryrun
from py.tools.errors import Missing, UsageError

if TYPE_CHECKING:
    from py.airflow_api import Place
    from py.following.session import Session

TIME_LIMIT, AWAY_LIMIT = 6 * 3600, 300  # seconds
EXIT = {"SUCCESS": 0, "FAILURE": 1, "ABORTED": 1}
URL, USERNAME, PASSWORD, TOKEN = (f"AIRFLOW_API_{word}" for word in ("URL", "USERNAME", "PASSWORD", "TOKEN"))


class Prow:
    """Run a pipeline in Airflow, follow a run, cancel it; the exit code is the verdict.

    0 the run is green, 1 it is red (FAILURE or ABORTED), 2 asked wrongly and nothing was started, 3 could not
    tell: out of time, Airflow away for too long, the run deleted, or somebody stopped us.

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


def _session(dag: str, url: str, time_limit: float, away_limit: float, on_interrupt: str) -> "Session":
    from py.following.session import Limits, Session

    for flag, seconds in (("time_limit", time_limit), ("away_limit", away_limit)):
        if seconds <= 0:
            raise UsageError(f"--{flag} wants seconds above 0, not {seconds:g}")
    again = f" --url={url}" if url else ""
    return Session(dag, _place(url), Limits(time_limit, away_limit), on_interrupt, again)


def _place(url: str) -> "Place":
    """Where Airflow is, and who we are there. What the local one's folder says is for no other."""
    from py.airflow_api import Place
    from py.servers.home import USER, Home

    home = Home()
    local = home.url() if home.env() else ""
    asked = (url or os.environ.get(URL, "") or local).rstrip("/")
    if not asked:
        raise Missing(f"no Airflow is here: start one with `make run_airflow`, or give --url= or ${URL}")
    if not asked.startswith(("http://", "https://")):
        raise UsageError(f"--url={asked} is no URL as http://localhost:8080 is")
    if asked.replace("//127.0.0.1:", "//localhost:") == local:
        return Place(asked, USER, home.password(), source=str(home.passwords))
    if token := os.environ.get(TOKEN, ""):
        return Place(asked, token=token, source=f"${TOKEN}")
    user, password = os.environ.get(USERNAME, ""), os.environ.get(PASSWORD, "")
    if not (user and password):
        raise Missing(f"who are we at {asked}? Set ${USERNAME} and ${PASSWORD}, or ${TOKEN}")
    return Place(asked, user, password, source=f"${PASSWORD}")


if __name__ == "__main__":
    cli.main(Prow)
