"""Whether an object is ready, will be, or never will: pure functions of what the API says about it."""

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

Body = dict[str, Any]
CRASHES = 3  # restarts after which a crash loop is no slow start
CERTAIN = (
    "ErrImageNeverPull",
    "InvalidImageName",
    "CreateContainerConfigError",
)  # waiting helps none of them


class State(Enum):
    """Whether to go on waiting."""

    READY = "ready"
    WAITING = "waiting"
    FAILED = "failed"


class Verdict(NamedTuple):
    """A state, and the reason for it in a few words unless it is ready."""

    state: State
    reason: str = ""


READY = Verdict(State.READY)


def of(body: Body) -> Verdict:
    """The verdict about an object of any kind; kinds that do not become ready are ready at once."""
    judge = _JUDGES.get((group(body.get("apiVersion", "")), body.get("kind", "")))
    return judge(body) if judge else READY


def has_readiness(api_version: str, kind: str) -> bool:
    """Whether objects of this kind take time to be ready."""
    return (group(api_version), kind) in _JUDGES


def group(api_version: str) -> str:
    """The API group of `apps/v1`; the core group has no name."""
    return api_version.rpartition("/")[0]


def of_pod(pod: Body) -> Verdict:
    """The verdict about a pod; FAILED only where waiting cannot help."""
    status = pod.get("status", {})
    phase = status.get("phase", "Pending")
    if phase == "Succeeded" or (phase == "Running" and condition(pod, "Ready").get("status") == "True"):
        return READY
    if phase == "Failed":
        return Verdict(State.FAILED, _failed_pod(pod))
    for container in statuses(pod):
        waiting = container.get("state", {}).get("waiting") or {}
        reason = waiting.get("reason", "")
        if not reason or reason in ("ContainerCreating", "PodInitializing"):
            continue
        crashing = reason == "CrashLoopBackOff" and container.get("restartCount", 0) >= CRASHES
        text = f"{phase}: container {container['name']} {reason}{_detail(container, waiting)}"
        return Verdict(State.FAILED if crashing or reason in CERTAIN else State.WAITING, text)
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return Verdict(State.WAITING, f"{phase}: {scheduled.get('reason')}: {scheduled.get('message', '')}")
    ready = condition(pod, "Ready")
    return Verdict(State.WAITING, f"{phase}: {ready.get('message') or 'not ready yet'}")


def statuses(pod: Body) -> list[Body]:
    """The status of each container of a pod, those that prepare it first."""
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def condition(body: Body, name: str) -> Body:
    """A condition of an object by its type; empty if it has none."""
    for found in body.get("status", {}).get("conditions") or []:
        if found.get("type") == name:
            return dict(found)
    return {}


def _detail(container: Body, waiting: Body) -> str:
    ended = (container.get("lastState") or {}).get("terminated")
    if ended:
        why = f", {ended['reason']}" if ended.get("reason") not in (None, "Error") else ""
        return (
            f" after {container.get('restartCount', 0)} restarts, last exit code {ended.get('exitCode')}{why}"
        )
    return f": {waiting['message']}" if waiting.get("message") else ""


def _failed_pod(pod: Body) -> str:
    status = pod.get("status", {})
    for container in statuses(pod):
        ended = (container.get("state") or {}).get("terminated") or {}
        if ended.get("exitCode"):
            return f"Failed: container {container['name']} ended with exit code {ended['exitCode']}"
    return f"Failed: {status.get('reason') or ''} {status.get('message') or ''}".rstrip(": ")


def _unseen(body: Body) -> bool:
    """Whether the status still speaks about an earlier version of the object."""
    generation: int = body["metadata"].get("generation", 0)
    return bool(body.get("status", {}).get("observedGeneration", 0) < generation)


def _count(status: Body, field: str, wanted: int, what: str) -> Verdict:
    have = status.get(field) or 0
    return READY if have >= wanted else Verdict(State.WAITING, f"{have} of {wanted} {what}")


def _all(*verdicts: Verdict) -> Verdict:
    return next((verdict for verdict in verdicts if verdict.state is not State.READY), READY)


