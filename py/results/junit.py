"""Write and read JUnit, in the one shape that TestGrid, Spyglass, Gubernator and kettle all understand."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from py.tools.files import write_whole

LONGEST = 10_000  # characters of a text that TestGrid keeps
NO_TEXT = "no text"  # stands where a failure says nothing; empty it would read as passed
LARGEST = 100_000_000  # bytes of a file that we read; a tree of it takes ten times as much


class Case(NamedTuple):
    """One check: `failure` is the text of what went wrong, `skipped` the reason why it was not tried."""

    classname: str
    name: str
    seconds: float
    failure: str = ""
    skipped: str = ""


def write(path: Path, suite: str, cases: Iterable[Case]) -> None:
    """Write a file with one named suite; it appears whole or not at all.

    The root is `<testsuites>`, every case has classname, name and time, and a failure is `<failure>` with
    text inside, never `<error>`: other shapes count as passed in one viewer or another.
    """
    from xml.etree import ElementTree  # not junitparser: every run would wait until that is loaded

    root = ElementTree.Element("testsuites")
    body = ElementTree.SubElement(root, "testsuite", name=_line(suite))
    for case in cases:
        named = {"classname": _line(case.classname), "name": _line(case.name), "time": f"{case.seconds:.3f}"}
        entry = ElementTree.SubElement(body, "testcase", named)
        if case.failure:
            text = _legal(case.failure).strip() or NO_TEXT
            message = _line(text.partition("\n")[0])[:140]
            ElementTree.SubElement(entry, "failure", message=message).text = text[-LONGEST:]
        elif case.skipped:
            ElementTree.SubElement(entry, "skipped", message=_line(case.skipped))
    counted = {"tests": "testcase", "failures": "testcase/failure", "skipped": "testcase/skipped"}
    body.attrib |= {name: str(len(body.findall(found))) for name, found in counted.items()} | {"errors": "0"}
    ElementTree.indent(root)
    write_whole(path, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def read(path: Path) -> list[Case]:
    """The cases of a file, of suites in suites too; ValueError, in one line, if it is no JUnit."""
    from xml.etree import ElementTree
    from xml.parsers import expat

    import junitparser

    try:
        _check(path)
        root = ElementTree.parse(path).getroot()  # noqa: S314  # what would be dangerous was refused
        if root.tag not in ("testsuites", "testsuite"):
            raise ValueError(f"its root is <{root.tag}>")
        as_case = junitparser.TestCase.fromelem
        return [_case(as_case(entry)) for entry in root.iter("testcase")]  # type: ignore[no-untyped-call]
    except (OSError, ValueError, LookupError, SyntaxError, expat.ExpatError) as error:
        raise ValueError(f"{path.name} is no JUnit: {str(error).partition(chr(10))[0]}") from None


def _check(path: Path) -> None:
    """Refuse what could take all memory: a huge file, and a DTD, whose entities stand for any length."""
    from xml.parsers import expat

    if not path.is_file():
        raise ValueError("it is no file")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 1_000_000} MB")

    def refuse(*_: object) -> None:
        raise ValueError("it declares a document type")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    with path.open("rb") as file:
        parser.ParseFile(file)


def _case(entry: "junitparser.TestCase") -> Case:  # type: ignore[name-defined]  # noqa: F821
    import junitparser

    texts = {junitparser.Failure: "", junitparser.Error: "", junitparser.Skipped: ""}
    for result in entry.result:
        said = ((text or "").strip() for text in (result.text, result.message))
        texts[type(result)] = next(filter(None, said), NO_TEXT)
    failure = texts[junitparser.Failure] or texts[junitparser.Error]
    headline = next((found.message or "" for found in entry.result), "").strip().partition("\n")[0]
    if failure and not _line(failure).startswith(headline):
        failure = f"{headline}\n{failure}"  # pytest's text begins with source, its message with the reason
    return Case(
        entry.classname or "", entry.name or "", entry.time or 0.0, failure, texts[junitparser.Skipped]
    )


def _line(text: str) -> str:
    """The text as an attribute carries it."""
    return re.sub("[\t\n\r]", " ", _legal(text))


def _legal(text: str) -> str:
    """The text with � for the characters that XML cannot carry."""
    return re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "�", text)
