"""The cluster of all tests for those that only look at it, and one for each test that does more."""

import os
import subprocess
from collections.abc import Callable, Iterator

import pytest

from py.clusters import Cluster
from py.clusters.host import HostCluster, preflight, programs
from tests.clusters.host.machine import IMAGE


@pytest.fixture(scope="session")
def machine() -> None:
    """A machine on which host:// works."""
    if lacking := preflight.missing():
        pytest.skip("host:// needs: " + "; ".join(lacking))


@pytest.fixture(scope="session")
def docker() -> None:
    """Docker, with the image that pods are made of."""
    asked = subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, text=True, check=False)
    if asked.returncode:
        pytest.skip(f"needs Docker with {IMAGE}: {asked.stderr.strip()}")


@pytest.fixture(scope="session")
def cluster(machine: None, cluster: Cluster) -> HostCluster:
    """The cluster that all tests share."""
    return HostCluster(cluster.name)


@pytest.fixture
def absent(machine: None, request: pytest.FixtureRequest) -> Iterator[HostCluster]:
    """A cluster that is not there yet."""
    it = HostCluster(f"test-{os.getpid()}-absent")
    yield it
    it.delete()


@pytest.fixture
def kubectl(cluster: HostCluster) -> Callable[..., str]:
    """kubectl, speaking to the shared cluster."""

    def run(*words: str, manifest: str = "") -> str:
        argv = [str(programs.folder() / "kubectl"), f"--kubeconfig={cluster.kubeconfig()}", *words]
        done = subprocess.run(argv, input=manifest, capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    return run
