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
from py.tools.errors import ClusterError
from tests.clusters.host.machine import creator, processes, traces


def record_of(name: str) -> Record:
    record = Folder(name).read()
    assert record
    return record


def test_delete_leaves_nothing(absent: HostCluster) -> None:
    before = traces(absent.name)
    absent.create()
    record = record_of(absent.name)
    during = traces(absent.name, record.cable)
    for kind in ("processes", "interface", "cgroups", "folder"):
        assert during[kind], kind  # else this test could not fail
    with Path(f"/proc/{first_process(record.pid)}/ns/net").open():  # as a connection that was not ended does
        absent.delete()
        assert not traces(absent.name, record.cable)["interface"], "its network is kept, its interface is not"
    assert traces(absent.name, record.cable) == before


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


def test_a_cluster_whose_processes_are_killed_is_gone_and_made_anew(absent: HostCluster) -> None:
    absent.create()
    first = psutil.Process(record_of(absent.name).pid).children()[0]  # all others are its children
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: not processes(absent.name))
    with pytest.raises(ClusterError, match="has ended"):
        absent.kubeconfig()
    absent.create()
    assert absent.kubeconfig().is_file()
    os.kill(record_of(absent.name).pid, signal.SIGKILL)  # its parent
    wait_for(lambda: not processes(absent.name))
    with pytest.raises(ClusterError, match="has ended"):
        absent.kubeconfig()


def wait_for(truth: Callable[[], bool], alive: int | None = None, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not truth():
        assert alive is None or psutil.pid_exists(alive)
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.01)
