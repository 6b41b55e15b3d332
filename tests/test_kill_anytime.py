"""A runner is killed at any moment: no green that was none, nothing unreadable, and all of it is finished."""

import json
import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import psutil

from py.artifacts import open_store
from py.pipeline import holding, load, local, params, results
from py.pipeline import run as runs
from py.pipeline.execute import execute
from py.pipeline.run import AIRFLOW, Run
from py.results import verify
from py.results.metadata import FINISHED, STARTED
from py.results.verdict import ABORTED, SUCCESS
from tests.projects import Project, wait_until

SEED, MOMENTS = 20, 20
AT_ONCE = 4  # runs, each of which is killed at a moment of its own
NEVER = 30.0  # seconds after which nothing happens any more
# Some children are in a session of their own: they end because somebody ends them.
PIPELINE = r"""
stay = "setsid sleep 99 & "
keep = "cd $ARTIFACTS; for i in {1..40}; do echo $i > $STEP_NAME-$i.txt; done; echo kept; sleep 0.1; "
suite = '<testsuite name="s"><testcase classname="c" name="n" time="0"/></testsuite>'
say = "for i in {1..20}; do echo $i; sleep 0.01; done"
undo = "sleep 0.1; rm -f $RUN_NAME.cluster; touch $ARTIFACTS/undone"
create = pipeline.step("create", sh(do=stay + "touch $RUN_NAME.cluster"))
pipeline.step("build", sh(do=stay + keep), after=[create])
pipeline.step("tests", sh(do=keep + f"echo '{suite}' > junit_tests.xml"), after=[create], junit=True)
pipeline.step("beside", sh(do=stay + say), after=[create])
pipeline.step("teardown", sh(do=undo), undoes=[create])
"""


class Case:
    """A run in a folder of its own, whose results go to a store of its own, and its death."""

    def __init__(self, project: Project, name: str) -> None:
        self.project, self.name = project, name
        self.runs, self.store = project.folder / name / "runs", project.folder / name / "store"
        self.began = time.monotonic()
        conf = json.dumps({"RESULTS": str(self.store)})
        self.runner = project.start("run", "sample", "--dags=dags", f"--runs={self.runs}", f"--conf={conf}")

    @property
    def there(self) -> list[Run]:
        """The run, once there is a record of it."""
        return [runs.read(file.parent) for file in self.runs.glob("*/run.json")]

    def lives_until(self, when: Callable[["Case"], object]) -> bool:
        """Whether the runner is still there when something is true."""
        while self.runner.poll() is None:
            if when(self):
                return True
            assert time.monotonic() < self.began + NEVER, "waited in vain"
            time.sleep(0.0002)
        return False

    def kill(self, when: Callable[["Case"], object]) -> None:
        """Kill the runner, and nothing else, as soon as something is true."""
        if self.lives_until(when):
            self.runner.kill()
        said, _ = self.runner.communicate()
        assert self.runner.returncode in (0, -signal.SIGKILL), said

    def found(self, pattern: str) -> list[Path]:
        """Files of the run's folder."""
        return list(self.runs.glob(f"sample-*/{pattern}"))

    def stored(self, pattern: str) -> list[Path]:
        """Files of the run's place in the store."""
        return list(self.store.glob(f"logs/sample/*/{pattern}"))


def check_readable(folder: Path) -> None:
    """Every file that says what it is, is that, and viewers can read what is there."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    for file in files:
        if file.name.endswith(".json"):
            json.loads(file.read_bytes())
        if file.name.endswith(".xml"):
            ElementTree.parse(file)
    if any(file.name in (STARTED, FINISHED) for file in files):
        verify.verify(str(folder))


def results_of(run: Run) -> list[Path]:
    """The run's folder, and its place in the store if there is one yet."""
    folders = (run.folder, Path(results.place(run).removeprefix("file://")))
    return [folder for folder in folders if folder.exists()]


def told(folder: Path) -> dict[str, Any]:
    """What finished.json says, if it is there."""
    with suppress(FileNotFoundError):
        return dict(json.loads((folder / FINISHED).read_bytes()))
    return {}


def is_finished(case: Case) -> bool:
    """Whether a start leaves no run open."""
    local.finish_lost(case.runs)
    return not list(case.runs.glob(".open/*"))


def check_finished(case: Case) -> str:
    """Look at what a dead runner has left, let the next start finish it, and look again; how it ended."""
    before = case.there[0].result if case.there else ""
    assert before in ("", SUCCESS)
    for run in case.there:
        for folder in results_of(run):
            check_readable(folder)
            assert told(folder).get("passed") is not True or before == SUCCESS
    wait_until(lambda: is_finished(case))  # a child that was just being started holds the lock for a moment
    if not case.there:
        assert not list(case.runs.glob("sample-*"))
        assert not list(case.store.rglob("*.*"))
        return ""
    [run] = case.there
    assert not (case.project.folder / f"{run.name}.cluster").exists()
    assert not [each for each in psutil.process_iter() if belongs(each, run)]
    assert run.result == (before or ABORTED)
    here, stored = results_of(run)
    for folder in (here, stored):
        check_readable(folder)
        assert (told(folder)["result"], told(folder)["passed"]) == (run.result, run.result == SUCCESS)
        assert verify.verify(str(folder)).is_seen
    check_same(run, stored)
    return run.result


