"""Replace secrets in a stream of bytes by their names, also where they are encoded, wrapped or cut in two."""

import os
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping

from py.tools import spellings

SHORTEST = 4  # bytes; what is shorter is found in any text, and hides nothing
SHORTEST_LINE = 8  # bytes; a line of a secret that has several, such as a key, is a secret as well
_SURE = 4  # characters of base64 that are never parted: where fewer end a line, those after them are found
_BREAKS = b"\r\n"
_ENDS = (b"\n", b"\r\n")  # of lines
_NO_WRAPPING = re.compile(rb"[\r\n]{3}")
_Ends = dict[bytes, list[tuple[bytes, int]]]
_Match = tuple[int, int, bytes]  # beginning, end, and what takes its place


class Censor:
    """Turns each secret value, plain or in another spelling (see spellings), into `$NAME`.

    Feed it pieces in order and `flush` at the end: what comes out does not depend on how the stream was cut,
    because the end of a piece is held back while a secret may have begun in it. Base64 is found wrapped into
    lines, too; up to three of its characters may stay before the first break. Values shorter than SHORTEST
    are left alone.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        parts = [
            (part, b"$" + name.encode())
            for name, value in secrets.items()
            for part in _parts(os.fsencode(value))
        ]
        encoded = [(each, name) for part, name in parts for each in spellings.in_base64(part)]
        self._plain = {each: name for part, name in parts for each in spellings.of(part)}
        self._wrapped = dict(encoded)
        for each, name in encoded:
            if len(each) >= SHORTEST_LINE + _SURE:
                self._wrapped[each[_SURE - 1 :]] = name
            else:  # too little would be left of it
                self._plain |= {each[:n] + end + each[n:]: name for n in range(1, _SURE) for end in _ENDS}
        # What a text must end with for a secret to have begun in it.
        self._begins = {each[:size] for each in (*self._plain, *self._wrapped) for size in range(1, _SURE)}
        self._ends_plain, self._ends_wrapped = _ends(self._plain), _ends(self._wrapped)
        self._hold = 3 * max(map(len, self._wrapped), default=0)
        self._held = b""
        self.found = 0  # secrets that were replaced so far

    def feed(self, piece: bytes) -> bytes:
        """The part of the stream that is now known to be clean."""
        if not self._plain:
            return piece
        text = self._held + piece
        begun = self._begun(text)
        clean, done = self._cleaned(text, begun) if begun else (b"", 0)
        self._held = text[done:]
        return clean

    def flush(self) -> bytes:
        """What was held back."""
        held, self._held = self._held, b""
        return self.clean(held)

    def clean(self, whole: bytes) -> bytes:
        """A whole text at once."""
        return self._cleaned(whole, len(whole))[0]

    def holds(self, whole: bytes) -> bool:
        """Whether a secret is in a text."""
        return any(True for _ in self._matches(whole))

    def _cleaned(self, text: bytes, end: int) -> tuple[bytes, int]:
        """The text up to `end`, or to where a secret ends that began before it; and that place."""
        parts, done = [], 0
        # Of a secret that begins with another, nothing may be left: of those at one place the longest.
        for begin, after, name in sorted(self._matches(text), key=lambda match: (match[0], -match[1])):
            if begin >= end:
                break
            if begin >= done:
                parts += [text[done:begin], name]
                done = after
                self.found += 1
        end = max(end, done)
        return b"".join([*parts, text[done:end]]), end

    def _matches(self, text: bytes) -> Iterator[_Match]:
        """Wherever a secret is, also where another one is."""
        for spelling in [each for each in self._plain if each in text]:  # most texts hold none
            for place in _places(spelling, text):
                yield place, place + len(spelling), self._plain[spelling]
        squeezed = text.translate(None, _BREAKS)
        wrapped = [each for each in self._wrapped if each in squeezed]
        breaks = _breaks(text) if wrapped else []
        for spelling in wrapped:
            for place in _places(spelling, squeezed):
                begin, end = _spread(breaks, place, len(spelling))
                if _is_wrapped(text[begin:end], spelling):
                    yield begin, end, self._wrapped[spelling]

    def _begun(self, text: bytes) -> int:
        """Where the first secret begins that may go on in the next piece; the end if there is none."""
        begun = min(
            (len(text) - size for size in range(1, _SURE) if text[-size:] in self._begins),
            default=len(text),
        )
        if sizes := _sizes(text, self._ends_plain):
            begun = min(begun, len(text) - sizes[0])
        tail = text[-self._hold :] if self._hold else b""
        squeezed = tail.translate(None, _BREAKS)
        for size in _sizes(squeezed, self._ends_wrapped):
            place, _ = _spread(_breaks(tail), len(squeezed) - size, size)
            if _is_wrapped(tail[place:], squeezed[-size:]):
                return min(begun, len(text) - len(tail) + place)
        return begun


def _parts(value: bytes) -> Iterator[bytes]:
    """What of a secret is one: the whole, with and without space around it, and its long lines."""
    yield from (part for part in (value, value.strip()) if len(part) >= SHORTEST)
    yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= SHORTEST_LINE)


def _places(part: bytes, whole: bytes) -> Iterator[int]:
    place = whole.find(part)
    while place >= 0:
        yield place
        place = whole.find(part, place + 1)


def _ends(known: Iterable[bytes]) -> _Ends:
    """By its last bytes, each beginning of a spelling that is not all of it: which one, and how much."""
    found: _Ends = {}
    for each in known:
        for size in range(_SURE, len(each)):
            found.setdefault(each[size - _SURE : size], []).append((each, size))
    return found


def _sizes(text: bytes, ends: _Ends) -> list[int]:
    """How many of a text's last bytes are the beginning of a secret; the most first."""
    known = ends.get(text[-_SURE:], ())
    return sorted({size for each, size in known if text.endswith(each[:size])}, reverse=True)


def _breaks(text: bytes) -> list[int]:
    """How many other characters are before each line break."""
    return [found.start() - number for number, found in enumerate(re.finditer(rb"[\r\n]", text))]


def _spread(breaks: list[int], place: int, size: int) -> tuple[int, int]:
    """Where in a text with these line breaks that is what has this place and size in it without them."""
    last = place + size - 1
    return place + bisect_right(breaks, place), last + bisect_right(breaks, last) + 1


def _is_wrapped(text: bytes, spelling: bytes) -> bool:
    """Whether a text with line breaks may be base64 that was wrapped, and no lines that only look so."""
    return text[:_SURE] == spelling[:_SURE] and not _NO_WRAPPING.search(text)
