"""A page that is one file: a template that draws itself by its own script, from data that is in it.

The data was written by whoever wrote the commits under test. None of it may become markup, and the page may
load nothing and run nothing but its own script. One viewer, Prow's Spyglass, shows a page within an attribute
of another one: there it has no head, so no policy, and each `&lt;` that we write is a `<` again. That is why
no character of the data that means anything in HTML is in the file at all, escaped or not.
"""

import binascii
import hashlib
import json
from collections.abc import Mapping

_IN_JSON = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_IN_TEXT = str.maketrans({"<": "‹", ">": "›", "&": "＆", '"': "”"} | {chr(code): " " for code in range(32)})


def filled(template: str, data: object, texts: Mapping[str, str]) -> bytes:
    """The page as a browser gets it: `@@data@@`, `@@policy@@` and the other slots filled in.

    That is one pass: what is filled in is not looked at again. The texts are put in as they are.
    """
    fill = {**texts, "policy": policy(template), "data": _json(data)}
    parts = template.split("@@")  # a slot is between two others
    return "".join(fill[part] if at % 2 else part for at, part in enumerate(parts)).encode(errors="replace")


def plain(said: str) -> str:
    """A text that means nothing in HTML, escaped or not."""
    return said.translate(_IN_TEXT)


def policy(template: str) -> str:
    """What the browser may do for such a page: run its script, take its style, and nothing else."""
    allowed = "; ".join(f"{name}-src '{_hash(template, name)}'" for name in ("style", "script"))
    return f"default-src 'none'; {allowed}; img-src data:; base-uri 'none'; form-action 'none'"


def _hash(template: str, name: str) -> str:
    text = template.partition(f"<{name}>")[2].partition(f"</{name}>")[0]
    return f"sha256-{binascii.b2a_base64(hashlib.sha256(text.encode()).digest(), newline=False).decode()}"


def _json(data: object) -> str:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escaped in _IN_JSON.items():
        text = text.replace(character, escaped)
    return text
