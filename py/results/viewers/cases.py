"""JUnit as its viewers' parsers meet it: not what a file means, but what is written, and where.

A parser that trusts a file is none for this: entities are not expanded, and what is read has a limit. The
reader of our own files, which is after their meaning, is py/results/junit.py.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

MOST_CASES = 100_000  # of a file
MOST_ELEMENTS = 2_000_000  # of a file, whatever they are: some seconds
MOST_TEXT = 20_000  # characters of a failure
MOST_TOKEN = 8_000_000  # bytes of a tag with its attributes, or of a comment
DEEPEST = 10_000  # elements in elements, which is where Go's parser ends
_PIECE = 1 << 16
_ROOTS = ("testsuites", "testsuite")
_RESULTS = ("failure", "error", "skipped")


@dataclass(slots=True)
class Result:
    """A <failure>, <error> or <skipped>: its attribute `message`, and its text up to its first element."""

    tag: str
    message: str
    text: str = ""


@dataclass(slots=True)
class Case:
    """A <testcase>: its attributes, the names of the suites that it is in, and what became of it."""

    given: Mapping[str, str]
    suites: tuple[str, ...]
    results: list[Result] = field(default_factory=list)
    has_child_properties: bool = False

    @property
    def name(self) -> str:
        """Its name, as in TestGrid's rows: after those of the suites."""
        return ".".join(filter(None, (*self.suites, self.given.get("name", ""))))

    def of(self, tag: str) -> list[Result]:
        """Its results of one kind."""
        return [result for result in self.results if result.tag == tag]

    @property
    def failed(self) -> bool:
        """Whether it says, in whatever way, that it failed."""
        return any(result.tag != "skipped" for result in self.results)


@dataclass(slots=True)
class JUnit:
    """A file: its size if it was not read for it, else why it is broken, else what is in it."""

    name: str
    size: int = 0
    broken: str = ""
    is_empty: bool = False
    encoding: str = ""  # the one it declares
    entity: str = ""  # the first one it declares
    root: str = ""
    namespace: str = ""
    cases: list[Case] = field(default_factory=list)
    suites: list[tuple[str, Mapping[str, str]]] = field(
        default_factory=list
    )  # tag, attributes; below the root
    numbers: list[tuple[str, str, str]] = field(default_factory=list)  # of suites: attribute, value, suite
    deep: int = 0  # cases in suites in suites
    is_cut: bool = False  # there is more in it than was looked at

    @property
    def is_read(self) -> bool:
        """Whether its cases are known."""
        return not (self.size or self.broken or self.entity) and self.root in _ROOTS


def looks_like_junit(head: bytes) -> bool:
    """Whether a file that begins so is JUnit, whatever its name."""
    return (
        re.search(rb"^\s*(<\?xml[^>]*>)?\s*(<!--.*?-->\s*)*<testsuites?[\s>/]", head, re.DOTALL) is not None
    )


def read_junit(name: str, read: Callable[[int], bytes], most: int, size: int) -> JUnit:
    """What a stream of at most so many bytes holds; a longer one is told by its size."""
    from xml.parsers import expat

    junit, length = JUnit(name), 0
    parser = _parser(junit)
    try:
        # What the parser has not used it reads again, so a token that goes on gets ever larger pieces.
        while piece := read(max(_PIECE, length - parser.CurrentByteIndex)):
            length += len(piece)
            if length > most:
                return JUnit(name, size=max(length, size))
            parser.Parse(piece, False)
            if length - parser.CurrentByteIndex > MOST_TOKEN:
                junit.is_cut = True
                return junit
        junit.is_empty = length == 0
        if length:
            parser.Parse(b"", True)
    except _Enough:
        pass
    except (expat.ExpatError, ValueError, LookupError) as error:
        junit.broken = str(error).partition("\n")[0]
    return junit


class _Enough(Exception):
    """Nothing more is to be learned from the file."""


def _parser(junit: JUnit) -> "XMLParserType":  # type: ignore[name-defined]  # noqa: F821
    from xml.parsers import expat

    parser = expat.ParserCreate()
    parser.buffer_text = True
    reader = _Reader(junit)
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.XmlDeclHandler = reader.declaration
    parser.EntityDeclHandler = reader.entity
    return parser


class _Reader:
    """Whom the parser tells what it meets."""

    def __init__(self, junit: JUnit) -> None:
        self.junit = junit
        self.elements = 0
        self.open: list[str] = []
        self.suites: list[str] = []
        self.case: Case | None = None
        self.result: Result | None = None

    def declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.junit.encoding = encoding or ""

    def entity(self, name: str, *_: object) -> None:
        self.junit.entity = name
        raise _Enough  # what it stands for may be of any length

    def start(self, spelled: str, given: dict[str, str]) -> None:
        self.elements += 1
        if self.elements > MOST_ELEMENTS:
            self._stop()
        tag = spelled.rpartition(":")[2]
        if not self.open:
            self._root(tag, given.get("xmlns") or spelled.rpartition(":")[0])
        elif len(self.open) == 1:
            self._below_the_root(tag, given)
        if len(self.open) >= DEEPEST:
            raise ValueError(f"more than {DEEPEST} elements are in one another")
        self.result = None
        if tag == "testsuite":
            self.suites.append(given.get("name", ""))
            wanted = ("time", "tests", "failures")
            self.junit.numbers += [(key, given[key], self.suites[-1]) for key in wanted if key in given]
        elif tag == "testcase" and self.open:
            self._case(given)
        elif self.case and self.open[-1] == "testcase" and tag in _RESULTS:
            self.result = Result(tag, given.get("message", ""))
            self.case.results.append(self.result)
        elif self.case and self.open[-1] == "property":
            self.case.has_child_properties = True
        self.open.append(tag)

    def end(self, _tag: str) -> None:
        tag = self.open.pop()
        self.result = None
        if tag == "testsuite":
            self.suites.pop()
        elif tag == "testcase":
            self.case = None

    def text(self, piece: str) -> None:
        if self.result and len(self.result.text) < MOST_TEXT:
            self.result.text += piece

    def _root(self, tag: str, namespace: str) -> None:
        self.junit.root, self.junit.namespace = tag, namespace
        if tag not in _ROOTS:
            raise _Enough

    def _below_the_root(self, tag: str, given: Mapping[str, str]) -> None:
        if len(self.junit.suites) >= MOST_CASES:
            self._stop()
        self.junit.suites.append((tag, given))

    def _stop(self) -> None:
        self.junit.is_cut = True
        raise _Enough

    def _case(self, given: Mapping[str, str]) -> None:
        if len(self.junit.cases) >= MOST_CASES:
            self._stop()
        self.case = Case(given, tuple(self.suites))
        self.junit.cases.append(self.case)
        where = ["testsuites", "testsuite"] if self.junit.root == "testsuites" else ["testsuite"]
        self.junit.deep += self.open != where
