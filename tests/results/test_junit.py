"""What is written is what viewers read, and whatever somebody else wrote is read for what it says."""

import os
import re
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py.results import junit
from py.results.junit import Case

texts = st.text(st.characters(exclude_categories=()), max_size=80)  # control characters, halves of pairs, all
seconds = st.floats(0, 1e6).map(lambda value: round(value, 3))
cases = st.builds(Case, texts, texts, seconds, texts, texts)


def written(path: Path, *cases: Case) -> ElementTree.Element:
    junit.write(path, "suite", cases)
    return ElementTree.parse(path).getroot()


def legal(text: str) -> str:
    """The text as it comes back: what XML cannot carry is replaced, and lines end in one way."""
    control = {c for c in text if c < " " and c not in "\t\n\r"}
    halves = {c for c in text if "\ud800" <= c <= "\udfff"}
    gone = control | halves | {"\ufffe", "\uffff"}
    return re.sub("\r\n?", "\n", "".join("�" if c in gone else c for c in text)).strip()


@given(st.lists(cases, max_size=4), texts)
def test_any_text_is_written_so_that_it_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, given: Sequence[Case], suite: str
) -> None:
    path = tmp_path_factory.mktemp("junit") / "junit_x.xml"
    junit.write(path, suite, given)
    found = junit.read(path)
    assert len(found) == len(given)
    for case, back in zip(given, found, strict=True):
        assert back.seconds == case.seconds
        assert bool(back.failure) == bool(case.failure)
        assert bool(back.skipped) == bool(case.skipped and not case.failure)
        if legal(case.failure):
            assert back.failure == legal(case.failure)
        assert "\n" not in back.name + back.classname
        assert back.name.split() == legal(case.name).split()


def test_the_shape_is_the_one_that_every_viewer_understands(tmp_path: Path) -> None:
    root = written(
        tmp_path / "junit_build-images.xml",
        Case("py.release", "build", 1.23456),
        Case("py.release", "push", 0.0, failure="denied\nby the registry"),
        Case("", "", 2.0, skipped="no registry"),
    )
    assert root.tag == "testsuites"
    assert [suite.tag for suite in root] == ["testsuite"]
    assert root[0].attrib["name"] == "suite"
    assert {key: root[0].attrib[key] for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3", "failures": "1", "errors": "0", "skipped": "1",
    }  # fmt: skip
    for case in root.iter("testcase"):
        assert {"classname", "name", "time"} <= set(case.attrib)
    assert [case.attrib["time"] for case in root.iter("testcase")] == ["1.235", "0.000", "2.000"]
    failure = root.find(".//failure")
    assert failure is not None
    assert (failure.attrib["message"], failure.text) == ("denied", "denied\nby the registry")
    assert root.find(".//error") is None


def test_a_long_failure_keeps_its_headline_and_its_end(tmp_path: Path) -> None:
    text = "AssertionError: " + "x" * 300 + "\n" + "y" * 20_000 + "\nthe end"
    path = tmp_path / "junit_x.xml"
    failure = written(path, Case("c", "n", 0.0, text)).find(".//failure")
    assert failure is not None and failure.text
    assert (len(failure.attrib["message"]), len(failure.text)) == (140, junit.LONGEST)
    (back,) = junit.read(path)
    assert back.failure.startswith("AssertionError: ")
    assert back.failure.endswith("the end")


def test_a_file_appears_whole_and_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "not/yet/there/junit_x.xml"
    junit.write(path, "s", [Case("c", "old", 0.0)])

    def failing() -> object:
        yield Case("c", "new", 0.0)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        junit.write(path, "s", failing())  # type: ignore[arg-type]
    assert [case.name for case in junit.read(path)] == ["old"]
    junit.write(path, "s", [])
    assert junit.read(path) == []
    assert [file.name for file in path.parent.iterdir()] == ["junit_x.xml"]


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<failure>text</failure>", ("text", "")),
        ("<failure message='why'>text</failure>", ("why\ntext", "")),
        ("<failure message='why'/>", ("why", "")),
        ("<failure/>", ("no text", "")),
        ("<failure>\n  </failure>", ("no text", "")),
        ("<failure message=' '> </failure>", ("no text", "")),
        ("<error message='boom'/>", ("boom", "")),
        ("<error> </error>", ("no text", "")),
        ("<skipped/>", ("", "no text")),
        ("<skipped message='later'/>", ("", "later")),
        ("<system-out>failure</system-out>", ("", "")),
    ],
)
def test_what_other_tools_write_is_read_for_what_it_says(
    tmp_path: Path, inside: str, expected: tuple[str, str]
) -> None:
    path = tmp_path / "x.xml"
    path.write_text(
        f"<testsuite><testcase name='n' classname='c' time='1,000.5'>{inside}</testcase></testsuite>"
    )
    assert junit.read(path) == [Case("c", "n", 1000.5, *expected)]


