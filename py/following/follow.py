"""The loop: Airflow is asked for a run's tasks again and again, and a watcher is told what has changed."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from graphlib import TopologicalSorter
from typing import Protocol, TypeVar

from py.airflow_api import Api, Refusal, RunState, TaskState
from py.airflow_api.api import ENDED, Line
from py.following.words import Words, failure
from py.pipeline import local
from py.pipeline.run import NOT_RUN, PASSED, Record
from py.tools.errors import CannotTell

Answer = TypeVar("Answer")

FINAL = ("success", "failed")
# Seconds between two questions: a small share of how long nothing has changed, so that what is short is seen
# at once and what is long costs the server little; and never more than a fifth of its time, but at the end.
SOONEST, LATEST, SHARE, LOAD = 0.2, 2.0, 0.02, 4
LAST = 0.05  # seconds, when nothing is missing but the verdict
WORDS = 1.0  # seconds between two looks at what a step prints: Airflow reads the whole log each time
STUCK = 15.0  # seconds without a running task after which we ask why


class Gone(CannotTell):
    """The run is no longer there."""


class Watcher(local.Watcher, Protocol):
    """Who is told how a run goes, and what there is to say beside it."""

    def note(self, text: str) -> None: ...


class Followed:
    """A run as its followers see it: its steps, which are Airflow's tasks, and how those ended that have.

    `last` is the task that all others lead to, which judges the run; it is no step.
    """

    def __init__(self, api: Api, dag: str, run_id: str) -> None:
        self.api, self.dag, self.run_id = api, dag, run_id
        self.upstream = dict(_in_order(api.upstream(dag)))
        self.last = _sink(self.upstream)
        names = {task.name for task in api.tasks(dag, run_id)} - {self.last}
        self.steps = {name: place for place, name in enumerate(self.upstream) if name in names}
        self.records: dict[str, Record] = {}
        self.by_hand: dict[str, str] = {}
        self._told: dict[str, tuple[int, bool]] = {}  # of what has begun: its attempt, and whether it ended
        self._words = Words(api, dag, run_id)
        self._looked: dict[str, float] = {}

    def follow(self, watcher: Watcher, *, words: bool, wait: Callable[[float], None]) -> RunState:
        """Tell the watcher until the run is over; `words` tells what steps print as well.

        `wait` waits so many seconds, or raises what shall end the following. Gone if somebody deletes the
        run, CannotTell if Airflow is away for too long.
        """
        changed = asked = time.monotonic()
        explained = False
        while True:
            began = time.monotonic()
            tasks = self._there(self.api.tasks)
            if self._tell(tasks, watcher, words):
                changed = time.monotonic()
            over = all(task.state in ENDED for task in tasks)
            if over or began - asked > LATEST:
                run = self._there(self.api.run)
                asked = began
                if run.state in FINAL:
                    if not over:  # the rest has ended since
                        self._tell(self._there(self.api.tasks), watcher, words)
                    return run
            quiet = time.monotonic() - changed
            if quiet > STUCK and not explained and not any(task.state == "running" for task in tasks):
                explained = True
                if why := self._obstacles():
                    watcher.note(f"nothing begins: {why}")
            soonest = max(SOONEST, LOAD * (time.monotonic() - began))
            if all(task.state in ENDED for task in tasks if task.name in self.steps):
                soonest = LAST  # all that is missing is the verdict
            wait(min(max(SHARE * quiet, soonest), LATEST))

    def _tell(self, tasks: list[TaskState], watcher: Watcher, words: bool) -> bool:
        """Tell what is new, in the order in which it happened; whether anything was."""
        tasks = [task for task in tasks if task.name in self.steps]
        events = [
            (at or math.inf, task, ended)  # what has not run has no time
            for task in sorted(tasks, key=lambda task: self.steps[task.name])
            for at, ended in ((task.began, False), (task.ended, True))
            if self._is_new(task, ended)
        ]
        for _, task, ended in sorted(events, key=lambda event: event[0]):
            if ended:
                self._ended(task, watcher, words)
            else:
                self.records.pop(task.name, None)
                self._told[task.name] = (task.attempt, False)
                watcher.began(task.name)
        if words:
            for task in tasks:
                if task.state == "running":
                    self._listen(task, watcher)
        return bool(events)

    def _is_new(self, task: TaskState, ended: bool) -> bool:
        told = self._told.get(task.name)
        if ended:
            return task.state in ENDED and told != (task.attempt, True)
        ran = task.state in ("running", "success", "failed") and bool(task.began)
        return ran and (told is None or told[0] < task.attempt)

    def _ended(self, task: TaskState, watcher: Watcher, words: bool) -> None:
        if words and task.attempt:
            self._listen(task, watcher, at_once=True)
        record = self._record(task)
        self._told[task.name] = (task.attempt, True)
        self.records[task.name] = record
        watcher.ended(task.name, record)

    def _record(self, task: TaskState) -> Record:
        if task.state == "success":
            return Record(PASSED, "", None, task.began, max(task.ended - task.began, 0.0))
        if task.state != "failed":
            return Record(NOT_RUN, self._obstacle(task.name))
        lines: Sequence[Line] = ()
        if task.attempt:
            with suppress(Refusal):  # no log was written, or none that we may read
                lines = self.api.log_end(self.dag, self.run_id, task.name, task.attempt)
        found = failure(task, lines)
        self.by_hand[task.name] = found.by_hand
        return found.record

    def _obstacle(self, name: str) -> str:
        """The first task above that has not passed, and what became of it."""
        known = [(up, self.records[up].state) for up in self.upstream.get(name, []) if up in self.records]
        return next((f"{up} {state}" for up, state in known if state != PASSED), "")

    def _listen(self, task: TaskState, watcher: Watcher, at_once: bool = False) -> None:
        if not at_once and time.monotonic() - self._looked.get(task.name, 0.0) < WORDS:
            return
        with suppress(Refusal):  # no log yet, or none that we may read
            for line in self._words.of(task):
                watcher.said(task.name, f"{line}\n".encode())
        self._looked[task.name] = time.monotonic()

    def _obstacles(self) -> str:
        """Why nothing begins, if Airflow knows."""
        if self._there(lambda *_: self.api.is_paused(self.dag)):
            return f"somebody has paused {self.dag}"
        ailing = [name for name, health in self.api.health().items() if health != "healthy"]
        return f"Airflow's {' and '.join(ailing)} is not healthy" if ailing else ""

    def _there(self, question: Callable[[str, str], Answer]) -> Answer:
        try:
            return question(self.dag, self.run_id)
        except Refusal as error:
            if error.status != 404:
                raise
            raise Gone(f"the run {self.run_id} of {self.dag} is gone: somebody has deleted it") from None


def _in_order(upstream: Mapping[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
    """Each task after all that it waits for, and what does not wait for each other by name."""
    sorter = TopologicalSorter(upstream)
    sorter.prepare()
    while ready := sorted(sorter.get_ready()):
        yield from ((name, upstream[name]) for name in ready)
        sorter.done(*ready)


def _sink(upstream: Mapping[str, Sequence[str]]) -> str:
    """The one task that nothing waits for; empty if there are several."""
    waited_for = {name for names in upstream.values() for name in names}
    ends = [name for name in upstream if name not in waited_for]
    return ends[0] if len(ends) == 1 else ""
