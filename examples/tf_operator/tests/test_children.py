"""The pods and services that are made for a job."""

from copy import deepcopy

import pytest

from tf_operator import children
from tf_operator.tfjob import Object, Replica

from .conftest import make_tfjob

WORKER_1 = Replica("mnist", "Worker", 1)


def test_a_pod_and_its_service_have_the_name_of_the_replica(tfjob: Object) -> None:
    assert children.pod(tfjob, WORKER_1)["metadata"]["name"] == "mnist-worker-1"
    assert children.service(tfjob, WORKER_1)["metadata"]["name"] == "mnist-worker-1"


def test_a_service_selects_only_its_replica(tfjob: Object) -> None:
    selector = children.service(tfjob, WORKER_1)["spec"]["selector"].items()
    assert selector <= children.pod(tfjob, WORKER_1)["metadata"]["labels"].items()
    assert not selector <= children.pod(tfjob, Replica("mnist", "Worker", 0))["metadata"]["labels"].items()
    assert not selector <= children.pod(tfjob, Replica("mnist", "PS", 1))["metadata"]["labels"].items()


def test_a_service_is_headless_and_names_pods_that_are_not_ready(tfjob: Object) -> None:
    spec = children.service(tfjob, WORKER_1)["spec"]
    assert (spec["clusterIP"], spec["publishNotReadyAddresses"]) == ("None", True)


def test_what_is_made_for_a_job_is_owned_by_it(tfjob: Object) -> None:
    for made in (children.pod(tfjob, WORKER_1), children.service(tfjob, WORKER_1)):
        (owner,) = made["metadata"]["ownerReferences"]
        assert {"kind": "TFJob", "name": "mnist", "uid": "job-1", "controller": True}.items() <= owner.items()


def test_labels_and_annotations_of_the_template_stay(tfjob: Object) -> None:
    template = tfjob["spec"]["tfReplicaSpecs"]["Worker"]["template"]
    template["metadata"] = {"labels": {"team": "vision"}, "annotations": {"note": "first try"}}
    metadata = children.pod(tfjob, WORKER_1)["metadata"]
    assert metadata["labels"]["team"] == "vision"
    assert metadata["annotations"] == {"note": "first try"}


@pytest.mark.parametrize(
    ("policy", "expected"), [("Never", "Never"), ("OnFailure", "OnFailure"), ("ExitCode", "Never")]
)
def test_kubernetes_restarts_in_place_only_where_every_failure_is_forgiven(
    policy: str, expected: str
) -> None:
    tfjob = make_tfjob(restart_policy=policy)
    assert children.pod(tfjob, WORKER_1)["spec"]["restartPolicy"] == expected


def test_the_job_is_left_as_it_was(tfjob: Object) -> None:
    before = deepcopy(tfjob)
    children.pod(tfjob, WORKER_1)
    assert tfjob == before
