"""A local Airflow as a person starts, uses, breaks and stops it."""

from tests.airflows import Airflow

HELLO = """\
    from airflow.sdk import DAG
    from airflow.providers.standard.operators.python import PythonOperator

    with DAG("standalone_hello"):
        PythonOperator(task_id="greet", python_callable=lambda: print("hello"))
    """


def test_a_dag_that_is_put_there_runs(airflow: Airflow) -> None:
    assert airflow.put("standalone_hello.py", HELLO) == ["standalone_hello"]
    run = airflow.trigger("standalone_hello", {"a": 1})
    assert airflow.wait("standalone_hello", run) == "success"
    assert airflow.states("standalone_hello", run) == {"greet": "success"}
    assert "hello" in airflow.log("standalone_hello", run, "greet")
