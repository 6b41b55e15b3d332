"""What tests share: one real cluster for all of them, made when the first test asks for it."""

import os
import secrets
from collections.abc import Iterator

import pytest
from hypothesis import settings

from py.clusters import Cluster, open_cluster
from tests.clusters.host.machine import IMAGE
from tests.sharing import shared

# How busy the machine is, is nothing that an example can be blamed for.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A `host://` cluster that all workers share: what tests make in it has names of their own."""

    def start() -> str:
        name = f"tests-{os.getpid()}-{secrets.token_hex(2)}"
        try:
            open_cluster("host://", name).create()
        except BaseException:
            open_cluster("host://", name).delete()
            raise
        return name

    with shared("cluster", start, lambda name: open_cluster("host://", name).delete()) as name:
        yield open_cluster("host://", name)


@pytest.fixture(scope="session")
def node_image(cluster: Cluster) -> str:
    """An image with a shell that the nodes of the cluster have."""
    cluster.load(IMAGE)
    return IMAGE
