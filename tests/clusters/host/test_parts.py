"""The parts of a cluster that can be looked at alone: addresses, names of images, locks."""

import subprocess
import sys
import threading
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py.clusters.host import images, network
from py.clusters.host.locks import locked
from py.tools.errors import ClusterError


@given(st.sets(st.integers(0, 255), max_size=255))
def test_no_two_clusters_get_the_same_addresses(taken: set[int]) -> None:
    cable = network.free_cable(taken)
    assert not any(cable.subnet.overlaps(network.Cable(other).subnet) for other in taken)


@given(st.lists(st.integers(0, 2**16), min_size=1, max_size=4), st.integers(17, 32))
def test_addresses_that_the_machine_routes_elsewhere_are_left_alone(offsets: list[int], prefix: int) -> None:
    routes = [
        IPv4Network((int(network.CABLES.network_address) + offset, prefix), strict=False)
        for offset in offsets
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "_routes", lambda: routes)
        try:
            cable = network.free_cable([])
        except ClusterError:
            return
        assert not any(cable.subnet.overlaps(route) for route in routes)


def test_a_machine_without_free_addresses_says_so() -> None:
    with pytest.raises(ClusterError, match="no free subnet"):
        network.free_cable(range(256))


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("debian", "docker.io/library/debian:latest"),
        ("debian:12", "docker.io/library/debian:12"),
        ("team/app", "docker.io/team/app:latest"),
        ("localhost/app:1", "localhost/app:1"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("registry.example/team/app:v1", "registry.example/team/app:v1"),
    ],
)
def test_an_image_has_the_name_that_containerd_gives_it(name: str, full: str) -> None:
    assert images.full_name(name) == full


def test_a_lock_is_held_by_one_at_a_time_and_leaves_no_file(tmp_path: Path) -> None:
    inside, most = 0, 0

    def hold() -> None:
        nonlocal inside, most
        for _ in range(50):
            with locked(tmp_path / "lock"):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=hold) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert not (tmp_path / "lock").exists()


def test_a_lock_whose_holder_died_is_free(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys; from py.clusters.host.locks import locked\n"
        "with locked(pathlib.Path(sys.argv[1])): os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "lock")], check=True)
    with locked(tmp_path / "lock"):
        pass
