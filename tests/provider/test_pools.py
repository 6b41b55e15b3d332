"""The pools of pipelines are there once a scheduler has started, as large as somebody wants them."""

import subprocess
import sys

from py.pipeline.dag import CLEANUP_POOL, POOL
from tests.airflows import Airflow

MAKE = "from py.provider.pools import make_pools; make_pools()"


def test_the_pools_are_there_and_bounded(airflow: Airflow) -> None:
    slots = {pool["name"]: pool["slots"] for pool in airflow.api("/pools")["pools"]}
    code, said = airflow.cli("config", "get-value", "core", "parallelism")
    assert code == 0, said
    assert slots[POOL] == max(1, int(said.split()[-1]) - 2)
    assert slots[CLEANUP_POOL] == 2


def test_a_pool_keeps_the_size_that_a_person_gave_it(airflow: Airflow) -> None:
    path = f"/pools/{CLEANUP_POOL}?update_mask=slots"
    there = {"pool": CLEANUP_POOL, "include_deferred": False}
    before = airflow.api(f"/pools/{CLEANUP_POOL}")["slots"]
    airflow.api(path, there | {"slots": 3}, "PATCH")
    try:
        subprocess.run([sys.executable, "-c", MAKE], env=airflow.env, check=True, capture_output=True)
        assert airflow.api(f"/pools/{CLEANUP_POOL}")["slots"] == 3
    finally:
        airflow.api(path, there | {"slots": before}, "PATCH")
