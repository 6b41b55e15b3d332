"""What a run's folder tells about the run once it is history: how it ended, what it tested, each case.

Anybody may have written the folder. What cannot be read is named in `damaged`, and the rest is used.
"""

import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from py.artifacts import Item, Store
from py.results import junit
from py.results.junit import Case
from py.results.verdict import ABORTED, FAILURE, STEPS_JUNIT, SUCCESS

RUNNING = ""  # the result of a run that has none yet
PASSED, FAILED, FLAKY, SKIPPED = "passed", "failed", "flaky", "skipped"
CUT, NOT_RUN = "aborted", "not run"
RUN, STEP, TEST = "run", "step", "test"
LONGEST = 300  # characters of a name, or of a reason, that are kept
LARGEST = 20_000_000  # bytes of a file that is read
MOST = 20_000  # cells of a run
PAGES = ("report.html", "build-log.txt")  # what a person wants to see of a run, the best first
_JUNIT = re.compile(r"artifacts/(?:.*/)?junit(?:_([^_]*))?[^/]*\.xml")
_NO_FAILURE = re.compile(r"attempt \d+ (passed|aborted|not run)\b")  # as the runner tells of earlier ones
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


class Subject(NamedTuple):
    """What has a history: the whole run, a step, or a test; `group` is the word in the test's JUnit file."""

    kind: str
    group: str
    name: str


class Cell(NamedTuple):
    """How a subject fared in a run; it is flaky if it both passed and failed in it."""

    outcome: str
    seconds: float
    said: str = ""  # the first line of its failure, or why it was skipped


class Past(NamedTuple):
    """A run: `result` is empty as long as it is not over.

    `tested` is the same for two runs exactly if they tested the same code, and empty if that is not known;
    `commit` is how people call it. Times are seconds since 1970, and seconds.
    """

    id: str
    folder: str  # in its store
    page: str  # the file in the folder for people; empty if there is none
    began: float
    result: str
    commit: str
    tested: str
    cells: Mapping[Subject, Cell]
    damaged: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it says anything about what it tested."""
        return self.result in (SUCCESS, FAILURE)


def listed(store: Store, folder: str) -> dict[str, Item]:
    """The files of a run by their path in its folder."""
    return {item.name.removeprefix(f"{folder}/"): item for item in store.list(folder)}


def read(
    store: Store,
    folder: str,
    job: str,
    *,
    files: Mapping[str, Item] | None = None,
    began: float = 0.0,
    result: str = RUNNING,
) -> Past:
    """The run in a folder of a store; `began` and `result` stand in for what the folder does not tell."""
    files = listed(store, folder) if files is None else files
    damaged: list[str] = []
    started = document(store, files.get("started.json"), damaged)
    finished = document(store, files.get("finished.json"), damaged)
    begin, end = number(started.get("timestamp")) or began, number(finished.get("timestamp"))
    result = _result(finished) if "finished.json" in files else result
    metadata = finished.get("metadata")
    said = metadata if isinstance(metadata, dict) else {}
    commit, tested = _tested(started, finished, said)
    whole = Cell(_OF_RUN.get(result, NOT_RUN), max(0.0, end - begin), line(said.get("reasons")))
    cells = {Subject(RUN, "", job): whole}
    for name, item in files.items():
        if found := _JUNIT.fullmatch(name):
            group = "" if (found[1] or "").isdigit() else line(found[1] or "")  # a number: of a thread
            for case in _cases(store, item, damaged)[: MOST - len(cells)]:
                subject = _subject(name, group, case.classname, case.name)
                cell = _step(case) if subject.kind == STEP else _cell(case)
                cells[subject] = _both(cells[subject], cell) if subject in cells else cell
    if len(cells) == MOST:
        damaged.append(f"{folder} holds {MOST:,} tests or more; more are not looked at")
    page = next((name for name in PAGES if name in files), "")
    return Past(folder.rpartition("/")[2], folder, page, begin, result, commit, tested, cells, tuple(damaged))


def document(store: Store, item: Item | None, damaged: list[str]) -> dict[str, Any]:
    """The JSON object in a file, empty if there is no such file; what is wrong with it goes to `damaged`."""
    content = _content(store, item, damaged) if item else None
    if item is None or content is None:
        return {}
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        damaged.append(f"{item.name} is no JSON: {line(str(error))}")
        return {}
    if not isinstance(found, dict):
        damaged.append(f"{item.name} holds no JSON object")
        return {}
    return found


def number(value: object) -> float:
    """A time that somebody wrote; 0 if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if 0 <= value < 1e11 and math.isfinite(value) else 0.0


