"""What the API says about an object is read as ready, not yet, or never, with the reason in a few words."""

from typing import Any

import pytest

from py.kube import readiness
from py.kube.readiness import State


def an(
    kind: str, api: str = "apps/v1", *, status: Any = None, generation: int = 0, **spec: Any
) -> dict[str, Any]:
    metadata = {"name": "a", "generation": generation}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec, "status": status or {}}


def pod(phase: str, *containers: dict[str, Any], ready: bool = False, **status: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": str(ready), "message": "containers with unready status: [c]"}]
    known = {"phase": phase, "containerStatuses": list(containers), "conditions": conditions, **status}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {}, "status": known}


def waiting(why: str, restarts: int = 0, **last: Any) -> dict[str, Any]:
    state = {"waiting": {"reason": why, "message": "as it says"}}
    return {
        "name": "c",
        "restartCount": restarts,
        "state": state,
        "lastState": {"terminated": last} if last else {},
    }


def true(kind: str, **more: str) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": "True", **more}]}


@pytest.mark.parametrize(
    ("body", "state", "reason"),
    [
        (an("Deployment", replicas=2), State.WAITING, "0 of 2 replicas made"),
        (
            an("Deployment", replicas=2, status={"updatedReplicas": 2, "replicas": 2}),
            State.WAITING,
            "0 of 2 replicas available",
        ),
        (
            an(
                "Deployment", replicas=1, status={"updatedReplicas": 1, "availableReplicas": 1, "replicas": 1}
            ),
            State.READY,
            "",
        ),
        (an("Deployment", replicas=0), State.READY, ""),
        (
            an(
                "Deployment", replicas=1, status={"updatedReplicas": 1, "availableReplicas": 2, "replicas": 2}
            ),
            State.WAITING,
            "1 old replicas are still there",
        ),
        (
            an("Deployment", replicas=0, generation=2, status={"observedGeneration": 1}),
            State.WAITING,
            "its controller has not seen it yet",
        ),
        (
            an(
                "Deployment",
                replicas=1,
                status={
                    "conditions": [
                        {
                            "type": "Progressing",
                            "status": "False",
                            "reason": "ProgressDeadlineExceeded",
                            "message": "timed out",
                        }
                    ]
                },
            ),
            State.FAILED,
            "timed out",
        ),
        (
            an("Deployment", replicas=1, status=true("ReplicaFailure", message="quota")),
            State.WAITING,
            "quota",
        ),
        (
            an("StatefulSet", replicas=2, status={"updatedReplicas": 2, "readyReplicas": 1}),
            State.WAITING,
            "1 of 2 replicas ready",
        ),
        (
            an("StatefulSet", replicas=2, status={"updatedReplicas": 1, "readyReplicas": 2}),
            State.WAITING,
            "1 of 2 replicas updated",
        ),
        (
            an("StatefulSet", replicas=2, updateStrategy={"type": "OnDelete"}, status={"readyReplicas": 2}),
            State.READY,
            "",
        ),
        (
            an(
                "StatefulSet",
                replicas=3,
                updateStrategy={"rollingUpdate": {"partition": 2}},
                status={"updatedReplicas": 1, "readyReplicas": 3},
            ),
            State.READY,
            "",
        ),
        (
            an(
                "DaemonSet",
                status={"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1},
            ),
            State.WAITING,
            "1 of 2 pods available",
        ),
        (an("DaemonSet", status={"desiredNumberScheduled": 0}), State.READY, ""),
        (an("Job", "batch/v1"), State.WAITING, "not complete (not started)"),
        (
            an("Job", "batch/v1", status={"active": 1, "failed": 2}),
            State.WAITING,
            "not complete (1 active, 2 failed)",
        ),
        (an("Job", "batch/v1", status=true("Complete")), State.READY, ""),
        (
            an("Job", "batch/v1", status=true("Failed", reason="BackoffLimitExceeded", message="no more")),
            State.FAILED,
            "BackoffLimitExceeded: no more",
        ),
        (an("Job", "batch/v1", suspend=True), State.READY, ""),
        (an("CustomResourceDefinition", "apiextensions.k8s.io/v1"), State.WAITING, "not established yet"),
        (
            an("CustomResourceDefinition", "apiextensions.k8s.io/v1", status=true("Established")),
            State.READY,
            "",
        ),
        (
            an(
                "CustomResourceDefinition",
                "apiextensions.k8s.io/v1",
                status={"conditions": [{"type": "NamesAccepted", "status": "False", "message": "taken"}]},
            ),
            State.FAILED,
            "taken",
        ),
        (
            an("PersistentVolumeClaim", "v1", status={"phase": "Pending"}),
            State.WAITING,
            "volume claim is Pending",
        ),
        (an("PersistentVolumeClaim", "v1", status={"phase": "Lost"}), State.FAILED, "volume claim is Lost"),
        (
            an(
                "APIService",
                "apiregistration.k8s.io/v1",
                status={"conditions": [{"type": "Available", "status": "False", "message": "no endpoints"}]},
            ),
            State.WAITING,
            "no endpoints",
        ),
        (an("Namespace", "v1", status={"phase": "Terminating"}), State.WAITING, "namespace is Terminating"),
        (an("Job", "batch.volcano.sh/v1alpha1"), State.READY, ""),
        (an("ConfigMap", "v1"), State.READY, ""),
    ],
)
def test_an_object_is_judged_by_its_own_status(body: dict[str, Any], state: State, reason: str) -> None:
    assert readiness.of(body) == (state, reason)


@pytest.mark.parametrize(
    ("body", "state", "reason"),
    [
        (pod("Running", ready=True), State.READY, ""),
        (pod("Succeeded"), State.READY, ""),
        (pod("Pending"), State.WAITING, "Pending: containers with unready status: [c]"),
        (
            pod("Pending", waiting("ContainerCreating")),
            State.WAITING,
            "Pending: containers with unready status: [c]",
        ),
        (
            pod("Pending", waiting("ImagePullBackOff")),
            State.WAITING,
            "Pending: container c ImagePullBackOff: as it says",
        ),
        (
            pod("Pending", waiting("ErrImageNeverPull")),
            State.FAILED,
            "Pending: container c ErrImageNeverPull: as it says",
        ),
        (
            pod("Pending", waiting("InvalidImageName")),
            State.FAILED,
            "Pending: container c InvalidImageName: as it says",
        ),
        (
            pod("Pending", waiting("CreateContainerConfigError")),
            State.FAILED,
            "Pending: container c CreateContainerConfigError: as it says",
        ),
        (
            pod("Running", waiting("CrashLoopBackOff", 2, exitCode=3)),
            State.WAITING,
            "Running: container c CrashLoopBackOff after 2 restarts, last exit code 3",
        ),
        (
            pod("Running", waiting("CrashLoopBackOff", 3, exitCode=137, reason="OOMKilled")),
            State.FAILED,
            "Running: container c CrashLoopBackOff after 3 restarts, last exit code 137, OOMKilled",
        ),
        (
            pod("Pending", initContainerStatuses=[waiting("CrashLoopBackOff", 4, exitCode=1)]),
            State.FAILED,
            "Pending: container c CrashLoopBackOff after 4 restarts, last exit code 1",
        ),
        (
            pod(
                "Pending",
                conditions=[
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/1 nodes",
                    }
                ],
            ),
            State.WAITING,
            "Pending: Unschedulable: 0/1 nodes",
        ),
        (
            pod("Failed", {"name": "c", "state": {"terminated": {"exitCode": 7}}}),
            State.FAILED,
            "Failed: container c ended with exit code 7",
        ),
        (pod("Failed", reason="Evicted", message="no room"), State.FAILED, "Failed: Evicted no room"),
    ],
)
def test_a_pod_has_failed_only_where_waiting_cannot_help(
    body: dict[str, Any], state: State, reason: str
) -> None:
    assert readiness.of(body) == (state, reason)
