"""Replace secrets in a stream of bytes by their names, also where they were encoded or cut in two."""

import os
import re
from collections.abc import Iterator, Mapping

SHORTEST = 4  # bytes; what is shorter is found in any text, and hides nothing
SHORTEST_LINE = 8  # bytes; a line of a secret that has several, such as a key, is a secret as well


class Censor:
    """Turns each secret value, plain or as it is spelled in JSON, URLs and base64, into `$NAME`.

    Feed it pieces in order and `flush` at the end: what comes out does not depend on how the stream was cut,
    because the end of a piece is held back while a secret may have begun in it. Values shorter than SHORTEST
    are left alone, and base64 that is wrapped into lines within a secret is not found.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._names = {
            spelling: b"$" + name.encode()
            for name, value in secrets.items()
            for part in _parts(os.fsencode(value))
            for spelling in _spellings(part)
        }
        # The longest first: of a secret that begins with another, nothing may be left.
        longest_first = sorted(self._names, key=len, reverse=True)
        self._any = re.compile(b"|".join(map(re.escape, longest_first)))
        self._first = re.compile(b"|".join({re.escape(spelling[:1]) for spelling in self._names}))
        self._hold = max(map(len, self._names), default=1) - 1
        self._held = b""

    def feed(self, piece: bytes) -> bytes:
        """The part of the stream that is now known to be clean."""
        if not self._names:
            return piece
        text = self._held + piece
        clean, done = self._cleaned(text, self._begun(text))
        self._held = text[done:]
        return clean

    def flush(self) -> bytes:
        """What was held back."""
        held, self._held = self._held, b""
        return self.clean(held)

    def clean(self, whole: bytes) -> bytes:
        """A whole text at once."""
        return self._cleaned(whole, len(whole))[0]

    def _cleaned(self, text: bytes, end: int) -> tuple[bytes, int]:
        """The text up to `end`, or to where a secret ends that began before it; and that place."""
        parts, done = [], 0
        if any(spelling in text for spelling in self._names):  # a quick look first: most texts hold none
            for found in self._any.finditer(text):
                if found.start() >= end:
                    break
                parts += [text[done : found.start()], self._names[found[0]]]
                done = found.end()
        end = max(end, done)
        return b"".join([*parts, text[done:end]]), end

    def _begun(self, text: bytes) -> int:
        """Where the first secret begins that may go on in the next piece; the end if there is none."""
        for found in self._first.finditer(text, max(0, len(text) - self._hold)):
            rest = text[found.start() :]
            if any(len(rest) < len(spelling) and spelling.startswith(rest) for spelling in self._names):
                return found.start()
        return len(text)


def _parts(value: bytes) -> Iterator[bytes]:
    """What of a secret is one: the whole, with and without space around it, and its long lines."""
    yield from (part for part in (value, value.strip()) if len(part) >= SHORTEST)
    yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= SHORTEST_LINE)


def _spellings(value: bytes) -> set[bytes]:
    return {value, *_in_json(value), *_in_urls(value), *_in_base64(value)}


def _in_json(value: bytes) -> Iterator[bytes]:
    import json

    for ascii_only in (True, False):
        yield os.fsencode(json.dumps(os.fsdecode(value), ensure_ascii=ascii_only)[1:-1])


def _in_urls(value: bytes) -> Iterator[bytes]:
    from urllib.parse import quote, quote_plus

    for safe in ("", "/", "!'()*"):  # strictly; Python's default; as JavaScript does
        for quoted in (quote(value, safe), quote_plus(value, safe)):
            yield quoted.encode()
            yield re.sub("%..", lambda code: code[0].lower(), quoted).encode()


def _in_base64(value: bytes) -> Iterator[bytes]:
    """What a longer text that contains the value has in base64: three alignments, without the ragged ends."""
    import base64

    for shift, start in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(bytes(shift) + value).rstrip(b"=")
        middle = encoded[start : len(encoded) - (1 if (shift + len(value)) % 3 else 0)]
        yield middle
        yield middle.replace(b"+", b"-").replace(b"/", b"_")
