"""What Airflow pays each time it looks at a file in `dags/`: our part of loading it."""

import functools
import sys
from statistics import median

from benchmarks.measure import Program, once, rounds
from benchmarks.table import Row, missing

FILE = "dags/tf_k8s_tests.py"
LIMIT = 0.05  # seconds
# Airflow has loaded these modules, and many more, before it comes to the file.
KNOWN = "ast, dataclasses, datetime, importlib.util, inspect, json, pathlib, re, subprocess, typing"
LOAD = f"""
import sys, time, {KNOWN}
sys.path.insert(0, ".")
began = time.perf_counter()
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("loaded", "{FILE}")
module = module_from_spec(spec)
spec.loader.exec_module(module)
print(time.perf_counter() - began)
"""


def rows(n: int) -> list[Row]:
    """One row: the time in a fresh interpreter, with all of ours that it imports."""
    what = f"loading {FILE}"
    taken = rounds("DAG file", {what: functools.partial(once, Program([sys.executable, "-c", LOAD]))}, n)
    if what not in taken:
        return [missing(what)]
    seconds = median(float(each.output) for each in taken[what])
    return [Row(what, f"{seconds * 1000:.1f} ms", "", f"< {LIMIT * 1000:.0f} ms", seconds < LIMIT)]
