"""The page of a run for people: one file that shows all of it, in any browser, with or without a network.

report.html beside this module is the page. It draws itself from a JSON document within it; this module puts
that in, and for a browser without JavaScript the verdict as plain text. What a run says was written
by whoever wrote the commit under test: page.py keeps it from becoming markup.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from py.results.page import filled, plain, policy
from py.results.verdict import ABORTED, FAILURE, SUCCESS
from py.tools.files import write_whole

NAME = "report.html"

_TEMPLATE = Path(__file__).with_name("report.html")
_WORDS = {SUCCESS: "passed", FAILURE: "failed", ABORTED: "aborted", "": "not over yet"}
_COLOURS = {SUCCESS: "1a7f45", FAILURE: "c0261f", ABORTED: "b07800", "": "1f5fbf"}


class Reason(TypedDict):
    """A sentence about a run; `subject` is the step that it speaks of, if any, `bad` what makes a run red."""

    subject: str
    text: str
    bad: bool


class Attempt(TypedDict):
    """An earlier attempt of a step."""

    state: str
    reason: str
    began: float
    seconds: float


class Step(TypedDict):
    """A step; `log` is the path of its log from the page, `tail` the end of that, of `shown_size` bytes."""

    name: str
    group: str
    state: str
    reason: str
    code: int | None
    began: float
    seconds: float
    timeout: float
    command: str
    outputs: Mapping[str, str]
    upstream: list[str]
    undoes: list[str]
    secrets: list[str]
    log: str
    log_size: int
    tail: str
    shown_size: int
    earlier: list[Attempt]


class Case(TypedDict):
    """A test: its state is passed, failed or skipped, and its text says why it has not passed."""

    classname: str
    name: str
    seconds: float
    state: str
    text: str


class Tests(TypedDict):
    """A JUnit file: `error` says why it cannot be read; `counts` counts all cases, `cases` may be fewer."""

    step: str
    file: str
    link: str
    error: str
    counts: dict[str, int]
    cases: list[Case]


class Artifact(TypedDict):
    """A file that was kept; `link` is its path from the page, empty if it is elsewhere."""

    path: str
    link: str
    size: int


class Page(TypedDict):
    """All that the page shows. Times are seconds since 1970; `result` is empty while the run is not over."""

    pipeline: str
    doc: str
    name: str
    engine: str
    dryrun: bool
    result: str
    reasons: list[Reason]
    began: float
    seconds: float
    written: float
    steps: list[Step]
    tests: list[Tests]
    artifacts: list[Artifact]
    artifact_count: int
    artifact_size: int
    change: dict[str, Any] | None
    params: Mapping[str, object]
    environment: Mapping[str, object]


def write(folder: Path, shown: Page) -> None:
    """Write the page into the run's folder, whole or not at all."""
    write_whole(folder / NAME, html(shown))


def html(shown: Page) -> bytes:
    """The page as a browser gets it."""
    title = f"{shown['pipeline']} {_WORDS[shown['result']]}: {shown['name']}"
    texts = {"title": plain(title), "colour": _COLOURS[shown["result"]], "plain": _without_script(shown)}
    return filled(_TEMPLATE.read_text(), shown, texts)


def may() -> str:
    """The page's policy, for who serves it; it is in the page's head as well."""
    return policy(_TEMPLATE.read_text())


def _without_script(shown: Page) -> str:
    """The verdict, its reasons and the steps, for a browser that runs no script."""
    rows = [
        f"<tr><td>{plain(step['name'])}<td>{step['state']}<td>{step['seconds']:.1f} s"
        f"<td>{plain(step['reason'])}"
        for step in shown["steps"]
    ]
    return "\n".join(
        [
            f"<h1>{plain(shown['pipeline'])}: {_WORDS[shown['result']]}</h1>",
            f"<p>{plain(shown['name'])}, {shown['seconds']:.1f} s</p>",
            "<ul>", *(f"<li>{plain(reason['text'])}" for reason in shown["reasons"]), "</ul>",
            "<table><tr><th>Step<th>State<th>Time<th>Why", *rows, "</table>",
            "<p>The logs are in the folder steps beside this page; with JavaScript it shows their ends.</p>",
        ]
    )  # fmt: skip
