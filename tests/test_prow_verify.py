"""`prow verify`: what a person, and a program, is told of a run's folder."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from py import artifacts, prow
from py.artifacts import Item, open_store
from py.results.verify import verify
from py.results.viewers import VIEWERS
from py.tools import cli
from py.tools.errors import Missing, StoreError
from tests.airflows import ran
from tests.projects import Project
from tests.results.viewers.folders import (
    FINISHED,
    JUNIT,
    PERIODIC,
    PRESUBMIT,
    STARTED,
    case,
    drop,
    junit,
    make,
    remove,
    rename,
    say,
    write,
)  # fmt: skip

Told = Callable[..., tuple[int, str]]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """`prow verify …`: its exit code and output."""

    def call(*words: object) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(prow.Prow, ["verify", *map(str, words)])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out + err

    return call


def test_of_a_folder_that_all_see_it_says_so_for_each(told: Told, tmp_path: Path) -> None:
    code, out = told(make(tmp_path, PRESUBMIT).run)
    assert (code, out.count("sees it all")) == (0, len(VIEWERS)), out
    assert "build 1700000000000000123 of e2e, presubmit: SUCCESS" in out


def test_a_fault_is_said_once_with_what_becomes_of_it_and_what_to_do(told: Told, tmp_path: Path) -> None:
    made = make(tmp_path, PERIODIC)
    drop(FINISHED, "result")(made)
    code, out = told(made.run)
    assert code == 1
    for line in (
        "finished.json: `result` is missing\n",
        "  Gubernator  shows wrongly  shows no result, and not as passed\n",
        "  deck        shows wrongly  shows the result as Unknown\n",
        "  → write `result` beside `passed`: SUCCESS, FAILURE, ABORTED\n",
        "TestGrid    sees it all\n",
        "deck        shows wrongly 1\n",
    ):
        assert out.count(line) == 1, (line, out)


def test_programs_get_json(told: Told, tmp_path: Path) -> None:
    made = make(tmp_path, PERIODIC)
    drop(FINISHED, "passed")(made)
    code, out = told(made.run, "--json")
    said = json.loads(out)
    assert code == 1
    assert said["place"] == {"type": "postsubmit or periodic", "job": "e2e", "build": made.run.name}
    assert said["viewers"]["TestGrid"] == {"misses": 0, "shows wrongly": 1, "warns": 0}
    assert said["findings"] == [
        {
            "viewer": "TestGrid",
            "severity": "shows wrongly",
            "fault": "passed-missing",
            "file": "finished.json",
            "what": "marks the run E: finished.json is missing passed",
            "why": "`passed` is missing",
            "todo": "write `passed` beside `result`: true or false",
        }
    ]
    assert (said["state"], said["unread"]) == ("SUCCESS", [])


def test_a_warning_alone_is_no_failure(told: Told, tmp_path: Path) -> None:
    made = make(tmp_path, PERIODIC)
    rename(JUNIT, "artifacts/junit_unit_tests.xml")(made)
    code, out = told(made.run)
    assert (code, "TestGrid    warns 1" in out) == (0, True), out


def test_a_run_that_goes_on_is_not_broken(tmp_path: Path) -> None:
    made = make(tmp_path, PERIODIC)
    remove(FINISHED, "build-log.txt")(made)
    report = verify(str(made.run), now=1_700_000_000.0)
    assert (report.state, report.findings) == ("running", ())


def test_of_a_folder_in_no_layout_it_says_what_it_does_not_look_for(told: Told, tmp_path: Path) -> None:
    made = make(tmp_path, PRESUBMIT)
    copy = tmp_path / "copy"
    made.run.rename(copy)
    code, out = told(copy)
    assert (code, "in no bucket's layout: SUCCESS" in out) == (0, True), out
    assert "Not looked for, as the folder is in no layout: alias, latest-build.txt" in out


def test_a_folder_on_the_way_to_a_run_is_not_one_in_a_layout(tmp_path: Path) -> None:
    here = tmp_path / "logs" / "runs" / "hello-12ab"
    here.parent.mkdir(parents=True)
    make(tmp_path, PERIODIC).run.rename(here)
    assert verify(str(here)).place is None


def test_what_stays_on_the_machine_of_the_run_is_not_looked_at(tmp_path: Path) -> None:
    made = make(tmp_path, PERIODIC)
    for folder in ("workspace", "source"):
        write(f"{folder}/junit.xml", "no XML")(made)
    here = made.run.rename(tmp_path / "hello-12ab")
    assert verify(str(here)).is_seen


def test_what_is_no_run_is_said_in_one_line(told: Told, tmp_path: Path) -> None:
    made = make(tmp_path, PERIODIC)
    (tmp_path / "empty").mkdir()
    for place, said in (
        (tmp_path / "empty", "is no run's folder: there is no started.json, finished.json or build-log.txt"),
        (tmp_path / "nowhere", "is no run's folder"),
        (made.run.parent, f"did you mean a folder in it, as {made.run.name}?"),
        ("gopher://bucket/logs/e2e/1", "gopher://bucket/logs/e2e/1 is no store"),
        ("", "names no folder"),
    ):
        code, out = told(place)
        assert (code, out.count("\n")) == (2, 1), (place, out)
        assert said in out, out


def test_a_store_that_is_away_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = SimpleNamespace(open_store=lambda bucket, folder: Away(f"s3://{bucket}/{folder}"))
    monkeypatch.setitem(sys.modules, artifacts.STORES["s3"], opened)
    with pytest.raises(Missing, match="s3://bucket/logs/e2e/1 does not answer") as caught:
        verify("s3://bucket/logs/e2e/1")
    assert caught.value.exit_code == 2


class Away:
    """A store that does not answer."""

    def __init__(self, url: str) -> None:
        self.url = url

    def list(self, folder: str = "") -> Iterator[Item]:
        raise StoreError(f"{self.url} does not answer")


def test_what_a_stranger_wrote_gives_a_terminal_no_commands(told: Told, tmp_path: Path) -> None:
    made = make(tmp_path, PERIODIC)
    hostile = "\x1b]0;owned\x07\x1b[2J\u202e"
    say(FINISHED, metadata={hostile: 1}, result=hostile)(made)
    write(JUNIT, junit(case(f"a{hostile[-1]}", "<skipped/>")))(made)
    write(f"artifacts/{hostile}#.txt", "")(made)
    code, out = told(made.run)
    assert code == 1
    assert not any(letter in out for letter in hostile if not letter.isprintable()), repr(out)


def test_our_own_runs_are_seen_by_all_here_and_in_every_kind_of_store(store_url: str, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "py.e2e", "run", "hello", f"--runs={tmp_path}/runs"]
    code, out = ran([*words, f'--conf={{"RESULTS": "{store_url}"}}'], dict(os.environ))
    assert code == 0, out
    (local,) = tmp_path.glob("runs/hello-*")
    (stored,) = (item.name for item in open_store(store_url).list() if item.name.endswith(STARTED))
    for place in (str(local), f"{store_url}/{stored.removesuffix(f'/{STARTED}')}"):
        report = verify(place)
        assert (report.state, report.findings, report.unread) == ("SUCCESS", (), ()), report


QUARANTINE = """
[[sample.test]]
test = "sums.adds"
owner = "us"
until = {until}
why = "issue 12"
"""


@pytest.mark.parametrize(
    ("ends", "state", "faults"),
    [
        ("exit 3", "FAILURE", set()),
        ("kill -INT $PPID; sleep 60", "ABORTED", set()),
        (f"echo '{junit(case(inside='<failure>no</failure>'))}' >$ARTIFACTS/junit_test.xml; exit 1",
         "SUCCESS", {"failed-in-quarantine"}),
    ],
    ids=["red", "aborted", "green although a test in quarantine failed"],
)  # fmt: skip
def test_however_our_own_runs_end_viewers_see_it(
    ends: str, state: str, faults: set[str], project: Project
) -> None:
    known = "junit=True" if faults else ""
    project.declare(f"test = pipeline.step('test', sh(do={ends!r}), {known})\n"
                    "pipeline.step('more', sh(do='true'), after=[test])")  # fmt: skip
    until = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 24 * 3600))
    (project.folder / "dags/quarantine.toml").write_text(QUARANTINE.format(until=until) if faults else "")
    store = project.folder / "store"
    _, out = project.run(f'--conf={{"RESULTS": "{store}"}}')
    (stored,) = (path.parent for path in store.rglob(FINISHED))
    report = verify(str(stored))
    assert (report.state, {found.fault for found in report.findings}) == (state, faults), out
    assert report.is_seen
