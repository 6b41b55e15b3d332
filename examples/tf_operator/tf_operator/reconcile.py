"""What to do next for a TFJob: a pure function from what is there to what should change.

Nothing is remembered between calls, so an operator that was restarted goes on where the last one stopped.
"""

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime

from tf_operator import children
from tf_operator.restart import Failure, failure_of, is_permanent
from tf_operator.status import (
    CREATED,
    FAILED,
    RUNNING,
    SUCCEEDED,
    condition,
    count_replicas,
    is_active,
    is_finished,
    is_leaving,
    phase,
    set_condition,
    timestamp,
)
from tf_operator.tfjob import (
    Object,
    Replica,
    backoff_limit,
    clean_pod_policy,
    deciding_replica,
    name_of,
    replicas,
    restart_policy,
)


@dataclass(frozen=True)
class Create:
    """Make an object; one of that name that is there already is as good."""

    body: Object


@dataclass(frozen=True)
class Delete:
    """Delete this very object, not a later one of the same name; one that is gone already is as good."""

    kind: str
    target: Object


Action = Create | Delete


@dataclass(frozen=True)
class Plan:
    """The status to write first, then the actions to take in their order."""

    status: Object
    actions: Sequence[Action]


@dataclass(frozen=True)
class Observed:
    """A job and those pods and services that are its own, by name."""

    tfjob: Object
    pods: dict[str, Object]
    services: dict[str, Object]

    @classmethod
    def of(cls, tfjob: Object, pods: Iterable[Object], services: Iterable[Object]) -> "Observed":
        """Leaves out what belongs to somebody else, such as a former job of the same name."""
        return cls(tfjob, _owned(tfjob, pods), _owned(tfjob, services))

    def failures(self) -> Iterator[Failure]:
        """The replicas whose pod has failed and is not on its way out yet."""
        for replica in replicas(self.tfjob):
            pod = self.pods.get(replica.name)
            if pod is not None and phase(pod) == "Failed" and not is_leaving(pod):
                yield failure_of(replica, pod)

    def phase_of(self, replica: Replica) -> str:
        """The phase of a replica's pod; `Missing` where there is none."""
        pod = self.pods.get(replica.name)
        return "Missing" if pod is None else phase(pod)


def reconcile(tfjob: Object, pods: Iterable[Object], services: Iterable[Object], now: datetime) -> Plan:
    """Bring the job one step further.

    Success of the deciding replica ends the job well, whatever the others do. A failure that its restart
    policy does not forgive, or one restart too many, ends it badly. A job that has ended is only cleaned up.
    """
    observed = Observed.of(tfjob, pods, services)
    if is_finished(tfjob.get("status", {})):
        return Plan(_status(observed, now), _clean_up(observed))
    decider = deciding_replica(tfjob)
    if observed.phase_of(decider) == "Succeeded":
        return _finish(observed, now, SUCCEEDED, "TFJobSucceeded", f"{decider} succeeded")
    failures = list(observed.failures())
    for failure in failures:
        if is_permanent(failure, restart_policy(tfjob, failure.replica)):
            return _finish(observed, now, FAILED, "ReplicaFailed", str(failure))
    status = _status(observed, now, restarted=[failure.replica for failure in failures])
    if _restarts(observed, status) > backoff_limit(tfjob):
        message = f"it takes more restarts than backoffLimit {backoff_limit(tfjob)}"
        message += "".join(f"; {failure}" for failure in failures)
        return _finish(observed, now, FAILED, "BackoffLimitExceeded", message)
    _report_running(status, observed.phase_of(decider) == "Running", decider, now)
    # A failed pod makes room first; the next call, when it is gone, puts a new one in its place.
    return Plan(status, [*(Delete("Pod", failure.pod) for failure in failures), *_missing(observed)])


def reject(
    tfjob: Object, pods: Iterable[Object], services: Iterable[Object], message: str, now: datetime
) -> Plan:
    """End a job that cannot be carried out as it is written."""
    return _finish(Observed.of(tfjob, pods, services), now, FAILED, "InvalidTFJob", message)


def _owned(tfjob: Object, objects: Iterable[Object]) -> dict[str, Object]:
    uid = tfjob["metadata"]["uid"]
    return {
        name_of(obj): obj
        for obj in objects
        if any(owner["uid"] == uid for owner in obj["metadata"].get("ownerReferences", []))
    }


def _status(observed: Observed, now: datetime, restarted: Iterable[Replica] = ()) -> Object:
    status = deepcopy(observed.tfjob.get("status", {}))
    status.setdefault("startTime", timestamp(now))
    if condition(status, CREATED) is None:
        set_condition(status, CREATED, True, "TFJobCreated", "the operator has seen the job", now)
    status["replicaStatuses"] = count_replicas(observed.tfjob, observed.pods.values(), restarted)
    return status


def _report_running(status: Object, running: bool, decider: Replica, now: datetime) -> None:
    if running:
        set_condition(status, RUNNING, True, "TFJobRunning", f"{decider} is running", now)
    elif condition(status, RUNNING) is not None:
        set_condition(status, RUNNING, False, "TFJobWaiting", f"{decider} is not running", now)


def _finish(observed: Observed, now: datetime, kind: str, reason: str, message: str) -> Plan:
    status = _status(observed, now)
    status["completionTime"] = timestamp(now)
    if condition(status, RUNNING) is not None:
        set_condition(status, RUNNING, False, reason, "the job has ended", now)
    set_condition(status, kind, True, reason, message, now)
    return Plan(status, _clean_up(observed))


def _restarts(observed: Observed, status: Object) -> int:
    """Restarts by the operator, and those in place by Kubernetes."""
    by_operator = sum(counts["restarts"] for counts in status["replicaStatuses"].values())
    in_place = sum(
        container.get("restartCount", 0)
        for pod in observed.pods.values()
        for container in pod.get("status", {}).get("containerStatuses", [])
    )
    return int(by_operator + in_place)


def _missing(observed: Observed) -> list[Action]:
    """Services come before pods, so that no replica looks for a name that nobody has announced."""
    wanted = list(replicas(observed.tfjob))
    return [
        *(Create(children.service(observed.tfjob, r)) for r in wanted if r.name not in observed.services),
        *(Create(children.pod(observed.tfjob, r)) for r in wanted if r.name not in observed.pods),
    ]


def _clean_up(observed: Observed) -> Sequence[Delete]:
    policy = clean_pod_policy(observed.tfjob)
    if policy == "None":
        return []
    pods = [pod for pod in observed.pods.values() if policy == "All" or is_active(pod)]
    services = observed.services.values()
    unwanted = [Delete("Pod", pod) for pod in pods] + [Delete("Service", service) for service in services]
    return [delete for delete in unwanted if not is_leaving(delete.target)]
