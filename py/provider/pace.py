"""A scheduler that looks often while steps begin, and seldom while none does.

Airflow's own pauses as long between two steps of a chain as in a night in which nothing runs.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import wrapt
from airflow.listeners import hookimpl

SOON = 0.01  # seconds between two looks, as long as LINGER after a step began
LINGER = 0.5
SETTING = "_scheduler_idle_sleep_time"  # of SchedulerJobRunner: how long it pauses otherwise


@hookimpl
def on_starting(component: Any) -> None:
    """Airflow calls this in each of its processes as it starts."""
    scheduler = sys.modules.get("airflow.jobs.scheduler_job_runner")
    if scheduler and getattr(component, "__tablename__", "") == "job":
        pause = Pause()
        setattr(scheduler.SchedulerJobRunner, SETTING, pause)
        wrapt.wrap_function_wrapper(scheduler, "SchedulerJobRunner._do_scheduling", pause.noting)


class Pause:
    """Takes the place of the setting, which the scheduler reads each time before it pauses."""

    def __init__(self) -> None:
        self._began = float("-inf")

    def noting(
        self, schedule: Callable[..., int], _: Any, args: tuple[Any, ...], given: dict[str, Any]
    ) -> int:
        """Schedule, and keep in mind when a step began, however short it was."""
        if begun := schedule(*args, **given):
            self._began = time.monotonic()
        return begun

    def __get__(self, runner: Any, of: type) -> float:
        seldom: float = vars(runner)[SETTING]
        return min(SOON, seldom) if time.monotonic() - self._began < LINGER else seldom

    def __set__(self, runner: Any, seldom: float) -> None:
        vars(runner)[SETTING] = seldom
