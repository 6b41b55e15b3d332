"""What replicas are told about the cluster."""

import json

from tf_operator import children
from tf_operator.tf_config import tf_config
from tf_operator.tfjob import Object, Replica

from .conftest import make_tfjob


def test_every_replica_is_in_the_cluster_at_the_name_of_its_service(tfjob: Object) -> None:
    assert tf_config(tfjob, Replica("mnist", "Chief", 0))["cluster"] == {
        "chief": ["mnist-chief-0.lab.svc:2222"],
        "ps": ["mnist-ps-0.lab.svc:2222"],
        "worker": ["mnist-worker-0.lab.svc:2222", "mnist-worker-1.lab.svc:2222"],
    }


def test_a_replica_is_told_its_own_task(tfjob: Object) -> None:
    assert tf_config(tfjob, Replica("mnist", "Worker", 1))["task"] == {"type": "worker", "index": 1}


def test_types_that_the_job_does_not_have_are_not_in_the_cluster() -> None:
    assert list(tf_config(make_tfjob(Worker=1), Replica("mnist", "Worker", 0))["cluster"]) == ["worker"]


def test_only_the_tensorflow_container_gets_tf_config(tfjob: Object) -> None:
    containers = tfjob["spec"]["tfReplicaSpecs"]["Worker"]["template"]["spec"]["containers"]
    containers[0]["env"] = [{"name": "MODE", "value": "fast"}]
    containers.append({"name": "sidecar", "image": "log"})
    replica = Replica("mnist", "Worker", 1)
    tensorflow, sidecar = children.pod(tfjob, replica)["spec"]["containers"]
    assert [variable["name"] for variable in tensorflow["env"]] == ["MODE", "TF_CONFIG"]
    assert json.loads(tensorflow["env"][1]["value"]) == tf_config(tfjob, replica)
    assert "env" not in sidecar
