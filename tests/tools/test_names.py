"""Names are made and judged as DNS judges them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py.tools.names import is_dns_label, slug


@given(st.text())
def test_what_a_slug_leaves_of_a_text_is_a_label_or_nothing(text: str) -> None:
    begin = slug(text)[:63].rstrip("-")
    assert begin == "" or is_dns_label(begin)


@pytest.mark.parametrize("label", ["a", "0", "a-b", "a" * 63, "tf-k8s-tests-1"])
def test_a_label_stays_as_it_is(label: str) -> None:
    assert is_dns_label(label)
    assert slug(label) == label
