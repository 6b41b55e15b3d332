"""What Airflow pays each time it looks at a file in `dags/`: our part of loading it."""

import functools
import sys
import tempfile
from statistics import median

from benchmarks.measure import Program, Taken, once, rounds
from benchmarks.table import Row, missing
from py.provider.preload import NEEDED
from py.tools.folders import ROOT

FILE = "dags/tf_k8s_tests.py"
LIMIT = 0.05  # seconds
# Airflow has loaded these modules, and many more, before it comes to the file.
KNOWN = "ast, dataclasses, datetime, importlib.util, inspect, json, pathlib, re, subprocess, typing"
SDK = f"airflow.sdk, {', '.join(NEEDED)}"  # its scheduler and dag-processor have
LOAD = f"""
import sys, time, {KNOWN}
sys.path.insert(0, ".")
if sys.argv[1:]:
    import {SDK}
    with airflow.sdk.DAG("first", params={{"text": airflow.sdk.Param("", type="string")}}):
        airflow.providers.standard.operators.python.PythonOperator(task_id="task", python_callable=print)
    import gc
    gc.collect()
    gc.freeze()  # as Airflow does before it forks who loads the file
began = time.perf_counter()
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("loaded", "{FILE}")
module = module_from_spec(spec)
spec.loader.exec_module(module)
print(time.perf_counter() - began)
"""


def rows(n: int) -> list[Row]:
    """The time in a fresh interpreter, with all of ours that the file imports: alone, and beside Airflow."""
    argv = [sys.executable, "-c", LOAD]
    with tempfile.TemporaryDirectory() as home:
        env = {"AIRFLOW_HOME": home, "AIRFLOW_CONFIG": str(ROOT / "airflow/airflow.cfg")}
        programs = {
            f"loading {FILE}": Program(argv),
            "the same where Airflow is loaded, as a DAG": Program([*argv, "airflow"], env),
        }
        measures = {what: functools.partial(once, program) for what, program in programs.items()}
        taken = rounds("DAG file", measures, n)
    return [_row(what, taken.get(what, [])) for what in programs]


def _row(what: str, taken: list[Taken]) -> Row:
    if not taken:
        return missing(what)
    seconds = median(float(each.output.split()[-1]) for each in taken)
    return Row(what, f"{seconds * 1000:.1f} ms", "", f"< {LIMIT * 1000:.0f} ms", seconds < LIMIT)
