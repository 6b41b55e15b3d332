"""Every mistake in a manifest is named with its file and line, all at once, before a server is asked."""

from pathlib import Path

import pytest

from py.kube.manifests import ManifestError, read
from py.tools.errors import UsageError

GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n"


def mistakes(path: Path) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        read(path)
    assert caught.value.exit_code == 2
    return [
        mistake.removeprefix(f"{path.parent if path.is_file() else path}/")
        for mistake in caught.value.mistakes
    ]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("a: b: c\n", "m.yaml:1: mapping values are not allowed here"),
        (GOOD + "---\nkind: [\n", "m.yaml:6: expected the node content, but found '<stream end>'"),
        (GOOD + "---\n- a\n", "m.yaml:5: an object is a mapping, not a list"),
        ("just words\n", "m.yaml:1: an object is a mapping, not a str"),
        ("# a comment\nkind: Pod\nmetadata: {name: a}\n", "m.yaml:2: it has no apiVersion"),
        ("apiVersion: v1\nmetadata: {name: a}\n", "m.yaml:1: it has no kind"),
        ("apiVersion: v1\nkind: Pod\n", "m.yaml:1: Pod has no metadata.name"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n", "m.yaml:1: Pod has no metadata.name"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: 1}\n", "m.yaml:1: Pod has no metadata.name"),
        (GOOD + "kind: Job\n", "m.yaml:4: 'kind' is written twice in one mapping"),
        ("a: !!python/object:os.system {}\n", "m.yaml:1: could not determine a constructor for the tag "
         "'tag:yaml.org,2002:python/object:os.system'"),
        ("apiVersion: v1\nkind: List\nitems:\n- {kind: Pod}\n", "m.yaml:1 item 0: it has no apiVersion"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_file_and_line(tmp_path: Path, text: str, mistake: str) -> None:
    (tmp_path / "m.yaml").write_text(text)
    assert mistakes(tmp_path) == [mistake]


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: [\n")
    (tmp_path / "b.yml").write_text(GOOD + "---\nkind: Pod\n---\napiVersion: v1\n")
    (tmp_path / "c.json").write_text('{"kind":\n  }')
    assert [m.partition(": ")[0] for m in mistakes(tmp_path)] == [
        "a.yaml:2",
        "b.yml:5",
        "b.yml:7",
        "c.json:2",
    ]


def test_an_object_that_is_written_twice_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD)
    assert mistakes(tmp_path) == [f"b.yaml:1: ConfigMap good is written twice, first at {tmp_path}/a.yaml:1"]


def test_a_file_that_is_no_text_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_bytes(b"\xff\xfe\x00")
    assert mistakes(tmp_path)[0].startswith("m.yaml: ")


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--manifests: there is no .*/nosuch"):
        read(tmp_path / "nosuch")


def test_a_folder_without_manifests_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# none\n")
    (tmp_path / "empty.yaml").write_text("---\n# nothing\n")
    with pytest.raises(UsageError, match="no object in"):
        read(tmp_path)


def test_files_are_read_in_name_order_and_lists_are_taken_apart(tmp_path: Path) -> None:
    (tmp_path / "2.json").write_text('{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}')
    item = "{apiVersion: v1, kind: Service, metadata: {name: %s}}"
    (tmp_path / "1.yaml").write_text(f"apiVersion: v1\nkind: List\nitems: [{item % 'a'}, {item % 'b'}]\n")
    (tmp_path / "3.yml").write_text(GOOD)
    assert [str(m) for m in read(tmp_path)] == ["Service a", "Service b", "Secret s", "ConfigMap good"]


def test_dates_and_signs_stay_text_as_for_kubernetes(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(GOOD + "data: {when: 2024-01-01, sign: =}\n")
    assert read(tmp_path)[0].body["data"] == {"when": "2024-01-01", "sign": "="}
