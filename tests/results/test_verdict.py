"""A run is green only if every step passed, and all that it left says so too."""

import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from py.results import junit, reasons, verdict
from py.results.inspection import Found, Owed, inspect
from py.results.junit import Case
from py.results.reasons import Reason
from py.results.verdict import ABORTED, FAILURE, SUCCESS, Attempt, Ended
from py.tools.files import write_whole
from py.tools.folders import ROOT

Put = Callable[[Path], object]
FILE = "junit_test.xml"
OWED = Owed(FILE)


def put(name: str, *cases: Case) -> Put:
    return lambda folder: junit.write(folder / name, "suite", cases)


def text(name: str, content: str) -> Put:
    return lambda folder: write_whole(folder / name, content)


def old(name: str) -> Put:
    return lambda folder: os.utime(folder / name, (0, 0))


def link(name: str, target: str = "nowhere") -> Put:
    return lambda folder: (folder / name).symlink_to(target)


def gone(name: str) -> Put:
    return lambda folder: (folder / name).unlink()


def all_of(*puts: Put) -> Put:
    return lambda folder: [put(folder) for put in puts]


def nothing(folder: Path) -> None:
    """A step that wrote nothing."""


def judged(
    folder: Path, put: Put, state: str = "passed", why: str = "", *, owed: Owed = OWED, after: Put = nothing,
    interrupted: bool = False,
) -> tuple[str, list[str]]:  # fmt: skip
    """The verdict on a run of one step that put something, and on what became of it after that."""
    folder.mkdir(exist_ok=True)
    since = time.time()
    put(folder)
    found = inspect("test", owed, folder, began=since, since=since)
    after(folder)
    ended = Ended(state, why, owed, found if state == "passed" else Found())
    result, reasons, _ = verdict.judge({"test": ended}, folder, since, interrupted=interrupted)
    return result, [str(reason) for reason in reasons]


good = Case("c", "good", 0.1)
skipped = Case("c", "later", 0.1, skipped="not today")


def bad(name: str = "bad") -> Case:
    return Case("c", name, 0.1, failure="no")


@pytest.mark.parametrize(
    ("put", "reason"),
    [
        (put(FILE, good), ""),
        (put(FILE, good, skipped), ""),
        (nothing, "test passed, but its junit_test.xml is missing"),
        (text(FILE, ""), "test passed, but junit_test.xml is no JUnit: no element found"),
        (text(FILE, "passed!"), "test passed, but junit_test.xml is no JUnit: not well-formed"),
        (text(FILE, "<!DOCTYPE x [<!ENTITY a 'a'>]><testsuites/>"), "declares a document type"),
        (put(FILE), "test passed, but junit_test.xml holds no test that was run"),
        (put(FILE, skipped, skipped), "test passed, but junit_test.xml holds no test that was run"),
        (put(FILE, good, bad()), "test passed, but junit_test.xml holds failures: bad"),
        (put(FILE, *map(bad, "abcde")), "test passed, but junit_test.xml holds failures: a, b, c and 2 more"),
        (text(FILE, "<testsuite><testcase name='n'><failure> </failure></testcase></testsuite>"),
         "test passed, but junit_test.xml holds failures: n"),
        (text(FILE, "<testsuite><testcase name='n'><error/></testcase></testsuite>"),
         "test passed, but junit_test.xml holds failures: n"),
        (all_of(put(FILE, good), put("junit_more.xml", good)),
         "junit_more.xml is there, but no step declares it"),
        (all_of(put(FILE, good), put("notes.xml", bad())), ""),
        (all_of(put(FILE, good), put(verdict.STEPS_JUNIT, bad())), ""),
        (all_of(put(FILE, good), old(FILE)), "test passed, but its junit_test.xml is from before this step"),
        (all_of(put(FILE, good), put("junit_old.xml", bad()), old("junit_old.xml")), ""),
        (all_of(put(FILE, good), link("junit_x.xml")), ""),
        (all_of(put(FILE, good), put("old.xml", bad()), old("old.xml"), link("junit_x.xml", "old.xml")),
         "junit_x.xml is there, but no step declares it"),
        (all_of(put(FILE, good), put("deep/in/junit.xml", good)),
         "deep/in/junit.xml is there, but no step declares it"),
        (all_of(put(FILE, good), text("junit_x.xml.gz", "packed")),
         "junit_x.xml.gz is there, but no step declares it"),
        (all_of(put(FILE, good), put("e2e/test.xml", good)),
         "e2e/test.xml is there, but no step declares it"),
        (all_of(put("good.xml", good), link(FILE, "good.xml")),
         "junit_test.xml is no JUnit: it is a link"),
        (all_of(link(FILE, FILE)), "its junit_test.xml is missing"),
        (link(FILE), "its junit_test.xml is missing"),
        (lambda folder: (folder / FILE).mkdir(), "junit_test.xml is no JUnit: it is no file"),
        (lambda folder: os.mkfifo(folder / FILE), "junit_test.xml is no JUnit: it is no file"),
    ],
)  # fmt: skip
def test_a_step_that_passed_is_believed_only_with_its_junit(tmp_path: Path, put: Put, reason: str) -> None:
    result, why = judged(tmp_path / "artifacts", put)
    assert result == (FAILURE if reason else SUCCESS)
    assert len(why) == bool(reason)
    assert reason in "".join(why)


