"""Write and read JUnit, in the one shape that TestGrid, Spyglass, Gubernator and kettle all understand."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from py.tools.files import write_whole

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LONGEST = 10_000  # characters of a text that TestGrid keeps
NO_TEXT = "no text"  # stands where a failure says nothing; empty it would read as passed
LARGEST = 100_000_000  # bytes of a file that we read; a tree of it takes ten times as much

_SUITES = ("testsuites", "testsuite")
_BAD = ("failure", "error")
_RESULTS = (*_BAD, "skipped")
_RETRIES = ("flakyFailure", "flakyError", "rerunFailure", "rerunError")  # Surefire counts them as well
# What GoogleTest, Ginkgo and others say by an attribute, sometimes by nothing else.
_STATUS = {
    **dict.fromkeys(("failed", "failure", "error", "panicked", "timedout"), "failure"),
    **dict.fromkeys(("notrun", "disabled", "skipped", "pending"), "skipped"),
}
_PYTEST = {"pytest", "pytest tests"}  # suites of pytest, which counts subtests but writes no case for them
_FURTHEST = 12 * 3600.0  # seconds; no zone of the world is further behind UTC
_PLACEHOLDERS = 946_684_800.0  # the year 2000: timestamps before it stand for none


class Case(NamedTuple):
    """One check: `failure` is the text of what went wrong, `skipped` the reason why it was not tried.

    `earlier` tells attempts that did not count.
    """

    classname: str
    name: str
    seconds: float
    failure: str = ""
    skipped: str = ""
    earlier: tuple[str, ...] = ()


class Report(NamedTuple):
    """What a file says: its cases, what it claims that they do not bear out, and when its tests ran.

    That is the latest moment, in seconds since 1970, at which the oldest suite can have begun; None if no
    suite says.
    """

    cases: list[Case]
    contradictions: list[str]
    ran: float | None


def write(path: Path, suite: str, cases: Iterable[Case]) -> None:
    """Write a file with one named suite; it appears whole or not at all.

    The root is `<testsuites>`, every case has classname, name and time, and a failure is `<failure>` with
    text inside, never `<error>`: other shapes count as passed in one viewer or another. Of an earlier attempt
    there is a property, which TestGrid draws and Spyglass lists, and its text: as a case of its own it would
    count as failed in kettle.
    """
    from xml.etree import ElementTree

    root = ElementTree.Element("testsuites")
    body = ElementTree.SubElement(root, "testsuite", name=_line(suite))
    for case in cases:
        named = {"classname": _line(case.classname), "name": _line(case.name), "time": f"{case.seconds:.3f}"}
        entry = ElementTree.SubElement(body, "testcase", named)
        if case.earlier:
            attempts = {"name": "attempts", "value": str(len(case.earlier) + 1)}
            ElementTree.SubElement(ElementTree.SubElement(entry, "properties"), "property", attempts)
        if case.failure:
            text = _legal(case.failure).strip() or NO_TEXT
            message = _line(text.partition("\n")[0])[:140]
            ElementTree.SubElement(entry, "failure", message=message).text = text[-LONGEST:]
        elif case.skipped:
            ElementTree.SubElement(entry, "skipped", message=_line(case.skipped))
        if case.earlier:
            ElementTree.SubElement(entry, "system-out").text = _legal("\n".join(case.earlier))[-LONGEST:]
    counted = {"tests": "testcase", "failures": "testcase/failure", "skipped": "testcase/skipped"}
    body.attrib |= {name: str(len(body.findall(found))) for name, found in counted.items()} | {"errors": "0"}
    ElementTree.indent(root)
    write_whole(path, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def read(path: Path) -> list[Case]:
    """The cases of a file, of suites in suites too; ValueError, in one line, if it is no JUnit."""
    return examine(path).cases


def examine(path: Path) -> Report:
    """All that a file says of its tests; ValueError, in one line, if it is no JUnit."""
    with _explained(path.name):
        if not path.is_file():
            raise ValueError("it is no file")
        if path.stat().st_size > LARGEST:
            raise ValueError(f"it is larger than {LARGEST // 1_000_000} MB")
        with path.open("rb") as file:
            root = _tree(file)
        return Report(_cases(root), _contradictions(root), _ran(root))


def cases(content: bytes, name: str) -> list[Case]:
    """The cases of what a file of that name holds, wherever it lies; ValueError if it is no JUnit."""
    with _explained(name):
        return _cases(_tree(BytesIO(content)))


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Whatever is wrong with a file, as one line."""
    from xml.parsers import expat

    try:
        yield
    except (OSError, ValueError, LookupError, SyntaxError, expat.ExpatError) as error:
        raise ValueError(f"{name} is no JUnit: {str(error).partition(chr(10))[0]}") from None


