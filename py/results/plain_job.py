"""The run of a job that is no pipeline of ours: its first and last words in a store, as Prow has them."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from py.artifacts import Store
from py.results import layout, metadata
from py.results.layout import Job
from py.tools.errors import UsageError
from py.tools.files import is_plain

_CRIER = "crier"  # Prow's reporter, who writes a started.json of its own until the job writes one
_LOG = "build-log.txt"
_LONGEST = 10_000_000  # bytes of a JSON file


def begin(store: Store, job: Job) -> str:
    """Say that a run has begun, and lead viewers to it; the URL of its folder. UsageError if it had begun."""
    folder, now = layout.folder(job), time.time()
    name, content = f"{folder}/{metadata.STARTED}", _json(metadata.started(job, now))
    if not store.put_if_absent(name, content):
        there = _object(store, name)
        told = there.get("metadata")
        if not (isinstance(told, dict) and told.get("uploader") == _CRIER):
            raise UsageError(f"{store.url}/{name} is there already: give this run another --build")
        store.put(name, content)
    store.put_if_absent(f"{folder}/{metadata.PROWJOB}", _json(metadata.prowjob(job, now)))
    layout.lead_to(store, job)
    return f"{store.url}/{folder}"


def end(store: Store, job: Job, result: str, *, artifacts: Path | None, log: Path | None) -> str:
    """Say how a run has ended, after what it leaves was stored; UsageError if it never began, or has ended.

    What artifacts/metadata.json says, here or in the store, is merged into finished.json.
    """
    folder, now = layout.folder(job), time.time()
    began = store.find(f"{folder}/{metadata.STARTED}")
    if not began:
        raise UsageError(f"{store.url}/{folder}/{metadata.STARTED} is not there: say `started` first")
    name = f"{folder}/{metadata.FINISHED}"
    if store.find(name):
        raise _is_over(store, name)
    store.put_all(_left(folder, artifacts, log))
    told = _object(store, f"{folder}/artifacts/{metadata.METADATA}")
    start = _object(store, f"{folder}/{metadata.STARTED}").get("timestamp", began.modified)
    _tell_prowjob(store, f"{folder}/{metadata.PROWJOB}", metadata.prowjob(job, _seconds(start), now, result))
    layout.lead_to(store, job)
    if not store.put_if_absent(name, _json(metadata.finished(job, now, result, told))):
        raise _is_over(store, name)
    return f"{store.url}/{folder}"


def _tell_prowjob(store: Store, name: str, said: dict[str, Any]) -> None:
    """Write the ProwJob, unless there is one of Prow's, which says more."""
    there = _object(store, name).get("metadata")
    if not isinstance(there, dict) or there.get("name") == said["metadata"]["name"]:
        store.put(name, _json(said))


def _left(folder: str, artifacts: Path | None, log: Path | None) -> Mapping[str, Path]:
    """What a run leaves, by its name in the store; links may lead anywhere, and are not followed."""
    files = {f"{folder}/{_LOG}": log} if log else {}
    if artifacts:
        kept = filter(is_plain, artifacts.rglob("*"))
        files |= {f"{folder}/artifacts/{path.relative_to(artifacts)}": path for path in sorted(kept)}
    return files


def _is_over(store: Store, name: str) -> UsageError:
    said = _object(store, name).get("result")
    return UsageError(f"{store.url}/{name} is there already, and says {said!r}: a run ends once")


def _object(store: Store, name: str) -> dict[str, Any]:
    """What a JSON file says; nothing if there is none, or what is there is no object."""
    found = store.find(name)
    if not found or found.size > _LONGEST:
        return {}
    try:
        said = json.loads(store.get(name))
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _json(content: object) -> bytes:
    return (json.dumps(content, indent=1) + "\n").encode()
