"""A run's folder in a store: what is copied when, and in which order."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from py.artifacts import open_store
from py.results import layout
from py.results.layout import Job
from py.results.mirror import Mirror
from py.tools.errors import StoreError
from py.tools.refs import Pull, Refs

JOB = Job(layout.PERIODIC, "unit", "1" * 19)
PLACE = f"logs/unit/{JOB.build}"


class Watched:
    """A real store in a folder that tells what was put there, and that can be away."""

    def __init__(self, folder: Path) -> None:
        self.store = open_store(str(folder))
        self.url = self.store.url
        self.told: list[str] = []
        self.away = False

    def put_all(self, files: Mapping[str, Path]) -> None:
        if self.away:
            raise StoreError("away")
        self.store.put_all(files)
        self.told += sorted(files)

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)

    def new(self) -> list[str]:
        """What was put since it was last asked, in the run's place."""
        told, self.told = self.told, []
        return [name.removeprefix(f"{PLACE}/") for name in told]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder with something of each kind in it."""
    folder = tmp_path / "run"
    for name in ("run.json", "steps/one/log.txt", "steps/one/step.json", "steps/one/outputs.json",
                 "artifacts/deep/in/it", "workspace/src", ".hidden"):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "store")


def mirror(run: Path, store: Watched, job: Job = JOB, *, early: bool = True) -> Mirror:
    return Mirror(run, run / "artifacts", store, job, early=early)  # type: ignore[arg-type]


def test_all_results_are_copied_once_and_the_workspace_never(run: Path, store: Watched) -> None:
    mirror(run, store).copy()
    assert store.new() == [
        "run.json", "steps/one/log.txt", "steps/one/step.json", "artifacts/deep/in/it",
    ]  # fmt: skip
    mirror(run, store).copy()  # another task of the same run
    assert store.new() == []
    with (run / "steps/one/log.txt").open("a") as log:
        log.write("more")
    mirror(run, store).copy()
    assert store.new() == ["steps/one/log.txt"]


def test_what_an_earlier_attempt_left_and_the_last_one_has_not_is_taken_away(
    run: Path, store: Watched
) -> None:
    (run / "artifacts" / "junit_one.xml").write_text("an earlier attempt's")
    mirror(run, store).copy()
    (run / "artifacts" / "junit_one.xml").unlink()
    mirror(run, store).copy()
    assert store.store.find(f"{PLACE}/artifacts/junit_one.xml") is None
    assert store.store.find(f"{PLACE}/artifacts/deep/in/it")


def test_links_pipes_and_what_they_lead_to_are_not_copied(run: Path, store: Watched) -> None:
    (run / "artifacts" / "link").symlink_to("/etc/passwd")
    (run / "artifacts" / "folder").symlink_to("/etc")
    os.mkfifo(run / "artifacts" / "pipe")
    (run / "steps/one/log.txt").unlink()
    (run / "steps/one/log.txt").symlink_to("/etc/passwd")
    mirror(run, store).copy()
    assert store.new() == ["run.json", "steps/one/step.json", "artifacts/deep/in/it"]


def test_that_a_run_is_over_is_said_after_all_else(run: Path, store: Watched) -> None:
    one = mirror(run, store)
    one.copy()
    store.new()
    for name in ("finished.json", "report.html", "prowjob.json"):
        (run / name).write_text(name)
    one.end()
    assert store.new() == ["prowjob.json", "report.html", "finished.json"]


def test_while_a_run_goes_on_what_has_changed_is_copied_and_at_the_end_of_the_block_the_rest(
    run: Path, store: Watched
) -> None:
    with mirror(run, store).kept():
        (run / "steps/one/log.txt").write_text("the end")
    assert store.store.get(f"{PLACE}/steps/one/log.txt") == b"the end"
    assert "artifacts/deep/in/it" in store.new()


def test_artifacts_that_may_hold_secrets_are_not_copied_before_the_end(run: Path, store: Watched) -> None:
    one = mirror(run, store, early=False)
    with one.kept():
        pass
    assert "artifacts/deep/in/it" not in store.new()
    one.copy()
    assert store.new() == ["artifacts/deep/in/it"]


def test_a_store_that_is_away_disturbs_no_run_that_goes_on_and_is_told_at_its_end(
    run: Path, store: Watched
) -> None:
    store.away = True
    one = mirror(run, store)
    with one.kept():
        pass
    with pytest.raises(StoreError):
        one.copy()
    store.away = False
    one.copy()
    assert "run.json" in store.new()


def test_a_presubmit_is_found_by_its_job_too(run: Path, store: Watched) -> None:
    job = Job(layout.PRESUBMIT, "unit", JOB.build, "acme", "rocket", Refs("main", "", (Pull(12),)))
    mirror(run, store, job).announce()
    url = f"{store.url}/pr-logs/pull/acme_rocket/12/unit/{JOB.build}"
    alias = f"pr-logs/directory/unit/{JOB.build}.txt"
    assert store.store.get(alias).decode() == url
    assert store.store.metadata(alias)[layout.LINK] == url
    for name in (
        "pr-logs/directory/unit/latest-build.txt",
        "pr-logs/pull/acme_rocket/12/unit/latest-build.txt",
    ):
        assert store.store.get(name).decode() == JOB.build


def test_a_newer_build_stays_the_latest_when_an_older_run_ends(run: Path, store: Watched) -> None:
    older = mirror(run, store)
    older.announce()
    store.store.put("logs/unit/latest-build.txt", b"2" * 19)
    (run / "finished.json").write_text(json.dumps({}))
    older.copy()
    older.end()
    assert store.store.get("logs/unit/latest-build.txt") == b"2" * 19


def test_a_run_that_is_told_late_does_not_become_the_latest(run: Path, store: Watched) -> None:
    store.store.put("logs/unit/latest-build.txt", b"2" * 19)
    mirror(run, store).copy()
    assert store.store.get("logs/unit/latest-build.txt") == b"2" * 19
    store.store.put("logs/unit/latest-build.txt", b"none")
    (run / ".mirrored.json").unlink()
    mirror(run, store).copy()
    assert store.store.get("logs/unit/latest-build.txt") == JOB.build.encode()
