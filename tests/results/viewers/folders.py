"""Runs' folders that every viewer sees as they are, and small changes that take this from them.

A case of the corpus is a clean folder, what is changed in it, and what is found then: each fault with its
file and the viewers that it matters to, no more and no less. To add one, write a line in corpus/.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from py.artifacts import open_store

NOW = 1_700_000_000.0  # when the folders are looked at, in seconds since 1970
BEGAN, ENDED = int(NOW) - 600, int(NOW) - 300
BUILD = "1700000000000000123"
SHA, HEAD, OTHER = "1" * 40, "2" * 40, "3" * 40
PRESUBMIT, POSTSUBMIT, PERIODIC, BATCH = "presubmit", "postsubmit", "periodic", "batch"
KINDS = (PRESUBMIT, POSTSUBMIT, PERIODIC, BATCH)
LOGS = f"logs/e2e/{BUILD}"
PULL = f"pr-logs/pull/org_repo/12/e2e/{BUILD}"
ALIAS = f"pr-logs/directory/e2e/{BUILD}.txt"
LATEST = "pr-logs/directory/e2e/latest-build.txt"
PULL_LATEST = "pr-logs/pull/org_repo/12/e2e/latest-build.txt"
LOGS_LATEST = "logs/e2e/latest-build.txt"
NEWEST = {PRESUBMIT: (LATEST, PULL_LATEST), BATCH: (LATEST,)}
PULLS = {PRESUBMIT: f",12:{HEAD}", BATCH: f",12:{HEAD},13:{OTHER}"}
PLACES = {PRESUBMIT: PULL, POSTSUBMIT: LOGS, PERIODIC: LOGS, BATCH: f"pr-logs/pull/batch/e2e/{BUILD}"}
ALL, ALL_JUNIT = "TestGrid Spyglass Gubernator kettle deck", "TestGrid Spyglass Gubernator kettle"
STARTED, FINISHED, JUNIT = "started.json", "finished.json", "artifacts/junit_unit.xml"


class Made(NamedTuple):
    """A folder that was made: the store's root, and the run's folder in it."""

    root: Path
    run: Path


Edit = Callable[[Made], object]


class Case(NamedTuple):
    """A broken folder: what is told of it, the clean folder that it was, the changes, and what is found.

    `root` is the URL of the store, if it is to be another than that of the folder where the test puts it.
    """

    name: str
    kind: str
    edits: Sequence[Edit]
    finds: Mapping[tuple[str, str], str]  # fault and file: the viewers
    root: str = ""


def make(root: Path, kind: str) -> Made:
    """A clean folder of a job of that type, in a store with what leads to it."""
    made = Made(root, root / PLACES[kind])
    refs = f"main:{SHA}{PULLS.get(kind, '')}"
    head = HEAD if kind in (PRESUBMIT, BATCH) else SHA
    said: dict[str, Any] = {"timestamp": BEGAN}
    if kind != PERIODIC:
        said |= {"repos": {"org/repo": refs}, "repo-commit": head}
    if kind in (PRESUBMIT, BATCH):
        said |= {"pull": "12"}
    end = {"timestamp": ENDED, "passed": True, "result": "SUCCESS", "metadata": {"cluster": "e2e-1"}}
    write(STARTED, said)(made)
    write(FINISHED, end if kind == PERIODIC else {**end, "revision": head})(made)
    write("prowjob.json", {"spec": {"refs": {"org": "org", "repo": "repo"}}, "status": {}})(made)
    write("artifacts/metadata.json", {"cluster": "e2e-1"})(made)
    write("build-log.txt", "it went well\n")(made)
    write("artifacts/junit_steps.xml", junit(case("build"), suite="steps"))(made)
    write(JUNIT, junit(case("adds"), case("later", '<skipped message="no GPU"/>')))(made)
    for name in NEWEST.get(kind, (LOGS_LATEST,)):
        beside(name, BUILD)(made)
    if kind == PRESUBMIT:
        alias()(made)
    return made


def case(name: str = "adds", inside: str = "", given: str = 'classname="sums" time="0.1"') -> str:
    """A <testcase>; without a name if that is empty."""
    named = f'name="{name}" ' if name else ""
    return f"<testcase {named}{given}>{inside}</testcase>"


def junit(*cases: str, suite: str = "unit", given: str = 'tests="1" failures="0" time="0.1"') -> str:
    """JUnit with one suite."""
    return f'<testsuites><testsuite name="{suite}" {given}>{"".join(cases)}</testsuite></testsuites>'


def write(name: str, content: object) -> Edit:
    """Write a file of the run: bytes, text, or an object as JSON."""

    def edit(made: Made) -> None:
        path = made.run / name
        path.parent.mkdir(parents=True, exist_ok=True)
        as_text = content if isinstance(content, str | bytes) else json.dumps(content)
        path.write_bytes(as_text if isinstance(as_text, bytes) else as_text.encode())

    return edit


def say(name: str, **fields: object) -> Edit:
    """Change fields of a JSON file of the run; `_` in a field stands for `-`."""

    def edit(made: Made) -> None:
        said = json.loads((made.run / name).read_bytes())
        write(name, said | {key.replace("_", "-"): value for key, value in fields.items()})(made)

    return edit


def drop(name: str, *fields: str) -> Edit:
    """Take fields out of a JSON file of the run."""

    def edit(made: Made) -> None:
        said = json.loads((made.run / name).read_bytes())
        write(name, {key: value for key, value in said.items() if key not in fields})(made)

    return edit


def remove(*names: str) -> Edit:
    """Remove files of the run."""

    def edit(made: Made) -> None:
        for name in names:
            (made.run / name).unlink()

    return edit


def rename(name: str, to: str) -> Edit:
    """Give a file of the run another name."""

    def edit(made: Made) -> None:
        (made.run / to).parent.mkdir(parents=True, exist_ok=True)
        (made.run / name).rename(made.run / to)

    return edit


def grow(name: str, size: int) -> Edit:
    """Let a file of the run have that many bytes; what is added takes no room."""
    return lambda made: os.truncate(made.run / name, size)


def link(name: str, to: str) -> Edit:
    """Put a link in a file's place."""

    def edit(made: Made) -> None:
        (made.run / name).unlink(missing_ok=True)
        (made.run / name).symlink_to(to)

    return edit


def beside(name: str, content: str | None) -> Edit:
    """Write a file of the store that is not the run's, or remove it."""

    def edit(made: Made) -> None:
        path = made.root / name
        if content is None:
            path.unlink()
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    return edit


def alias(text: str = "", metadata: Mapping[str, str] | None = None, to: str = PULL) -> Edit:
    """Write the alias of a presubmit: its text, and its metadata if that is not what it should be."""

    def edit(made: Made) -> None:
        url = f"file://{made.root}/{to}"
        told = {"link": url} if metadata is None else metadata
        open_store(str(made.root)).put(ALIAS, (text or url).encode(), metadata=told)

    return edit


def move(to: str) -> Edit:
    """Put the run elsewhere in the store."""

    def edit(made: Made) -> Made:
        target = made.root / to
        target.parent.mkdir(parents=True, exist_ok=True)
        made.run.rename(target)
        return Made(made.root, target)

    return edit


def changed(root: Path, kind: str, edits: Sequence[Edit]) -> Made:
    """A folder after changes."""
    made = make(root, kind)
    for edit in edits:
        moved = edit(made)
        made = moved if isinstance(moved, Made) else made
    return made
