"""Whatever a folder holds, it is read to an end, and what is said of it can be printed."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from py.results.verify import Report, show, verify
from py.results.viewers import FAULTS, VIEWERS, cases, folder
from tests.results.viewers.folders import (
    BUILD,
    FINISHED,
    JUNIT,
    KINDS,
    NOW,
    PERIODIC,
    STARTED,
    Made,
    case,
    junit,
    link,
    make,
    write,
)  # fmt: skip

FILES = (
    STARTED,
    FINISHED,
    JUNIT,
    "prowjob.json",
    "podinfo.json",
    "artifacts/metadata.json",
    "artifacts/a.link.txt",
)
FIELDS = (
    "timestamp", "passed", "result", "pull", "repos", "repo-commit", "revision", "metadata", "job-version",
    "repo-version", "node", "spec", "pod", "links",
)  # fmt: skip
fields = st.sampled_from(FIELDS)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)
texts = st.sampled_from(["", "0", "1,0", "-1", "nan", "\u00e4", "#", "a" * 200])
suites = ("testsuites", "testsuite", "testcase", "properties", "property", "a:b")
tags = st.sampled_from((*suites, "failure", "error", "skipped", "system-out"))
elements = st.recursive(
    st.builds("<{} name='{}' time='{}'/>".format, tags, texts, texts),
    lambda inner: st.builds(
        lambda tag, text, inside: f"<{tag} name='{text}' xmlns:a='b'>{''.join(inside)}</{tag}>",
        tags, texts, st.lists(inner | texts, max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip
contents = (
    anything.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(fields, anything).map(lambda value: json.dumps(value).encode())
    | elements.map(str.encode)
    | st.binary(max_size=64)
)


def look(made: Made) -> Report:
    report = verify(str(made.run), now=NOW)
    show(report)
    json.dumps(report.as_json())
    return report


@settings(max_examples=100)
@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(FILES), contents, min_size=1, max_size=3))
def test_files_that_hold_anything_are_read_to_an_end(kind: str, files: dict[str, bytes]) -> None:
    with TemporaryDirectory() as root:
        made = make(Path(root), kind)
        for name, content in files.items():
            write(name, content)(made)
        for finding in look(made).findings:
            assert finding.fault in FAULTS
            assert finding.viewer in {viewer.name for viewer in VIEWERS}


@settings(max_examples=40)
@given(st.sampled_from(FILES), st.integers(0, 400), st.binary(max_size=4))
def test_files_that_were_cut_or_overwritten_are_read_to_an_end(name: str, at: int, patch: bytes) -> None:
    with TemporaryDirectory() as root:
        made = make(Path(root), PERIODIC)
        file = made.run / name
        content = file.read_bytes() if file.exists() else b"{}"
        write(name, content[:at] + patch + (content[at + len(patch) :] if patch else b""))(made)
        look(made)


def test_links_pipes_and_circles_are_not_followed(tmp_path: Path) -> None:
    made = make(tmp_path, PERIODIC)
    link("artifacts/junit_zero.xml", "/dev/zero")(made)
    link("artifacts/circle", "..")(made)
    link("artifacts/itself", "itself")(made)
    link("artifacts/metadata.json", "/proc/self/environ")(made)
    os.mkfifo(made.run / "artifacts/junit_pipe.xml")
    assert look(made).findings == ()


def test_what_is_too_much_is_told_and_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "MOST_CASES", 3)
    monkeypatch.setattr(folder, "MOST_XML_IN_ALL", 2000)
    made = make(tmp_path, PERIODIC)
    write(JUNIT, junit(*(case(str(number)) for number in range(4))))(made)
    write("artifacts/junit_vast.xml", junit(case("a" * 2000)))(made)
    report = look(made)
    assert report.findings == ()
    assert [said.partition(":")[0] for said in report.unread] == [JUNIT, "artifacts/junit_vast.xml"]


def test_a_folder_with_more_files_than_anybody_looks_at_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "MOST_FILES", 12)
    made = make(tmp_path, PERIODIC)
    for number in range(20):
        write(f"zoo/{number}", "")(made)
    assert look(made).unread == ("all after the first 12 files",)


def test_json_that_is_larger_than_anybody_writes_is_broken(tmp_path: Path) -> None:
    made = make(tmp_path, PERIODIC)
    os.truncate(made.run / FINISHED, 2_000_000_000)
    assert {found.why for found in look(made).findings} == {"it is larger than 10 MB"}


@pytest.mark.parametrize("depth", [900, 990, 5000])
def test_values_that_are_nested_as_deep_as_a_parser_goes_are_shown_in_short(
    depth: int, tmp_path: Path
) -> None:
    made = make(tmp_path, PERIODIC)
    deep = "[" * depth + "]" * depth
    write(FINISHED, f'{{"timestamp": 1, "pull": {deep}, "metadata": {{"a": {deep}}}, "result": {deep}}}')(
        made
    )
    assert look(made).state == "over; nobody knows how"


def test_names_that_no_terminal_should_show_are_shown_as_text(tmp_path: Path) -> None:
    made = make(tmp_path, PERIODIC)
    write(FINISHED, json.dumps({"timestamp": 1, "result": "\ud800\x1b", "metadata": {"\x00": [BUILD]}}))(made)
    look(made)


def test_a_tag_that_does_not_end_is_not_read_over_and_over(tmp_path: Path) -> None:
    made = make(tmp_path, PERIODIC)
    write(JUNIT, b'<testsuites a="' + b"x" * 30_000_000)(made)
    assert look(made).unread == (f"{JUNIT}: all after the first 0 cases",)
