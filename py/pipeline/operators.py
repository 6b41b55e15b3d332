"""Airflow's side of a run: a task carries out steps, and the last one judges what became of them all.

Airflow decides what runs when, and its states are the truth about that; everything else is the same run, in
the same folder, as one that is driven locally.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk.exceptions import AirflowTaskTimeout

from py.pipeline import local, params, results
from py.pipeline.dag import VERDICT
from py.pipeline.execute import BY_HAND, by_hand, end_left, execute, take_over
from py.pipeline.holding import attended
from py.pipeline.links import Repeat, Results
from py.pipeline.model import Output, Pipeline, Step
from py.pipeline.run import ABORTED, FAILED, KILLED, NOT_RUN, PASSED, Record, Run
from py.pipeline.tasklog import TaskLog
from py.results import verdict
from py.tools.errors import WindtunnelError
from py.tools.folders import runs

GRACE = 3.0  # seconds that a killed step has to end: Airflow kills its task after five
Context = Mapping[str, Any]


class RunOperator(PythonOperator):
    """A task of a run; what goes wrong is said in a line, and fails the task without a traceback."""

    template_fields = ()  # none of ours is a template, and telling Airflow so again costs each task a request

    def __init__(self, *, pipeline: Pipeline, **rest: Any) -> None:
        super().__init__(python_callable=self.work, show_return_value_in_logs=False, **rest)
        self.pipeline = pipeline

    def determine_kwargs(self, context: Context) -> Context:
        """The whole context, as one argument."""
        return {"task": self, "context": context}

    @staticmethod
    def work(task: "RunOperator", context: Context) -> Any:
        """Do the task's work for its run."""
        try:
            with task.attended(context) as run:
                return task.attend(run, context)
        except WindtunnelError as error:
            task.log.error("%s", error)
            raise SystemExit(2) from None

    def attend(self, run: Run, context: Context) -> Any:
        """Do this task's part of a run; SystemExit fails the task."""
        raise NotImplementedError

    @contextmanager
    def attended(self, context: Context) -> Iterator[Run]:
        """The run that the task belongs to."""
        dag_run = context["dag_run"]
        preset = self.pipeline.cron_preset if dag_run.run_type == "scheduled" else ""
        values = params.resolve(self.pipeline, dag_run.conf or {}, preset)
        file = Path(context["dag"].fileloc)
        home = file.resolve().parents[1]
        with attended(
            self.pipeline, values, run_id=dag_run.run_id, runs=runs(), home=home, file=str(file)
        ) as run:
            yield run


class StepsOperator(RunOperator):
    """A task that carries out one step, or the steps of a group one after the other.

    Its XCom is the step's outputs as one dict; of a group, a dict of such dicts by step. Where there are no
    outputs there is no XCom either: each costs a request.
    """

    operator_extra_links = (Results(), Repeat())

    def __init__(self, *, steps: tuple[str, ...], **rest: Any) -> None:
        super().__init__(**rest)
        self.steps = steps
        self.killed = 0.0
        self.parent = 0  # the process of Airflow that tells it how we end

    def on_kill(self) -> None:
        """Airflow wants the task to end; its steps notice within a moment."""
        self.killed = self.killed or time.monotonic()

    def attend(self, run: Run, context: Context) -> Any:
        """Carry out the steps."""
        self.parent = os.getppid()
        run.reopen()
        self._fetch_outputs(run, context["ti"])
        with results.kept(run):
            self._attend_steps(run)
        if any(_state(run, name) != PASSED for name in self.steps):
            raise SystemExit(1)
        given = {name: run.outputs[name] for name in self.steps if run.outputs.get(name)}
        return (given if self.task_id in self.pipeline.groups else given.get(self.task_id)) or None

    def _attend_steps(self, run: Run) -> None:
        for name in self.steps:
            step = run.steps[name]
            if obstacle := run.obstacle([parent for parent in step.upstream if parent in self.steps]):
                run.keep(name, Record(NOT_RUN, obstacle))
            elif self._given_up():
                run.keep(name, Record(NOT_RUN, "the run was cancelled"))
            else:
                self._carry_out(run, step)

    def _fetch_outputs(self, run: Run, ti: Any) -> None:
        """Put in what the steps above gave, from their XComs alone: these are what a person sees."""
        used = {value.step for name in self.steps for value in _used(run.steps[name])} - set(self.steps)
        for task_id, steps in self.pipeline.tasks().items():
            if used.intersection(steps):
                given = ti.xcom_pull(task_ids=task_id) or {}
                run.outputs |= given if task_id in self.pipeline.groups else {task_id: given}

    def _carry_out(self, run: Run, step: Step) -> None:
        for parent in step.upstream:
            if _state(run, parent) not in (PASSED, NOT_RUN):  # its task was killed, perhaps, and left a child
                end_left(run, run.steps[parent])
        take_over(run, step)
        missing = [ref for ref in _used(step) if ref.name not in run.outputs.get(ref.step, {})]
        if missing:
            why = f"{missing[0].step} has left no output {missing[0].name}, although it counts as success"
            run.keep(step.name, Record(FAILED, why))
        else:
            folder = run.step_folder(step.name)
            said = TaskLog(self.log.info, str(folder / "log.txt"))
            self.log.info("%s%s", BY_HAND, by_hand(run, step))
            self._execute(run, step, said)
            said.end()
        record = run.records[step.name]
        if record.state != PASSED:
            self.log.error("%s %s: %s", step.name, record.state, record.reason)
            self.log.error("%s%s", BY_HAND, by_hand(run, step))

    def _execute(self, run: Run, step: Step, said: TaskLog) -> None:
        began = time.time()
        try:
            record = execute(run, step, cancelled=self._given_up, hurry=self._hurry, said=said.feed)
        except AirflowTaskTimeout:  # somebody's policy: none of our tasks has such a time
            why = f"timed out: Airflow gives its task {self.execution_timeout}"
            run.keep(step.name, Record(FAILED, why, None, began, time.time() - began))
            raise
        if record.state == ABORTED:
            self.on_kill()  # if somebody else has ended the step, Airflow has yet to tell us
            if self._orphaned():
                run.keep(step.name, record._replace(reason=KILLED))

    def _given_up(self) -> bool:
        if self._orphaned():
            self.on_kill()
        return bool(self.killed)

    def _orphaned(self) -> bool:
        """Whether nobody can learn any more how the steps end; Airflow will have them run again, or fail."""
        return os.getppid() != self.parent

    def _hurry(self) -> bool:
        return bool(self.killed) and time.monotonic() - self.killed > GRACE


