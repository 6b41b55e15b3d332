"""The loop around the decisions, against a cluster in memory."""

from collections.abc import Iterator
from copy import deepcopy

import pytest
from kubernetes.client.rest import ApiException

from tf_operator.cluster import Rejected
from tf_operator.controller import Controller
from tf_operator.status import condition, holds
from tf_operator.tfjob import Object, name_of

from .conftest import make_tfjob


class FakeCluster:
    """The API's behaviour that the controller counts on; writes raise the `refusals`, one each."""

    def __init__(self, *tfjobs: Object) -> None:
        self.tfjobs = {name_of(tfjob): tfjob for tfjob in tfjobs}
        self.made: dict[tuple[str, str], Object] = {}
        self.refusals: list[Exception] = []
        self.events: list[Object | Exception] = []

    def list_all(self, resource: str) -> tuple[list[Object], str]:
        """As `Cluster.list_all`."""
        kinds = {"pods": "Pod", "services": "Service"}
        if resource == "tfjobs":
            return list(self.tfjobs.values()), "1"
        return [obj for (kind, _), obj in self.made.items() if kind == kinds[resource]], "1"

    def watch(self, _resource: str, _version: str) -> Iterator[Object]:
        """The prepared events, as `Cluster.watch`."""
        while self.events:
            event = self.events.pop(0)
            if isinstance(event, Exception):
                raise event
            yield event

    def tfjob(self, name: str) -> Object | None:
        """As `Cluster.tfjob`."""
        return deepcopy(self.tfjobs.get(name))

    def children(self, _tfjob: str) -> tuple[list[Object], list[Object]]:
        """As `Cluster.children`."""
        return self.list_all("pods")[0], self.list_all("services")[0]

    def write_status(self, tfjob: Object, status: Object) -> Object:
        """As `Cluster.write_status`."""
        self._refuse()
        self.tfjobs[name_of(tfjob)] = {**tfjob, "status": status}
        return self.tfjobs[name_of(tfjob)]

    def create(self, body: Object) -> None:
        """As `Cluster.create`."""
        self._refuse()
        body["metadata"]["uid"] = f"uid of {name_of(body)}"
        self.made[body["kind"], name_of(body)] = body

    def delete(self, kind: str, target: Object) -> None:
        """As `Cluster.delete`."""
        del self.made[kind, name_of(target)]

    def set_phase(self, pod: str, phase: str) -> None:
        """What the kubelet would report."""
        self.made["Pod", pod]["status"] = {"phase": phase}

    def _refuse(self) -> None:
        if self.refusals:
            raise self.refusals.pop(0)


@pytest.fixture(name="cluster")
def fixture_cluster() -> FakeCluster:
    """A cluster with one new job."""
    return FakeCluster(make_tfjob())


@pytest.fixture(name="controller")
def fixture_controller(cluster: FakeCluster) -> Controller:
    """A controller of that cluster."""
    return Controller(cluster)  # type: ignore[arg-type]


def test_a_job_is_carried_from_its_beginning_to_its_end(cluster: FakeCluster, controller: Controller) -> None:
    controller.sync("mnist")
    assert len(cluster.made) == 8
    cluster.set_phase("mnist-chief-0", "Succeeded")
    controller.sync("mnist")
    assert holds(cluster.tfjobs["mnist"]["status"], "Succeeded")
    assert list(cluster.made) == [("Pod", "mnist-chief-0")]


def test_an_operator_that_was_restarted_goes_on(cluster: FakeCluster, controller: Controller) -> None:
    controller.sync("mnist")
    cluster.set_phase("mnist-chief-0", "Succeeded")
    Controller(cluster).sync("mnist")  # type: ignore[arg-type]
    assert holds(cluster.tfjobs["mnist"]["status"], "Succeeded")


def test_a_job_that_is_gone_or_going_is_left_to_kubernetes(
    cluster: FakeCluster, controller: Controller
) -> None:
    cluster.tfjobs["mnist"]["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z"
    controller.sync("mnist")
    controller.sync("unknown")
    assert not cluster.made


def test_a_job_that_went_wrong_is_tried_again(cluster: FakeCluster, controller: Controller) -> None:
    cluster.refusals = [ApiException(status=409), ApiException(status=500)]
    controller.follow("tfjobs")
    for _ in range(3):
        controller.work(timeout=1)
    assert len(cluster.made) == 8


def test_a_template_that_kubernetes_rejects_fails_the_job(
    cluster: FakeCluster, controller: Controller
) -> None:
    controller.sync("mnist")
    del cluster.made["Pod", "mnist-ps-0"]
    cluster.refusals = [Rejected('Pod "mnist-ps-0" is invalid: spec.volumes[0].name: Required value')]
    controller.sync("mnist")
    failed = condition(cluster.tfjobs["mnist"]["status"], "Failed")
    assert failed is not None
    assert failed["reason"] == "InvalidTFJob"
    assert failed["message"].startswith('Pod "mnist-ps-0" is invalid')
    assert not cluster.made


def test_a_change_of_a_pod_wakes_its_job(cluster: FakeCluster, controller: Controller) -> None:
    controller.sync("mnist")
    cluster.set_phase("mnist-chief-0", "Succeeded")
    cluster.events = [cluster.made["Pod", "mnist-chief-0"]]
    controller.follow("pods")
    controller.work(timeout=0)
    assert holds(cluster.tfjobs["mnist"]["status"], "Succeeded")


def test_after_410_gone_a_list_brings_what_was_missed(cluster: FakeCluster, controller: Controller) -> None:
    cluster.events = [ApiException(status=410, reason="Expired")]
    with pytest.raises(ApiException):
        controller.follow("tfjobs")
    controller.work(timeout=0)
    cluster.tfjobs["late"] = make_tfjob()
    cluster.tfjobs["late"]["metadata"].update(name="late", uid="job-2")
    controller.follow("tfjobs")
    for _ in range(2):
        controller.work(timeout=0)
    assert ("Pod", "late-chief-0") in cluster.made


def test_it_is_ready_when_everything_has_been_listed(controller: Controller) -> None:
    controller.follow("tfjobs")
    controller.follow("pods")
    assert not controller.is_ready()
    controller.follow("services")
    assert controller.is_ready()
