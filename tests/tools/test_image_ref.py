"""A reference to an image is taken apart as Docker takes it apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py.tools import image_ref

PART = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)
REGISTRY = st.sampled_from(["", "gcr.io/", "registry.example:5000/", "localhost/", "localhost:5000/"])
PATH = st.lists(PART, max_size=2).map(lambda parts: "".join(f"{part}/" for part in parts))
TAG = st.sampled_from(["", ":v1", ":latest", "@sha256:" + "0" * 64, ":v1@sha256:" + "0" * 64])


@given(REGISTRY, PATH, PART, TAG)
def test_the_repository_is_a_ref_without_tag_and_digest(
    registry: str, path: str, name: str, tag: str
) -> None:
    assert image_ref.repository(f"{registry}{path}{name}{tag}") == f"{registry}{path}{name}"


@pytest.mark.parametrize(
    ("ref", "expected"),
    [("web", False), ("web:5000", False), ("team/web", False), ("r.io/web", True), ("localhost/web", True),
     ("localhost:5000/web", True), ("r:1/web", True)],
)  # fmt: skip
def test_a_registry_is_told_as_docker_tells_it(ref: str, expected: bool) -> None:
    assert image_ref.has_registry(ref) is expected
