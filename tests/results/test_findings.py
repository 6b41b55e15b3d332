"""Of whatever lies among the artifacts something sensible is shown, and the failed tests first."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from py.results import findings, junit
from py.results.findings import Findings
from py.results.junit import Case

COMMIT = "3" * 40
RECORD = {
    "refs": {"org": "kitchen", "repo": "menu", "clone_uri": "https://github.com/kitchen/menu.git",
             "base_ref": "main", "base_sha": "1" * 40, "pulls": [{"number": 12, "sha": "2" * 40}]},
    "failed": False, "final_sha": COMMIT,
}  # fmt: skip
CHANGE = {
    "commit": COMMIT, "commits": [{"sha": "2" * 40, "title": "Stew"}], "file_count": 1, "insertions": 2,
    "deletions": 1, "files": [{"path": "menu", "insertions": 2, "deletions": 1}],
}  # fmt: skip
damage: st.SearchStrategy[Any] = st.sampled_from(
    [math.inf, math.nan, -1, "", 10**30, None, [], {}]
) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def found(folder: Path) -> Findings:
    return Findings(folder, "artifacts/", {"junit_tests.xml": "tests"})


def records(folder: Path, record: object, change: object) -> Findings:
    (folder / findings.RECORDS).write_text(json.dumps(record))
    (folder / findings.CHANGE).write_text(json.dumps(change))
    return found(folder)


def places(told: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything in a JSON document."""
    inner = enumerate(told) if isinstance(told, list) else told.items() if isinstance(told, dict) else ()
    return [here, *(place for key, value in inner for place in places(value, (*here, key)))]


def damaged(told: Any, place: tuple[Any, ...], value: object) -> Any:
    if not place:
        return value
    copy = list(told) if isinstance(told, list) else dict(told)
    copy[place[0]] = damaged(told[place[0]], place[1:], value)
    return copy


@settings(max_examples=200)
@given(st.data())
def test_damaged_records_are_told_as_far_as_they_can_be(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = [[RECORD], CHANGE]
    broken = damaged(whole, data.draw(st.sampled_from(places(whole)[1:])), data.draw(damage))
    told = records(tmp_path_factory.mktemp("artifacts"), *broken).change()
    json.dumps(told, allow_nan=False)
    if told is not None:
        assert all(isinstance(told[key], str) for key in ("repository", "url", "commit", "base_ref"))
        assert all(type(each["number"]) is int for each in told["pulls"])
        assert all(type(told[key]) is int for key in ("file_count", "insertions", "deletions"))
        assert all(type(each["insertions"]) in (int, type(None)) for each in told["files"])
        assert all(isinstance(each["title"], str) for each in told["commits"])


def test_what_was_tested_is_told_with_what_it_changes(tmp_path: Path) -> None:
    told = records(tmp_path, [RECORD], CHANGE).change()
    assert told
    assert (told["repository"], told["commit"], told["base_ref"]) == ("kitchen/menu", COMMIT, "main")
    assert told["pulls"] == [{"number": 12, "sha": "2" * 40}]
    assert told["commits"] == [{"sha": "2" * 40, "title": "Stew"}]
    assert (told["file_count"], told["insertions"], told["deletions"]) == (1, 2, 1)


def test_the_change_of_another_clone_is_left_out(tmp_path: Path) -> None:
    told = records(tmp_path, [RECORD], CHANGE | {"commit": "4" * 40}).change()
    assert told
    assert (told["commits"], told["file_count"]) == ([], 0)


def test_where_nothing_was_cloned_nothing_is_told(tmp_path: Path) -> None:
    assert found(tmp_path).change() is None


def test_a_file_that_is_no_junit_says_so_among_the_others(tmp_path: Path) -> None:
    (tmp_path / "junit_bad.xml").write_text("<testsuites>")
    junit.write(tmp_path / "junit_tests.xml", "s", [Case("c", "works", 1.0)])
    bad, good = found(tmp_path).tests()
    assert bad["error"].startswith("junit_bad.xml is no JUnit")
    assert (good["step"], good["link"], good["counts"]["passed"]) == ("tests", "artifacts/junit_tests.xml", 1)


def test_a_time_that_is_none_is_no_time(tmp_path: Path) -> None:
    times = "".join(
        f'<testcase classname="c" name="{time}" time="{time}"/>' for time in ("nan", "inf", "2.5")
    )
    (tmp_path / "junit_tests.xml").write_text(f"<testsuites><testsuite>{times}</testsuite></testsuites>")
    [tests] = found(tmp_path).tests()
    assert [case["seconds"] for case in tests["cases"]] == [0.0, 0.0, 2.5]


def test_of_many_tests_all_are_counted_and_the_failed_ones_listed(tmp_path: Path) -> None:
    cases = [Case("c", f"works {n}", 0.0) for n in range(3000)]
    failed = [Case("c", f"fails {n}", 0.0, "why\n" + "x" * 9000 + "\nthe end") for n in range(100)]
    junit.write(tmp_path / "junit_a.xml", "s", cases)
    junit.write(tmp_path / "junit_tests.xml", "s", [*cases, *failed])
    first, second = found(tmp_path).tests()
    assert second["counts"] == {"passed": 3000, "failed": 100, "skipped": 0}
    assert [case["state"] for case in second["cases"][:100]] == ["failed"] * 100
    assert len(first["cases"]) + len(second["cases"]) == findings.CASES
    text = second["cases"][0]["text"]
    assert text.startswith("why") and text.endswith("the end") and "left out" in text
    assert sum(len(case["text"]) for case in second["cases"]) < 1.2 * findings.TEXTS
