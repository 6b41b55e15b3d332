"""No secret comes through, however it is spelled and wherever the stream is cut; all else is unchanged."""

import base64
import json
import os
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from urllib.parse import quote, quote_plus
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from py.tools.censor import SHORTEST, Censor

# Few letters, so that secrets repeat, overlap and begin with each other; and those that spellings change.
narrow = st.text("ab", min_size=SHORTEST, max_size=9)
wide = st.text("abcXYZ019+/=%&?'\"\\ \n\t~ü€😀", min_size=SHORTEST, max_size=30)
values = (narrow | wide).filter(lambda value: len(value.strip()) >= SHORTEST)
bytestrings = st.binary(max_size=20)

SPELLINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda text: text,
    "base64": base64.b64encode,
    "base64 for URLs": base64.urlsafe_b64encode,
    "URL": lambda text: quote(text, safe="").encode(),
    "URL, slashes kept": lambda text: quote(text).encode(),
    "form": lambda text: quote_plus(text).encode(),
    "URL in lower case": lambda text: re.sub("%..", lambda code: code[0].lower(), quote(text, "")).encode(),
    "JSON": lambda text: json.dumps(os.fsdecode(text)).encode(),
    "JSON as is": lambda text: os.fsencode(json.dumps(os.fsdecode(text), ensure_ascii=False)),
    "JSON in JSON": lambda text: json.dumps(json.dumps(os.fsdecode(text))).encode(),
    "JSON, an XML text": lambda text: escape(json.dumps(os.fsdecode(text))).encode(),
    "JSON, an XML attribute": lambda text: quoteattr(json.dumps(os.fsdecode(text))).encode(),
    "JSON, as Python writes JUnit": lambda text: junit(json.dumps(os.fsdecode(text)), "us-ascii"),
    "base64 in lines of 76": base64.encodebytes,
    "base64 in lines of 64": lambda text: b"\r\n".join(re.findall(b".{1,64}", base64.b64encode(text))),
}  # fmt: skip


def junit(text: str, encoding: str) -> bytes:
    element = ElementTree.Element("failure", message=text)
    element.text = text
    return bytes(ElementTree.tostring(element, encoding=encoding))


def streamed(censor: Censor, whole: bytes, cuts: Sequence[int]) -> bytes:
    places = sorted({0, len(whole), *(cut % (len(whole) + 1) for cut in cuts)})
    pieces = [whole[a:b] for a, b in pairwise(places)]
    return b"".join(map(censor.feed, pieces)) + censor.flush()


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(value=values, before=st.binary(max_size=80), after=bytestrings, cuts=st.lists(st.integers(0, 200)))
def test_a_secret_is_replaced_however_it_is_spelled_and_cut(
    spelling: str, value: str, before: bytes, after: bytes, cuts: list[int]
) -> None:
    secret = value.encode()
    if spelling.startswith("JSON"):
        before, after = before.hex().encode(), after.hex().encode()  # JSON carries text only
    out = streamed(Censor({"T": value}), SPELLINGS[spelling](before + secret + after), cuts)
    assert b"$T" in out
    if spelling == "plain":
        assert secret not in out


@given(
    st.lists(values, min_size=1, max_size=4),
    st.lists(st.integers(0, 3) | bytestrings, max_size=12),
    st.lists(st.integers(0, 200)),
)
@example(["abcd", "abcdefgh"], [1], [4])
@example(["foobar", "1$A2", "o$"], [b"1foobar2"], [])
@example(["abcd", "xabcdefgh"], [b"xabcd"], [5])
def test_no_secret_survives_and_the_cuts_make_no_difference(
    secrets: list[str], parts: list[int | bytes], cuts: list[int]
) -> None:
    named = {f"N{number}": value for number, value in enumerate(secrets)}
    whole = b"".join(
        secrets[part % len(secrets)].encode() if isinstance(part, int) else part for part in parts
    )
    out = streamed(Censor(named), whole, cuts)
    assert out == Censor(named).clean(whole)
    for value in secrets:
        assert "$" in value or value.encode() not in out


@given(
    st.text("abcXYZ019", min_size=6, max_size=20),
    st.lists(st.tuples(st.text(" \n.,:;()[]{}<>üß\0", min_size=1, max_size=9), st.integers(0, 20))),
    st.lists(st.integers(0, 200)),
)
def test_a_text_without_secrets_is_unchanged(
    value: str, parts: list[tuple[str, int]], cuts: list[int]
) -> None:
    """Pieces of the secret, too short to be it, lie among what no spelling of it holds."""
    whole = "".join(mark + value[place % len(value) :][: SHORTEST - 1] for mark, place in parts).encode()
    assert streamed(Censor({"T": value}), whole, cuts) == whole


@given(values, st.lists(bytestrings))
def test_no_more_is_held_back_than_a_secret_could_need(value: str, pieces: list[bytes]) -> None:
    censor = Censor({"T": value})
    longest = 6 * len(value.encode())  # \\u00fc in JSON, for each character
    assume(b"$T" not in Censor({"T": value}).clean(b"".join(pieces)))
    fed = out = 0
    for piece in pieces:
        fed += len(piece)
        out += len(censor.feed(piece))
        assert fed - out < longest
    assert out + len(censor.flush()) == fed
    assert censor.flush() == b""


def test_a_line_that_cannot_begin_a_secret_is_not_held_back() -> None:
    censor = Censor({"TOKEN": "s3cr3t-t0k3n"})
    assert censor.feed(b"waiting for the cluster\n") == b"waiting for the cluster\n"
    assert censor.feed(b"then s3cr") == b"then "
    assert censor.feed(b"3t-t0k3n.") == b"$TOKEN."


def test_a_secret_that_begins_with_another_leaves_no_rest_where_it_is_cut() -> None:
    censor = Censor({"USER": "admin", "PASSWORD": "admin-hunter2"})
    assert censor.feed(b"as admin") + censor.feed(b"-hunter2") + censor.flush() == b"as $PASSWORD"


def test_names_are_not_taken_for_secrets() -> None:
    assert Censor({"A_TOKEN": "one-secret", "B": "TOKEN"}).clean(b"one-secret TOKEN") == b"$A_TOKEN $B"


def test_a_key_of_several_lines_is_found_line_by_line() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----\n"
    shown = "".join(f"  | {line}\n" for line in key.splitlines()).encode()
    out = Censor({"KEY": key}).clean(shown)
    assert b"MIIEvQIBADANBg" not in out
    assert b"kqhkiG9w0BAQEF" not in out


def test_space_around_a_secret_does_not_hide_it() -> None:
    assert Censor({"TOKEN": " t0k3n\n"}).clean(b"<t0k3n>") == b"<$TOKEN>"


@pytest.mark.parametrize("value", ["", "a", "abc", " \n "])
def test_what_is_too_short_to_be_a_secret_is_left_alone(value: str) -> None:
    censor = Censor({"T": value})
    assert censor.feed(b"abc\n abc ") + censor.flush() == b"abc\n abc "


def test_a_secret_that_is_no_text_is_replaced() -> None:
    value = os.fsdecode(b"\xff\xfekey")
    assert Censor({"T": value}).clean(b"<\xff\xfekey>") == b"<$T>"


def test_without_secrets_nothing_is_held_or_copied() -> None:
    piece = bytes(1 << 20)
    censor = Censor({})
    assert censor.feed(piece) is piece
    assert censor.flush() == b""
