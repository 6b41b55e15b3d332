"""The conf of a trigger: typed, complete in its complaints, never guessed."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py.pipeline import Binary, Pipeline, params
from py.pipeline.answers import known
from py.pipeline.render import render
from py.tools.errors import ParamError, UsageError


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    made = Pipeline("sample")
    made.param("WHO", "world")
    made.param("COUNT", 3)
    made.param("RATIO", 0.5)
    made.param("SIZE", "small", choices=["small", "large"])
    made.param("PULL", "", pattern="[0-9]*")
    made.preset("big", SIZE="large", COUNT=9)
    made.preset("small", COUNT=1)
    return made


@pytest.mark.parametrize(
    ("conf", "says"),
    [
        ({"dryrun": "false"}, 'dryrun wants true or false, not "false"'),
        ({"dryrun": 0}, "dryrun wants true or false, not 0"),
        ({"COUNT": "3"}, 'COUNT wants a whole number, not "3"'),
        ({"COUNT": True}, "COUNT wants a whole number, not true"),
        ({"COUNT": 3.0}, "COUNT wants a whole number, not 3.0"),
        ({"RATIO": float("nan")}, "RATIO wants a number, not NaN"),
        ({"RATIO": float("-inf")}, "RATIO wants a number, not -Infinity"),
        ({"x" * 1_000_000: 1}, 'xxx…": sample has no such param'),
        ({"a\nb": 1}, r'"a\\nb": sample has no such param'),
        ({f"k{n}": 1 for n in range(100_000)}, "and 99,990 more"),
        ({"WHO": 12}, "WHO wants text, not 12"),
        ({"WHO": None}, "WHO wants text, not null"),
        ({"WHO": ["a"]}, r'WHO wants text, not \["a"\]'),
        ({"SIZE": "middle"}, 'SIZE is "middle", which is none of: "small", "large"'),
        ({"PULL": "12a"}, "PULL is .* does not match"),
        ({"PULL": "12\n"}, "PULL is .* does not match"),
        ({"WH": "x"}, "WH: sample has no such param; did you mean WHO"),
        ({"WHO": "a\0b"}, "NUL"),
        ({"WHO": "\ud800"}, "surrogate"),
        ({"WHO": "x" * 1_000_000}, "1,000,000 bytes"),
    ],
)
def test_a_wrong_value_is_refused(pipeline: Pipeline, conf: dict[str, object], says: str) -> None:
    with pytest.raises(ParamError, match=says) as error:
        params.resolve(pipeline, conf)
    assert len(str(error.value)) < 1500
    assert "\n" not in str(error.value)


def test_all_mistakes_come_in_one_error(pipeline: Pipeline) -> None:
    with pytest.raises(ParamError) as error:
        params.resolve(pipeline, {"dryrun": "false", "WH": 1, "COUNT": "x"})
    assert len(error.value.mistakes) == 3


def test_nothing_said_is_the_defaults(pipeline: Pipeline) -> None:
    assert params.resolve(pipeline, {}) == {
        "dryrun": False, "ARTIFACTS_PATH": "", "RESULTS": "",
        "WHO": "world", "COUNT": 3, "RATIO": 0.5, "SIZE": "small", "PULL": "", "preset": "",
    }  # fmt: skip


def test_a_preset_stands_between_defaults_and_conf(pipeline: Pipeline) -> None:
    conf = {"COUNT": 1, "RATIO": 2}
    values = params.resolve(pipeline, conf, "big")
    assert (values["SIZE"], values["COUNT"], values["RATIO"]) == ("large", 1, 2)
    assert params.resolve(pipeline, conf | {"preset": "big"}) == values


def test_the_conf_s_preset_goes_before_the_one_that_is_there_for_want_of_it(pipeline: Pipeline) -> None:
    assert params.resolve(pipeline, {"preset": "small"}, "big")["COUNT"] == 1
    assert params.resolve(pipeline, {"preset": ""}, "big")["COUNT"] == 9


def test_a_form_that_sends_every_default_takes_nothing_from_a_preset(pipeline: Pipeline) -> None:
    form = {name: param.default for name, param in pipeline.params.items()} | {"preset": "big", "WHO": "you"}
    assert params.resolve(pipeline, form) == params.resolve(pipeline, {"WHO": "you"}, "big")


def test_an_unknown_preset_is_one_mistake_among_all(pipeline: Pipeline) -> None:
    with pytest.raises(ParamError, match="no preset 'bg'; did you mean big") as error:
        params.resolve(pipeline, {"WH": 1}, "bg")
    assert len(error.value.mistakes) == 2
    with pytest.raises(ParamError, match='preset is "bg", which is none of: "", "big", "small"'):
        params.resolve(pipeline, {"preset": "bg"})


def test_without_presets_a_param_may_be_called_so() -> None:
    pipeline = Pipeline("sample")
    pipeline.param("preset", 3)
    assert params.resolve(pipeline, {"preset": 4})["preset"] == 4


@pytest.mark.parametrize("text", ["[]", "1", '"x"', "null", "true"])
def test_a_conf_is_an_object(text: str) -> None:
    with pytest.raises(UsageError, match="no JSON object"):
        params.from_json(text)


@pytest.mark.parametrize("text", ["{", "{'a': 1}", '{"a": 1,}', "NAME=x"])
def test_a_conf_is_json(text: str) -> None:
    with pytest.raises(UsageError, match="no JSON"):
        params.from_json(text)


def test_a_key_that_is_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="WHO twice"):
        params.from_json('{"WHO": "a", "WHO": "b"}')


@given(st.text(alphabet=st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])))
def test_a_text_reaches_the_argv_as_one_word_whatever_it_holds(text: str) -> None:
    pipeline = Pipeline("sample")
    who = pipeline.param("WHO", "")
    step = pipeline.step("greet", Binary("./greet")("say", who=who))
    values = params.resolve(pipeline, params.from_json(json.dumps({"WHO": text})))
    assert render(step.command, known(values, "run", {})) == ["./greet", "say", f"--who={text}"]


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists)
)
def test_any_value_is_taken_as_it_is_or_refused(value: object) -> None:
    pipeline = Pipeline("sample")
    for name, default in (("TEXT", ""), ("NUMBER", 0), ("TRUTH", False)):
        pipeline.param(name, default)
        try:
            taken = params.resolve(pipeline, {name: value})[name]
        except ParamError as error:
            assert re.match(name, str(error))
        else:
            assert taken == value
            assert type(taken) is type(default)