def line(text: object) -> str:
    """The first line of a text, of at most so many characters, without what would move a cursor."""
    first = text.strip()[: 4 * LONGEST].partition("\n")[0] if isinstance(text, str) else ""
    plain = _UNPRINTABLE.sub(" ", first).strip()
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"


def _content(store: Store, item: Item, damaged: list[str]) -> bytes | None:
    with store.open(item.name) as file:
        content = file.read(LARGEST + 1)  # its size in a list may be that of what is packed
    if len(content) > LARGEST:
        damaged.append(f"{item.name} is larger than {LARGEST // 1_000_000} MB")
        return None
    return content


def _cases(store: Store, item: Item, damaged: list[str]) -> list[Case]:
    content = _content(store, item, damaged)
    try:
        return junit.cases(content, item.name) if content is not None else []
    except ValueError as error:
        damaged.append(line(str(error)))
        return []


_OF_RUN = {SUCCESS: PASSED, FAILURE: FAILED, ABORTED: CUT}


def _result(finished: Mapping[str, Any]) -> str:
    """As the viewers take it: the words count, then `passed`; what says neither has failed."""
    said = finished.get("result")
    if isinstance(said, str) and said.upper() in _OF_RUN:
        return said.upper()
    return SUCCESS if finished.get("passed") is True and not said else FAILURE


def _tested(
    started: Mapping[str, Any], finished: Mapping[str, Any], metadata: Mapping[str, Any]
) -> tuple[str, str]:
    """The commit that was tested, and what tells it from others: all refs if each is a commit."""
    repos = started.get("repos")
    refs = {line(repo): line(what) for repo, what in repos.items()} if isinstance(repos, dict) else {}
    parts = [f"{part}:".split(":")[1] for what in refs.values() for part in what.split(",")]
    told = (started.get("repo-commit"), finished.get("revision"), metadata.get("repo-commit"), *parts[-1:])
    commit = next(filter(None, map(line, told)), "")
    whole = " ".join(f"{repo}={what}" for repo, what in sorted(refs.items())) if parts and all(parts) else ""
    return commit, whole or commit


@lru_cache(maxsize=10_000)  # the same tests are in all runs
def _subject(file: str, group: str, classname: str, name: str) -> Subject:
    if file == f"artifacts/{STEPS_JUNIT}":
        return Subject(STEP, "", line(name))
    return Subject(TEST, group, line(".".join(filter(None, (classname, name)))))


def _cell(case: Case) -> Cell:
    seconds = number(case.seconds)
    if case.failure:
        return Cell(FAILED, seconds, line(case.failure))
    if case.skipped:
        return Cell(SKIPPED, seconds, line(case.skipped))
    failed = next((said for said in case.earlier if not _NO_FAILURE.match(said)), "")
    return Cell(FLAKY, seconds, line(failed)) if failed else Cell(PASSED, seconds)


def _step(case: Case) -> Cell:
    """A step that did not run, or was cut short, stands as failed in its file, and says so first."""
    cell = _cell(case)
    if cell.outcome == FAILED:
        return cell._replace(outcome=next((o for o in (NOT_RUN, CUT) if cell.said.startswith(o)), FAILED))
    return cell


def _both(one: Cell, other: Cell) -> Cell:
    """Two cases of one name in a run: tried again, or written twice."""
    told = {one.outcome, other.outcome}
    if told & {FAILED, FLAKY}:
        outcome = FLAKY if told & {PASSED, FLAKY} else FAILED
    else:
        outcome = PASSED if PASSED in told else one.outcome
    said = next((cell.said for cell in (one, other) if cell.outcome in (FAILED, FLAKY)), "")
    return Cell(outcome, one.seconds + other.seconds, said or one.said)
