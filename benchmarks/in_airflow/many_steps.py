"""Five hundred steps in one DAG: its file loads, also before each task, and the UI gets what it draws."""

import functools
import json
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

from benchmarks.in_airflow.servers import Server, Servers
from benchmarks.measure import NotMeasured, Taken, progress, rounds
from benchmarks.table import Row, missing
from tests.airflows import quoted
from tests.projects import wait_until

PARSE = 1.0  # seconds
SHOW = 2.0  # seconds until the UI has the whole answer
LOAD = """
import sys, time
from pathlib import Path
from airflow.dag_processing.dagbag import BundleDagBag
import airflow.providers.standard.operators.bash, airflow.providers.standard.operators.python
began = time.perf_counter()
file = Path(sys.argv[1])
bag = BundleDagBag(dag_folder=str(file), bundle_path=file.parent, bundle_name="dags-folder", safe_mode=False)
seconds = time.perf_counter() - began
assert not bag.import_errors, bag.import_errors
print(seconds)
"""
PAGES = {
    "the graph": "/ui/structure/structure_data?dag_id=large&external_dependencies=true",
    "the grid, its tasks": "/ui/grid/structure/large?limit=10",
    "the grid, its runs": "/ui/grid/runs/large?limit=10",
    "the grid, the states of a run": "/ui/grid/ti_summaries/large?run_ids={run}",
}


def rows(servers: Servers, n: int) -> list[Row]:
    """Loading the file, what a task waits for that, and the answers that the UI draws; stock beside each."""
    ours, stock = servers.both()
    running = {server.name: _begun(server) for server in (ours, stock)}
    try:
        measures: dict[str, Callable[[], Taken]] = {}
        for server in (ours, stock):
            measures[f"{server.name}: loading the file"] = functools.partial(_loaded, server)
            for page, address in PAGES.items():
                path = address.format(run=quoted(running[server.name]))
                measures[f"{server.name}: {page}"] = functools.partial(server.fetched, path)
        taken = rounds("500 steps in one DAG", measures, n)
        waits = {server.name: _parsing(server, running[server.name]) for server in (ours, stock)}
    finally:
        for server in (ours, stock):
            server.api(f"/dags/large/dagRuns/{quoted(running[server.name])}", {"state": "failed"}, "PATCH")
    made = []
    for what in [what for what in measures if what.startswith(ours.name)]:
        beside = what.replace(ours.name, stock.name)
        made += [_row(what, taken, beside), _row(beside, taken, "")]
    return made + [
        Row(f"{name}: of a task's start, loading the file", f"{wait:.0f} ms") for name, wait in waits.items()
    ]


def _row(what: str, taken: dict[str, list[Taken]], beside: str) -> Row:
    if what not in taken:
        return missing(what)
    value = median(each.seconds for each in taken[what])
    if beside not in taken:
        return Row(what, f"{value * 1000:.0f} ms")
    ratio = median(a.seconds / b.seconds for a, b in zip(taken[what], taken[beside], strict=True))
    limit = PARSE if "loading" in what else SHOW
    return Row(what, f"{value * 1000:.0f} ms", f"{ratio:.2f} × stock", f"< {limit:g} s", value < limit)


def _loaded(server: Server) -> Taken:
    """The time that Airflow's DagBag takes for the file, in a fresh process with Airflow loaded."""
    argv = [sys.executable, "-c", LOAD, str(server.dags / "large.py")]
    done = subprocess.run(argv, env=server.env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotMeasured(done.stderr.strip()[-500:])
    return Taken(float(done.stdout.split()[-1]))


def _begun(server: Server) -> str:
    """The id of a run of the DAG, in which some tasks have ended."""
    progress(f"a run of 500 steps begins in {server.name}'s Airflow\n")
    run_id = server.trigger("large")

    def some() -> bool:
        time.sleep(1)
        path = f"/dags/large/dagRuns/{quoted(run_id)}/taskInstances?state=success&limit=1"
        return int(server.api(path)["total_entries"]) >= 10

    wait_until(some, 120)
    return run_id


def _parsing(server: Server, run_id: str) -> float:
    """What tasks say of how long they loaded the DAG's file, in ms."""
    path = f"/dags/large/dagRuns/{quoted(run_id)}/taskInstances"
    told: list[float] = []
    for row in server.api(f"{path}?state=success&limit=9")["task_instances"]:
        log = server.api(f"{path}/{row['task_id']}/logs/1?full_content=true")["content"]
        told += [line["dag_file_parse_ms"] for line in log if "dag_file_parse_ms" in line]
    if not told:
        raise NotMeasured(f"no task tells how long it loaded: {json.dumps(log)[-300:]}")
    return median(told)
