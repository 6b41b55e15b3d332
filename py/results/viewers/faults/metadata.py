"""What a run says of itself: `metadata` in started.json and finished.json, and artifacts/metadata.json.

Spyglass' metadata lens flattens maps and shows texts; TestGrid's columns take the texts of the first level;
Prow's pkg/sidecar/run.go merges the file key by key, not deeper.
"""

from collections.abc import Iterator
from typing import Any

from py.results.viewers.base import Faults, Spot, shown
from py.results.viewers.folder import FINISHED, METADATA, STARTED, RunFolder

FAULTS = Faults()
_LISTS = ("EmailAddresses",)  # of texts, for TestGrid's alerts
_DEEPEST = 50


@FAULTS.fault("write an object with texts: {\"cluster\": \"e2e-1\"}")  # fmt: skip
def _metadata_no_object(run: RunFolder) -> Iterator[Spot]:
    for found in run.status:
        value = found.data.get("metadata")
        if value is not None and not isinstance(value, dict):
            yield Spot(found.name, f"`metadata` is {shown(value)}")


@FAULTS.fault("write it as text: \"3\" instead of 3")  # fmt: skip
def _metadata_no_text(run: RunFolder) -> Iterator[Spot]:
    for found in run.status:
        for key, value in _metadata(run, found.name).items():
            if key in _LISTS:
                continue
            if isinstance(value, dict):
                for inner, odd in _odd(key, value):
                    yield Spot(
                        found.name, f"`metadata` says {shown(odd)} of {inner}", frozenset({"Spyglass"})
                    )
            elif not isinstance(value, str):
                yield Spot(found.name, f"`metadata` says {shown(value)} of {key}")


@FAULTS.fault("write one JSON object into it")
def _metadata_file_broken(run: RunFolder) -> Iterator[Spot]:
    found = run.document(METADATA)
    if found and found.broken:
        yield Spot(METADATA, f"it {found.broken}")


@FAULTS.fault(
    "merge artifacts/metadata.json into `metadata` of finished.json (`python -m py.prow finished` does)"
)
def _metadata_file_not_merged(run: RunFolder) -> Iterator[Spot]:
    found = run.document(METADATA)
    if not found or not run.finished or run.finished.broken:
        return
    if left := sorted(found.data.keys() - _metadata(run, FINISHED).keys()):
        yield Spot(METADATA, f"finished.json does not have its {', '.join(map(shown, left[:3]))}")


@FAULTS.fault('write {"links": {"NAME": {"url": "https://…"}}}')
def _links_misshapen(run: RunFolder) -> Iterator[Spot]:
    links = _metadata(run, STARTED).get("links")
    if links is None:
        return
    for name, link in links.items() if isinstance(links, dict) else [("all", links)]:
        if not isinstance(link, dict) or not isinstance(link.get("url"), str) or not link["url"]:
            yield Spot(STARTED, f"`metadata` says {shown(link)} of the link {shown(name)}")


@FAULTS.fault("write `links` into `metadata` of started.json, or a file artifacts/NAME.link.txt")
def _links_too_late(run: RunFolder) -> Iterator[Spot]:
    if _metadata(run, FINISHED).get("links") and not _metadata(run, STARTED).get("links"):
        yield Spot(FINISHED, "`metadata` holds `links`, which are looked for in started.json")


def _metadata(run: RunFolder, name: str) -> dict[str, Any]:
    for found in run.status:
        value = found.data.get("metadata")
        if found.name == name and isinstance(value, dict):
            return value
    return {}


def _odd(where: str, values: dict[str, Any], depth: int = 0) -> Iterator[tuple[str, object]]:
    """What in a map, and in its maps, is no text."""
    for key, value in values.items():
        if isinstance(value, dict) and depth < _DEEPEST:
            yield from _odd(f"{where}.{key}", value, depth + 1)
        elif not isinstance(value, str):
            yield f"{where}.{key}", value
