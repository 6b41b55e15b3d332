"""The result of a part: rows of figures with their budget, printed as a Markdown table."""

from collections.abc import Iterable
from typing import NamedTuple


class Row(NamedTuple):
    """A figure, what it is compared with, and whether the budget holds (None: there is no budget)."""

    what: str
    figure: str
    ratio: str = ""
    budget: str = ""
    holds: bool | None = None


MISSING = "not measured"


def missing(what: str, budget: str = "") -> Row:
    """The row of something that could not be measured."""
    return Row(what, MISSING, budget=budget)


def markdown(title: str, rows: Iterable[Row]) -> str:
    """The table under its title."""
    cells: list[tuple[str, ...]] = [("what", "figure", "ratio", "budget", "holds")]
    cells += [(*row[:4], {True: "yes", False: "no", None: ""}[row.holds]) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, tuple("-" * width for width in widths))
    lines = [" | ".join(map(str.ljust, line, widths)) for line in cells]
    return "\n".join([f"### {title}", "", *(f"| {line} |" for line in lines), ""])
