"""JUnit files as wholes: whether a viewer finds them, can read them, and sees the cases in them.

TestGrid's util/gcs/read.go and metadata/junit/junit.go, which Spyglass uses too; gubernator/view_build.py
and kettle/make_json.py of kubernetes/test-infra. What is found in a file matters to those who read it.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from py.results.viewers.base import Faults, Spot, shown
from py.results.viewers.cases import JUnit
from py.results.viewers.folder import MOST_XML, RunFolder
from py.results.viewers.names import JUNIT, readers

FAULTS = Faults()
_NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
_WHOLE = re.compile(r"\s*[+-]?[0-9]+\s*")
_WITH_CONTEXT = re.compile(r"junit(_[^_]+)?(_[0-9]+-[0-9]+)?(_[0-9]+)?\.xml")


@FAULTS.fault("call it artifacts/junit_NAME.xml, with dashes in NAME")
def _junit_name(run: RunFolder) -> Iterator[Spot]:
    for junit in run.junit:
        blind = JUNIT.keys() - readers(junit.name)
        if blind and (junit.is_read or PurePosixPath(junit.name).name.startswith("junit")):
            yield Spot(junit.name, "it is JUnit, by another name or in another folder", frozenset(blind))


@FAULTS.fault("take dashes: what follows an underscore is read as a time or a number")
def _junit_name_underscores(run: RunFolder) -> Iterator[Spot]:
    for junit in run.junit:
        name = PurePosixPath(junit.name).name
        if name.startswith("junit_") and not _WITH_CONTEXT.fullmatch(name):
            yield Spot(junit.name, "there is more than one underscore in its name")


@FAULTS.fault("split it; nobody reads a hundred megabytes of cases")
def _junit_too_large(run: RunFolder) -> Iterator[Spot]:
    for junit in run.junit:
        if junit.size > MOST_XML:
            yield Spot(junit.name, f"it has {junit.size // 1_000_000} MB; {MOST_XML // 1_000_000} are read")


@FAULTS.fault("write it whole (to a new name, then moved), as XML 1.0 in UTF-8 without control characters")
def _junit_broken(run: RunFolder) -> Iterator[Spot]:
    for junit in run.junit:
        if junit.broken:
            yield Spot(junit.name, f"it is no XML: {junit.broken}")


@FAULTS.fault("write what the entities stand for, and no document type")
def _junit_entities(run: RunFolder) -> Iterator[Spot]:
    for junit in run.junit:
        if junit.entity:
            yield Spot(junit.name, f"it declares the entity {shown(junit.entity)}")


@FAULTS.fault("write <testsuites> around all")
def _junit_root(run: RunFolder) -> Iterator[Spot]:
    for junit in run.junit:
        if junit.root and not junit.is_read and not (junit.broken or junit.entity):
            yield Spot(junit.name, f"its root is <{junit.root}>")


@FAULTS.fault("write it without a namespace")
def _junit_namespace(run: RunFolder) -> Iterator[Spot]:
    for junit in _read(run):
        if junit.namespace:
            yield Spot(junit.name, f"its root is in the namespace {shown(junit.namespace)}")


@FAULTS.fault("write it as UTF-8")
def _junit_encoding(run: RunFolder) -> Iterator[Spot]:
    for junit in _read(run):
        if junit.encoding.lower() not in ("", "utf-8", "utf8"):
            yield Spot(junit.name, f"its encoding is {junit.encoding}")


@FAULTS.fault("write the file when there are cases; a suite in which nothing ran should fail")
def _junit_without_cases(run: RunFolder) -> Iterator[Spot]:
    for junit in run.junit:
        if junit.is_empty or (junit.is_read and not junit.cases and not junit.is_cut):
            yield Spot(junit.name, "there is no case in it")


@FAULTS.fault("write numbers with a point and nothing else: 1234.5, not 1,234.5")
def _suite_number(run: RunFolder) -> Iterator[Spot]:
    for junit in _read(run):
        odd = [
            f"{key}={shown(value)} of the suite {shown(suite)}"
            for key, value, suite in junit.numbers
            if value and not (_NUMBER if key == "time" else _WHOLE).fullmatch(value)
        ]
        yield from _first(junit, odd)


@FAULTS.fault("give each <testsuite> a name, the same in every run")
def _suite_without_name(run: RunFolder) -> Iterator[Spot]:
    for junit in _read(run):
        if junit.root == "testsuites" and any(
            tag == "testsuite" and "name" not in given for tag, given in junit.suites
        ):
            yield Spot(junit.name, "a suite has no name")


@FAULTS.fault("put cases into <testsuite> in <testsuites>, and properties and output into the case")
def _suite_stranger(run: RunFolder) -> Iterator[Spot]:
    """Gubernator takes all below <testsuites> for suites, and all below a bare <testsuite> for cases."""
    for junit in _read(run):
        bare = junit.root == "testsuite"
        known, needs = ("testcase", {"name", "time"}) if bare else ("testsuite", {"name"})
        odd = [
            f"<{tag}> is below <{junit.root}>"
            for tag, given in junit.suites
            if tag != known and needs - given.keys()
        ]
        yield from _first(junit, odd)


@FAULTS.fault("write <testsuites> around it")
def _bare_suite(run: RunFolder) -> Iterator[Spot]:
    for junit in _read(run):
        if junit.root == "testsuite" and junit.cases and junit.cases[0].suites[0]:
            yield Spot(junit.name, "its root is one <testsuite>")


@FAULTS.fault("put each case into a <testsuite> directly below <testsuites>")
def _suite_in_suite(run: RunFolder) -> Iterator[Spot]:
    for junit in _read(run):
        if junit.deep:
            yield Spot(
                junit.name, f"{junit.deep} of {len(junit.cases)} cases are not where they are looked for"
            )


@FAULTS.fault("give each <testcase> a time in seconds, 0 if need be")
def _case_without_time(run: RunFolder) -> Iterator[Spot]:
    for junit in _read(run):
        yield from _first(
            junit, [f"{case.name} has no time" for case in junit.cases if not case.given.get("time")]
        )


@FAULTS.fault("write seconds with a point and nothing else: 1234.5, not 1,234.5")
def _case_time(run: RunFolder) -> Iterator[Spot]:
    for junit in _read(run):
        odd = [
            case for case in junit.cases if (time := case.given.get("time")) and not _NUMBER.fullmatch(time)
        ]
        yield from _first(junit, [f"{case.name} takes {shown(case.given['time'])}" for case in odd])


@FAULTS.fault("give each <testcase> a name, the same in every run")
def _case_without_name(run: RunFolder) -> Iterator[Spot]:
    for junit in _read(run):
        nameless = sum("name" not in case.given for case in junit.cases)
        if nameless:
            yield Spot(junit.name, f"{nameless} of {len(junit.cases)} cases have no name")


def _read(run: RunFolder) -> Iterator[JUnit]:
    return (junit for junit in run.junit if junit.is_read)


def _first(junit: JUnit, found: list[str]) -> Iterator[Spot]:
    """One spot for a file, however often it is so."""
    if found:
        yield Spot(junit.name, found[0] + (f", and {len(found) - 1} more" if len(found) > 1 else ""))
