"""A pipeline as Airflow has it: ordinary objects, which its own tools and other people's DAGs can use."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from py.pipeline import run as runs
from py.tools.folders import ROOT
from tests.airflows import Airflow, Refused
from tests.projects import SHELL, wait_until

SHOWN = """
from datetime import timedelta
from py.pipeline import Binary, Pipeline, airflow_dag

sh = Binary("./sh")
pipeline = Pipeline("shown", doc="Show what becomes of a pipeline.", tags=["demo"])
size = pipeline.param("SIZE", 3, help="How big.", choices=[1, 3, 5])
pull = pipeline.param("PULL", "", help="Which one.", pattern="[0-9]*")
fast = pipeline.param("FAST", False, help="Whether to hurry.")
pipeline.preset("nightly", SIZE=5)
pipeline.schedule("0 3 1 1 *", preset="nightly")
clone = pipeline.step("clone", sh(do=pull), outputs=["src"])
lint = pipeline.step("lint", sh(do=clone["src"]))
test = pipeline.step("test", sh(do=clone["src"]))
pipeline.group("checks", [lint, test])
create = pipeline.step("create", sh(do="true"), after=[clone])
use = pipeline.step("use", sh(do="true"), after=[create])
pipeline.step("remove", sh(do="true"), undoes=[create])
pipeline.done()
dag = airflow_dag(pipeline)
"""


@pytest.fixture(scope="module")
def shown(airflow: Airflow) -> dict[str, dict[str, Any]]:
    """The tasks of a pipeline, as Airflow tells them."""
    airflow.put("shown.py", SHOWN)
    return {task["task_id"]: task for task in airflow.api("/dags/shown/tasks")["tasks"]}


def test_each_step_or_group_is_a_task_below_what_it_needs(shown: dict[str, dict[str, Any]]) -> None:
    below = {name: set(task["downstream_task_ids"]) for name, task in shown.items()}
    assert below == {
        "clone": {"checks", "create", "done"},
        "checks": {"done"},
        "create": {"use", "remove", "done"},
        "use": {"remove", "done"},
        "remove": {"done"},
        "done": set(),
    }


def test_a_task_is_an_operator_for_python_that_is_never_tried_again(shown: dict[str, dict[str, Any]]) -> None:
    assert {task["operator_name"] for task in shown.values()} == {"StepsOperator", "VerdictOperator"}
    assert {task["retries"] for task in shown.values()} == {0}


def test_what_cleans_up_has_a_pool_of_its_own(shown: dict[str, dict[str, Any]]) -> None:
    pools = {name: task["pool"] for name, task in shown.items()}
    assert {name for name, pool in pools.items() if pool == "windtunnel_cleanup"} == {"remove", "done"}
    assert {pools[name] for name in pools.keys() - {"remove", "done"}} == {"windtunnel"}


def test_both_pools_together_have_no_more_slots_than_there_are_workers(airflow: Airflow) -> None:
    pools = {pool["name"]: pool["slots"] for pool in airflow.api("/pools")["pools"]}
    assert pools["windtunnel"] + pools["windtunnel_cleanup"] <= 8


def test_the_dag_says_what_the_pipeline_says_of_itself(
    airflow: Airflow, shown: dict[str, dict[str, Any]]
) -> None:
    assert shown
    dag = airflow.api("/dags/shown/details")
    assert dag["description"] == "Show what becomes of a pipeline."
    assert {tag["name"] for tag in dag["tags"]} == {"windtunnel", "demo"}
    assert dag["timetable_summary"] == "0 3 1 1 *"
    assert (dag["catchup"], dag["is_paused"]) == (False, False)


def test_the_trigger_form_is_given_help_choices_and_default_of_each_param(
    airflow: Airflow, shown: dict[str, dict[str, Any]]
) -> None:
    assert shown
    params = airflow.api("/dags/shown/details")["params"]
    assert set(params) == {"dryrun", "ARTIFACTS_PATH", "RESULTS", "SIZE", "PULL", "FAST", "preset"}
    assert params["SIZE"]["value"] == 3
    assert params["SIZE"]["description"] == "How big."
    assert params["SIZE"]["schema"]["enum"] == [1, 3, 5]
    assert params["SIZE"]["schema"]["type"] == "integer"
    assert params["dryrun"]["schema"]["type"] == "boolean"
    assert params["preset"]["schema"]["enum"] == ["", "nightly"]


def test_another_dag_can_wait_for_a_step(airflow: Airflow) -> None:
    airflow.program("sh", SHELL)
    airflow.put(
        "waited.py",
        """
        from py.pipeline import Binary, Pipeline, airflow_dag

        pipeline = Pipeline("waited_for")
        pipeline.step("early", Binary("./sh")(do="true"))
        pipeline.done()
        dag = airflow_dag(pipeline)
        """,
    )
    airflow.put(
        "waits.py",
        """
        from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
        from airflow.sdk import DAG

        with DAG("waits", schedule=None, is_paused_upon_creation=False):
            ExternalTaskSensor(
                task_id="wait", external_dag_id="waited_for", external_task_id="early", poke_interval=0.2,
                timeout=60, mode="poke",
            )
        """,
    )
    when = "2026-01-01T00:00:00Z"
    waits = airflow.api("/dags/waits/dagRuns", {"logical_date": when})["dag_run_id"]
    wait_until(lambda: airflow.states("waits", waits)["wait"] == "running", 60)
    airflow.api("/dags/waited_for/dagRuns", {"logical_date": when})
    assert airflow.wait("waits", waits) == "success"


def test_a_file_with_a_mistake_hides_no_other_and_says_what_is_wrong(airflow: Airflow) -> None:
    broken = airflow.dags / "broken.py"
    broken.write_text(
        "from py.pipeline import Binary, Pipeline, airflow_dag\n"
        "pipeline = Pipeline('broken')\n"
        "build = pipeline.step('build', Binary('./sh')(do='x'), outputs=['image'])\n"
        "pipeline.step('use', Binary('./sh')(do=build['imgae']))\n"
        "dag = airflow_dag(pipeline)\n"
    )
    try:
        airflow.put("beside.py", SHOWN.replace('"shown"', '"beside"'))

        def told() -> list[str]:
            errors = airflow.api("/importErrors")["import_errors"]
            return [row["stack_trace"] for row in errors if row["filename"] == "broken.py"]

        wait_until(told, 60)
        assert "DefinitionError: step 'build' has no output 'imgae'" in told()[0]
        assert "broken.py\", line 4" in told()[0]
    finally:
        broken.unlink()
    with pytest.raises(Refused, match="404"):
        airflow.trigger("broken")


def test_a_step_marked_as_success_that_has_not_run_makes_no_green_run(airflow: Airflow) -> None:
    airflow.program("sh", SHELL)
    airflow.put(
        "whitewashed.py",
        """
        from py.pipeline import Binary, Pipeline, airflow_dag

        sh = Binary("./sh")
        pipeline = Pipeline("whitewashed")
        hold = pipeline.step("hold", sh(do="until test -e $WORKSPACE/go; do sleep 0.1; done"))
        make = pipeline.step("make", sh(do="true"), outputs=["image"], after=[hold])
        pipeline.step("use", sh(do=make["image"]))
        pipeline.done()
        dag = airflow_dag(pipeline)
        """,
    )
    run = airflow.trigger("whitewashed")
    wait_until(lambda: airflow.states("whitewashed", run)["hold"] == "running", 60)
    airflow.api(f"/dags/whitewashed/dagRuns/{run}/taskInstances/make", {"new_state": "success"}, "PATCH")
    wait_until(lambda: list(airflow.runs.glob("whitewashed-*/workspace")), 60)
    [workspace] = airflow.runs.glob("whitewashed-*/workspace")
    (workspace / "go").touch()
    assert airflow.wait("whitewashed", run) == "failed"
    assert list(map(str, runs.read(workspace.parent).reasons)) == [
        "make failed: somebody marked it as success, but it has not run",
        "use failed: make has left no output image, although it counts as success",
    ]


def test_a_dry_run_shows_every_command_and_hands_on_placeholders(airflow: Airflow) -> None:
    airflow.put(
        "pretended.py",
        """
        from py.pipeline import Binary, Pipeline, airflow_dag

        pipeline = Pipeline("pretended")
        make = pipeline.step("make", Binary("./nowhere")("make"), outputs=["image"])
        pipeline.step("use", Binary("./nowhere")("use", image=make["image"]))
        pipeline.done()
        dag = airflow_dag(pipeline)
        """,
    )
    run = airflow.trigger("pretended", {"dryrun": True})
    assert airflow.wait("pretended", run) == "success"
    task = f"/dags/pretended/dagRuns/{run}/taskInstances"
    assert airflow.api(f"{task}/make/xcomEntries/return_value")["value"] == {"image": "<make.image>"}
    assert "would run: ./nowhere use '--image=<make.image>'" in airflow.log("pretended", run, "use")


def test_without_airflow_the_line_that_makes_a_dag_makes_nothing(tmp_path: Path) -> None:
    (tmp_path / "shown.py").write_text(SHOWN + "\nassert dag is None\n")
    code = "import sys; sys.modules['airflow.sdk'] = None; import runpy; runpy.run_path(sys.argv[1])"
    argv = [sys.executable, "-c", code, str(tmp_path / "shown.py")]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
