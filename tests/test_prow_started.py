"""`prow started` and `prow finished`: a job that is no pipeline of ours leaves what viewers look for."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from py import prow as prow_binary
from py.results.verify import verify
from py.tools import cli

SHA, HEAD, OTHER = "1" * 40, "2" * 40, "3" * 40
BUILD = "1700000000000000123"
OURS = ("JOB_", "BUILD_", "REPO_", "PULL_", "PROW_")
BASE = {"JOB_NAME": "unit", "BUILD_ID": BUILD}
OF = BASE | {"REPO_OWNER": "org", "REPO_NAME": "repo", "PULL_BASE_REF": "main", "PULL_BASE_SHA": SHA}
TYPES = {  # what Prow sets
    "periodic": BASE,
    "postsubmit": OF | {"PULL_REFS": f"main:{SHA}"},
    "batch": OF | {"PULL_REFS": f"main:{SHA},12:{HEAD},13:{OTHER}"},
    "presubmit": OF | {"PULL_REFS": f"main:{SHA},12:{HEAD}", "PULL_NUMBER": "12", "PULL_PULL_SHA": HEAD},
}
PLACES = {
    "periodic": f"logs/unit/{BUILD}",
    "postsubmit": f"logs/unit/{BUILD}",
    "batch": f"pr-logs/pull/batch/unit/{BUILD}",
    "presubmit": f"pr-logs/pull/org_repo/12/unit/{BUILD}",
}


Prow = Callable[..., tuple[int, str]]


@pytest.fixture
def prow(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Prow:
    """`prow …` where nothing but what is given tells of a job: its exit code and output."""

    def call(*words: object, **env: str) -> tuple[int, str]:
        for key in os.environ:
            if key.startswith(OURS):
                monkeypatch.delenv(key)
        for key, value in env.items():
            monkeypatch.setenv(key, value)
        with pytest.raises(SystemExit) as ended:
            cli.main(prow_binary.Prow, [*map(str, words)])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out + err

    return call


def said(path: Path) -> dict[str, object]:
    content = json.loads(path.read_bytes())
    assert isinstance(content, dict)
    return content


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """What a job leaves."""
    folder = tmp_path / "artifacts"
    folder.mkdir()
    (folder / "metadata.json").write_text('{"cluster": "e2e-1"}')
    (folder / "junit_unit.xml").write_text(
        '<testsuites><testsuite name="u"><testcase classname="a" name="b" time="1"/></testsuite></testsuites>'
    )
    (tmp_path / "log").write_text("it went well\n")
    return folder


@pytest.mark.parametrize("kind", TYPES)
def test_a_job_of_prow_s_is_seen_by_all_viewers(prow: Prow, kind: str, tmp_path: Path, left: Path) -> None:
    store, env = tmp_path / "store", TYPES[kind] | {"JOB_TYPE": kind}
    code, out = prow("started", store, **env)
    assert (code, out) == (0, f"build: {BUILD}\nfolder: file://{store}/{PLACES[kind]}\n")
    report = verify(f"{store}/{PLACES[kind]}")
    assert (report.state, report.findings) == ("running", ())
    code, out = prow(
        "finished", store, "--result=SUCCESS", f"--artifacts={left}", f"--log={tmp_path}/log", **env
    )
    assert code == 0, out
    report = verify(f"{store}/{PLACES[kind]}")
    assert (report.state, report.findings) == ("SUCCESS", ())
    end = said(store / PLACES[kind] / "finished.json")
    assert (end["passed"], end["metadata"]) == (True, end["metadata"] | {"cluster": "e2e-1"})  # type: ignore[operator]


def test_in_every_kind_of_store_viewers_see_the_same(
    prow: Prow, store_url: str, tmp_path: Path, left: Path
) -> None:
    env = TYPES["presubmit"] | {"JOB_TYPE": "presubmit"}
    more = ["--result=SUCCESS", f"--artifacts={left}", f"--log={tmp_path}/log"]
    assert (prow("started", store_url, **env)[0], prow("finished", store_url, *more, **env)[0]) == (0, 0)
    report = verify(f"{store_url}/{PLACES['presubmit']}")
    assert (report.state, report.findings) == ("SUCCESS", ())


def test_flags_tell_as_much_as_prow_does_and_come_before_it(prow: Prow, tmp_path: Path) -> None:
    store = tmp_path / "store"
    flags = ["--job=mine", "--build=1800000000000000000", "--org=o", "--repo=r", "--pull=7"]
    assert prow("started", store, *flags, f"--commit={OTHER}", **TYPES["presubmit"])[0] == 0
    start = said(store / "pr-logs/pull/o_r/7/mine/1800000000000000000/started.json")
    assert (start["pull"], start["repo-commit"]) == ("7", OTHER)


def test_a_build_without_a_number_gets_one_to_go_on_with(prow: Prow, tmp_path: Path) -> None:
    store = tmp_path / "store"
    code, out = prow("started", store, "--job=mine")
    assert code == 0
    build = out.partition("\n")[0].removeprefix("build: ")
    assert len(build) == 19
    assert prow("finished", store, "--job=mine", f"--build={build}", "--result=ABORTED")[0] == 0
    end = said(store / "logs/mine" / build / "finished.json")
    assert (end["passed"], end["result"]) == (False, "ABORTED")


def test_what_is_said_in_the_wrong_order_is_told_and_changes_nothing(prow: Prow, tmp_path: Path) -> None:
    store, end = tmp_path / "store", f"logs/unit/{BUILD}/finished.json"
    code, out = prow("finished", store, "--result=SUCCESS", **BASE)
    assert (code, "is not there: say `started` first" in out, out.count("\n")) == (2, True, 1), out
    assert not store.exists()
    assert prow("started", store, **BASE)[0] == 0
    code, out = prow("started", store, **BASE)
    assert (code, "started.json is there already" in out, out.count("\n")) == (2, True, 1), out
    assert prow("finished", store, "--result=FAILURE", **BASE)[0] == 0
    before = (store / end).read_bytes()
    code, out = prow("finished", store, "--result=SUCCESS", **BASE)
    assert (code, "says 'FAILURE': a run ends once" in out, out.count("\n")) == (2, True, 1), out
    assert (store / end).read_bytes() == before


def test_the_started_json_of_prow_s_reporter_gives_way(prow: Prow, tmp_path: Path) -> None:
    file = tmp_path / f"logs/unit/{BUILD}/started.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"timestamp": 1, "metadata": {"uploader": "crier"}}')
    assert prow("started", tmp_path, **BASE)[0] == 0
    assert "metadata" not in said(file)


def test_an_older_run_that_ends_later_does_not_become_the_newest(prow: Prow, tmp_path: Path) -> None:
    older, newer = BASE | {"BUILD_ID": "9"}, BASE | {"BUILD_ID": "10"}
    for words, env in (("started", older), ("started", newer), ("finished", newer), ("finished", older)):
        more = ["--result=SUCCESS"] if words == "finished" else []
        assert prow(words, tmp_path, *more, **env)[0] == 0
    assert (tmp_path / "logs/unit/latest-build.txt").read_text() == "10"


def test_a_prowjob_of_prow_s_stays(prow: Prow, tmp_path: Path) -> None:
    ours, theirs = (tmp_path / f"logs/unit/{build}/prowjob.json" for build in (BUILD, "7"))
    theirs.parent.mkdir(parents=True)
    theirs.write_text('{"metadata": {"name": "0790211c-cacb-11ea"}}')
    for build in (BUILD, "7"):
        for words in (["started"], ["finished", "--result=ABORTED"]):
            assert prow(words[0], tmp_path, *words[1:], **BASE | {"BUILD_ID": build})[0] == 0
    assert "0790211c" in theirs.read_text()
    assert '"state": "aborted"' in ours.read_text()


def test_metadata_that_is_in_the_store_already_is_merged(prow: Prow, tmp_path: Path) -> None:
    assert prow("started", tmp_path, **BASE)[0] == 0
    folder = tmp_path / f"logs/unit/{BUILD}"
    (folder / "artifacts").mkdir()
    (folder / "artifacts/metadata.json").write_text('{"image": "a:b"}')
    assert prow("finished", tmp_path, "--result=SUCCESS", **BASE)[0] == 0
    assert said(folder / "finished.json")["metadata"] == {"image": "a:b"}


def test_a_wrong_question_is_one_line_and_writes_nothing(prow: Prow, tmp_path: Path) -> None:
    store = tmp_path / "store"
    for words, wanted in (
        (["started", store], "which job?"),
        (["started", store, "--job=a b"], "not 'a b'"),
        (["started", store, "--job=.."], "which job?"),
        (["started", store, "--job=a", "--build=last"], "not 'last'"),
        (["started", store, "--job=a", "--job_type=nightly"], "presubmit, batch, postsubmit, periodic"),
        (["started", store, "--job=a", "--job_type=presubmit"], "a presubmit does not test 0 pull requests"),
        (["started", store, "--job=a", "--pull=12"], "of which repository?"),
        (["started", store, "--job=a", "--repo=r", "--refs=main:x"], "'x' is no commit"),
        (["started", "gopher://a", "--job=a"], "is no store"),
        (["finished", store, "--job=a", "--result=SUCCESS"], "which build?"),
        (["finished", store, "--job=a", "--build=1", "--result=success"], "SUCCESS, FAILURE, ABORTED"),
        (["finished", store, "--job=a", "--build=1", "--result=SUCCESS", "--artifacts=x"], "is no folder"),
    ):
        code, out = prow(*words)
        assert (code, out.count("\n")) == (2, 1), (words, out)
        assert wanted in out, out
    assert not store.exists()
