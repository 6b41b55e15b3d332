"""`airflow trigger_dag`, as notes of Airflow 1 have it."""

import json
import subprocess
import sys
from itertools import product

from py.pipeline.run import name_of
from tests.airflows import Airflow, quoted
from tests.provider.conftest import commands


def test_every_old_spelling_starts_a_run(airflow: Airflow, provided: str) -> None:
    spellings = list(product(["--conf", "-conf", "-c"], ["--run-id", "--run_id", "-r"]))
    lines = [
        ["trigger_dag", provided, conf, '{"dryrun": true}', run_id, f"spelled{conf}{run_id}"]
        for conf, run_id in spellings
    ]
    assert commands(airflow, lines) == [(0, "")] * 9
    for *_, run_id in lines:
        made = airflow.api(f"/dags/{provided}/dagRuns/{quoted(run_id)}")
        assert made["conf"] == {"dryrun": True}


def test_it_says_the_names_of_the_run_and_where_to_watch_it(airflow: Airflow, provided: str) -> None:
    code, said = airflow.cli("trigger_dag", provided, "-r", "told:1+1", "--conf", '{"dryrun": true}')
    assert code == 0, said
    told = dict(line.split(None, 1) for line in said.splitlines())
    assert told["dag_run_id"] == "told:1+1"
    assert told["run_name"] == name_of(provided, "told:1+1")
    assert told["url"].endswith(f"/dags/{provided}/runs/told%3A1%2B1")


def test_json_is_alone_on_stdout(airflow: Airflow, provided: str) -> None:
    argv = ["airflow", "trigger_dag", provided, "-o", "json", "--conf", '{"dryrun": true}']
    done = subprocess.run(argv, env=airflow.env, text=True, capture_output=True, timeout=100, check=True)
    (told,) = json.loads(done.stdout)
    assert json.loads(told["conf"]) == {"dryrun": True}


def test_a_run_has_the_date_that_is_given(airflow: Airflow, provided: str) -> None:
    words = ["trigger_dag", provided, "-e", "2026-02-03T04:05:06", "-r", "dated", "-c", '{"dryrun": true}']
    assert commands(airflow, [words]) == [(0, "")]
    assert airflow.api(f"/dags/{provided}/dagRuns/dated")["logical_date"].startswith("2026-02-03T04:05:06")


def test_an_unknown_dag_is_told_with_those_of_like_names(airflow: Airflow, provided: str) -> None:
    words = [["trigger_dag", "provide"], ["dags", "trigger", "provide"]]
    old, new = commands(airflow, words)
    assert old == new
    assert old[0] == 2
    assert old[1].startswith("error: there is no DAG 'provide'; did you mean provided")


def test_a_paused_dag_gets_its_run_and_a_warning(airflow: Airflow, provided: str) -> None:
    airflow.api(f"/dags/{provided}", {"is_paused": True}, "PATCH")
    try:
        ((code, said),) = commands(airflow, [["trigger_dag", provided, "-r", "paused"]])
    finally:
        airflow.api(f"/dags/{provided}", {"is_paused": False}, "PATCH")
    assert code == 0
    assert f"warning: {provided} is paused" in said
    assert f"airflow dags unpause {provided}" in said


def test_a_database_that_is_away_is_a_failure_in_a_line(airflow: Airflow, provided: str) -> None:
    nowhere = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://nobody@127.0.0.1:1/none"}
    argv = ["airflow", "trigger_dag", provided]
    done = subprocess.run(argv, env=airflow.env | nowhere, text=True, capture_output=True, check=False)
    assert done.returncode == 1
    assert "error: Airflow could not do it: OperationalError" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_every_command_of_airflow_loads_from_us_is_light() -> None:
    loads = "import py.provider, py.provider.door, py.provider.command; py.provider.get_provider_info(); "
    asks = f"import sys; import airflow.cli.cli_config; before = set(sys.modules); {loads}"
    tells = "print(sorted(name for name in set(sys.modules) - before if not name.startswith('wrapt')))"
    done = subprocess.run([sys.executable, "-c", asks + tells], text=True, capture_output=True, check=True)
    heavy = set(eval(done.stdout.splitlines()[-1])) - {"py", "py.provider"}
    assert heavy <= {"py.provider.door", "py.provider.command", "_wrapt"}
