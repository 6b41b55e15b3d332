"""Twenty steps of /bin/true one after the other: a task for each, all in one task, and stock Airflow."""

import functools
from collections.abc import Callable
from statistics import median

from benchmarks.in_airflow.servers import Servers
from benchmarks.measure import Taken, rounds
from benchmarks.table import Row, missing

CHAIN, JOINED, STOCK = "Windtunnel, a task for each", "Windtunnel, all in one task", "stock, BashOperators"
LIMITS = {CHAIN: 5.0, JOINED: 1.5}  # seconds
FIRST = "from the trigger to the first task's start"


def rows(servers: Servers, n: int) -> list[Row]:
    """The time from the trigger to the run's end, and to the first task, for each."""
    measures = {
        CHAIN: functools.partial(servers.ours.run, "chain"),
        JOINED: functools.partial(servers.ours.run, "joined"),
        STOCK: functools.partial(servers.stock.run, "chain"),
    }
    taken = rounds("20 steps in Airflow", measures, n)
    if STOCK not in taken:
        return [missing(name) for name in measures]
    made = [_row(name, "from the trigger to the end", taken, lambda it: it.seconds) for name in measures]
    return made + [_row(name, FIRST, taken, lambda it: it.stamps[0]) for name in (CHAIN, STOCK)]


def _row(name: str, of: str, taken: dict[str, list[Taken]], figure: Callable[[Taken], float]) -> Row:
    what = f"{of}: {name}"
    if name not in taken:
        return missing(what)
    value = median(map(figure, taken[name]))
    ratio = median(figure(a) / figure(b) for a, b in zip(taken[name], taken[STOCK], strict=True))
    limit = LIMITS.get(name) if of != FIRST else None
    budget, holds = (f"≤ {limit:g} s", value <= limit) if limit else ("", None)
    return Row(what, f"{value:.2f} s", f"{ratio:.2f} × stock", budget, holds)