def _tree(file: BinaryIO) -> "Element":
    """The XML, evened out. A DTD is refused: its entities stand for any length, and could take all memory."""
    from xml.etree import ElementTree
    from xml.parsers import expat

    def refuse(*_: object) -> None:
        raise ValueError("it declares a document type")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.ParseFile(file)
    file.seek(0)
    root = ElementTree.parse(file).getroot()  # noqa: S314  # what would be dangerous was refused
    _even_out(root)
    if root.tag not in _SUITES:
        raise ValueError(f"its root is <{root.tag}>")
    return root


def _even_out(root: "Element") -> None:
    """Say in one way what tools say in several: namespaces, results as attributes, and results of suites."""
    from xml.etree.ElementTree import SubElement

    for entry in root.iter():
        if "}" in entry.tag:
            entry.tag = entry.tag.rpartition("}")[2]
    for entry in list(root.iter("testcase")):
        words = [word for word in (entry.get("status"), entry.get("result")) if word]
        told = [(word, _STATUS[word.lower()]) for word in words if word.lower() in _STATUS]
        if told and all(entry.find(tag) is None for tag in _RESULTS):
            for word, tag in told:
                SubElement(entry, tag, message=f"its status is {word}")
    for suite in _suites(root):
        for result in [child for child in suite if child.tag in _BAD]:
            name = suite.get("name", suite.tag)
            SubElement(suite, "testcase", classname=name, name=f"suite {name}").append(result)
            suite.remove(result)


def _contradictions(root: "Element") -> list[str]:
    """What suites count that they do not hold."""
    found = {}
    cases: Counter[Element] = Counter()
    results: Counter[Element] = Counter()
    entries = list(root.iter())
    parents = {child: entry for entry in entries for child in entry}
    for entry in reversed(entries):  # all that is in an entry comes before it
        cases[entry] += entry.tag == "testcase"
        results[entry] += entry.tag in (*_BAD, *_RETRIES)
        if entry.tag in _SUITES:
            tests, failed = _count(entry, "tests"), _count(entry, "failures") + _count(entry, "errors")
            # A case whose test and whose clean-up both went wrong counts twice in some tools.
            if tests > cases[entry] + results[entry] and entry.get("name") not in _PYTEST:
                found[f"counts {tests} tests, but holds {cases[entry]}"] = True
            if failed > results[entry]:
                found[f"counts {failed} failures, but holds {results[entry]}"] = True
        if entry in parents:
            cases[parents[entry]] += cases[entry]
            results[parents[entry]] += results[entry]
    return list(found)


def _ran(root: "Element") -> float | None:
    """When the oldest suite began, at the latest: a time without a zone may be of any."""
    from datetime import UTC, datetime

    times = []
    for suite in _suites(root):
        try:
            said = datetime.fromisoformat(suite.get("timestamp", ""))
        except ValueError:
            continue
        late = 0.0 if said.tzinfo else _FURTHEST
        times.append((said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp() + late)
    return min((each for each in times if each > _PLACEHOLDERS), default=None)


def _suites(root: "Element") -> "Iterator[Element]":
    return (entry for entry in list(root.iter()) if entry.tag in _SUITES)


def _count(suite: "Element", attribute: str) -> int:
    said = suite.get(attribute, "").replace(",", "").strip()
    return int(said) if said.isdecimal() else 0


def _cases(root: "Element") -> list[Case]:
    return [_case(entry) for entry in root.iter("testcase")]


def _case(entry: "Element") -> Case:
    if (
        len(entry) and entry.find(".//testcase") is not None
    ):  # whose failure would be whose? And if very deep?
        raise ValueError("it has a testcase within another")
    results = [result for result in entry.iter() if result.tag in _RESULTS]
    said = {result.tag: _text(result.text) or _text(result.get("message")) or NO_TEXT for result in results}
    failure = said.get("failure") or said.get("error") or ""
    headline = _text(results[0].get("message")).partition("\n")[0] if results else ""
    if failure and not _line(failure).startswith(headline):
        failure = f"{headline}\n{failure}"  # pytest's text begins with source, its message with the reason
    seconds = float(entry.get("time", "").replace(",", "") or 0)
    named = entry.get("classname", ""), entry.get("name", "")
    return Case(*named, seconds, failure, said.get("skipped", ""), _earlier(entry) if len(entry) else ())


def _earlier(entry: "Element") -> tuple[str, ...]:
    """What earlier attempts said, as we write it or as Surefire does."""
    if entry.find("properties/property[@name='attempts']") is not None:
        return tuple(_text(entry.findtext("system-out")).splitlines())
    retries = (result for result in entry if result.tag in _RETRIES)
    return tuple(_text(retry.text) or _text(retry.get("message")) or NO_TEXT for retry in retries)


def _text(said: str | None) -> str:
    return (said or "").strip()


def _line(text: str) -> str:
    """The text as an attribute carries it."""
    return re.sub("[\t\n\r]", " ", _legal(text))


def _legal(text: str) -> str:
    """The text with � for the characters that XML cannot carry."""
    return re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "�", text)
