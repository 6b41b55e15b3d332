"""A step that prints a lot in Airflow: to its file whatever Airflow's logger does; stock has that logger."""

import functools
from datetime import datetime
from statistics import median

from benchmarks.in_airflow.servers import Server, Servers, seconds
from benchmarks.measure import Taken, rounds
from benchmarks.table import Row, missing

LEAST = 100.0  # MB/s
STOCK = 10  # MB: more would only take longer


def rows(servers: Servers, n: int, megabytes: int) -> list[Row]:
    """MB/s of the task, from its start to its end."""
    ours, stock = servers.both()
    sizes = {
        f"Windtunnel, {megabytes} MB": (ours, megabytes),
        f"stock, BashOperator, {min(STOCK, megabytes)} MB": (stock, min(STOCK, megabytes)),
    }
    taken = rounds(
        "output in Airflow",
        {name: functools.partial(_task, *of) for name, of in sizes.items()}, n,
    )  # fmt: skip
    if missed := [missing(name) for name in sizes if name not in taken]:
        return missed
    speeds = {name: [of[1] / each.seconds for each in taken[name]] for name, of in sizes.items()}
    mine, theirs = speeds.values()
    ratio = median(a / b for a, b in zip(mine, theirs, strict=True))
    name, other = sizes
    speed = median(mine)
    return [
        Row(name, f"{speed:.0f} MB/s", f"{ratio:.0f} × stock", f"≥ {LEAST:g} MB/s", speed >= LEAST),
        Row(other, f"{median(theirs):.2f} MB/s", "1 × stock"),
    ]


def _task(server: Server, megabytes: int) -> Taken:
    """The time of the one task, from its start to its end."""
    run_id = server.trigger("chatty", {"MEGABYTES": megabytes})
    server.ended("chatty", [run_id])
    server.taken("chatty", run_id, datetime.now().timestamp())
    task = next(row for row in server.tasks("chatty", run_id) if row["task_id"] == "gush")
    return Taken(seconds(task["end_date"]) - seconds(task["start_date"]))
