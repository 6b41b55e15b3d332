"""A local Airflow as a person starts, uses, breaks and stops it."""

import os
import socket
import sys
from collections.abc import Iterator

import psutil
import pytest

from py.servers.supervisor import parts
from tests.airflows import SLOW, Airflow, free_port, new_folder, ran
from tests.projects import wait_until

LONG = "long" * 30
HELLO = """\
    from airflow.sdk import DAG
    from airflow.providers.standard.operators.python import PythonOperator

    def greet():
        print("hello")

    with DAG("standalone"):
        PythonOperator(task_id="greet", python_callable=greet)
    """


@pytest.fixture(scope="module")
def local() -> Iterator[Airflow]:
    """An Airflow that these tests may break; each starts it again."""
    made = Airflow(new_folder())
    yield made
    made.end()


@pytest.fixture
def running(local: Airflow) -> Airflow:
    local.start()
    return local


def pid(of: Airflow, part: str) -> int:
    """The process of a part, 0 when it has none."""
    known = parts(of.home)
    return known[part].pid if known else 0


def processes(of: Airflow) -> list[psutil.Process]:
    """supervisord and all that it started."""
    try:
        top = psutil.Process(int((of.home.folder / "supervisord.pid").read_text()))
    except FileNotFoundError:
        return []
    return [top, *top.children(recursive=True)]


def lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def is_up(of: Airflow) -> bool:
    return of.standalone("status")[0] == 0


def test_what_cannot_be_is_refused_in_one_line(local: Airflow) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = local.standalone("run_airflow", "--mode=embedded", f"--port={port}")
    assert (code, said.count("\n")) == (2, 1)
    assert f"port {port}" in said
    code, said = local.standalone("run_airflow", "--mode=dokcer")
    assert code == 2
    assert "did you mean docker" in said
    code, said = local.standalone("run_airflow", "--port=70000")
    assert (code, said.count("\n")) == (2, 1)
    code, said = ran([sys.executable, "-m", "py.standalone", "run_postgre", f"--home=/{LONG}"], local.env)
    assert (code, said.count("\n")) == (2, 1)
    assert "too long" in said
    assert not processes(local)


def test_before_anything_was_started_there_is_nothing_to_stop(local: Airflow) -> None:
    assert local.standalone("stop") == (0, f"nothing runs in {local.home.folder}\n")
    assert local.standalone("status")[0] == 1


def test_postgres_alone_can_be_started_first(local: Airflow) -> None:
    assert local.standalone("run_postgre", "--mode=embedded")[0] == 0
    assert pid(local, "postgres")
    assert not pid(local, "scheduler")
    assert "runs" in local.standalone("run_postgre", "--mode=embedded")[1]


def test_a_start_tells_where_it_is_and_a_second_one_changes_nothing(local: Airflow) -> None:
    port = free_port()
    code, said = local.standalone("run_airflow", "--mode=embedded", f"--port={port}", f"--dags={local.dags}")
    assert code == 0, said
    assert f"http://localhost:{port}" in said
    assert local.home.password() in said
    before = {process.pid for process in processes(local)}
    code, said = local.standalone("run_airflow", "--mode=embedded")
    assert code == 0
    assert f"runs: http://localhost:{port}" in said
    assert {part.pid for part in parts(local.home).values()} <= before
    assert local.standalone("run_airflow", "--mode=embedded", "--port=1") == (
        2, f"error: Airflow runs on port {port} already; `make stop` ends it\n",
    )  # fmt: skip


def test_nobody_else_reaches_it(running: Airflow) -> None:
    listening = [
        connection.laddr
        for process in processes(running)
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert set(listening) == {("127.0.0.1", running.home.port())}
    assert running.home.folder.stat().st_mode & 0o77 == 0
    assert running.home.env_file.stat().st_mode & 0o77 == 0


def test_a_dag_that_is_put_there_runs_and_an_edit_counts(running: Airflow) -> None:
    assert running.put("standalone.py", HELLO) == ["standalone"]
    run = running.trigger("standalone")
    assert running.wait("standalone", run) == "success"
    assert "hello" in running.log("standalone", run, "greet")
    running.put("standalone.py", HELLO.replace("greet", "part"))
    assert running.wait("standalone", run := running.trigger("standalone")) == "success"
    assert running.states("standalone", run) == {"part": "success"}
    with pytest.raises(AssertionError, match="SyntaxError"):
        running.put("standalone_broken.py", "from airflow.sdk import DAG\nDAG(")
    assert running.wait("standalone", running.trigger("standalone")) == "success"


def test_a_shell_gets_it_by_one_line(running: Airflow) -> None:
    words = ["bash", "-c", ". airflow/activate && airflow config get-value api port"]
    env = {"WINDTUNNEL_AIRFLOW_HOME": str(running.home.folder), "PATH": os.defpath}
    code, said = ran(words, env)
    assert (code, said) == (0, f"{running.home.port()}\n")
    code, said = ran(["bash", "-c", ". airflow/activate"], env | {"WINDTUNNEL_AIRFLOW_HOME": "/nowhere"})
    assert "run_airflow" in said


def test_killed_parts_are_there_again_and_nothing_of_them_is_left(running: Airflow) -> None:
    killed = {part: psutil.Process(pid(running, part)) for part in parts(running.home)}
    trees = [each for process in killed.values() for each in (process, *process.children(recursive=True))]
    for process in killed.values():
        process.kill()
    assert len(killed) == 4
    wait_until(lambda: all(pid(running, part) not in (0, old.pid) for part, old in killed.items()), SLOW)
    wait_until(lambda: is_up(running), SLOW)
    assert not [process for process in trees if lives(process)]


def test_stopping_ends_the_steps_that_run_and_leaves_no_process_and_no_socket(running: Airflow) -> None:
    tree = processes(running)
    code, said = running.standalone("stop", "--patience=0")
    assert (code, said.splitlines()[-1]) == (0, "stopped")
    assert not any(map(lives, tree))
    assert not [path for path in running.home.folder.iterdir() if path.is_socket()]
