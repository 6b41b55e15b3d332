"""Past runs are found wherever Prow's layout puts them, and what is broken in one costs only that."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from py.artifacts import Store, open_store
from py.artifacts.folder import Folder
from py.results import builds, junit, past, records
from py.results.builds import Found
from py.results.junit import Case
from py.results.layout import BATCH
from py.results.past import (
    CUT,
    FAILED,
    FLAKY,
    LARGEST,
    NOT_RUN,
    PASSED,
    RUN,
    SKIPPED,
    STEP,
    TEST,
    Cell,
    Past,
    Subject,
)  # fmt: skip
from py.results.verdict import ABORTED, FAILURE, SUCCESS
from py.tools.errors import StoreError, UsageError
from py.tools.refs import Pull, Refs
from tests.pasts import EPOCH, EVERY, job, keep
from tests.stores import KINDS


def stored(root: Path, name: str = "nightly", last: int = 100) -> Found:
    return builds.stored(open_store(str(root)), name, last)


def only(root: Path) -> Past:
    (run,) = stored(root).runs
    return run


def test_runs_of_commits_pull_requests_and_batches_come_in_the_order_of_their_builds(tmp_path: Path) -> None:
    batch = job(3)._replace(
        type=BATCH, org="org", repo="repo", refs=Refs("main", "b", (Pull(1, "x"), Pull(2, "y")))
    )
    for this in (job(4, "c4", pull=12), batch, job(1), job(2, "c2")):
        keep(tmp_path, this)
    keep(tmp_path, job(9, "c9", name="another"))
    found = stored(tmp_path)
    assert found.total == 4
    assert [run.began for run in found.runs] == [EPOCH + n * EVERY for n in (1, 2, 3, 4)]
    assert [run.commit for run in found.runs] == ["", "c2", "y", "c4"]
    assert found.runs[3].folder == f"pr-logs/pull/org_repo/12/nightly/{job(4).build}"
    assert found.runs[3].page == "report.html"
    assert [run.commit for run in stored(tmp_path, last=2).runs] == ["y", "c4"]
    assert stored(tmp_path, last=2).total == 4


def test_what_a_run_tested_is_all_of_its_refs(tmp_path: Path) -> None:
    for number, base in ((1, "b1"), (2, "b2")):
        this = job(number, "head", pull=12)
        keep(tmp_path, this._replace(refs=this.refs._replace(base_sha=base)))
    first, second = stored(tmp_path).runs
    assert first.commit == second.commit == "head"
    assert first.tested != second.tested  # the same pull request on another base is other code
    keep(tmp_path, job(3, "head", pull=12)._replace(refs=Refs("main", "", (Pull(12, "head"),))))
    assert stored(tmp_path).runs[2].tested == "head"  # the base is not known: the head is what is


def test_steps_and_tests_are_told_apart_and_merged_by_name(tmp_path: Path) -> None:
    keep(
        tmp_path, job(1), result=FAILURE, seconds=61,
        steps=[
            Case("nightly", "build", 3.0), Case("nightly", "test", 2.0, "failed: exit code 1: no\nlog"),
            Case("nightly", "ship", 0.0, "not run: test failed\n"),
            Case("nightly", "hunt", 1.0, "aborted: cancelled\n"),
        ],
        tests={
            "junit_test.xml": [
                Case("e2e", "a", 1.0), Case("e2e", "a", 0.5, "no\nmore"),
                Case("", "b", 2.0, skipped="later\nlines"), Case("e2e", "", 0.1),
                Case("e2e", "twice", 1.0), Case("e2e", "twice", 2.0),
            ],
            "junit_01.xml": [Case("suite", "spread", 1.0)], "junit_02.xml": [Case("suite", "spread", 2.0)],
            "nested/junit_x.xml": [Case("", "deep", 0.0)],
            "other.xml": [Case("", "none", 0.0, "no JUnit by its name")],
        },
    )  # fmt: skip
    assert only(tmp_path).cells == {
        Subject(RUN, "", "nightly"): Cell(FAILED, 61.0),
        Subject(STEP, "", "build"): Cell(PASSED, 3.0),
        Subject(STEP, "", "test"): Cell(FAILED, 2.0, "failed: exit code 1: no"),
        Subject(STEP, "", "ship"): Cell(NOT_RUN, 0.0, "not run: test failed"),
        Subject(STEP, "", "hunt"): Cell(CUT, 1.0, "aborted: cancelled"),
        Subject(TEST, "test", "e2e.a"): Cell(FLAKY, 1.5, "no"),
        Subject(TEST, "test", "b"): Cell(SKIPPED, 2.0, "later lines"),
        Subject(TEST, "test", "e2e"): Cell(PASSED, 0.1),
        Subject(TEST, "test", "e2e.twice"): Cell(PASSED, 3.0),
        Subject(TEST, "", "suite.spread"): Cell(PASSED, 3.0),  # numbers are threads: a test is in any of them
        Subject(TEST, "x", "deep"): Cell(PASSED, 0.0),
    }


def test_a_step_or_test_that_passed_only_when_tried_again_is_flaky(tmp_path: Path) -> None:
    folder = keep(
        tmp_path, job(1),
        steps=[
            Case("nightly", "retried", 1.0, earlier=("attempt 1 failed: no", "attempt 2 aborted: x")),
            Case("nightly", "resumed", 1.0, earlier=("attempt 1 aborted: the runner was killed",)),
        ],
    )  # fmt: skip
    (folder / "artifacts/junit_x.xml").write_text(
        "<testsuite><testcase name='java'><flakyFailure message='no'/></testcase></testsuite>"
    )
    outcomes = {subject.name: (cell.outcome, cell.said) for subject, cell in only(tmp_path).cells.items()}
    assert outcomes["retried"] == (FLAKY, "attempt 1 failed: no")
    assert outcomes["resumed"] == (PASSED, "")
    assert outcomes["java"] == (FLAKY, "no")


@pytest.mark.parametrize(
    ("finished", "result"),
    [
        ({"result": "SUCCESS", "passed": True}, SUCCESS),
        ({"result": "SUCCESS"}, SUCCESS),
        ({"passed": True}, SUCCESS),
        ({"passed": False}, FAILURE),
        ({"result": "FAILURE", "passed": True}, FAILURE),
        ({"result": "aborted", "passed": False}, ABORTED),
        ({"result": "FAILED"}, FAILURE),
        ({"result": 7, "passed": "true"}, FAILURE),
        ({}, FAILURE),
        (None, ""),
    ],
)
def test_a_run_ended_as_its_finished_json_says(
    tmp_path: Path, finished: dict[str, object] | None, result: str
) -> None:
    folder = keep(tmp_path, job(1), result="")
    if finished is not None:
        (folder / "finished.json").write_text(json.dumps(finished))
    assert only(tmp_path).result == result


def text(name: str, content: str | bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )


def huge(folder: Path) -> None:
    with (folder / "artifacts/junit_x.xml").open("wb") as file:
        file.truncate(LARGEST + 1)  # a hole: it takes no room


def closed(folder: Path) -> None:
    """A pipe: to open it would wait forever."""
    (folder / "started.json").unlink()
    os.mkfifo(folder / "started.json")


def link(folder: Path) -> None:
    """A file that is not there."""
    (folder / "artifacts/junit_x.xml").symlink_to("nowhere")


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "started.json is cut off": (text("started.json", '{"timestamp": 17'), "started.json is no JSON"),
    "started.json is a list": (text("started.json", "[]"), "started.json holds no JSON object"),
    "started.json is deep": (text("started.json", "[" * 100_000), "started.json is no JSON"),
    "started.json is binary": (text("started.json", b"\xff\x00\xfe"), "started.json is no JSON"),
    "started.json is a pipe": (closed, ""),
    "fields of other types": (
        text("started.json", json.dumps({"timestamp": "soon", "repos": [1], "repo-commit": {"a": 1}})), "",
    ),
    "refs of other types": (
        text("started.json", json.dumps({"timestamp": 1e300, "repos": {"a": 7, "b": None}})), "",
    ),
    "metadata of another type": (
        text("finished.json", json.dumps({"result": "SUCCESS", "metadata": [1]})), "",
    ),
    "JUnit is cut off": (text("artifacts/junit_x.xml", "<testsuites><testsuite>"), "junit_x.xml is no JUnit"),
    "JUnit is a bomb": (
        text("artifacts/junit_x.xml", "<!DOCTYPE x [<!ENTITY a 'a'>]><testsuite/>"),
        "declares a document type",
    ),
    "JUnit of a strange time": (
        text("artifacts/junit_x.xml", "<testsuite><testcase name='n' time='nan'/></testsuite>"), "",
    ),
    "JUnit is huge": (huge, "larger than 20 MB"),
    "JUnit is a link to nowhere": (link, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_broken_in_a_run_is_named_and_the_rest_is_used(tmp_path: Path, name: str) -> None:
    keep(tmp_path, job(1))
    folder = keep(tmp_path, job(2), tests={"junit_good.xml": [Case("c", "n", 1.0)]})
    put, told = HOSTILE[name]
    put(folder)
    first, second = stored(tmp_path).runs
    assert first.damaged == ()
    assert [told in each for each in second.damaged] == [True] * bool(told)
    assert Subject(TEST, "good", "c.n") in second.cells
    for cell in second.cells.values():
        assert 0 <= cell.seconds < 1e11


def test_no_text_of_a_run_moves_the_cursor_of_whoever_reads_it(tmp_path: Path) -> None:
    nasty = "\x1b[2J\u202egreen\x9b31m" + "x" * 5000
    folder = keep(tmp_path, job(1), tests={"junit_x.xml": [Case("c", nasty, 1.0, nasty)]})
    (folder / "started.json").write_text(json.dumps({"timestamp": 1, "repo-commit": nasty}))
    run = only(tmp_path)
    for said in (run.commit, *(each for s, c in run.cells.items() for each in (s.name, c.said))):
        assert len(said) <= 300
        assert said.isprintable()


@pytest.mark.parametrize(
    ("alias", "told"),
    [
        ("", "leads to no run"),
        ("gs://bucket/elsewhere", "leads to no run"),
        ("gs://bucket/pr-logs/pull/../../../etc/1", "is empty, . or .."),
    ],
)
def test_an_alias_that_leads_nowhere_loses_only_its_run(tmp_path: Path, alias: str, told: str) -> None:
    keep(tmp_path, job(1))
    keep(tmp_path, job(2, "c", pull=12))
    (tmp_path / f"pr-logs/directory/nightly/{job(2).build}.txt").write_text(alias)
    found = stored(tmp_path)
    assert [run.id for run in found.runs] == [job(1).build]
    (lost,) = found.lost
    assert job(2).build in lost
    assert told in lost


def test_where_no_run_can_be_read_the_reason_is_told(tmp_path: Path) -> None:
    keep(tmp_path, job(2, "c", pull=12))
    (tmp_path / f"pr-logs/directory/nightly/{job(2).build}.txt").write_text("nowhere")
    with pytest.raises(
        StoreError, match=r"none of the 1 newest runs in file://.* can be read; \d+: .*leads to no run"
    ):
        stored(tmp_path)


def test_a_run_of_countless_tests_is_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "MOST", 10)
    many = [Case("c", f"n{number}", 1.0) for number in range(50)]
    keep(tmp_path, job(1), tests={"junit_x.xml": many, "junit_y.xml": many})
    assert len(only(tmp_path).cells) == 10
    assert "10 tests or more" in only(tmp_path).damaged[0]


def test_what_is_no_build_is_passed_over(tmp_path: Path) -> None:
    keep(tmp_path, job(1))
    for name in ("manual__2026", "latest", "-1", "1" * 21):
        (tmp_path / "logs/nightly" / name).mkdir()
    (tmp_path / "logs/nightly/latest-build.txt").write_text("1")
    assert stored(tmp_path).total == 1


def test_an_unknown_job_is_refused_with_the_near_names(tmp_path: Path) -> None:
    keep(tmp_path, job(1))
    keep(tmp_path, job(2, "c", pull=12, name="pulls"))
    with pytest.raises(UsageError, match=r"no runs of 'nihgtly' in file://.*; did you mean nightly\?"):
        stored(tmp_path, "nihgtly")
    with pytest.raises(UsageError, match="it has: nightly, pulls"):
        stored(tmp_path, "zzz")
    for name in ("..", "a/b", "", "a b"):
        with pytest.raises(UsageError, match="no name of a job"):
            stored(tmp_path, name)


# Buckets


@pytest.fixture(params=KINDS)
def anywhere(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty store of each kind, and an empty cache."""
    url = request.getfixturevalue(request.param)
    monkeypatch.setenv(
        "XDG_CACHE_HOME", str(tmp_path / "cache")
    )  # only now: servers are found in the real one
    return open_store(url)


