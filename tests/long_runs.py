"""Runs in a real Airflow to which something happens: one pipeline, whose steps do what a run is told."""

from typing import Any

import psutil

from py.pipeline import run as runs
from py.pipeline.run import Run
from tests.airflows import Airflow, quoted
from tests.projects import SHELL, STUBBORN, wait_until

DAGS = """\
    from datetime import timedelta
    from py.pipeline import Binary, Pipeline, airflow_dag
    sh = Binary("./sh")

    def long(name):
        pipeline = Pipeline(name, doc="A run that something happens to.")

        def told(param, default):
            return sh(do=pipeline.param(param, default, help="What the step does."))

        create = pipeline.step("create", told("creating", 'touch "$WORKSPACE/cluster"'))
        tests = pipeline.step("tests", told("testing", "true"), after=[create])
        pipeline.step("beside", sh(do="true"), after=[tests])
        undo = 'rm -f "$WORKSPACE/cluster"; touch "$WORKSPACE/undone"'
        pipeline.step("teardown", told("undoing", undo), undoes=[create])
        pipeline.done()
        return airflow_dag(pipeline)

    long_run = long("long")
    queued = long("queued")
    hasty = long("hasty")
    hasty.get_task("tests").execution_timeout = timedelta(seconds=3)
    """
UNTIL_ENDED = 300.0  # seconds, longer than any test waits for what ends a step
# Ignores SIGTERM, as does its child, which is in a session of its own; `begun` is there when both run.
STUBBORN_STEP = (
    'cd "$WORKSPACE"; "$OLDPWD/stubborn" & until test -s child && test -s grandchild; do sleep 0.02; done; '
    "touch begun; wait"
)
# The first attempt is stubborn, the second fails if it finds any of it.
TWICE = (
    f'if ! test -e "$WORKSPACE/begun"; then {STUBBORN_STEP}; fi; '
    'cd "$WORKSPACE"; for each in child grandchild; do '
    # By the mark that it has in its environment: a busy machine soon gives a number to somebody else.
    '! grep -qsz "^STEP_OUTPUTS=$STEP_OUTPUTS$" "/proc/$(cat $each)/environ" || { touch overlap; exit 1; }; '
    "done; touch again"
)


def alone(seconds: float, first: float = 0) -> str:
    """A step that takes so long, its first attempt perhaps longer; it knows of a second one beside it."""
    return (
        'cd "$WORKSPACE"; mkdir in || { touch overlap; exit 1; }; trap "sleep 0.5; rmdir in; exit 3" TERM; '
        f"n={10 * seconds:.0f}; test -e begun || n={10 * (first or seconds):.0f}; echo x >> begun; "
        "for i in $(seq $n); do sleep 0.1; done; rmdir in; touch ended"
    )


class LongRun:
    """A run that goes on, and what can happen to it."""

    def __init__(self, airflow: Airflow, dag: str, conf: dict[str, object]) -> None:
        self.airflow, self.dag = airflow, dag
        self.id = airflow.trigger(dag, conf)
        self.folder = airflow.runs / runs.name_of(dag, self.id)
        self.workspace = self.folder / "workspace"
        self.path = f"/dags/{dag}/dagRuns/{quoted(self.id)}"

    def wait_for(self, file: str, seconds: float = 120) -> None:
        """Wait until a step has made a file in the workspace."""
        wait_until((self.workspace / file).exists, seconds)

    def processes(self) -> list[psutil.Process]:
        """What its steps have started and what still runs."""
        return [each for each in psutil.process_iter() if _marked(each, f"{self.folder}/")]

    def runner(self) -> psutil.Process:
        """The process that has started the step which runs."""
        pids = {each.pid for each in self.processes()}
        parents = {parent for pid in pids if (parent := _parent(pid)) not in (0, 1)}
        [runner] = parents - pids
        return psutil.Process(runner)

    def cancel(self) -> None:
        """As the UI does."""
        self.airflow.api(self.path, {"state": "failed"}, "PATCH")

    def mark(self, task: str, state: str) -> None:
        """Say how a task has ended, as the UI does."""
        self.airflow.api(f"{self.path}/taskInstances/{task}", {"new_state": state}, "PATCH")

    def clear(self, *tasks: str, downstream: bool = False) -> None:
        """Have tasks run again, as the UI does."""
        body = {
            "dry_run": False, "dag_run_id": self.id, "task_ids": list(tasks), "only_failed": False,
            "reset_dag_runs": True, "include_downstream": downstream,
        }  # fmt: skip
        self.airflow.api(f"/dags/{self.dag}/clearTaskInstances", body)

    def attempts(self, task: str) -> int:
        """How often a task was begun."""
        return int(self.airflow.api(f"{self.path}/taskInstances/{task}")["try_number"])

    def end(self, seconds: float = 120) -> tuple[str, Run]:
        """What Airflow says in the end, and the record, after a look at what is left: nothing may be."""
        state = self.airflow.wait(self.dag, self.id, seconds)
        assert not self.processes()
        assert not (self.workspace / "cluster").exists()
        assert not (self.workspace / "overlap").exists()
        assert not self.is_open()
        return state, runs.read(self.folder)

    def is_open(self) -> bool:
        """Whether somebody has to finish it."""
        return runs.marker(self.folder.parent, self.folder.name).exists()


def prepare(airflow: Airflow) -> None:
    """Give an Airflow the DAGs of such runs."""
    for name, text in {"sh": SHELL, "stubborn": STUBBORN}.items():
        (airflow.folder / name).write_text(text)
        (airflow.folder / name).chmod(0o755)
    airflow.need("long.py", DAGS)


def begin(airflow: Airflow, testing: str = "true", dag: str = "long", **conf: Any) -> LongRun:
    """Trigger a run."""
    return LongRun(airflow, dag, {"testing": testing} | conf)


def _marked(process: psutil.Process, mark: str) -> bool:
    try:
        alive = process.status() != psutil.STATUS_ZOMBIE
        return alive and process.environ().get("STEP_OUTPUTS", "").startswith(mark)
    except psutil.Error:
        return False


def _parent(pid: int) -> int:
    try:
        return int(psutil.Process(pid).ppid())
    except psutil.Error:
        return 0
