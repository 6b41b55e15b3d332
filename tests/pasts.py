"""Runs as they lie in a store once they are over, made in a moment."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from py.results import junit, layout, metadata
from py.results.junit import Case
from py.results.layout import PERIODIC, POSTSUBMIT, PRESUBMIT, Job
from py.results.verdict import STEPS_JUNIT, SUCCESS
from py.tools.refs import Pull, Refs

EPOCH = 1_790_000_000  # seconds since 1970, when the first of these runs began
EVERY = 3600  # seconds from one run to the next


def job(number: int, commit: str = "", pull: int = 0, name: str = "nightly") -> Job:
    """The `number`th run of a job: of a pull request, of a commit, or of nothing that is known."""
    kind = PRESUBMIT if pull else POSTSUBMIT if commit else PERIODIC
    pulls = (Pull(pull, commit),) if pull else ()
    refs = Refs("main", "ba5e" if pull else commit, pulls) if commit else Refs()
    build = layout.build_id(EPOCH + number * EVERY, "")
    return Job(kind, name, build, "org" if commit else "", "repo" if commit else "", refs)


def keep(
    root: Path,
    this: Job,
    *,
    result: str = SUCCESS,
    steps: Sequence[Case] = (),
    tests: Mapping[str, Sequence[Case]] | None = None,
    seconds: int = 60,
) -> Path:
    """Write a run into the store in a folder, and return its own folder; without a result it goes on."""
    folder = root / layout.folder(this)
    began = int(this.build[:15]) // 100_000
    _write(folder / "started.json", metadata.started(this, began))
    if result:
        _write(folder / "finished.json", metadata.finished(this, began + seconds, result, {}))
    if steps:
        junit.write(folder / "artifacts" / STEPS_JUNIT, this.name, steps)
    for name, cases in (tests or {}).items():
        junit.write(folder / "artifacts" / name, name, cases)
    (folder / "report.html").write_text("<!doctype html><title>a report</title>")
    if alias := layout.alias(this):
        (root / alias).parent.mkdir(parents=True, exist_ok=True)
        (root / alias).write_text(f"gs://another-bucket/{layout.folder(this)}")
    return folder


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
