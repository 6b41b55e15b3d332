"""The status of a TFJob: its conditions, and how its replicas are doing."""

from collections.abc import Iterable
from datetime import datetime

from tf_operator.tfjob import TYPE_LABEL, Object, Replica, replica_specs

CREATED = "Created"
RUNNING = "Running"
SUCCEEDED = "Succeeded"
FAILED = "Failed"

Conditions = list[dict[str, str]]


def timestamp(now: datetime) -> str:
    """A time as the Kubernetes API writes it."""
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def condition(status: Object, kind: str) -> dict[str, str] | None:
    """The condition of that kind, whether it holds or not."""
    return next((found for found in status.get("conditions", []) if found["type"] == kind), None)


def holds(status: Object, kind: str) -> bool:
    """Whether a condition is there and true."""
    found = condition(status, kind)
    return found is not None and found["status"] == "True"


def is_finished(status: Object) -> bool:
    """Whether the job has come to its end; from there nothing starts again."""
    return holds(status, SUCCEEDED) or holds(status, FAILED)


def set_condition(status: Object, kind: str, state: bool, reason: str, message: str, now: datetime) -> None:
    """Write a condition; one that says the same already keeps its times.

    `lastTransitionTime` moves only when true turns to false or back.
    """
    said = {"status": str(state), "reason": reason, "message": message}
    conditions: Conditions = status.setdefault("conditions", [])
    found = condition(status, kind)
    if found is None:
        found = {"type": kind, "lastTransitionTime": timestamp(now)}
        conditions.append(found)
    elif said.items() <= found.items():
        return
    elif found["status"] != said["status"]:
        found["lastTransitionTime"] = timestamp(now)
    found.update(said, lastUpdateTime=timestamp(now))


def is_active(pod: Object) -> bool:
    """Whether a pod still runs, or will."""
    return phase(pod) in ("Pending", "Running") and not is_leaving(pod)


def is_leaving(pod: Object) -> bool:
    """Whether somebody has deleted the pod, and it is still on its way out."""
    return "deletionTimestamp" in pod["metadata"]


def phase(pod: Object) -> str:
    """Pending, Running, Succeeded or Failed."""
    return str(pod.get("status", {}).get("phase", "Pending"))


def count_replicas(tfjob: Object, pods: Iterable[Object], restarted: Iterable[Replica]) -> Object:
    """How many replicas of each type are active, have succeeded, have failed, and were restarted.

    Pods that the operator replaced leave no trace in the cluster: their count goes on from the old status.
    """
    before = tfjob.get("status", {}).get("replicaStatuses", {})
    counts = {
        replica_type: {
            "active": 0,
            "succeeded": 0,
            "failed": 0,
            "restarts": before.get(replica_type, {}).get("restarts", 0),
        }
        for replica_type in replica_specs(tfjob)
    }
    by_label = {replica_type.lower(): count for replica_type, count in counts.items()}
    for pod in pods:
        count = by_label[pod["metadata"]["labels"][TYPE_LABEL]]
        count["active"] += is_active(pod)
        count["succeeded"] += phase(pod) == "Succeeded"
        count["failed"] += phase(pod) == "Failed"
    for replica in restarted:
        counts[replica.type]["restarts"] += 1
    return counts
