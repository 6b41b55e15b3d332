"""Replicas that check each other, in this process, over real sockets."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from tf_operator.replica_check import CheckFailed, ReplicaCheck, names_of_service, read_config, split_address


def free_addresses(count: int) -> list[str]:
    """Addresses of this machine that nobody listens at."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return addresses


def tf_config(cluster: dict[str, list[str]], kind: str, index: int) -> str:
    """As the operator writes it."""
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


def run(check: ReplicaCheck) -> None:
    """What the replica's process does."""
    with check.listening():
        check.run()


def test_replicas_that_reach_each_other_succeed() -> None:
    chief, ps, *workers = free_addresses(4)
    cluster = {"chief": [chief], "ps": [ps], "worker": workers}
    tasks = [("worker", 1), ("chief", 0), ("ps", 0), ("worker", 0)]
    with ThreadPoolExecutor() as pool:
        for done in [
            pool.submit(run, ReplicaCheck(tf_config(cluster, *task), patience=30)) for task in tasks
        ]:
            done.result()


def test_a_replica_that_is_not_there_fails_the_others() -> None:
    addresses = free_addresses(2)
    check = ReplicaCheck(tf_config({"worker": addresses}, "worker", 0), patience=0.2)
    with pytest.raises(CheckFailed, match=f"cannot reach worker/1 at {addresses[1]}"):
        run(check)


def test_a_replica_that_does_not_find_its_own_name_says_so() -> None:
    cluster = {"worker": ["worker-0.invalid:22222", "worker-1.invalid:22222"]}
    with pytest.raises(CheckFailed, match=r"cannot reach itself at worker-0\.invalid:22222"):
        run(ReplicaCheck(tf_config(cluster, "worker", 0), patience=0))


RESOLV_CONF = """\
nameserver 10.96.0.10
search lab.svc.cluster.local svc.cluster.local cluster.local
options ndots:5
"""


@pytest.mark.parametrize("host", ["w-0", "w-0.lab", "w-0.lab.svc", "w-0.lab.svc.cluster.local"])
def test_every_spelling_of_its_service_is_a_replicas_place(host: str) -> None:
    check = ReplicaCheck(tf_config({"worker": [f"{host}:2222"]}, "worker", 0))
    check.require_place(names_of_service("w-0", RESOLV_CONF))


@pytest.mark.parametrize("host", ["w-1", "w-0.home", "w-0.svc", "lab.w-0.svc", "w-0.lab.pod"])
def test_a_place_that_is_not_its_service_is_found_out_at_once(host: str) -> None:
    check = ReplicaCheck(tf_config({"worker": [f"{host}:2222"]}, "worker", 0))
    with pytest.raises(CheckFailed, match=f"places worker/0 at {host}, which is not its service"):
        check.require_place(names_of_service("w-0", RESOLV_CONF))


def test_outside_a_cluster_there_is_no_service() -> None:
    with pytest.raises(CheckFailed, match="no search path"):
        names_of_service("w-0", "nameserver 10.96.0.10")


def test_a_name_that_leads_to_another_replica_is_found_out() -> None:
    (address,) = free_addresses(1)
    check = ReplicaCheck(tf_config({"worker": [address, address]}, "worker", 0), patience=1)
    with pytest.raises(CheckFailed, match="should be worker/1 but is worker/0"):
        run(check)


def test_nobody_leaves_before_all_have_reached_everybody() -> None:
    addresses = free_addresses(2)
    cluster = {"worker": addresses}
    check = ReplicaCheck(tf_config(cluster, "worker", 0), patience=0.2)
    with ThreadPoolExecutor() as pool, socket.create_server(split_address(addresses[1])) as peer:
        done = pool.submit(run, check)
        peer.settimeout(5)
        for _ in range(2):  # a peer that answers, but never says that it is complete
            connection, _ = peer.accept()
            with connection:
                connection.makefile().readline()
                connection.sendall(b"worker/1\n")
        with pytest.raises(CheckFailed, match="worker/1 did not reach everybody"):
            done.result()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not a cluster and a task"),
        ("[]", "is not a cluster and a task"),
        ('{"cluster": {"worker": ["a:1"]}}', "is not a cluster and a task"),
        (tf_config({"worker": ["a:1"]}, "worker", 1), "task worker/1 is not in the cluster"),
    ],
)
def test_a_tf_config_that_makes_no_sense_is_told(text: str, reason: str) -> None:
    with pytest.raises(CheckFailed, match=reason):
        read_config(text)


def test_an_address_needs_a_port() -> None:
    with pytest.raises(CheckFailed, match="'worker-0' is not host:port"):
        run(ReplicaCheck(tf_config({"worker": ["worker-0"]}, "worker", 0)))
