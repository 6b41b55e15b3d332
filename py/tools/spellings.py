"""How a value looks in what programs write: JSON, URLs, XML, a shell's words, base64."""

import os
import re
from collections.abc import Iterator

# What writers of XML make of some characters: in texts; in attributes, by Python, by Java, by Go, by HTML's.
_TEXT: dict[str, str | int | None] = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BREAKS: dict[str, str | int | None] = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
_XML: tuple[dict[str, str | int | None], ...] = (
    _TEXT,
    {"&": "&amp;", "<": "&lt;"},
    {**_TEXT, '"': "&quot;"},
    {**_TEXT, '"': "&quot;", "'": "&apos;"},
    {**_TEXT, '"': "&quot;", "'": "&#x27;"},
    {**_TEXT, '"': "&quot;", "'": "&#39;"},
    {**_TEXT, **_BREAKS},
    {**_TEXT, **_BREAKS, '"': "&quot;"},
    {**_TEXT, **_BREAKS, '"': "&quot;", "\t": "&#09;"},
    {**_TEXT, '"': "&#34;", "'": "&#39;"},
    {**_TEXT, '"': "&#34;", "'": "&#39;", "\n": "&#xA;", "\r": "&#xD;", "\t": "&#x9;"},
)


def of(value: bytes) -> set[bytes]:
    """The value as it is, and as it is spelled within other texts, in XML and JSON once more, too."""
    once = {value, *_in_json(value), _in_python(value)}
    twice = {each for inner in once for each in (*_in_json(inner), *_in_xml(inner))}
    return {*once, *twice, *_in_urls(value), *_in_shells(value)}


def in_base64(value: bytes) -> Iterator[bytes]:
    """What a longer text that contains the value has in base64: three alignments, without the ragged ends."""
    import base64

    for shift, start in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(bytes(shift) + value).rstrip(b"=")
        middle = encoded[start : len(encoded) - (1 if (shift + len(value)) % 3 else 0)]
        yield middle
        yield middle.replace(b"+", b"-").replace(b"/", b"_")


def _in_json(value: bytes) -> Iterator[bytes]:
    import json

    for ascii_only in (True, False):
        spelled = json.dumps(os.fsdecode(value), ensure_ascii=ascii_only)[1:-1]
        yield os.fsencode(spelled)
        yield os.fsencode(spelled.replace("/", "\\/"))  # as PHP writes it, and as Go does
        yield os.fsencode(re.sub("[&<>]", lambda letter: f"\\u{ord(letter[0]):04x}", spelled))


def _in_urls(value: bytes) -> Iterator[bytes]:
    from urllib.parse import quote, quote_plus

    for safe in ("", "/", "!'()*"):  # strictly; Python's default; as JavaScript does
        for quoted in (quote(value, safe), quote_plus(value, safe)):
            yield quoted.encode()
            yield re.sub("%..", lambda code: code[0].lower(), quoted).encode()


def _in_xml(value: bytes) -> Iterator[bytes]:
    text = os.fsdecode(value)
    for escapes in _XML:
        spelled = text.translate(str.maketrans(escapes))
        yield os.fsencode(spelled)
        yield spelled.encode("ascii", "xmlcharrefreplace")


def _in_shells(value: bytes) -> Iterator[bytes]:
    """In single quotes: as a shell traces it, and as Python quotes for a shell."""
    yield value.replace(b"'", b"'\\''")
    yield value.replace(b"'", b"'\"'\"'")


def _in_python(value: bytes) -> bytes:
    return os.fsencode(repr(os.fsdecode(value))[1:-1])
