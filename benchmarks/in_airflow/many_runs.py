"""Fifty runs queued at once: none is lost or fails, and a step takes no longer than in one run alone."""

from statistics import median

from benchmarks.in_airflow.servers import Server, Servers
from benchmarks.measure import NotMeasured, progress
from benchmarks.table import Row, missing

RUNS, STEPS = 50, 5
LIMIT = 1.5  # times


def rows(servers: Servers, n: int) -> list[Row]:
    """For each Airflow: a step's share of the time of one run, of fifty, and both as a ratio."""
    return [row for server in servers.both() for row in _rows(server, n)]


def _rows(server: Server, n: int) -> list[Row]:
    names = [
        f"{server.name}: one run alone, a step",
        f"{server.name}: {RUNS} runs at once, a step",
        f"{server.name}: runs that succeeded",
    ]
    try:
        server.run("short")
        alone = median(server.run("short").seconds for _ in range(n)) / STEPS
        progress(f"{RUNS} runs in {server.name}'s Airflow\n")
        all_of_them = server.queued("short", RUNS)
    except (NotMeasured, AssertionError) as error:
        progress(f"{server.name}: {error}\n")
        return [missing(name) for name in names]
    crowded = max(each.seconds for each in all_of_them) / (RUNS * STEPS)
    ours = server.name != "stock"
    budget, holds = (f"≤ {LIMIT:g} × alone", crowded <= LIMIT * alone) if ours else ("", None)
    return [
        Row(names[0], f"{alone * 1000:.0f} ms"),
        Row(names[1], f"{crowded * 1000:.0f} ms", f"{crowded / alone:.2f} × alone", budget, holds),
        Row(names[2], f"{len(all_of_them)} of {RUNS}", "", f"{RUNS} of {RUNS}" if ours else "", ours or None),
    ]
