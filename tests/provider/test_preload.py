"""What every task needs is there when it is forked: no task spends its time on importing it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("change", ["edited", "added", "deleted"])
def test_what_is_no_longer_as_it_was_loaded_is_loaded_anew(tmp_path: Path, change: str) -> None:
    shutil.copytree(ROOT / "py", tmp_path / "py")
    (tmp_path / "py/pipeline/odd.py").touch()
    assert loaded_in_a_task(tmp_path, "") == "yes\n"
    edit = {
        "edited": "file.write_text('# an edit')",
        "added": "file.with_name('new.py').touch()",
        "deleted": "file.unlink()",
    }[change]
    assert loaded_in_a_task(tmp_path, edit) == "no\n"


def loaded_in_a_task(checkout: Path, edit: str) -> str:
    """Whether what is forked from a scheduler has ours loaded, after an edit of py/pipeline/odd.py."""
    script = f"""\
import os, sys
from pathlib import Path
from types import SimpleNamespace
from py.provider import preload
preload.on_starting(SimpleNamespace(__tablename__="job"))
file = Path("{checkout}/py/pipeline/odd.py")
{edit}
if not os.fork():
    print("yes" if any(name.startswith("py.pipeline") for name in sys.modules) else "no", flush=True)
    os._exit(0)
os.wait()
"""
    env = os.environ | {"PYTHONPATH": str(checkout), "AIRFLOW_HOME": str(checkout / "home")}
    return subprocess.check_output([sys.executable, "-c", script], env=env, cwd=checkout, text=True)


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
