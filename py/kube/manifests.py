"""Read manifests from files: every object with the place where it is written, every mistake in one error."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from py.tools.errors import UsageError

SUFFIXES = (".yaml", ".yml", ".json")
Body = dict[str, Any]


class Manifest(NamedTuple):
    """One object as somebody wrote it; `origin` is its file and line."""

    body: Body
    origin: str

    @property
    def kind(self) -> str:
        return str(self.body["kind"])

    @property
    def api_version(self) -> str:
        return str(self.body["apiVersion"])

    @property
    def group(self) -> str:
        return self.api_version.rpartition("/")[0]

    @property
    def metadata(self) -> Body:
        metadata: Body = self.body["metadata"]
        return metadata

    @property
    def name(self) -> str:
        return str(self.metadata["name"])

    @property
    def namespace(self) -> str:
        return str(self.metadata.get("namespace") or "")

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class ManifestError(UsageError):
    """The manifests are wrong; `mistakes` holds all of them, each with its file and line."""

    def __init__(self, mistakes: list[str]) -> None:
        count = "a mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        super().__init__("\n  ".join([f"{count} in the manifests:", *mistakes]))
        self.mistakes = mistakes


def read(path: Path) -> list[Manifest]:
    """The objects of a file, or of the *.yaml, *.yml and *.json files of a folder, in name order.

    A `List` is taken apart. ManifestError holds every mistake of every file; UsageError if nothing is there.
    """
    if not path.exists():
        raise UsageError(f"--manifests: there is no {path}")
    files = sorted(p for p in path.iterdir() if p.suffix in SUFFIXES) if path.is_dir() else [path]
    manifests: list[Manifest] = []
    mistakes: list[str] = []
    for file in files:
        try:
            for line, document in _documents(file):
                _take(document, f"{file}:{line}", manifests, mistakes)
        except (yaml.YAMLError, json.JSONDecodeError, UnicodeDecodeError) as error:
            mistakes.append(_unreadable(file, error))
    mistakes += _twice(manifests)
    if mistakes:
        raise ManifestError(mistakes)
    if not manifests:
        raise UsageError(f"--manifests: no object in {path} (looked for *{', *'.join(SUFFIXES)})")
    return manifests


def _documents(file: Path) -> Iterator[tuple[int, Any]]:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".json":
        yield 1, json.loads(text)
        return
    loader = _Loader(text)
    while loader.check_node():
        node = loader.get_node()
        assert node is not None
        yield node.start_mark.line + 1, loader.construct_document(node)


def _take(document: Any, origin: str, manifests: list[Manifest], mistakes: list[str]) -> None:
    if document is None:
        return
    if isinstance(document, dict) and document.get("kind") == "List" and "items" in document:
        for number, item in enumerate(document["items"] or []):
            _take(item, f"{origin} item {number}", manifests, mistakes)
        return
    mistake = _shape(document)
    if mistake:
        mistakes.append(f"{origin}: {mistake}")
    else:
        manifests.append(Manifest(document, origin))


def _shape(document: Any) -> str:
    """What keeps a document from being an object, or nothing."""
    if not isinstance(document, dict):
        return f"an object is a mapping, not a {type(document).__name__}"
    for field in ("apiVersion", "kind"):
        if not isinstance(document.get(field), str) or not document[field]:
            return f"it has no {field}"
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str) or not metadata["name"]:
        return f"{document['kind']} has no metadata.name"
    return ""


def _twice(manifests: list[Manifest]) -> list[str]:
    seen: dict[tuple[str, ...], str] = {}
    mistakes = []
    for manifest in manifests:
        key = (manifest.group, manifest.kind, manifest.namespace, manifest.name)
        if key in seen:
            mistakes.append(f"{manifest.origin}: {manifest} is written twice, first at {seen[key]}")
        seen.setdefault(key, manifest.origin)
    return mistakes


def _unreadable(file: Path, error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"{file}:{error.problem_mark.line + 1}: {error.problem}"
    if isinstance(error, json.JSONDecodeError):
        return f"{file}:{error.lineno}: {error.msg}"
    return f"{file}: {' '.join(str(error).split())}"


class _Loader(yaml.SafeLoader):
    """YAML as Kubernetes reads it: dates and `=` are text, and a key may be written once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys: set[str] = set()
        for key, _ in node.value:
            if key.value in keys and key.value != "<<":
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} is written twice in one mapping", key.start_mark
                )
            if isinstance(key.value, str):
                keys.add(key.value)
        return super().construct_mapping(node, deep)


_UNKNOWN = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _UNKNOWN]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
