"""What is asked of Airflow about a DAG and its runs, and told to it; plain values come back."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from py.airflow_api.door import TIMEOUT, Door, Refusal
from py.tools.errors import UsageError, near

if TYPE_CHECKING:
    from airflow_client.client import ApiClient

PAGE = 100  # rows of one answer: Airflow gives no more
LATEST = 1000  # lines of a log that are kept when all of it is read
ENDED = ("success", "failed", "upstream_failed", "skipped", "removed")


class TaskState(NamedTuple):
    """A task of a run: Airflow's state ("" before it has one), and seconds since 1970, 0 if not yet."""

    name: str
    state: str
    attempt: int
    began: float
    ended: float


class RunState(NamedTuple):
    """A run: Airflow's state, its conf, and its seconds so far or in all."""

    state: str
    conf: dict[str, Any]
    seconds: float


class Line(NamedTuple):
    """A line of a task's log: its text, its level, and the source file that logged it."""

    text: str
    level: str
    file: str


class Log(NamedTuple):
    """Lines of a task's log and the token for those that follow; none if that was all."""

    lines: list[Line]
    token: str


class Api:
    """One Airflow, asked through a door that outlasts restarts of the API server."""

    def __init__(self, door: Door) -> None:
        self.door = door

    def is_paused(self, dag: str) -> bool:
        """Whether runs of the DAG wait until somebody unpauses it; UsageError if there is no such DAG."""
        from airflow_client.client import DAGApi

        try:
            found = self.door.ask(lambda it: DAGApi(it).get_dag(_part(dag), _request_timeout=TIMEOUT))
        except Refusal as error:
            if error.status != 404:
                raise
            raise UsageError(
                f"Airflow at {self.door.place.url} has no DAG {dag!r}; {near(dag, self.dags(), 'it has')}"
            ) from None
        return bool(found.is_paused)

    def dags(self) -> list[str]:
        """The names of all DAGs that we may see."""
        from airflow_client.client import DAGApi

        def page(client: "ApiClient", *, offset: int) -> Any:
            return DAGApi(client).get_dags(limit=PAGE, offset=offset, _request_timeout=TIMEOUT)

        return [dag.dag_id for answer in self._pages(page) for dag in answer.dags]

    def unpause(self, dag: str) -> None:
        """Let runs of the DAG begin."""
        from airflow_client.client import DAGApi, DAGPatchBody

        body = DAGPatchBody(is_paused=False)
        self.door.ask(lambda it: DAGApi(it).patch_dag(dag, body, _request_timeout=TIMEOUT))

    def trigger(self, dag: str, run_id: str, conf: Mapping[str, Any]) -> None:
        """Make a run; once, also if an answer is lost. UsageError if Airflow refuses it."""
        from airflow_client.client import DagRunApi, TriggerDAGRunPostBody

        body = TriggerDAGRunPostBody(dag_run_id=run_id, conf=dict(conf), logical_date=None)
        tries = 0

        def post(client: "ApiClient") -> None:
            nonlocal tries
            tries += 1
            DagRunApi(client).trigger_dag_run(dag, body, _request_timeout=TIMEOUT)

        try:
            self.door.ask(post)
        except Refusal as error:
            if error.status == 409 and tries > 1:
                return  # it is ours: the answer to an earlier try was lost
            if error.status == 409:
                raise UsageError(f"{dag} has a run {run_id!r} already; choose another --run_id=") from None
            raise UsageError(f"Airflow refuses this run of {dag}: {error}") from None

    def cancel(self, dag: str, run_id: str) -> None:
        """End a run: what it runs is ended, and its teardowns run."""
        from airflow_client.client import DagRunApi, DAGRunPatchBody

        body = DAGRunPatchBody.from_dict({"state": "failed"})
        assert body
        self.door.ask(
            lambda it: DagRunApi(it).patch_dag_run(dag, run_id, body, _request_timeout=TIMEOUT)
        )

    def run(self, dag: str, run_id: str) -> RunState:
        """How a run is."""
        from airflow_client.client import DagRunApi

        found = self.door.ask(
            lambda it: DagRunApi(it).get_dag_run(_part(dag), _part(run_id), _request_timeout=TIMEOUT)
        )
        return RunState(found.state.value, dict(found.conf or {}), float(found.duration or 0))

    def upstream(self, dag: str) -> dict[str, list[str]]:
        """The DAG's tasks, each with those that it waits for."""
        from airflow_client.client import TaskApi

        found = self.door.ask(lambda it: TaskApi(it).get_tasks(dag, _request_timeout=TIMEOUT))
        waits: dict[str, list[str]] = {str(task.task_id): [] for task in found.tasks}
        for task in found.tasks:
            for name in task.downstream_task_ids or []:
                waits[name].append(str(task.task_id))
        return waits

    def tasks(self, dag: str, run_id: str) -> list[TaskState]:
        """The state of each task of a run, in the order in which they were declared."""
        from airflow_client.client import TaskInstanceApi

        def page(client: "ApiClient", *, offset: int) -> Any:
            return TaskInstanceApi(client).get_task_instances(
                dag, run_id, limit=PAGE, offset=offset, order_by=["id"], _request_timeout=TIMEOUT
            )

        return [
            TaskState(
                row.task_id, row.state.value if row.state else "", row.try_number,
                _seconds(row.start_date), _seconds(row.end_date),
            )
            for answer in self._pages(page)
            for row in answer.task_instances
        ]  # fmt: skip

    def xcom(self, dag: str, run_id: str, task: str, key: str) -> Any:
        """What a task has left under a key; None if it has not."""
        from airflow_client.client import XComApi

        def get(client: "ApiClient") -> Any:
            api = XComApi(client)
            answer = api.get_xcom_entry_without_preload_content(
                dag, task, run_id, key, _request_timeout=TIMEOUT
            )
            return _read(answer)

        try:
            return json.loads(self.door.ask(get)).get("value")
        except Refusal as error:
            if error.status == 404:
                return None
            raise

    def log(self, dag: str, run_id: str, task: str, attempt: int, token: str = "") -> Log:
        """What a task has logged since the answer that gave the token."""
        said = json.loads(self.door.ask(lambda it: _read(_log(it, dag, run_id, task, attempt, token))))
        rows = said["content"]
        lines = [_line(row) for row in rows if isinstance(row, dict)]
        return Log(lines, said.get("continuation_token") or "")

    def log_end(self, dag: str, run_id: str, task: str, attempt: int) -> list[Line]:
        """The last lines of a task's log, however long that is."""

        def get(client: "ApiClient") -> list[Line]:
            answer = _log(client, dag, run_id, task, attempt, accept="application/x-ndjson")
            if answer.status != 200:
                _read(answer)
            return list(deque((_line(json.loads(row)) for row in answer if row.strip()), LATEST))

        return self.door.ask(get)

    def health(self) -> dict[str, str]:
        """What Airflow says of each of its parts: healthy, unhealthy, or "" if there is none."""
        from airflow_client.client import MonitorApi

        found = self.door.ask(lambda it: MonitorApi(it).get_health(_request_timeout=TIMEOUT))
        parts = {"scheduler": found.scheduler, "dag_processor": found.dag_processor}
        return {name: str(part.status or "") for name, part in parts.items() if part}

    def _pages(self, page: Callable[..., Any]) -> Iterator[Any]:
        offset, total = 0, 1
        while offset < total:
            answer = self.door.ask(partial(page, offset=offset))
            yield answer
            offset, total = offset + PAGE, answer.total_entries or 0


def _part(name: str) -> str:
    """A name as a part of a path; some have a meaning there, and name nothing."""
    if name.strip(".~"):
        return name
    raise UsageError(f"{name!r} is no name of a DAG or of a run")


def _log(
    client: "ApiClient", dag: str, run_id: str, task: str, attempt: int, token: str = "",
    accept: str = "application/json",
) -> Any:  # fmt: skip
    from airflow_client.client import TaskInstanceApi

    return TaskInstanceApi(client).get_log_without_preload_content(
        dag, run_id, task, attempt, token=token or None, accept=accept, _request_timeout=TIMEOUT
    )


def _read(answer: Any) -> bytes:
    """The whole answer, if it is a good one."""
    from airflow_client.client.exceptions import ApiException

    body: bytes = answer.read()
    if not 200 <= answer.status < 300:
        raise ApiException(status=answer.status, reason=answer.reason, body=body.decode(errors="replace"))
    return body


def _line(row: Mapping[str, Any]) -> Line:
    return Line(str(row.get("event", "")), str(row.get("level") or ""), str(row.get("filename") or ""))


def _seconds(at: datetime | None) -> float:
    return at.timestamp() if at else 0.0
