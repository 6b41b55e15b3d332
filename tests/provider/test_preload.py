"""What every task needs is there when it is forked: no task spends its time on importing it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from py.tools.folders import ROOT
from tests.airflows import Airflow

NEEDED = ["airflow.providers.standard.operators.python", "py.pipeline.operators"]


def test_a_task_finds_airflows_operators_and_ours_loaded(airflow: Airflow) -> None:
    airflow.put(
        "preloaded.py",
        f"""\
        import sys
        from pathlib import Path
        there = [name for name in {NEEDED!r} if name in sys.modules]
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
    assert told.read_text().split() == NEEDED


def test_what_is_no_longer_as_it_was_loaded_is_loaded_anew(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "py", tmp_path / "py")
    script = """\
import os, sys
from pathlib import Path
from types import SimpleNamespace
from py.provider import preload

def forked(when):
    if not os.fork():
        print(when, any(name.startswith("py.pipeline") for name in sys.modules), flush=True)
        os._exit(0)
    os.wait()

file = Path(preload.__file__).parents[1] / "pipeline/odd.py"
file.touch()
preload.on_starting(SimpleNamespace(__tablename__="job"))
forked("as loaded:")
added = file.with_name("new.py")
added.touch()
forked("added:")
added.unlink()
forked("as before:")
file.write_text("# an edit")
forked("edited:")
file.unlink()
forked("deleted:")
"""
    env = os.environ | {"PYTHONPATH": str(tmp_path), "AIRFLOW_HOME": str(tmp_path / "home")}
    said = subprocess.check_output([sys.executable, "-c", script], env=env, cwd=tmp_path, text=True)
    assert said.splitlines() == [
        "as loaded: True", "added: False", "as before: True", "edited: False", "deleted: False",
    ]  # fmt: skip


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
