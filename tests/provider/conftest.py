"""A pipeline in a real Airflow, whose one step keeps the words that it was started with."""

import json
import subprocess
import sys
from collections.abc import Sequence

import pytest

from tests.airflows import Airflow

DAG = """\
    from py.pipeline import Binary, Pipeline, airflow_dag

    pipeline = Pipeline("provided", doc="A sample.")
    words = {
        "who": pipeline.param("WHO", "world", help="Whom to greet."),
        "count": pipeline.param("COUNT", 3),
        "ratio": pipeline.param("RATIO", 0.5),
        "size": pipeline.param("SIZE", "small", choices=["small", "large"], help="How much of it."),
        "pull": pipeline.param("PULL", "", pattern="[0-9]*"),
        "text": pipeline.param("TEXT", "one\\ntwo"),
    }
    pipeline.preset("big", SIZE="large", COUNT=9)
    pipeline.step("show", Binary("./show")("it", **words))
    pipeline.done()

    dag = airflow_dag(pipeline)
    """
SHOW = """\
#!/usr/bin/env bash
printf '%s\\0' "$@" > "$ARTIFACTS/words"
"""
# Airflow's own main, once for each command line: its start-up takes longer than all of them together.
MANY = """\
import contextlib, io, json, sys
from airflow.__main__ import main

def said(words):
    out, sys.argv = io.StringIO(), ["airflow", *words]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(out):
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code
    return code, out.getvalue()

answers = [said(words) for words in json.load(sys.stdin)]
print("\\n" + json.dumps(answers))
"""


@pytest.fixture(scope="session")
def provided(airflow: Airflow) -> str:
    """The name of the DAG."""
    program = airflow.folder / "show"
    program.write_text(SHOW)
    program.chmod(0o755)
    airflow.put("provided.py", DAG)
    return "provided"


def commands(airflow: Airflow, lines: Sequence[Sequence[str]]) -> list[tuple[int, str]]:
    """Exit code and stderr of each `airflow …`."""
    done = subprocess.run(
        [sys.executable, "-c", MANY], env=airflow.env, input=json.dumps(lines), text=True,
        capture_output=True, timeout=200, check=True,
    )  # fmt: skip
    return [(code, text) for code, text in json.loads(done.stdout.splitlines()[-1])]


def runs_of(airflow: Airflow, dag: str) -> int:
    """How many runs the DAG has had."""
    return int(airflow.api(f"/dags/{dag}/dagRuns?limit=1")["total_entries"])
