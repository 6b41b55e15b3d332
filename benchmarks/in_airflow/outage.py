"""The API server is away for a minute while steps run: how many of them fail for it."""

import time

from benchmarks.in_airflow.servers import Server, Servers, seconds
from benchmarks.measure import NotMeasured, progress
from benchmarks.table import Row, missing
from py.servers import supervisor
from py.servers.health import ailing
from tests.projects import wait_until

AWAY = 62.0  # seconds
STEPS = {"goes_on": "runs through it", "ends": "ends during it"}


def rows(servers: Servers) -> list[Row]:
    """For each Airflow: what became of a step that runs through the outage, and of one that ends in it."""
    return [row for server in servers.both() for row in _rows(server)]


def _rows(server: Server) -> list[Row]:
    names = {task: f"{server.name}: a step that {what}" for task, what in STEPS.items()}
    try:
        tasks = _after_outage(server)
    except (NotMeasured, AssertionError) as error:
        progress(f"{server.name}: {error}\n")
        return [missing(name) for name in names.values()]
    ours = server.name != "stock"
    return [
        Row(name, _figure(tasks[task]), "", "success" if ours else "",
            tasks[task]["state"] == "success" if ours else None)
        for task, name in names.items()
    ]  # fmt: skip


def _after_outage(server: Server) -> dict[str, dict[str, object]]:
    run_id = server.trigger("outage")
    wait_until(lambda: list(server.states("outage", run_id).values()).count("running") >= len(STEPS), 180)
    progress(f"the API server of {server.name} is away for {AWAY:.0f} s\n")
    supervisor.stop(server.home, "api-server")
    time.sleep(AWAY)
    supervisor.start(server.home, "api-server")
    wait_until(lambda: not ailing(server.home.port()), 180)
    server.ended("outage", [run_id])
    return {row["task_id"]: row for row in server.tasks("outage", run_id)}


def _figure(task: dict[str, object]) -> str:
    took = seconds(str(task["end_date"])) - seconds(str(task["start_date"]))
    return f"{task['state']} after {took:.0f} s"
