"""Write and read JUnit, in the one shape that TestGrid, Spyglass, Gubernator and kettle all understand."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

LONGEST = 10_000  # characters of a text that TestGrid keeps


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
    import junitparser  # late: only who writes results pays for it

    body = junitparser.TestSuite(suite)
    for case in cases:
        entry = junitparser.TestCase(case.name, case.classname, round(case.seconds, 3))
        if case.failure:
            failure = junitparser.Failure(_legal(case.failure.strip().partition("\n")[0])[:140])
            failure.text = _legal(case.failure)[-LONGEST:]
            entry.result = [failure]
        elif case.skipped:
            entry.result = [junitparser.Skipped(_legal(case.skipped))]
        body.add_testcase(entry)
    root = junitparser.JUnitXml()
    root.add_testsuite(body)
    root.update_statistics()  # type: ignore[no-untyped-call]
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    root.write(str(part), pretty=True)
    part.replace(path)


def read(path: Path) -> list[Case]:
    """The cases of a file; ValueError, in one line, if it is no JUnit."""
    import junitparser

    try:
        root = junitparser.JUnitXml.fromfile(str(path))
        suites = [root] if isinstance(root, junitparser.TestSuite) else list(root)
        return [_case(entry) for suite in suites for entry in suite]
    except (OSError, SyntaxError, TypeError, junitparser.JUnitXmlError) as error:
        raise ValueError(f"{path.name} is no JUnit: {str(error).partition(chr(10))[0]}") from None


def _case(entry: "junitparser.TestCase") -> Case:  # type: ignore[name-defined]  # noqa: F821
    import junitparser

    texts = {junitparser.Failure: "", junitparser.Error: "", junitparser.Skipped: ""}
    for result in entry.result:
        texts[type(result)] = (result.text or result.message or "no text").strip()
    failure = texts[junitparser.Failure] or texts[junitparser.Error]
    headline = next((found.message or "" for found in entry.result), "").strip().partition("\n")[0]
    if failure and not failure.startswith(headline):
        failure = f"{headline}\n{failure}"  # pytest's text begins with source, its message with the reason
    return Case(
        entry.classname or "", entry.name or "", entry.time or 0.0, failure, texts[junitparser.Skipped]
    )


def _legal(text: str) -> str:
    """The text without the characters that XML cannot carry."""
    return "".join(
        c if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff" else "�"
        for c in text
    )
