"""The runs of a job, by Prow's layout in a store or in a folder of local runs, found and read."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from py.artifacts import Store
from py.results import past
from py.results.past import Past
from py.results.remembered import Memory
from py.tools.errors import Absent, StoreError, UsageError, near

AT_ONCE = 16  # runs that are read from a bucket side by side
_JOB = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]+")
_BUILD = re.compile("[0-9]{1,20}")
_ALIAS = re.compile(r"pr-logs/directory/.+/([0-9]{1,20})\.txt")
_AIM = re.compile(r"(?:^|/)(pr-logs/pull/\S+)\s*$")


class Found(NamedTuple):
    """The runs that were asked for, oldest first, of how many; `lost` names those that cannot be read."""

    url: str
    runs: list[Past]
    total: int
    lost: list[str]


def stored(store: Store, job: str, last: int) -> Found:
    """The newest runs of a job in a store: of postsubmits and periodics, of batches, of pull requests."""
    if not _JOB.fullmatch(job):
        raise UsageError(f"{job!r} is no name of a job; it has letters, digits, dots, dashes and underscores")
    places: dict[str, str] = {}
    for folder in (f"logs/{job}", f"pr-logs/pull/batch/{job}"):
        places |= {build: f"{folder}/{build}" for build in store.folders(folder) if _BUILD.fullmatch(build)}
    aliases = (_ALIAS.fullmatch(item.name) for item in store.list(f"pr-logs/directory/{job}"))
    places |= {alias[1]: alias[0] for alias in aliases if alias}
    if not places:
        raise UsageError(f"there are no runs of {job!r} in {store.url}; {near(job, _jobs(store), 'it has')}")
    newest = sorted(places, key=int, reverse=True)[:last]
    memory = None if _is_near(store) else Memory(store, job)
    read = memory.read if memory else partial(past.read, store, job=job)
    found = _read(store, len(places), newest, lambda build: read(_aim(store, places[build])))
    if memory:
        memory.save()
    return found


def local(store: Store, pipeline: str, last: int) -> Found:
    """The newest runs of a pipeline in a folder of local runs; a dry run is none."""
    told: dict[str, dict[str, Any]] = {}
    pipelines, lost = set(), []
    for folder in store.folders():
        damaged: list[str] = []
        run = past.document(store, store.find(f"{folder}/run.json"), damaged)
        lost += damaged
        pipelines.add(past.line(run.get("pipeline")))
        if run.get("pipeline") == pipeline and not _is_dry(run):
            told[folder] = run
    if not told:
        known = sorted(filter(None, pipelines))
        raise UsageError(
            f"there are no runs of {pipeline!r} in {store.url}; {near(pipeline, known, 'it has')}"
        )
    began = {folder: past.number(run.get("began")) for folder, run in told.items()}
    newest = sorted(told, key=lambda folder: (began[folder], folder), reverse=True)[:last]

    def read(folder: str) -> Past:
        result, artifacts = past.line(told[folder].get("result")), past.line(told[folder].get("artifacts"))
        run = past.read(store, folder, pipeline, began=began[folder], result=result)
        if not artifacts or f"{artifacts}/".startswith(f"{store.url.removeprefix('file://')}/{folder}/"):
            return run
        return run._replace(damaged=(*run.damaged, f"{folder}: other runs may write to {artifacts} as well"))

    found = _read(store, len(told), newest, read)
    return found._replace(lost=lost + found.lost)


def _read(store: Store, total: int, newest: list[str], read: Callable[[str], Past]) -> Found:
    """Read runs, oldest first; one that cannot be read costs nothing but itself."""

    def tried(name: str) -> Past | str:
        try:
            return read(name)
        except (StoreError, UsageError) as error:
            return f"{name}: {past.line(str(error))}"

    results = list(_mapped(store, tried, reversed(newest)))
    runs = [each for each in results if isinstance(each, Past)]
    lost = [each for each in results if isinstance(each, str)]
    if not runs:
        raise StoreError(f"none of the {len(lost)} newest runs in {store.url} can be read; {lost[0]}")
    return Found(store.url, runs, total, lost)


def _mapped(store: Store, tried: Callable[[str], Past | str], names: Iterable[str]) -> Iterator[Past | str]:
    if _is_near(store):  # a disk is no faster for many at once, and Python slower
        yield from map(tried, names)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(tried, names)


def _is_near(store: Store) -> bool:
    return store.url.startswith("file:")


def _aim(store: Store, place: str) -> str:
    """The folder of a run: the place, or what the alias there leads to, wherever the store was then."""
    if not _ALIAS.fullmatch(place):
        return place
    found = _AIM.search(store.get(place).decode(errors="replace"))
    if not found:
        raise Absent(f"{place} leads to no run of a pull request")
    return found[1].rstrip("/")


def _jobs(store: Store) -> list[str]:
    return sorted(
        {*store.folders("logs"), *store.folders("pr-logs/directory"), *store.folders("pr-logs/pull/batch")}
    )


def _is_dry(run: dict[str, Any]) -> bool:
    params = run.get("params")
    return isinstance(params, dict) and params.get("dryrun") is True
