"""A pipeline ten times as large: what a step costs must not grow with the number of its neighbours."""

import functools
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.measure import Program, once, rounds
from benchmarks.table import Row, missing
from py.tools.folders import ROOT

HERE = Path(__file__).parent
WIDTHS = (50, 500)  # of two layers
LIMIT = 1.25  # times the cost in the smaller one: about the same, with room for chance


def rows(n: int) -> list[Row]:
    """A row for each size; the cost counts from the pipeline's file to the verdict, not Python's start."""
    with tempfile.TemporaryDirectory() as runs:
        argv: list[str | Path] = [sys.executable, HERE / "runners" / "run_windtunnel.py", "wide", runs]
        measures = {
            f"{2 * width} steps, {width} wide": functools.partial(
                once, Program(argv, {"PYTHONPATH": str(ROOT), "WIDTH": str(width)})
            )
            for width in WIDTHS
        }
        taken = rounds("many steps", measures, n)
    small, large = measures
    if small not in taken or large not in taken:
        return [missing(name) for name in measures]
    costs = {
        name: [float(each.output) / (2 * width) for each in taken[name]]
        for name, width in zip(measures, WIDTHS, strict=True)
    }
    ratio = median(a / b for a, b in zip(costs[large], costs[small], strict=True))
    figures = {name: f"{median(each) * 1000:.2f} ms a step" for name, each in costs.items()}
    return [
        Row(small, figures[small], "1.00"),
        Row(large, figures[large], f"{ratio:.2f}", f"≤ {LIMIT:g}", ratio <= LIMIT),
    ]