def test_a_step_that_failed_says_why_and_owes_no_junit(tmp_path: Path) -> None:
    assert judged(tmp_path, nothing, "failed", "exit code 1") == (FAILURE, ["test failed: exit code 1"])
    assert judged(tmp_path, put(FILE, bad()), "failed", "exit code 1")[1] == ["test failed: exit code 1"]


def test_good_junit_does_not_make_up_for_a_failed_step(tmp_path: Path) -> None:
    assert judged(tmp_path, put(FILE, good), "failed", "exit code 1")[0] == FAILURE


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (nothing, ""),
        (gone(FILE), "test passed, but its junit_test.xml was taken away after that"),
        (put(FILE, good, skipped), "test passed, but its junit_test.xml was changed after that"),
        (old(FILE), ""),
        (all_of(gone(FILE), put("x.xml", good), link(FILE, "x.xml")), "was taken away after that"),
    ],
)
def test_junit_counts_as_it_was_when_its_step_ended(tmp_path: Path, after: Put, says: str) -> None:
    result, why = judged(tmp_path, put(FILE, good), after=after)
    assert (result, len(why)) == ((FAILURE, 1) if says else (SUCCESS, 0))
    assert says in "".join(why)


def test_a_later_green_file_hides_no_failure(tmp_path: Path) -> None:
    assert judged(tmp_path, put(FILE, bad()), after=put(FILE, good)) == (
        FAILURE, ["test passed, but junit_test.xml holds failures: bad"],
    )  # fmt: skip


def test_junit_at_which_nobody_looked_is_not_believed(tmp_path: Path) -> None:
    put(FILE, good)(tmp_path)
    judgement = verdict.judge({"test": Ended("passed", "", OWED)}, tmp_path, time.time())
    assert judgement.reasons == (
        Reason(reasons.JUNIT_MISSING, "test", f"test passed, but nobody looked at its {FILE} when it ended"),
    )


def test_a_step_that_may_pass_with_no_tests_still_has_to_say_so(tmp_path: Path) -> None:
    may = Owed(FILE, pass_with_no_tests=True)
    assert judged(tmp_path / "none", put(FILE), owed=may)[0] == SUCCESS
    assert judged(tmp_path / "skipped", put(FILE, skipped), owed=may)[0] == SUCCESS
    assert judged(tmp_path / "missing", nothing, owed=may)[0] == FAILURE
    assert judged(tmp_path / "failed", put(FILE, bad()), owed=may)[0] == FAILURE


def ran(when: str) -> Put:
    return text(FILE, f"<testsuite timestamp='{when}'><testcase name='n'/></testsuite>")


@pytest.mark.parametrize(
    ("ago", "zone", "stale"),
    [
        (timedelta(minutes=1), UTC, False),
        (timedelta(hours=1), UTC, True),
        (timedelta(hours=1), timezone(timedelta(hours=9)), True),
        (timedelta(hours=11), None, False),  # of some zone it may be
        (timedelta(hours=13), None, True),
    ],
)
def test_tests_that_say_that_they_ran_before_the_run_are_of_another_one(
    tmp_path: Path, ago: timedelta, zone: timezone | None, stale: bool
) -> None:
    when = datetime.now(zone or UTC) - ago
    result, why = judged(tmp_path, ran(when.replace(tzinfo=zone).isoformat()))
    assert result == (FAILURE if stale else SUCCESS)
    assert ("ran before this run" in "".join(why)) == stale