def test_no_case_is_lost_where_suites_hold_suites(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    path.write_text(
        "<testsuites><testcase name='top'/><testsuite><testcase name='a'/><testsuite><testsuite>"
        "<testcase name='deep'><failure/></testcase></testsuite></testsuite></testsuite></testsuites>"
    )
    assert [(case.name, case.failure) for case in junit.read(path)] == [
        ("top", ""), ("a", ""), ("deep", "no text"),
    ]  # fmt: skip


BOMB = "<!DOCTYPE x [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12)
)  # fmt: skip

broken = {
    "empty": "",
    "no XML": "all tests passed",
    "cut off": "<testsuites><testsuite><testcase name='n'>",
    "a page": "<html><body/></html>",
    "a bad time": "<testsuite><testcase name='n' time='soon'/></testsuite>",
    "tests in tests": "<testsuite>" + "<testcase>" * 50_000 + "</testcase>" * 50_000 + "</testsuite>",
    "an unknown encoding": "<?xml version='1.0' encoding='martian'?><testsuite/>",
    "a control character": "<testsuite><testcase name='\x01'/></testsuite>",
    "billions of laughs": BOMB + "]><testsuite><testcase name='&a11;'/></testsuite>",
    "a file of this machine": "<!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><testsuite>&f;</testsuite>",
    "a long entity": f"<!DOCTYPE x [<!ENTITY a '{'x' * 100_000}'>]><testsuite>{'&a;' * 100_000}</testsuite>",
}


@pytest.mark.parametrize("name", broken)
def test_what_is_no_junit_is_told_soon_and_in_little_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / "junit_x.xml"
    path.write_bytes(broken[name].encode())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    with pytest.raises(ValueError, match=r"^junit_x.xml is no JUnit: .+$") as told:
        junit.read(path)
    assert len(str(told.value).splitlines()) == 1
    assert time.monotonic() - began < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024  # KiB


def test_what_is_too_large_or_no_file_is_not_opened(tmp_path: Path) -> None:
    huge = tmp_path / "huge.xml"
    with huge.open("wb") as file:
        file.truncate(junit.LARGEST + 1)  # a hole: it takes no room
    pipe = tmp_path / "pipe.xml"
    os.mkfifo(pipe)  # to open it would wait forever
    for path, told in (
        (huge, "larger than 100 MB"),
        (pipe, "no file"),
        (tmp_path, "no file"),
        (tmp_path / "x", "no file"),
    ):
        with pytest.raises(ValueError, match=told):
            junit.read(path)


