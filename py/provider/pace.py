"""A scheduler that looks often while steps come and go, and seldom while none does.

Airflow's own pauses as long between two steps of a chain as in a night in which nothing runs.
"""

import sys
import time
from typing import Any

from airflow.listeners import hookimpl

SOON = 0.01  # seconds between two looks, as long as LINGER after a step began or ended
LINGER = 2.0
SETTING = "_scheduler_idle_sleep_time"  # of SchedulerJobRunner: how long it pauses otherwise


@hookimpl
def on_starting(component: Any) -> None:
    """Airflow calls this in each of its processes as it starts."""
    scheduler = sys.modules.get("airflow.jobs.scheduler_job_runner")
    if scheduler and getattr(component, "__tablename__", "") == "job":
        setattr(scheduler.SchedulerJobRunner, SETTING, Pause())


class Pause:
    """Takes the place of the setting, which the scheduler reads each time before it pauses."""

    def __init__(self) -> None:
        self._ran: frozenset[Any] = frozenset()
        self._changed = float("-inf")

    def __get__(self, runner: Any, of: type) -> float:
        runs = frozenset(key for executor in runner.executors for key in executor.running)
        now = time.monotonic()
        if runs != self._ran:
            self._ran, self._changed = runs, now
        seldom: float = vars(runner)[SETTING]
        return min(SOON, seldom) if now - self._changed < LINGER else seldom

    def __set__(self, runner: Any, seldom: float) -> None:
        vars(runner)[SETTING] = seldom
