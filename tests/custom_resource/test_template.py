"""Templates of objects: holes are filled, mistakes are one line with the place, names are unique."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py.custom_resource import template
from py.tools.errors import UsageError

VALUES = {"name": "n-1", "namespace": "ns", "image": "i"}
GOOD = "apiVersion: g/v1\nkind: K\nmetadata:\n  name: {{ name }}\n"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "spec.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: {{ imgae }}\n", "line 2: 'imgae' is undefined; did you mean image?"),
        ("{% if %}\n", "line 1: "),
        ("a: 1\n{{ name.upper( }}\n", "line 2: "),
        ("a: 1\nb: {{ 1 / 0 }}\n", "line 2: division by zero"),
        ("{% include 'gone.yaml' %}", "includes gone.yaml: no such file"),
        ("a: [1\n", "no YAML in line"),
        ("a: \tb\n\tc: 1", "no YAML"),
        ("", "one object is wanted, and it has 0"),
        (GOOD + "---\n" + GOOD, "one object is wanted, and it has 2"),
        ("[1]\n", "a mapping, not a list"),
        ("kind: K\n", "no apiVersion"),
        ("apiVersion: v1\n", "no kind"),
        ("apiVersion: v1\nkind: K\nmetadata: {}\n", "no metadata.name"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_file(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UsageError, match=re.escape(said)) as caught:
        template.render(path, VALUES)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_template_that_is_not_there_or_not_text_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        template.render(tmp_path / "gone.yaml", VALUES)
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"bytes\.yaml"):
        template.render(tmp_path / "bytes.yaml", VALUES)


def test_holes_are_filled_also_in_what_is_included(tmp_path: Path) -> None:
    (tmp_path / "part.yaml").write_text("spec: {image: {{ image }}}\n")
    path = write(tmp_path, GOOD + "{% include 'part.yaml' %}")
    assert template.render(path, VALUES)["spec"] == {"image": "i"}


@given(st.text())
def test_every_name_is_legal_whatever_it_is_made_from(base: str) -> None:
    name = template.named(base, template.unique_end())
    assert re.fullmatch("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name)


def test_no_two_calls_give_one_name() -> None:
    ends = {template.unique_end() for _ in range(50)}
    assert len(ends) > 45  # of a million: more than a few alike would not be chance


@given(st.recursive(st.none() | st.integers(), lambda inner: st.dictionaries(st.text("ab"), inner)))
def test_a_path_into_anything_is_a_value_or_nothing(body: object) -> None:
    template.value_at(body, "a.b.a")
