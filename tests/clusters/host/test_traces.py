"""A cluster that was deleted leaves nothing on the machine, whatever happened to whoever made it."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from py.clusters.host import HostCluster
from py.clusters.host.box import first_process
from py.clusters.host.state import Folder, Record
from tests.clusters.host.machine import creator, processes, traces


def record_of(name: str) -> Record:
    record = Folder(name).read()
    assert record
    return record


def test_delete_leaves_nothing(absent: HostCluster) -> None:
    before = traces(absent.name)
    absent.create()
    cable = record_of(absent.name).cable
    during = traces(absent.name, cable)
    for kind in ("processes", "interface", "cgroups", "folder"):
        assert during[kind], kind  # else this test could not fail
    absent.delete()
    assert traces(absent.name, cable) == before


def test_what_keeps_the_network_of_a_dead_box_does_not_keep_its_interface(absent: HostCluster) -> None:
    absent.create()
    record = record_of(absent.name)
    with Path(f"/proc/{first_process(record.pid)}/ns/net").open():  # as a connection that was not ended does
        absent.delete()
        assert not traces(absent.name, record.cable)["interface"]


def test_deleting_what_is_not_there_is_fine(absent: HostCluster) -> None:
    absent.delete()
    absent.delete()
    assert not absent.exists()


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.5, 1.5])
def test_a_creator_killed_half_way_takes_the_box_with_it(absent: HostCluster, seconds: float) -> None:
    before = traces(absent.name)
    making = creator(absent.name)
    wait_for(lambda: bool((record := Folder(absent.name).read()) and record.pid), making.pid)
    time.sleep(seconds)
    making.send_signal(signal.SIGKILL)
    making.communicate()
    record = record_of(absent.name)
    assert not record.ready, "the creator was done before it was killed"
    wait_for(lambda: not processes(absent.name) and not traces(absent.name, record.cable)["interface"])
    assert absent.exists()  # the half: its folder
    absent.delete()
    assert traces(absent.name, record.cable) == before


def test_a_half_made_cluster_is_made_anew(absent: HostCluster) -> None:
    making = creator(absent.name)
    wait_for(Folder(absent.name).path.exists, making.pid)
    making.kill()
    making.communicate()
    absent.create()
    assert absent.kubeconfig().is_file()


def test_an_interrupted_creator_ends_the_box_and_keeps_the_logs(absent: HostCluster) -> None:
    making = creator(absent.name)
    wait_for(lambda: len(processes(absent.name)) > 3, making.pid)
    making.send_signal(signal.SIGINT)
    making.communicate(timeout=30)
    wait_for(lambda: not processes(absent.name))
    assert list(Folder(absent.name).log.glob("*.log"))


def test_a_box_whose_first_process_is_killed_takes_all_with_it(absent: HostCluster) -> None:
    absent.create()
    first = psutil.Process(record_of(absent.name).pid).children()[0]
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: not processes(absent.name))


def wait_for(truth: Callable[[], bool], alive: int | None = None, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not truth():
        assert alive is None or psutil.pid_exists(alive)
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.01)
