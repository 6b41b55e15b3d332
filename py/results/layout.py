"""Where a run's results lie in a store: the paths by which Prow's viewers find them."""

import re
from typing import TYPE_CHECKING, NamedTuple

from py.tools.refs import Refs

if TYPE_CHECKING:
    from py.artifacts import Store

PRESUBMIT, POSTSUBMIT, BATCH, PERIODIC = "presubmit", "postsubmit", "batch", "periodic"
LATEST = "latest-build.txt"
LINK = "link"  # the metadata of an alias by which TestGrid finds the run: x-goog-meta-link


class Job(NamedTuple):
    """What a run is to a viewer: the job's name, the build's number, and what of which repository it tests.

    `build` is an unsigned integer of 19 digits, which grows with time: viewers sort by it.
    """

    type: str
    name: str
    build: str
    org: str = ""
    repo: str = ""
    refs: Refs = Refs()


def build_id(began: float, name: str) -> str:
    """The build's number of a run that began then (seconds since 1970): the same whenever it is asked for."""
    import hashlib

    salt = int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10_000  # two may begin in the same instant
    return f"{int(began * 1e5):015d}{salt:04d}"


def folder(job: Job) -> str:
    """The run's folder, from the store's URL on."""
    return f"{_runs(job)}/{job.build}"


def alias(job: Job) -> str:
    """The file that leads from the job to the run of a pull request; empty for other runs."""
    return f"pr-logs/directory/{job.name}/{job.build}.txt" if job.type == PRESUBMIT else ""


def latest(job: Job) -> list[str]:
    """The files that hold the number of the job's newest build."""
    if job.type == PRESUBMIT:
        return [f"pr-logs/directory/{job.name}/{LATEST}", f"{_runs(job)}/{LATEST}"]
    return [f"pr-logs/directory/{job.name}/{LATEST}" if job.type == BATCH else f"{_runs(job)}/{LATEST}"]


def lead_to(store: "Store", job: Job) -> None:
    """Write what leads from the job to its run: the alias, and the number unless a newer one is there."""
    for name in latest(job):
        if _newest(store, name) < int(job.build):
            store.put(name, job.build.encode())
    if place := alias(job):
        url = f"{store.url}/{folder(job)}"
        store.put(place, url.encode(), metadata={LINK: url})


def _newest(store: "Store", name: str) -> int:
    found = store.find(name)
    number = store.get(name).strip() if found and found.size < 100 else b""
    return int(number) if number.isdigit() else 0


def _runs(job: Job) -> str:
    """The folder of the job's runs: of one pull request, of batches, or of all others."""
    if job.type == PRESUBMIT:
        owner = f"{_plain(job.org)}_{_plain(job.repo)}" if job.org else _plain(job.repo)
        return f"pr-logs/pull/{owner}/{job.refs.pulls[0].number}/{job.name}"
    return f"pr-logs/pull/batch/{job.name}" if job.type == BATCH else f"logs/{job.name}"


def _plain(name: str) -> str:
    """A name as one part of a path."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).strip(".") or "_"
