"""Jobs, pods and moments to test with."""

from datetime import UTC, datetime

import pytest

from tf_operator import children
from tf_operator.tfjob import Object, Replica, name_of

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = datetime(2026, 1, 2, 3, 4, 9, tzinfo=UTC)


def make_tfjob(*, run_policy: Object | None = None, restart_policy: str = "Never", **counts: int) -> Object:
    """A job called `mnist`, as the API gives it; one chief, one PS and two workers unless told otherwise."""
    template = {"spec": {"containers": [{"name": "tensorflow", "image": "train"}]}}
    return {
        "metadata": {"name": "mnist", "namespace": "lab", "uid": "job-1"},
        "spec": {
            "runPolicy": {"cleanPodPolicy": "Running", "backoffLimit": 2, **(run_policy or {})},
            "tfReplicaSpecs": {
                kind: {"replicas": count, "restartPolicy": restart_policy, "template": template}
                for kind, count in (counts or {"Chief": 1, "PS": 1, "Worker": 2}).items()
            },
        },
    }


def make_pod(
    tfjob: Object,
    kind: str,
    index: int,
    phase: str,
    *,
    exit_code: int | None = None,
    message: str = "",
    restarts: int = 0,
    leaving: bool = False,
) -> Object:
    """A pod of the job, as the API gives it."""
    replica = Replica(name_of(tfjob), kind, index)
    pod = children.pod(tfjob, replica)
    pod["metadata"]["uid"] = f"uid of {replica.name}"
    if leaving:
        pod["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:00Z"
    ended = {} if exit_code is None else {"terminated": {"exitCode": exit_code, "message": message}}
    container = {"name": "tensorflow", "restartCount": restarts, "state": ended}
    pod["status"] = {"phase": phase, "containerStatuses": [container]}
    return pod


def make_service(tfjob: Object, kind: str, index: int) -> Object:
    """A service of the job, as the API gives it."""
    service = children.service(tfjob, Replica(name_of(tfjob), kind, index))
    service["metadata"]["uid"] = f"uid of service {name_of(service)}"
    return service


def make_pods(tfjob: Object, *others: Object, phase: str = "Running") -> list[Object]:
    """A pod for each replica of a job: `others` where given, the rest in that phase."""
    pods = {name_of(pod): pod for pod in others}
    for kind, spec in tfjob["spec"]["tfReplicaSpecs"].items():
        for index in range(spec["replicas"]):
            pod = make_pod(tfjob, kind, index, phase)
            pods.setdefault(name_of(pod), pod)
    return list(pods.values())


def make_services(tfjob: Object) -> list[Object]:
    """A service for each replica of a job."""
    specs = tfjob["spec"]["tfReplicaSpecs"].items()
    return [make_service(tfjob, kind, index) for kind, spec in specs for index in range(spec["replicas"])]


@pytest.fixture(name="tfjob")
def fixture_tfjob() -> Object:
    """A job that nobody has looked at yet."""
    return make_tfjob()