def check_same(run: Run, stored: Path) -> None:
    """The store has what the run's folder has, and nothing else."""
    store = open_store(str(stored))
    for item in store.list():
        assert (run.folder / item.name).read_bytes() == store.get(item.name), item.name
    for kept in filter(Path.is_file, run.artifacts.rglob("*")):
        assert (stored / "artifacts" / kept.relative_to(run.artifacts)).exists()
    for name in run.records:
        if run.step_folder(name).joinpath("log.txt").exists():
            assert f"=== {name} " in (stored / "build-log.txt").read_text()


def belongs(process: psutil.Process, run: Run) -> bool:
    with suppress(psutil.Error):
        marked = process.environ().get("STEP_OUTPUTS", "").startswith(f"{run.folder}/")
        return marked and process.status() != psutil.STATUS_ZOMBIE
    return False


def test_a_runner_that_is_killed_at_any_moment_leaves_nothing_that_the_next_start_does_not_finish(
    project: Project,
) -> None:
    project.declare(PIPELINE)
    whole = Case(project, "whole")
    whole.kill(lambda case: False)
    assert whole.runner.returncode == 0
    assert check_finished(whole) == SUCCESS
    life = time.time() - whole.there[0].began
    draw = random.Random(SEED)

    def end(number: int) -> str:
        case, moment = Case(project, str(number)), life * (number + draw.random()) / MOMENTS
        case.lives_until(lambda case: case.found("run.json"))
        case.kill(lambda case: time.time() - case.there[0].began > moment)
        return check_finished(case)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(pool.map(end, range(MOMENTS)))
    assert ABORTED in ends  # else none was killed in time


POINTS: dict[str, Callable[[Case], object]] = {
    "it has a lock": lambda case: list(case.runs.glob(".open/*")),
    "it has a record": lambda case: case.found("run.json"),
    "it is said to have started": lambda case: case.found(STARTED),
    "its place in the store is begun": lambda case: case.stored("*"),
    "the store says that it started": lambda case: case.stored(STARTED),
    "the store knows it as the latest": lambda case: list(case.store.glob("logs/sample/latest-build.txt")),
    "a step is begun": lambda case: case.found("steps/create"),
    "a step has ended": lambda case: case.found("steps/create/step.json"),
    "artifacts are made": lambda case: case.found("artifacts/build-3.txt"),
    "undoing is begun": lambda case: case.found("steps/teardown"),
    "undoing has ended": lambda case: case.found("artifacts/undone"),
    "the steps have their JUnit": lambda case: case.found("artifacts/junit_steps.xml"),
    "it is judged": lambda case: any(
        b'"result": "SUCCESS"' in f.read_bytes() for f in case.found("run.json")
    ),
    "artifacts are being copied": lambda case: case.stored("artifacts/*"),
    "it has its page": lambda case: case.found("report.html"),
    "it is said to be over": lambda case: case.found(FINISHED),
    "the store says that it is over": lambda case: case.stored(FINISHED),
}


def test_a_runner_that_is_killed_between_two_of_its_own_deeds_leaves_nothing_half_done(
    project: Project,
) -> None:
    project.declare(PIPELINE)

    def end(point: str) -> tuple[str, str]:
        case = Case(project, point.replace(" ", "-"))
        case.kill(POINTS[point])
        return point, check_finished(case)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = dict(pool.map(end, POINTS))
    assert {ABORTED, SUCCESS} <= set(ends.values())


def test_who_finishes_a_lost_run_may_be_killed_as_well(project: Project) -> None:
    project.declare(PIPELINE)
    case = Case(project, "twice")
    case.kill(lambda case: case.found("artifacts/build-3.txt"))
    case.runner = project.start("run", "sample", "--dags=dags", f"--runs={case.runs}")
    case.kill(lambda case: case.found("steps/teardown"))  # the next run is not made before this one is over
    assert case.runner.returncode == -signal.SIGKILL
    assert check_finished(case) == ABORTED


def test_a_run_that_airflow_has_lost_is_finished_in_its_store_as_well(project: Project, folder: str) -> None:
    project.declare(PIPELINE)
    found = load.pipeline("sample", project.folder / "dags").pipeline
    values = params.resolve(found, {"RESULTS": folder})
    where = project.folder / "runs"
    asked = {"run_id": "scheduled__1", "runs": where, "home": project.folder, "file": "sample.py"}
    with holding.attended(found, values, **asked) as run:  # type: ignore[arg-type]
        execute(run, run.steps["create"])
    assert (project.folder / f"{run.name}.cluster").exists()
    assert local.finish_lost(where) == []  # no local start takes it for its own
    [lost] = local.finish_lost(where, lost=lambda run: run.engine == AIRFLOW)
    assert (lost.result, lost.states()["teardown"]) == (ABORTED, "passed")
    assert not (project.folder / f"{run.name}.cluster").exists()
    assert {told(each)["result"] for each in results_of(lost)} == {ABORTED}
    assert len(results_of(lost)) == 2