@pytest.mark.parametrize("when", ["", "yesterday", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00"])
def test_a_timestamp_that_stands_for_none_says_nothing(tmp_path: Path, when: str) -> None:
    assert judged(tmp_path, ran(when))[0] == SUCCESS


KEPT = Owed(files=("charts/app.tgz",))


@pytest.mark.parametrize(
    ("put", "after", "says"),
    [
        (text("charts/app.tgz", "x"), nothing, ""),
        (text("charts/app.tgz", "x"), text("charts/app.tgz", "signed"), ""),
        (text("charts/app.tgz", "x"), gone("charts/app.tgz"), "its charts/app.tgz was taken away after that"),
        (text("charts/app.tgz", "x"), text("charts/app.tgz", ""), "its charts/app.tgz was taken away"),
        (nothing, nothing, "its charts/app.tgz is missing"),
        (text("charts/app.tgz", ""), nothing, "its charts/app.tgz is empty"),
        (all_of(text("charts/app.tgz", "x"), old("charts/app.tgz")), nothing,
         "its charts/app.tgz is from before this step"),
        (lambda folder: (folder / "charts/app.tgz").mkdir(parents=True), nothing, "it is no file"),
        (all_of(text("charts/x", "x"), link("charts/app.tgz", "x")), nothing, "it is a link"),
        (all_of(text("other/app.tgz", "x"), link("charts", "other")), nothing, "it is a link"),
    ],
)  # fmt: skip
def test_a_file_that_a_step_declares_is_there_to_the_end(
    tmp_path: Path, put: Put, after: Put, says: str
) -> None:
    result, why = judged(tmp_path, put, owed=KEPT, after=after)
    assert (result, len(why)) == ((FAILURE, 1) if says else (SUCCESS, 0)), why
    assert says in "".join(why)


def test_a_first_attempt_that_failed_is_told_and_makes_nothing_red(tmp_path: Path) -> None:
    bad, good = Attempt("failed", "exit code 1: quota", 1.0, 2.0), Attempt("passed", "", 3.0, 4.0)
    steps = {"create": Ended("passed", earlier=(bad, good)), "again": Ended("passed", earlier=(good,))}
    assert verdict.judge(steps, tmp_path, time.time()) == (
        SUCCESS, (),
        (Reason(reasons.RETRIED, "create",
                "create passed at its attempt 3; the first failed: exit code 1: quota"),),
    )  # fmt: skip


def test_what_is_left_behind_makes_a_run_red(tmp_path: Path) -> None:
    left = Reason(reasons.LEFT_BEHIND, "x", "cluster x is still there")
    assert verdict.judge({"a": Ended("passed")}, tmp_path, time.time(), also=[left])[:2] == (FAILURE, (left,))


def test_every_kind_of_reason_is_in_the_table_for_people() -> None:
    kinds = {value for name, value in vars(reasons).items() if name.isupper()}
    told = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "verdict.md").read_text(), re.MULTILINE)
    assert set(told) == kinds
    assert len(told) == len(kinds)


def test_reasons_of_older_records_are_sentences() -> None:
    kept = (Reason(reasons.NOT_RUN, "a", "not run: a"),)
    assert reasons.heard(reasons.spelled(kept)) == kept
    assert [str(each) for each in reasons.heard(["not run: a"])] == ["not run: a"]


def test_steps_that_did_not_run_are_named_together(tmp_path: Path) -> None:
    steps = {
        "a": Ended("failed", "exit code 1"), "b": Ended("not run", "a failed"),
        "c": Ended("not run", "b not run", OWED),
    }  # fmt: skip
    assert verdict.judge(steps, tmp_path, time.time())[:2] == (
        FAILURE,
        (Reason(reasons.STEP_FAILED, "a", "a failed: exit code 1"),
         Reason(reasons.NOT_RUN, "b, c", "not run: b, c")),
    )  # fmt: skip


def test_an_interrupted_run_is_aborted_whatever_its_steps_say(tmp_path: Path) -> None:
    assert judged(tmp_path, put(FILE, good), interrupted=True) == (ABORTED, ["interrupted"])
    assert judged(tmp_path, nothing, "aborted", "cancelled", interrupted=True) == (
        ABORTED, ["test aborted: cancelled"],
    )  # fmt: skip


def test_without_a_folder_of_artifacts_nothing_is_extra(tmp_path: Path) -> None:
    judgement = verdict.judge({"a": Ended("passed")}, tmp_path / "gone", time.time())
    assert judgement == (SUCCESS, (), ())
