"""The newest green commit and the newest release: written by several at once, never taken back."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from py.artifacts import Store, open_store
from py.results import records
from py.results.layout import BATCH, PERIODIC, PRESUBMIT, Job
from py.results.records import Green, Released
from py.tools.errors import Absent
from tests.pasts import job


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path))


def test_a_green_run_is_noted_as_the_job_s_newest(store: Store) -> None:
    assert records.write_green(store, job(1, "c1"))
    assert json.loads(store.get("logs/nightly/latest_green.json")) == {
        "status": "passing", "job": "nightly", "sha": "c1", "build": job(1).build,
    }  # fmt: skip
    assert records.read_green(store, "nightly") == Green("c1", job(1).build)


def test_a_slower_older_run_does_not_take_it_back(store: Store) -> None:
    assert records.write_green(store, job(2, "c2"))
    assert not records.write_green(store, job(1, "c1"))
    assert records.read_green(store, "nightly").commit == "c2"
    assert records.write_green(store, job(2, "c2"))  # said twice is as good as once


@pytest.mark.parametrize(
    "this",
    [
        job(1, "c", pull=12),
        job(1, "c")._replace(type=BATCH),
        job(1, "c")._replace(type=PRESUBMIT),
        job(1),
    ],
    ids=["pull request", "batch", "presubmit", "unknown commit"],
)
def test_what_may_never_be_merged_is_not_noted(store: Store, this: Job) -> None:
    assert not records.write_green(store, this)
    with pytest.raises(Absent, match=r"knows no green run of nightly: there is no logs/nightly/latest_green"):
        records.read_green(store, "nightly")


def test_a_periodic_run_of_a_known_commit_is_noted(store: Store) -> None:
    assert records.write_green(store, job(1, "c")._replace(type=PERIODIC))


@pytest.mark.parametrize(
    "damaged", ["", "{", "[]", '{"sha": 7}', '{"sha": "old"}', '{"sha": "o", "build": []}']
)
def test_a_record_of_others_or_a_damaged_one_is_written_over(store: Store, damaged: str) -> None:
    store.put("logs/nightly/latest_green.json", damaged.encode())
    assert records.write_green(store, job(1, "c1"))
    assert records.read_green(store, "nightly") == Green("c1", job(1).build)


def test_of_many_at_once_the_newest_stays(store_url: str) -> None:
    store = open_store(store_url)
    runs = [job(number, f"c{number}") for number in range(24)]
    Random(4).shuffle(runs)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda run: records.write_green(store, run), runs))
    assert records.read_green(store, "nightly").commit == "c23"


def test_a_release_takes_the_place_of_the_one_that_was_read_and_of_no_other(store: Store) -> None:
    before = records.read_release(store)
    assert before == Released()
    assert records.write_release(store, Released("c1", "image:v1", "sha256:1", before.version))
    assert not records.write_release(store, Released("c2", "image:v2", "sha256:2", before.version))
    first = records.read_release(store)
    assert first[:3] == ("c1", "image:v1", "sha256:1")
    assert records.write_release(store, first._replace(commit="c3"))
    assert not records.write_release(store, first._replace(commit="c4"))
    assert json.loads(store.get("latest_release.json"))["sha"] == "c3"


def test_of_many_releases_at_once_one_wins(store_url: str) -> None:
    store = open_store(store_url)
    before = records.read_release(store)
    write: Callable[[int], bool] = lambda n: records.write_release(store, before._replace(commit=f"c{n}"))  # noqa: E731
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(write, range(8)))
    assert won.count(True) == 1
    assert records.read_release(store).commit == f"c{won.index(True)}"
