"""The same Airflow in Docker, as a person uses it: the containers are called `postgres` and `airflow`."""

import subprocess
from collections.abc import Iterator

import pytest

from py.servers.containers import volume
from py.tools.folders import ROOT
from tests.airflows import Airflow, free_port, new_folder

HELLO = """\
    from airflow.sdk import DAG
    from airflow.providers.standard.operators.python import PythonOperator

    with DAG("containers"):
        PythonOperator(task_id="greet", python_callable=lambda: print("{words}"))
    """


@pytest.fixture(scope="module")
def in_docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """An Airflow in Docker; its image is built when it is not there yet."""
    made = Airflow(new_folder())
    credentials = tmp_path_factory.mktemp("google") / "key.json"
    credentials.write_text("{}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(credentials))
        code, said = made.standalone(
            "run_airflow", "--mode=docker", f"--port={free_port()}", f"--dags={made.dags}"
        )
    assert code == 0, said
    yield made
    end(made)


def end(made: Airflow) -> None:
    """Remove it with its data."""
    made.end()
    for image in ("postgres:16", "windtunnel-postgres"):
        subprocess.run(["docker", "volume", "rm", volume(made.home, image)], check=False, capture_output=True)


def inside(script: str) -> tuple[int, str]:
    """Exit code and output of what a person types in `docker exec -ti airflow bash`."""
    done = subprocess.run(
        ["docker", "exec", "airflow", "bash", "-c", script], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.timeout(900)
def test_postgres_alone_can_be_started_and_stopped() -> None:
    made = Airflow(new_folder())
    try:
        assert made.standalone("run_postgre", "--mode=docker")[0] == 0
        assert "Postgres runs" in made.standalone("run_postgre", "--mode=docker")[1]
        assert made.standalone("stop") == (0, "stopped\n")
        assert made.standalone("stop")[1].startswith("nothing runs")
    finally:
        end(made)


@pytest.mark.timeout(900)
def test_a_shell_in_the_container_triggers_what_lies_in_the_checkout(in_docker: Airflow) -> None:
    in_docker.put("containers.py", HELLO.format(words="hello"))
    code, said = inside("airflow trigger_dag containers --run_id one --conf '{}'")
    assert code == 0, said
    assert in_docker.wait("containers", "one") == "success"
    in_docker.put("containers.py", HELLO.format(words="an edit"))
    assert in_docker.wait("containers", run := in_docker.trigger("containers")) == "success"
    assert "an edit" in in_docker.log("containers", run, "greet")


def test_only_this_machine_reaches_it(in_docker: Airflow) -> None:
    ports = subprocess.check_output(["docker", "port", "airflow"], text=True)
    assert ports.split()[2:] == [f"127.0.0.1:{in_docker.home.port()}"]
    assert not subprocess.check_output(["docker", "port", "postgres"])


def test_a_step_has_the_engine_the_credentials_and_the_code(in_docker: Airflow) -> None:
    code, said = inside("docker version --format '{{.Server.Version}}'")
    assert code == 0, said
    code, said = inside("cat $GOOGLE_APPLICATION_CREDENTIALS; echo x >> $GOOGLE_APPLICATION_CREDENTIALS")
    assert code == 1
    assert said.startswith("{}")
    assert inside("python -c 'import py; print(py.__file__)'") == (0, f"{ROOT}/py/__init__.py\n")


def test_a_step_can_make_a_cluster_of_the_machine(in_docker: Airflow) -> None:
    code, said = inside("python -m py.deploy create_cluster --cluster=host:// --name=containers")
    assert code == 0, said
    code, said = inside("python -m py.deploy teardown --cluster=host:// --name=containers --no-evidence")
    assert code == 0, said


def test_what_is_asked_of_another_mode_is_refused(in_docker: Airflow) -> None:
    code, said = in_docker.standalone("run_airflow", "--mode=embedded")
    assert code == 2
    assert "make stop" in said


def test_a_start_keeps_password_and_data_and_stopping_leaves_no_container(in_docker: Airflow) -> None:
    password = in_docker.home.password()
    assert in_docker.standalone("stop", "--patience=0") == (0, "stopped\n")
    names = subprocess.check_output(["docker", "ps", "--all", "--format={{.Names}}"], text=True).split()
    assert not {"airflow", "postgres"} & set(names)
    code, said = in_docker.standalone("run_airflow", "--mode=docker")
    assert code == 0, said
    assert in_docker.home.password() == password
    assert in_docker.api("/dags/containers/dagRuns/one")["state"] == "success"


def test_a_container_that_is_not_ours_is_left_alone(in_docker: Airflow) -> None:
    other = Airflow(new_folder())
    code, said = other.standalone("run_postgre", "--mode=docker")
    assert code == 2
    assert f"belongs to the Airflow in {in_docker.home.folder}" in said
    other.end()
    assert inside("true")[0] == 0
