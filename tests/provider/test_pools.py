"""The pools of pipelines are there once a scheduler has started, as large as somebody wants them."""

import subprocess
import sys

from py.pipeline.dag import CLEANUP_POOL, POOL
from tests.airflows import Airflow

MAKE = "from py.provider.pools import make_pools; make_pools()"


def make(airflow: Airflow, **more: str) -> None:
    subprocess.run([sys.executable, "-c", MAKE], env=airflow.env | more, check=True, capture_output=True)


def slots(airflow: Airflow) -> dict[str, int]:
    return {pool["name"]: pool["slots"] for pool in airflow.api("/pools")["pools"]}


def test_the_pools_are_there_and_bounded(airflow: Airflow) -> None:
    code, said = airflow.cli("config", "get-value", "core", "parallelism")
    assert code == 0, said
    assert slots(airflow)[POOL] == max(1, int(said.split()[-1]) - 2)
    assert slots(airflow)[CLEANUP_POOL] == 2


def test_a_pool_follows_the_setting_that_it_was_made_by(airflow: Airflow) -> None:
    before = slots(airflow)
    make(airflow, AIRFLOW__CORE__PARALLELISM="32")
    larger = slots(airflow)
    make(airflow)
    assert (larger[POOL], larger[CLEANUP_POOL]) == (24, 8)
    assert slots(airflow) == before


def test_a_pool_keeps_the_size_that_a_person_gave_it(airflow: Airflow) -> None:
    path = f"/pools/{CLEANUP_POOL}?update_mask=slots"
    there = {"pool": CLEANUP_POOL, "include_deferred": False}
    before = slots(airflow)[CLEANUP_POOL]
    airflow.api(path, there | {"slots": 3}, "PATCH")
    try:
        make(airflow)
        assert slots(airflow)[CLEANUP_POOL] == 3
    finally:
        airflow.api(path, there | {"slots": before}, "PATCH")
