"""The history of a pipeline as a table for a terminal: what hurts on top, what is well in a line below."""

import sys
import time
from collections import Counter
from collections.abc import Sequence

from py.results.builds import Found
from py.results.history import Row
from py.results.past import RUN, STEP, Past

HEADS = ("step or test", "passed", "flips", "median", "p90", "last failure")
MOST = 30  # rows that hurt; --html and --json have all
_WIDE = 1000  # columns, where nobody has to fold a line


def show(job: str, found: Found, rows: Sequence[Row]) -> None:
    """Print how the runs ended, a row for each step and each test that failed, and what is not readable."""
    counts = Counter(run.result or "running" for run in found.runs)
    ended = ", ".join(f"{count} {result}" for result, count in counts.most_common())
    whole = next(row for row in rows if row.subject.kind == RUN)
    print(f"{job}: the last {len(found.runs)} of {_runs(found.total)} in {found.url}: {ended}\n")
    bad = [row for row in rows if row.last and row is not whole]
    well = [row for row in rows if not row.last and row.subject.kind == STEP]
    _print([whole, *bad[:MOST], *well])
    if len(bad) > MOST:
        print(f"  and {len(bad) - MOST} more that failed; --html=FILE shows all")
    if tests := len(rows) - 1 - len(bad) - len(well):
        print(f"  {tests} test{'s' * (tests > 1)} passed whenever they ran")
    for row in bad[:MOST]:
        if row.flips:
            named = ", ".join(commit[:10] for commit in row.flips[-5:])
            print(f"  {_name(row)}: both passed and failed on {named}")
    lost = [*found.lost, *(each for run in found.runs for each in run.damaged)]
    if lost:
        print(f"\n{len(lost)} not readable: {'; '.join(lost[:3])}{'; …' if len(lost) > 3 else ''}")


def cells(row: Row) -> list[str]:
    """A row as people read it, below HEADS."""
    flips = str(len(row.flips) or "")
    return [_name(row), _rate(row), flips, _seconds(row.median), _seconds(row.p90), _last(row)]


def _print(rows: list[Row]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    tty = sys.stdout.isatty()
    console = Console(width=None if tty else _WIDE, highlight=False, emoji=False, markup=False)
    table = Table.grid(padding=(0, 2), expand=tty)
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=console.width * 2 // 5)
    for _ in HEADS[1:-1]:
        table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1 if tty else None)
    table.add_row(*HEADS, style="bright_black")
    for row in rows:
        style = "red" if row.failing else "yellow" if row.flips else ""
        table.add_row(*(Text(cell, style=style) for cell in cells(row)))
    with console.capture() as printed:
        console.print(table)
    print("\n".join(line.rstrip() for line in printed.get().splitlines()))


def _seconds(value: float | None) -> str:
    """A time as people say it."""
    if value is None:
        return ""
    if value < 100:
        return f"{value:.1f} s"
    return f"{value / 60:.1f} min" if value < 6000 else f"{value / 3600:.1f} h"


def _name(row: Row) -> str:
    if row.subject.kind == RUN:
        return "whole run"
    return ": ".join(filter(None, (row.subject.group, row.subject.name)))


def _rate(row: Row) -> str:
    """Cut, not rounded: 100 % is all of them."""
    return f"{int(row.rate * 1000) / 10:g} % of {row.ran}" if row.rate is not None else "–"


def _last(row: Row) -> str:
    """Since when it fails, if it does, and the first line of what it said last."""
    if not row.last:
        return ""
    when = f"{_at(row.last.run)}"
    if row.since:
        when = f"since {_at(row.since)} ({_runs(row.failing)})"
    return f"{when}: {row.last.said}" if row.last.said else when


def _at(run: Past) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.began)) if run.began else run.id
    return f"{when} {run.commit[:7]}".rstrip()


def _runs(count: int) -> str:
    return f"{count} run{'s' * (count != 1)}"
