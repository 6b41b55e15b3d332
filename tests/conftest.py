"""What tests share: one real cluster for all of them, made when the first test asks for it."""

import os
import secrets
from collections.abc import Iterator

import pytest

from py.clusters import Cluster, open_cluster
from tests.clusters.host.machine import IMAGE


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A `host://` cluster that all tests share: what they make in it has names of their own."""
    made = open_cluster("host://", f"tests-{os.getpid()}-{secrets.token_hex(2)}")
    try:
        made.create()
        yield made
    finally:
        made.delete()


@pytest.fixture(scope="session")
def node_image(cluster: Cluster) -> str:
    """An image with a shell that the nodes of the cluster have."""
    cluster.load(IMAGE)
    return IMAGE
