"""What a person reads when a run is over: what failed, how to repeat it, the verdict and the results."""

import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from py.pipeline.run import FAILED, Record, Run

RUNS = os.environ.get("WINDTUNNEL_RUNS") or "runs"  # the folder of runs, as from where a person stands
TAIL = 12  # lines of a failed step's output that are shown


class Failure(NamedTuple):
    """A step that failed: why, its last words, where its log is, and the command that repeats it."""

    step: str
    reason: str
    tail: str
    log: str
    by_hand: str


def failures(run: Run) -> list[Failure]:
    """The failed steps of a run whose folder is on this machine."""
    folder = near(run.folder.parent)
    where = "" if folder == near(Path(RUNS)) else f" --runs={shlex.quote(folder)}"
    return [
        Failure(
            name,
            record.reason,
            record.tail,
            near(run.step_folder(name) / "log.txt"),
            f"python -m py.e2e command {run.name} {name}{where}",
        )
        for name in run.steps
        if (record := run.records.get(name)) and record.state == FAILED
    ]


def show(
    run: str, result: str, reasons: Iterable[object], notes: Iterable[object], seconds: float, *,
    dryrun: bool, failed: Iterable[Failure], results: str, report: str = "",
) -> None:  # fmt: skip
    """Print the summary of a run that is over, and why; `results` says where they are, `report` its page."""
    for failure in failed:
        print(f"\n{failure.step} {failure.reason}")
        print("".join(f"  | {line}\n" for line in failure.tail.splitlines()[-TAIL:]), end="")
        print(f"  log:      {failure.log}")
        if failure.by_hand:
            print(f"  by hand:  {failure.by_hand}")
    note = " (dry run: no command was started)" if dryrun else ""
    print(f"\n{result}: {run} in {seconds:.1f} s{note}")
    print("".join(f"  - {reason}\n" for reason in reasons), end="")
    print("".join(f"  note: {each}\n" for each in notes), end="")
    if report:
        print(f"  report:   {report}")
    print(f"  results:  {results}")


def table(records: Mapping[str, Record]) -> None:
    """Print a row for each step: how it ended, how long it took, and why it is not well."""
    columns(
        [
            (f"  {step}", record.state, f"{record.seconds:.1f} s" if record.seconds else "", record.reason)
            for step, record in records.items()
        ]
    )


def columns(rows: list[tuple[str, ...]]) -> None:
    """Print rows, each cell as wide as the widest of its column."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def page(run: Run) -> str:
    """Where the page of a run is that has its folder on this machine; empty if it could not be written."""
    from py.results import report  # late: the first step does not wait for it

    file = run.folder / report.NAME
    return near(file) if file.is_file() else ""


def near(path: Path) -> str:
    """The path as seen from here, if that is shorter."""
    return min(str(path), os.path.relpath(path), key=len)
