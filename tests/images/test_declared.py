"""What build.yaml may say: every mistake is told at once, and no path leads out of the checkout."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from py.images.declared import Image, images
from py.tools.errors import DefinitionError


def read(top: Path, text: str) -> list[Image]:
    (top / "build.yaml").write_text(text)
    return images(top, lambda _: "default")


def refused(top: Path, text: str) -> str:
    with pytest.raises(DefinitionError) as error:
        read(top, text)
    return str(error.value)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / "web").mkdir()
    for file in ("Dockerfile", "web/Dockerfile", "web/other"):
        (tmp_path / file).write_text("FROM scratch\n")
    return tmp_path.resolve()


def test_nothing_to_build_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="neither"):
        images(tmp_path, str)


def test_every_mistake_is_told_at_once(top: Path) -> None:
    said = refused(
        top,
        "imags: []\nimages:\n- nmae: web\n- name: Web\n  dockerfile: nowhere\n- name: a\n- name: a\n"
        "  context: 1\n- 3\n- name: b\n  context: nowhere\n  target: --x\n"
        "  args: {VERSION: 1.10, -x: y, OK: yes}\n- name: c\n  args: []\n",
    )
    for words in (
        "unknown key 'imags'; did you mean images?", "image 1: unknown key 'nmae'; did you mean name?",
        "image 1: needs a `name`", "image 2: 'Web' is no name", "image 2: there is no file 'nowhere'",
        "image 4: a second image 'a'", "image 4: context wants text", "image 5: wants `name: …`, not 3",
        "image 6: context 'nowhere' is no folder", "image 6: target '--x'",
        "argument VERSION wants text; write it in quotes",
        "'-x' is no name of an argument", "argument OK wants text", "image 7: args wants",
    ):  # fmt: skip
        assert words in said


@pytest.mark.parametrize(
    "text", ["", "3", "images:", "images: {}", "- a", "a: [", "&a [*a]", "!!python/object:os.x {}", "\x00"]
)
def test_what_is_no_build_file_is_refused(top: Path, text: str) -> None:
    assert "build.yaml" in refused(top, text)


@pytest.mark.parametrize("path", ["..", "../x", "/etc", "web/../..", "link", "link/x"])
@pytest.mark.parametrize("key", ["context", "dockerfile"])
def test_a_path_out_of_the_checkout_is_refused(top: Path, path: str, key: str) -> None:
    (top / "link").symlink_to("/")
    assert "leads out of the checkout" in refused(top, f"images: [{{name: web, {key}: '{path}'}}]")


def test_one_dockerfile_needs_no_build_file(top: Path) -> None:
    assert images(top, lambda _: "default") == [Image("default", top / "Dockerfile", top)]


def test_images_keep_their_order_and_what_is_said_of_them(top: Path) -> None:
    found = read(
        top,
        "images:\n- name: team/web\n  context: web\n- name: app\n  dockerfile: web/other\n  target: final\n"
        "  args: {VERSION: '1.10', N: 3}\n",
    )
    assert found == [
        Image("team/web", top / "web/Dockerfile", top / "web"),
        Image("app", top / "web/other", top, "final", (("VERSION", "1.10"), ("N", "3"))),
    ]


yaml_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    st.dictionaries(st.sampled_from(["name", "dockerfile", "context", "target", "args", "x"]), yaml_values)
)
def test_nothing_in_a_build_file_causes_a_traceback(top: Path, entry: dict[str, object]) -> None:
    import yaml

    try:
        found = read(top, yaml.safe_dump({"images": [entry]}))
    except DefinitionError:
        return
    assert all(image.context.is_relative_to(top) and image.dockerfile.is_relative_to(top) for image in found)
