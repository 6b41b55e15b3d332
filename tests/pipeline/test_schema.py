"""A param goes to Airflow as JSON schema and comes back the same; both refuse the same values."""

import json
import re

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from py.pipeline.model import Param, Value
from py.pipeline.schema import param_of, schema_of
from py.tools.errors import DefinitionError

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
PATTERNS = ["", "[0-9]*", "a|b", "(?i)abc", "^x$", r"a\n?", "(a)(b)?", "(?x) a # any"]
VALUES: list[st.SearchStrategy[Value]] = [TEXT, st.integers(), NUMBERS, st.booleans()]


def told(param: Param) -> Param:
    """What comes back after Airflow has kept it as JSON."""
    default, text, schema = json.loads(json.dumps([param.default, param.help, schema_of(param)]))
    return param_of(param.name, default, text, schema)


@given(st.data(), st.sampled_from(VALUES), TEXT)
def test_a_param_comes_back_as_it_was(
    data: st.DataObject, values: st.SearchStrategy[Value], text: str
) -> None:
    default = data.draw(values)
    choices = (*data.draw(st.lists(values, max_size=3)), default)
    pattern = data.draw(st.sampled_from(PATTERNS)) if isinstance(default, str) else ""
    for param in (Param("p", default, text, choices), Param("p", default, text, (), pattern)):
        again = told(param)
        assert again == param
        assert type(again.default) is type(default)


@given(st.sampled_from([each for each in PATTERNS if "(?" not in each]), st.text("abx10\n", max_size=4))
def test_a_pattern_means_the_same_to_airflow(pattern: str, value: str) -> None:
    param = Param("p", "", pattern=pattern)
    validator = jsonschema.Draft7Validator(schema_of(param))
    assert validator.is_valid(value) is (not param.objection(value))


@pytest.mark.parametrize("pattern", ["", "[0-9]*", "[0-9]+"])
def test_the_form_may_leave_a_text_empty_exactly_where_it_may_be_empty(pattern: str) -> None:
    optional = "null" in schema_of(Param("p", "1", pattern=pattern))["type"]
    assert optional is bool(re.fullmatch(pattern or ".*", ""))


def test_a_text_of_several_lines_gets_several_lines_in_the_form() -> None:
    assert schema_of(Param("p", "a\nb"))["format"] == "multiline"


@pytest.mark.parametrize("schema", [{}, {"type": "array"}, {"type": ["integer", "null"]}, {"type": "string"}])
def test_a_param_of_somebody_else_is_none_of_ours(schema: dict[str, object]) -> None:
    with pytest.raises(DefinitionError, match="none of Windtunnel's"):
        param_of("p", 3, "", schema)
