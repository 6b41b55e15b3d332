"""What a task's log says of its steps; py.pipeline.operators writes it, among Airflow's own lines."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from py.airflow_api import Api, Log, TaskState
from py.airflow_api.api import Line
from py.pipeline.execute import BY_HAND
from py.pipeline.run import ABORTED, FAILED, Record

PRINTED = "tasklog.py"  # the source file that logs what a step prints
JUDGED = "operators.py"  # and the one that logs how it ended
ENDING = re.compile(rf"(\w+) ({FAILED}|{ABORTED}): (.*)", re.DOTALL)


class Failure(NamedTuple):
    """How a task failed, and the command that repeats the step; empty if its log does not say."""

    record: Record
    by_hand: str


def failure(task: TaskState, lines: Iterable[Line]) -> Failure:
    """What the log of a failed task says of the step that failed."""
    printed: list[str] = []
    state, reason, tail, by_hand, error = FAILED, "", "", "", ""
    for line in lines:
        if line.file == PRINTED:
            printed.append(line.text)
        elif line.file == JUDGED and line.text.startswith(BY_HAND):
            if line.level != "error":
                printed = []  # the next step begins
            by_hand = line.text.removeprefix(BY_HAND)
        elif line.file == JUDGED and (said := ENDING.fullmatch(line.text)):
            step, state, reason = said.groups()
            reason = reason if step == task.name else f"{step} {state}: {reason}"
            tail = "\n".join(printed)
        elif line.level in ("error", "critical") and line.file != "task_runner.py":
            error = line.text.partition("\n")[0]
    seconds = max(task.ended - task.began, 0.0) if task.began else 0.0
    why = reason or error or "its task was killed"
    return Failure(Record(state, why, None, task.began, seconds, tail), by_hand)


class Words:
    """What the step of a task prints, as it comes."""

    def __init__(self, api: Api, dag: str, run_id: str) -> None:
        self.api, self.dag, self.run_id = api, dag, run_id
        self._tokens: dict[tuple[str, int], str] = {}
        self._over: set[tuple[str, int]] = set()

    def of(self, task: TaskState) -> list[str]:
        """The lines since the last time."""
        key = (task.name, task.attempt)
        if key in self._over:
            return []
        log: Log = self.api.log(self.dag, self.run_id, *key, self._tokens.get(key, ""))
        if log.token:
            self._tokens[key] = log.token
        elif task.ended:
            self._over.add(key)
        return [line.text for line in log.lines if line.file == PRINTED]
