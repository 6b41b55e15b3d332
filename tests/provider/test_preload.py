"""What every task needs is there when it is forked: no task spends its time on importing it."""

from tests.airflows import Airflow

OPERATORS = "airflow.providers.standard.operators.python"


def test_a_task_finds_airflows_operators_loaded_and_loads_ours_anew(airflow: Airflow) -> None:
    airflow.put(
        "preloaded.py",
        f"""\
        import sys
        from pathlib import Path
        ours = [name for name in sys.modules if name.startswith(("py.pipeline", "py.results", "py.tools"))]
        there = [name for name in ("{OPERATORS}", *ours) if name in sys.modules]
        from py.pipeline import Binary, Pipeline, airflow_dag
        Path("{airflow.folder}/preloaded").write_text(" ".join(there))
        pipeline = Pipeline("preloaded", doc="A sample.")
        pipeline.step("one", Binary("/bin/true")())
        pipeline.done()
        dag = airflow_dag(pipeline)
        """,
    )
    told = airflow.folder / "preloaded"
    told.unlink()
    assert airflow.wait("preloaded", airflow.trigger("preloaded")) == "success"
    assert told.read_text() == OPERATORS


def test_a_step_without_outputs_costs_no_xcom_and_no_rendered_fields(airflow: Airflow) -> None:
    airflow.put(
        "silent.py",
        """\
        from py.pipeline import Binary, Pipeline, airflow_dag
        pipeline = Pipeline("silent", doc="A sample.")
        pipeline.step("one", Binary("/bin/true")())
        pipeline.done()
        dag = airflow_dag(pipeline)
        """,
    )
    run_id = airflow.trigger("silent")
    assert airflow.wait("silent", run_id) == "success"
    task = f"/dags/silent/dagRuns/{run_id}/taskInstances/one"
    keys = {row["key"] for row in airflow.api(f"{task}/xcomEntries")["xcom_entries"]}
    assert "return_value" not in keys
    assert not airflow.api(task)["rendered_fields"]
