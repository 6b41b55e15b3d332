"""A page that is one file: a template that draws itself by its own script, from data that is in it.

The data was written by whoever wrote the commits under test. None of it may become markup, and the page may
load nothing and run nothing but its own script.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping

_IN_JSON = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_IN_TEXT = str.maketrans({"<": "‹", ">": "›", "&": "＆", '"': "”"} | {chr(code): " " for code in range(32)})


def filled(template: str, data: object, texts: Mapping[str, str]) -> bytes:
    """The page as a browser gets it: `@@data@@`, `@@policy@@` and the other slots filled in.

    That is one pass: what is filled in is not looked at again. The texts are put in as they are.
    """
    fill = {**texts, "policy": _policy(template), "data": _json(data)}
    return re.sub("@@([a-z]+)@@", lambda slot: fill[slot[1]], template).encode(errors="replace")


def plain(said: str) -> str:
    """A text that means nothing in HTML, escaped or not: some viewers show a page within an attribute."""
    return said.translate(_IN_TEXT)


def _policy(template: str) -> str:
    """What the browser may do for this page: run its script, take its style, and nothing else."""
    only = {name: re.search(rf"<{name}>(.*?)</{name}>", template, re.DOTALL) for name in ("style", "script")}
    hashes = {
        name: base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        for name, found in only.items()
        if found
    }
    allowed = "; ".join(f"{name}-src 'sha256-{value}'" for name, value in hashes.items())
    return f"default-src 'none'; {allowed}; img-src data:; base-uri 'none'; form-action 'none'"


def _json(data: object) -> str:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda found: _IN_JSON[found[0]], text)
