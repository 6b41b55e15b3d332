"""What is known of a job or a repository apart from its runs: the newest green commit, the newest release.

Several may write at once. A record is written only over the one that was read, so none is lost, and none is
taken back by somebody slower.
"""

import json
from typing import Any, NamedTuple

from py.artifacts import Store
from py.results.layout import PERIODIC, POSTSUBMIT, Job
from py.tools.errors import Absent, StoreError

RELEASE = "latest_release.json"
_ATTEMPTS = 100  # each that fails is somebody else's success


class Green(NamedTuple):
    """The commit of a job's newest run that was green, and that run's build."""

    commit: str
    build: str


class Released(NamedTuple):
    """The newest release: its commit, its images with commas between, their digests likewise.

    `version` is that of the record, empty if there is none yet.
    """

    commit: str = ""
    target: str = ""
    digest: str = ""
    version: str = ""


def green_file(job: str) -> str:
    """Where the record of a job's newest green run lies in a store."""
    return f"logs/{job}/latest_green.json"


def write_green(store: Store, job: Job) -> bool:
    """Note that a run was green; false if a newer one is, or if nobody knows what it tests.

    Runs of pull requests are none of it: what they test may never be merged.
    """
    if job.type not in (POSTSUBMIT, PERIODIC) or not job.refs.head:
        return False
    said = {"status": "passing", "job": job.name, "sha": job.refs.head, "build": job.build}
    for _ in range(_ATTEMPTS):
        told, version = _read(store, green_file(job.name))
        if _build(told) > int(job.build):
            return False
        if _write(store, green_file(job.name), said, version):
            return True
    raise StoreError(f"{store.url}/{green_file(job.name)} is written anew by others again and again")


def read_green(store: Store, job: str) -> Green:
    """The newest green run of a job; Absent if there is none."""
    told, _ = _read(store, green_file(job))
    if not (isinstance(told.get("sha"), str) and told["sha"]):
        raise Absent(f"{store.url} knows no green run of {job}: there is no {green_file(job)}")
    return Green(told["sha"], str(told.get("build", "")))


def read_release(store: Store) -> Released:
    """The newest release in a store; empty if there is none."""
    told, version = _read(store, RELEASE)
    commit, target, digest = (str(told.get(name, "")) for name in ("sha", "target", "digest"))
    return Released(commit, target, digest, version)


def write_release(store: Store, new: Released) -> bool:
    """Note a release in place of the one with `new.version`; false if somebody else was first."""
    said = {"sha": new.commit, "target": new.target, "digest": new.digest}
    return _write(store, RELEASE, said, new.version)


def _read(store: Store, name: str) -> tuple[dict[str, Any], str]:
    """What a record says and its version, both empty if there is none; a damaged one says nothing."""
    item = store.find(name)
    if not item:
        return {}, ""
    try:
        told = json.loads(store.get(name))  # after its version: who writes in between is noticed
    except Absent:
        return {}, ""
    except (ValueError, RecursionError):
        told = {}
    return (told if isinstance(told, dict) else {}), item.version


def _write(store: Store, name: str, said: dict[str, str], version: str) -> bool:
    content = json.dumps(said, indent=1).encode()
    return store.swap(name, content, version) if version else store.put_if_absent(name, content)


def _build(told: dict[str, Any]) -> int:
    said = str(told.get("build", ""))
    return int(said) if said.isdecimal() and said.isascii() else 0
