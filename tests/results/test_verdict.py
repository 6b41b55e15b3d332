"""A run is green only if every step passed and every JUnit file says so too."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from py.results import junit, verdict
from py.results.junit import Case
from py.results.verdict import ABORTED, FAILURE, SUCCESS

Put = Callable[[Path], object]
FILE = "junit_test.xml"


def put(name: str, *cases: Case) -> Put:
    return lambda folder: junit.write(folder / name, "suite", cases)


def text(name: str, content: str) -> Put:
    return lambda folder: (folder / name).write_text(content)


def old(name: str) -> Put:
    return lambda folder: os.utime(folder / name, (0, 0))


def link(name: str) -> Put:
    return lambda folder: (folder / name).symlink_to("nowhere")


def all_of(*puts: Put) -> Put:
    return lambda folder: [put(folder) for put in puts]


def nothing(folder: Path) -> None:
    """A step that wrote nothing."""


def judged(
    folder: Path, put: Put, state: str = "passed", why: str = "", **more: bool
) -> tuple[str, tuple[str, ...]]:
    folder.mkdir(exist_ok=True)
    since = time.time()
    put(folder)
    return verdict.judge({"test": (state, why)}, {"test": (FILE, since)}, folder, since, **more)


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
        (link(FILE), "its junit_test.xml is missing"),
        (lambda folder: (folder / FILE).mkdir(), "junit_test.xml is no JUnit: it is no file"),
        (lambda folder: os.mkfifo(folder / FILE), "junit_test.xml is no JUnit: it is no file"),
    ],
)  # fmt: skip
def test_a_step_that_passed_is_believed_only_with_its_junit(tmp_path: Path, put: Put, reason: str) -> None:
    result, reasons = judged(tmp_path / "artifacts", put)
    assert result == (FAILURE if reason else SUCCESS)
    assert len(reasons) == bool(reason)
    assert reason in "".join(reasons)


def test_a_step_that_failed_says_why_and_owes_no_junit(tmp_path: Path) -> None:
    assert judged(tmp_path, nothing, "failed", "exit code 1") == (FAILURE, ("test failed: exit code 1",))
    assert judged(tmp_path, put(FILE, bad()), "failed", "exit code 1")[1] == ("test failed: exit code 1",)


def test_good_junit_does_not_make_up_for_a_failed_step(tmp_path: Path) -> None:
    assert judged(tmp_path, put(FILE, good), "failed", "exit code 1")[0] == FAILURE


def test_steps_that_did_not_run_are_named_together(tmp_path: Path) -> None:
    states = {"a": ("failed", "exit code 1"), "b": ("not run", "a failed"), "c": ("not run", "b not run")}
    assert verdict.judge(states, {"c": (FILE, 0)}, tmp_path, time.time()) == (
        FAILURE, ("a failed: exit code 1", "not run: b, c"),
    )  # fmt: skip


def test_an_interrupted_run_is_aborted_whatever_its_steps_say(tmp_path: Path) -> None:
    assert judged(tmp_path, put(FILE, good), interrupted=True) == (ABORTED, ("interrupted",))
    assert judged(tmp_path, nothing, "aborted", "cancelled", interrupted=True) == (
        ABORTED, ("test aborted: cancelled",),
    )  # fmt: skip


def test_without_a_folder_of_artifacts_nothing_is_extra(tmp_path: Path) -> None:
    assert verdict.judge({"a": ("passed", "")}, {}, tmp_path / "gone", time.time()) == (SUCCESS, ())