def test_depth_is_no_danger(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    path.write_text("<testsuite>" * 100_000 + "<testcase name='n'/>" + "</testsuite>" * 100_000)
    assert [case.name for case in junit.read(path)] == ["n"]


def test_a_page_in_a_failure_is_no_document_type(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    path.write_text(
        "<testsuite><testcase name='n'><failure><![CDATA[<!DOCTYPE html>]]></failure></testcase></testsuite>"
    )
    assert junit.read(path)[0].failure == "<!DOCTYPE html>"


def test_earlier_attempts_are_told_within_the_one_case(tmp_path: Path) -> None:
    path = tmp_path / "junit_x.xml"
    root = written(path, Case("c", "n", 1.0, earlier=("attempt 1 failed: \x00 quota",)))
    (found,) = root.iter("testcase")
    assert [entry.tag for entry in found] == ["properties", "system-out"]
    assert [entry.attrib for entry in root.iter("property")] == [{"name": "attempts", "value": "2"}]
    assert found.findtext("system-out") == "attempt 1 failed: � quota"
    assert junit.read(path) == [Case("c", "n", 1.0, earlier=("attempt 1 failed: � quota",))]


def examined(path: Path, text: str) -> junit.Report:
    path.write_text(text)
    return junit.examine(path)


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        ('<testcase name="n" status="failed"/>', "its status is failed"),
        ('<testcase name="n" status="Timedout"/>', "its status is Timedout"),
        ('<testcase name="n" result="error"/>', "its status is error"),
        ('<testcase name="n" status="failed"><failure>why</failure></testcase>', "why"),
        ('<testcase name="n" status="failed"><skipped/></testcase>', ""),
        ('<testcase name="n" status="run" result="completed"/>', ""),
        ('<x:testcase xmlns:x="urn:x" name="n"><x:failure>why</x:failure></x:testcase>', "why"),
        ('<error message="no import"/>', "no import"),
    ],
)
def test_a_failure_is_found_however_it_is_told(tmp_path: Path, text: str, failed: str) -> None:
    report = examined(tmp_path / "x.xml", f'<testsuite name="s">{text}</testsuite>')
    assert [case.failure for case in report.cases] == [failed]
    assert report.contradictions == []


def test_what_pytest_and_surefire_count_is_no_contradiction(tmp_path: Path) -> None:
    counts = 'tests="7" failures="1" errors="2"'
    both = "<testcase name='n'><failure/></testcase>" + "<testcase name='n'><error/></testcase>" * 2
    for text in (
        f'<testsuites name="pytest tests"><testsuite name="pytest" {counts}>{both}</testsuite></testsuites>',
        '<testsuite tests="2" errors="1"><testcase><error/></testcase></testsuite>',  # passed, not cleaned up
        '<testsuite tests="2" failures="1"><testcase><flakyFailure/></testcase></testsuite>',
        '<testsuite tests="1"><testsuite tests="1"><testcase/></testsuite></testsuite>',
        '<testsuite tests="" failures="none"><testcase/></testsuite>',
    ):
        assert examined(tmp_path / "x.xml", text).contradictions == []


def test_what_a_suite_counts_is_there(tmp_path: Path) -> None:
    text = (
        '<testsuites failures="3"><testsuite tests="1,000"><testcase/></testsuite>'
        '<testsuite errors="1"><testcase/></testsuite></testsuites>'
    )
    assert sorted(examined(tmp_path / "x.xml", text).contradictions) == [
        "counts 1 failures, but holds 0", "counts 1000 tests, but holds 1", "counts 3 failures, but holds 0",
    ]  # fmt: skip


def test_tests_ran_when_the_oldest_suite_says(tmp_path: Path) -> None:
    def ran(*times: str) -> float | None:
        suites = "".join(f'<testsuite timestamp="{each}"/>' for each in times)
        return examined(tmp_path / "x.xml", f"<testsuites>{suites}</testsuites>").ran

    assert ran() is ran("", "soon", "1970-01-01T00:00:00Z") is None
    assert ran("2026-01-02T00:00:00Z", "2026-01-01T02:00:00+02:00") == 1767225600
    assert ran("2026-01-01T00:00:00") == 1767225600 + 12 * 3600  # in the zone that is furthest behind


WHOLE = (
    b"<testsuites tests='2' failures='1' timestamp='2026-01-01T00:00:00Z'><testsuite name='s'>"
    b"<testcase classname='c' name='n' time='1' status='failed'><properties/></testcase><error/>"
    b"</testsuite></testsuites>"
)


@given(st.integers(0, len(WHOLE)), st.integers(0, 20), st.binary(max_size=20))
def test_a_damaged_file_is_a_report_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, instead: bytes
) -> None:
    path = tmp_path_factory.mktemp("junit") / "junit_x.xml"
    path.write_bytes(WHOLE[:start] + instead + WHOLE[start + length :])
    try:
        junit.examine(path)
    except ValueError as error:
        assert len(str(error).splitlines()) == 1