class VerdictOperator(RunOperator):
    """The last task: it waits for all others, writes the verdict, and fails unless that is SUCCESS."""

    operator_extra_links = (Results(),)

    def attend(self, run: Run, context: Context) -> Any:
        """Judge the run by what Airflow knows of its tasks and what the steps have left."""
        ti = context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])[ti.run_id]
        # Nothing of ours skips a task: Airflow does, when somebody sets the state of the whole run.
        cancelled = "skipped" in states.values()
        for task, steps in self.pipeline.tasks().items():
            for name, record in _reconciled(run, steps, states.get(task), cancelled):
                if record != run.records.get(name):
                    run.keep(name, record)
        result = local.conclude(run, interrupted=cancelled or ABORTED in run.states().values())
        ti.xcom_push(key=VERDICT, value=_told(run))
        for line in [
            f"{run.result}: {run.pipeline} {run.name}",
            *map(str, (*run.reasons, *run.notes)),
            f"results: {results.place(run) or run.folder}",
        ]:
            self.log.info(line)
        if result != verdict.SUCCESS:
            raise SystemExit(1)


def _told(run: Run) -> dict[str, Any]:
    """The verdict for whoever follows the run from afar, in sentences."""
    reasons, notes = [str(each) for each in run.reasons], [str(each) for each in run.notes]
    return {"result": run.result, "reasons": reasons, "notes": notes}


def _reconciled(
    run: Run, steps: tuple[str, ...], state: str | None, cancelled: bool
) -> Iterator[tuple[str, Record]]:
    """How the steps of a task ended: Airflow says `state`, and their task left records, or none."""
    told = any(_state(run, name) not in ("", PASSED) for name in steps)
    for name in steps:
        record = run.records.get(name)
        if state == "success":
            yield name, record or Record(FAILED, "somebody marked it as success, but it has not run")
        elif state == "failed" and record:
            lost = Record(ABORTED, "it passed, but its task could not report that", *record[2:5])
            yield name, record if told or record.state != PASSED else lost
        elif state == "failed" and run.step_folder(name).exists():
            yield name, Record(ABORTED, "cancelled" if cancelled else KILLED)
        elif state == "failed" and not run.obstacle(run.steps[name].upstream):
            yield name, Record(FAILED, "its task failed before it began; the task's log says why")
        else:
            why = "the run was cancelled" if cancelled else f"Airflow calls it {state}"
            yield name, Record(NOT_RUN, run.obstacle(run.steps[name].upstream) or why)


def _state(run: Run, step: str) -> str:
    return run.records[step].state if step in run.records else ""


def _used(step: Step) -> list[Output]:
    return [reference for reference in step.command.references if isinstance(reference, Output)]