def copy(root: Path, store: Store) -> None:
    store.put_all({str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()})


def test_history_and_records_are_the_same_in_every_kind_of_store(anywhere: Store, tmp_path: Path) -> None:
    for number in range(3):
        this = job(number, f"c{number}", pull=12 if number == 1 else 0)
        keep(tmp_path / "made", this, tests={"junit_x.xml": [Case("c", "n", 1.0, "no" * (number == 2))]})
        records.write_green(anywhere, this)
    copy(tmp_path / "made", anywhere)
    expected = stored(tmp_path / "made").runs
    assert len(expected) == 3
    for _ in ("read", "remembered"):
        assert builds.stored(anywhere, "nightly", 100).runs == expected
    assert records.read_green(anywhere, "nightly").commit == "c2"
    assert not records.write_green(anywhere, job(0, "c0"))
    before = records.read_release(anywhere)
    assert records.write_release(anywhere, before._replace(commit="c1"))
    assert not records.write_release(anywhere, before._replace(commit="c2"))
    assert records.read_release(anywhere).commit == "c1"


class Far(Folder):
    """A folder that is asked as a bucket is, and counts what is read."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root))
        self.url = "gs://bucket"
        self.read: list[str] = []

    def open(self, name: str) -> BinaryIO:
        self.read.append(name)
        return super().open(name)


def test_a_run_of_a_bucket_is_read_once_until_it_says_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root, tests = tmp_path / "store", {"junit_x.xml": [Case("c", "n", 1.0, "no")]}
    keep(root, job(1, "c1"), tests=tests)
    keep(root, job(2, "c2"), tests=tests, result="")

    def read() -> tuple[list[Past], set[str]]:
        far = Far(root)
        return builds.stored(far, "nightly", 100).runs, {name.split("/")[2] for name in far.read}

    first, second = job(1).build, job(2).build
    before, asked = read()
    assert asked == {first, second}
    assert read() == (before, {second})  # it goes on
    keep(root, job(2, "c2"), tests=tests, result=ABORTED)
    after, asked = read()
    assert asked == {second}
    assert [run.result for run in after] == [SUCCESS, ABORTED]
    assert read() == (after, set())
    keep(root, job(1, "c1"), tests=tests, result=FAILURE)  # a person had Airflow run a task again
    assert [run.result for run in read()[0]] == [FAILURE, ABORTED]
    for file in (tmp_path / "cache/windtunnel/history").iterdir():
        file.write_text("{")
    again, asked = read()
    assert [run.result for run in again] == [FAILURE, ABORTED]
    assert asked == {first, second}


# Local runs


def put(runs: Path, name: str, began: float, **told: object) -> Path:
    folder = runs / name
    (folder / "artifacts").mkdir(parents=True)
    record = {"pipeline": "hello", "began": began, "result": SUCCESS, "params": {"dryrun": False}} | told
    (folder / "run.json").write_text(json.dumps(record))
    return folder


def local(runs: Path, last: int = 100) -> Found:
    return builds.local(open_store(str(runs)), "hello", last)


def test_local_runs_are_found_by_what_they_say_they_are_runs_of(tmp_path: Path) -> None:
    put(tmp_path, "hello-b", 1.0, result=FAILURE)
    junit.write(
        put(tmp_path, "hello-a", 2.0) / "artifacts/junit_steps.xml", "s", [Case("hello", "greet", 0.5)]
    )
    put(tmp_path, "hello-c", 3.0, result="")
    put(tmp_path, "hello-dry", 4.0, params={"dryrun": True})
    put(tmp_path, "hello-other", 5.0, pipeline="hello-other")
    for name in (".open", "a\nb", "hello-empty", ".windtunnel.x"):
        (tmp_path / name).mkdir()
    (tmp_path / "hello-a/artifacts/a\nb").write_text("")
    found = local(tmp_path)
    assert [(run.id, run.result) for run in found.runs] == [
        ("hello-b", FAILURE),
        ("hello-a", SUCCESS),
        ("hello-c", ""),
    ]
    assert found.runs[1].cells[Subject(STEP, "", "greet")] == Cell(PASSED, 0.5)
    assert [run.id for run in local(tmp_path, last=1).runs] == ["hello-c"]


def test_a_local_run_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    put(tmp_path, "hello-a", 1.0)
    put(tmp_path, "hello-b", 2.0).joinpath("run.json").write_text("{")
    found = local(tmp_path)
    assert [run.id for run in found.runs] == ["hello-a"]
    assert "hello-b/run.json is no JSON" in found.lost[0]


def test_artifacts_that_runs_share_are_nobodys(tmp_path: Path) -> None:
    put(tmp_path / "runs", "hello-a", 1.0, artifacts=str(tmp_path / "shared"))
    (run,) = local(tmp_path / "runs").runs
    assert "shared" in run.damaged[0]


def test_a_folder_without_runs_of_a_pipeline_says_what_it_has(tmp_path: Path) -> None:
    put(tmp_path, "other-a", 1.0, pipeline="help")
    with pytest.raises(UsageError, match=r"no runs of 'hello' in .*; did you mean help\?"):
        local(tmp_path)
    with pytest.raises(UsageError, match="it has: none"):
        local(tmp_path / "nowhere")