def _deployment(body: Body) -> Verdict:
    status, wanted = body.get("status", {}), body["spec"].get("replicas", 1)
    if _unseen(body):
        return Verdict(State.WAITING, "its controller has not seen it yet")
    progressing = condition(body, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Verdict(State.FAILED, progressing.get("message", "progress deadline exceeded"))
    blocked = condition(body, "ReplicaFailure")
    if blocked.get("status") == "True":
        return Verdict(State.WAITING, blocked.get("message", "its pods cannot be made"))
    old = (status.get("replicas") or 0) - (status.get("updatedReplicas") or 0)
    return _all(
        _count(status, "updatedReplicas", wanted, "replicas made"),
        _count(status, "availableReplicas", wanted, "replicas available"),
        Verdict(State.WAITING, f"{old} old replicas are still there") if old > 0 else READY,
    )


def _stateful_set(body: Body) -> Verdict:
    status, spec = body.get("status", {}), body["spec"]
    wanted = spec.get("replicas", 1)
    if _unseen(body):
        return Verdict(State.WAITING, "its controller has not seen it yet")
    ready = _count(status, "readyReplicas", wanted, "replicas ready")
    if spec.get("updateStrategy", {}).get("type") == "OnDelete":
        return ready
    partition = (spec.get("updateStrategy", {}).get("rollingUpdate") or {}).get("partition") or 0
    return _all(_count(status, "updatedReplicas", wanted - partition, "replicas updated"), ready)


def _daemon_set(body: Body) -> Verdict:
    status = body.get("status", {})
    if _unseen(body):
        return Verdict(State.WAITING, "its controller has not seen it yet")
    wanted = status.get("desiredNumberScheduled", 0)
    ready = _count(status, "numberAvailable", wanted, "pods available")
    if body["spec"].get("updateStrategy", {}).get("type") == "OnDelete":
        return ready
    return _all(_count(status, "updatedNumberScheduled", wanted, "pods updated"), ready)


def _replicas(body: Body) -> Verdict:
    if _unseen(body):
        return Verdict(State.WAITING, "its controller has not seen it yet")
    return _count(body.get("status", {}), "readyReplicas", body["spec"].get("replicas", 1), "replicas ready")


def _job(body: Body) -> Verdict:
    failed = condition(body, "Failed")
    if failed.get("status") == "True":
        return Verdict(
            State.FAILED, f"{failed.get('reason', 'Failed')}: {failed.get('message', '')}".rstrip(": ")
        )
    if condition(body, "Complete").get("status") == "True" or body["spec"].get("suspend"):
        return READY
    status = body.get("status", {})
    counts = [f"{status[field]} {field}" for field in ("active", "succeeded", "failed") if status.get(field)]
    return Verdict(State.WAITING, f"not complete ({', '.join(counts) or 'not started'})")


def _definition(body: Body) -> Verdict:
    refused = condition(body, "NamesAccepted")
    if refused.get("status") == "False":
        return Verdict(State.FAILED, refused.get("message", "its names are taken"))
    established = condition(body, "Established")
    if established.get("status") == "True":
        return READY
    return Verdict(State.WAITING, "not established yet")


def _claim(body: Body) -> Verdict:
    phase = body.get("status", {}).get("phase", "Pending")
    if phase == "Bound":
        return READY
    return Verdict(State.FAILED if phase == "Lost" else State.WAITING, f"volume claim is {phase}")


def _api_service(body: Body) -> Verdict:
    available = condition(body, "Available")
    if available.get("status") == "True":
        return READY
    return Verdict(State.WAITING, available.get("message") or "not available yet")


def _namespace(body: Body) -> Verdict:
    phase = body.get("status", {}).get("phase", "Active")
    return READY if phase == "Active" else Verdict(State.WAITING, f"namespace is {phase}")


_JUDGES: dict[tuple[str, str], Callable[[Body], Verdict]] = {
    ("", "Namespace"): _namespace,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Pod"): of_pod,
    ("", "ReplicationController"): _replicas,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("apiregistration.k8s.io", "APIService"): _api_service,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "Deployment"): _deployment,
    ("apps", "ReplicaSet"): _replicas,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "Job"): _job,
}
