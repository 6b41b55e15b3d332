"""The memory of all parts of an Airflow that has nothing to do: just started, and after sixty tasks."""

import time

from benchmarks.in_airflow.servers import Server, Servers
from benchmarks.measure import pss
from benchmarks.table import Row
from py.servers.supervisor import parts

LIMIT = 1.1  # GiB
CALM = 15.0  # seconds that everything is left alone before it is looked at
RUNS = 3  # of 20 steps


def rows(servers: Servers) -> list[Row]:
    """MiB by part, and of all with their Postgres; stock beside."""
    looks = {server.name: _looks(server) for server in servers.both()}
    made = []
    for when in ("idle", f"after {20 * RUNS} steps"):
        for name, look in looks.items():
            figures = look[when]
            total, stock = sum(figures.values()), sum(looks["stock"][when].values())
            each = ", ".join(f"{part} {mib:.0f}" for part, mib in figures.items())
            limited = when == "idle" and name != "stock"
            budget, holds = (f"≤ {LIMIT:g} GiB", total <= LIMIT * 1024) if limited else ("", None)
            what, ratio = f"{name}, {when}: {each}", f"{total / stock:.2f} × stock"
            made.append(Row(what, f"{total:.0f} MiB", ratio, budget, holds))
    return made


def _looks(server: Server) -> dict[str, dict[str, float]]:
    time.sleep(CALM)
    idle = _of_parts(server)
    for _ in range(RUNS):
        server.run("chain")
    time.sleep(CALM)
    return {"idle": idle, f"after {20 * RUNS} steps": _of_parts(server)}


def _of_parts(server: Server) -> dict[str, float]:
    return {name: pss(part.pid) for name, part in parts(server.home).items()}
