"""A param as JSON schema, which is how Airflow keeps it and what its trigger form is made of, and back."""

import re
from collections.abc import Mapping
from typing import Any

from py.pipeline.model import Param, Value
from py.tools.errors import DefinitionError

TYPES: dict[type[Value], str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
WHOLE = ("^(?:", r")$(?!\n)")  # around a pattern: as re.fullmatch, in Python and in browsers
UNWRAPPED = "x-fullmatch"  # a pattern that cannot be put in brackets, as one that begins with (?i)


def schema_of(param: Param) -> dict[str, Any]:
    """The keywords, beside `default` and `description`, of the `airflow.sdk.Param` that is this one."""
    kind = type(param.default)
    schema: dict[str, Any] = {"type": TYPES[kind]}
    if kind is str and not param.objection(""):
        schema["type"] = ["string", "null"]  # else the form insists on some text; an empty field sends null
    if kind is str and "\n" in str(param.default):
        schema["format"] = "multiline"
    if param.choices:
        schema["enum"] = list(param.choices)
    if param.pattern:
        schema |= _anchored(param.pattern)
    return schema


def param_of(name: str, default: Any, description: str | None, schema: Mapping[str, Any]) -> Param:
    """The param that `schema_of` told; DefinitionError if it was made by somebody else."""
    told = schema.get("type")
    kinds = [
        kind for kind, word in TYPES.items() if told == word or (kind is str and told == ["string", "null"])
    ]
    if not kinds or not isinstance(default, kinds[0] | int if kinds[0] is float else kinds[0]):
        raise DefinitionError(f"param {name!r} is none of Windtunnel's: {default!r} with {dict(schema)}")
    pattern = schema.get(UNWRAPPED, "")
    if "pattern" in schema:
        pattern = schema["pattern"].removeprefix(WHOLE[0]).removesuffix(WHOLE[1])
    return Param(name, kinds[0](default), description or "", tuple(schema.get("enum", ())), pattern)


def _anchored(pattern: str) -> dict[str, str]:
    whole = pattern.join(WHOLE)
    try:
        re.compile(whole)
    except re.error:
        return {UNWRAPPED: pattern}
    return {"pattern": whole}
