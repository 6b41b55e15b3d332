"""A scheduler that looks at all there is to do as soon as there may be something, and else seldom.

Airflow's own looks once a second, and each step of a chain waits so long for the next. A look takes 20 ms: to
look often takes a core from steps, and a tenth of one in a night in which nothing runs. Whether a look can
show anything new is one small question to the database, which takes 1 ms.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any

from airflow.listeners import hookimpl

SOON = 0.01  # seconds between two questions, as long as LINGER after something was new
LINGER = 0.5
LATER = 0.1  # and otherwise
SETTING = "_scheduler_idle_sleep_time"  # of SchedulerJobRunner: how long it pauses at most
Work = frozenset[tuple[Any, ...]]


@hookimpl
def on_starting(component: Any) -> None:
    """Airflow calls this in each of its processes as it starts."""
    scheduler = sys.modules.get("airflow.jobs.scheduler_job_runner")
    if scheduler and getattr(component, "__tablename__", "") == "job":
        setattr(scheduler.SchedulerJobRunner, SETTING, Pause(open_work))


class Pause:
    """Takes the place of the setting, which the scheduler reads before it pauses, and pauses itself."""

    def __init__(self, asking: Callable[[], AbstractContextManager[Callable[[], Work]]]) -> None:
        self._asking = asking
        self._known: Work | None = None
        self._news = float("-inf")

    def __get__(self, runner: Any, of: type) -> float:
        """Return when there is something new, or after as long as is set: nothing is left to wait."""
        until = time.monotonic() + vars(runner)[SETTING]
        with self._asking() as ask:
            while not self._is_new(ask(), runner.executors) and (left := until - time.monotonic()) > 0:
                lately = time.monotonic() - self._news < LINGER
                time.sleep(min(left, SOON if lately else LATER))
        return 0.0

    def __set__(self, runner: Any, longest: float) -> None:
        vars(runner)[SETTING] = longest

    def _is_new(self, work: Work, executors: Iterable[Any]) -> bool:
        known, self._known = self._known, work
        if known == work and not any(map(_has_something, executors)):
            return False
        self._news = time.monotonic()
        return True


def _has_something(executor: Any) -> bool:
    """Whether a worker has ended, or one is yet to be made."""
    queues = (getattr(executor, name, None) for name in ("result_queue", "task_queue"))
    return any(queue is not None and not queue.empty() for queue in queues)


@contextmanager
def open_work() -> Iterator[Callable[[], Work]]:
    """The question, to be asked often: which runs are open, and how many of their tasks are in which state.

    That a queued task runs is nothing that the scheduler has to do with.
    """
    from airflow import settings

    with settings.get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as database:
        yield lambda: frozenset(map(tuple, database.execute(_query())))


@cache
def _query() -> Any:
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import and_, case, func, select

    task_of = and_(TaskInstance.dag_id == DagRun.dag_id, TaskInstance.run_id == DagRun.run_id)
    state = case((TaskInstance.state == "running", "queued"), else_=TaskInstance.state).label("of_task")
    return (
        select(DagRun.run_id, DagRun.dag_id, DagRun.state, state, func.count())
        .outerjoin(TaskInstance, task_of)
        .where(DagRun.state.in_(("queued", "running")))
        .group_by(DagRun.run_id, DagRun.dag_id, DagRun.state, state)
    )
