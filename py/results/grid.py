"""The history of a pipeline as data, and as one page that needs no server: rows are tests, columns runs."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from py.results import page, table
from py.results.builds import Found
from py.results.history import Row
from py.results.past import CUT, FAILED, FLAKY, NOT_RUN, PASSED, RUN, SKIPPED, Past
from py.tools.files import write_whole

_TEMPLATE = Path(__file__).with_suffix(".html")
MOST = 2000  # rows of the page; what hurts comes first
_SIGN = {PASSED: "P", FAILED: "F", FLAKY: "R", SKIPPED: "S", NOT_RUN: "N", CUT: "A"}  # as TestGrid calls them
_ABSENT, _GOING_ON = " ", "G"


def told(job: str, found: Found, rows: Sequence[Row]) -> dict[str, Any]:
    """All of it, as JSON can hold it; runs are called by their place in `runs`, whose first is the oldest.

    `outcomes` has a letter for each run: P passed, F failed, R both, S skipped, N not run, A aborted, G going
    on, and a blank where there is nothing. `said` has the first lines by the place of the run.
    """
    place = {run.id: index for index, run in enumerate(found.runs)}
    return {
        "job": job,
        "url": found.url,
        "total": found.total,
        "lost": found.lost,
        "runs": [_run(run) for run in found.runs],
        "rows": [_row(row, found.runs, place) for row in rows],
    }


def write(file: Path, job: str, found: Found, rows: Sequence[Row]) -> None:
    """Write the page. Links of a folder are relative to it: both can be moved together."""
    rows = sorted(rows, key=lambda row: row.subject.kind != RUN)  # the whole run is on top
    data = told(job, found, rows[:MOST]) | {"left": max(0, len(rows) - MOST)}
    for run, shown in zip(found.runs, data["runs"], strict=True):
        shown["href"] = _href(found.url, run, file)
    texts = {"title": page.plain(f"{job}: history"), "plain": _plain(rows[:MOST])}
    write_whole(file, page.filled(_TEMPLATE.read_text(), data, texts))


def _plain(rows: Sequence[Row]) -> str:
    """The figures, without JavaScript."""
    lines = ["".join(f"<td>{page.plain(cell)}" for cell in table.cells(row)) for row in rows]
    heads = "".join(f"<th>{page.plain(head)}" for head in table.HEADS)
    return "\n<tr>".join([f"<table><tr>{heads}", *lines, "</table>"])


def _run(run: Past) -> dict[str, Any]:
    kept = ("id", "folder", "page", "began", "result", "commit", "damaged")
    return {name: getattr(run, name) for name in kept}


def _row(row: Row, runs: Sequence[Past], place: dict[str, int]) -> dict[str, Any]:
    cells = [run.cells.get(row.subject) for run in runs]
    return {
        **row.subject._asdict(),
        **{name: getattr(row, name) for name in ("ran", "passed", "flips", "failing")},
        "median": _rounded(row.median),
        "p90": _rounded(row.p90),
        "since": place[row.since.id] if row.since else None,
        "last": {"run": place[row.last.run.id], "said": row.last.said} if row.last else None,
        "outcomes": "".join(
            _sign(run, cell.outcome) if cell else _ABSENT for run, cell in zip(runs, cells, strict=True)
        ),
        "seconds": [_rounded(cell.seconds) if cell else 0 for cell in cells],
        "said": {str(index): cell.said for index, cell in enumerate(cells) if cell and cell.said},
    }


def _sign(run: Past, outcome: str) -> str:
    return _GOING_ON if outcome == NOT_RUN and not run.result else _SIGN[outcome]


def _rounded(seconds: float | None) -> float | None:
    """Three digits: nobody reads more, and a page with many cells stays small."""
    return None if seconds is None else float(f"{seconds:.3g}")


def _href(url: str, run: Past, file: Path) -> str:
    """Where a browser finds the run's page; each character that could mean something is quoted."""
    if not run.page:
        return ""
    scheme, _, place = url.partition("://")
    name = f"{run.folder}/{run.page}"
    if scheme == "file":
        return quote(os.path.relpath(f"{place}/{name}", file.absolute().parent))
    bucket, _, folder = place.partition("/")
    inside = quote(f"{folder}/{name}" if folder else name)
    if scheme == "gs":
        return f"https://storage.cloud.google.com/{bucket}/{inside}"
    server = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    return (
        f"{server.rstrip('/')}/{bucket}/{inside}" if server else f"https://{bucket}.s3.amazonaws.com/{inside}"
    )
