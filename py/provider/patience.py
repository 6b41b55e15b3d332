"""A scheduler that outlives a restart of its database.

Airflow's own ends at the first error of a query, and before that waits for all steps that run: for as long as
the longest of them takes, nothing else begins.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import wrapt
from airflow.listeners import hookimpl

PAUSE = 1.0  # seconds between two tries
PATIENCE = 120.0  # seconds that the database may be away


@hookimpl
def on_starting(component: Any) -> None:
    """Airflow calls this in each of its processes as it starts."""
    scheduler = sys.modules.get("airflow.jobs.scheduler_job_runner")
    if scheduler and getattr(component, "__tablename__", "") == "job":
        wrapt.wrap_function_wrapper(scheduler, "SchedulerJobRunner._run_scheduler_loop", persist)


def persist(loop: Callable[..., None], runner: Any, args: tuple[Any, ...], given: dict[str, Any]) -> None:
    """Schedule until asked to stop; after an error of the database go on as soon as that takes a heartbeat.

    A heartbeat comes first, for the loop begins with a look for schedulers without one and what they left.
    """
    from sqlalchemy.exc import InterfaceError, OperationalError

    while True:
        try:
            return loop(*args, **given)
        except (InterfaceError, OperationalError) as error:
            runner.log.warning("The database is away; trying again for %d s: %s", PATIENCE, error)
            deadline = time.monotonic() + PATIENCE
            while not _beats(runner):
                if time.monotonic() > deadline:
                    raise


def _beats(runner: Any) -> bool:
    time.sleep(PAUSE)
    runner.job.heartbeat(runner.heartbeat_callback)  # which raises nothing, but remembers
    return not runner.job.heartbeat_failed
