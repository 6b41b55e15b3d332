"""The loop around `reconcile`: watch for changes, look at the job concerned, do what the plan says."""

import logging
import threading
import time
from collections import Counter
from datetime import UTC, datetime

from kubernetes.client.rest import ApiException

from tf_operator.cluster import CONFLICT, Cluster, Rejected
from tf_operator.reconcile import Create, Plan, reconcile, reject
from tf_operator.tfjob import JOB_LABEL, Object, name_of
from tf_operator.workqueue import WorkQueue

log = logging.getLogger(__name__)

RESOURCES = ("tfjobs", "pods", "services")
FIRST_RETRY, LAST_RETRY = 0.1, 30.0


class Controller:
    """Looks after all jobs of a namespace.

    Watches only wake it up. What it decides on is read afresh from the API: there is no cache to be stale.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._queue = WorkQueue()
        self._attempts: Counter[str] = Counter()
        self._followed = {resource: threading.Event() for resource in RESOURCES}

    def run(self) -> None:
        """Work until the process ends."""
        for resource in RESOURCES:
            threading.Thread(target=self._follow_forever, args=[resource], name=resource, daemon=True).start()
        while True:
            self.work()

    def is_ready(self) -> bool:
        """Whether every kind of object has been listed, so that no change can be missed any more."""
        return all(event.is_set() for event in self._followed.values())

    def follow(self, resource: str) -> None:
        """Queue the job of every object there is, then of each that changes; returns when the watch ends."""
        objects, version = self._cluster.list_all(resource)
        for obj in objects:
            self._queue.add(_job_of(resource, obj))
        self._followed[resource].set()
        for obj in self._cluster.watch(resource, version):
            self._queue.add(_job_of(resource, obj))

    def work(self, timeout: float | None = None) -> None:
        """Look at the next job in the queue; one that went wrong comes back, later each time."""
        name = self._queue.get(timeout)
        if name is None:
            return
        try:
            self.sync(name)
        except Exception as error:  # pylint: disable=broad-exception-caught  # one job must not stop the others
            self._attempts[name] += 1
            delay = min(FIRST_RETRY * 2 ** (self._attempts[name] - 1), LAST_RETRY)
            log.warning("%s: %s; again in %.1f s", name, _reason(error), delay)
            self._queue.add(name, delay)
        else:
            del self._attempts[name]

    def sync(self, name: str) -> None:
        """Bring one job a step further."""
        tfjob = self._cluster.tfjob(name)
        if tfjob is None or "deletionTimestamp" in tfjob["metadata"]:
            return  # Kubernetes collects what it owned
        pods, services = self._cluster.children(name)
        plan = reconcile(tfjob, pods, services, _now())
        try:
            tfjob = self._carry_out(tfjob, plan)
        except Rejected as error:
            log.warning("%s: %s", name, error)
            tfjob = self._cluster.tfjob(name)
            if tfjob is not None:
                self._carry_out(tfjob, reject(tfjob, *self._cluster.children(name), str(error), _now()))

    def _carry_out(self, tfjob: Object, plan: Plan) -> Object:
        # The status goes first: an operator that dies in between repeats the actions, never forgets them.
        if plan.status != tfjob.get("status"):
            tfjob = self._cluster.write_status(tfjob, plan.status)
            log.info("%s: %s", name_of(tfjob), _summary(plan.status))
        for action in plan.actions:
            if isinstance(action, Create):
                log.info("%s: create %s %s", name_of(tfjob), action.body["kind"], name_of(action.body))
                self._cluster.create(action.body)
            else:
                log.info("%s: delete %s %s", name_of(tfjob), action.kind, name_of(action.target))
                self._cluster.delete(action.kind, action.target)
        return tfjob

    def _follow_forever(self, resource: str) -> None:
        attempts = 0
        while True:
            try:
                self.follow(resource)
                attempts = 0
            except Exception as error:  # pylint: disable=broad-exception-caught  # a deaf operator helps nobody
                # 410 Gone among others: the next round begins with a list, so nothing is lost.
                attempts += 1
                log.warning("watch of %s: %s", resource, _reason(error))
                time.sleep(min(FIRST_RETRY * attempts, 5.0))


def _job_of(resource: str, obj: Object) -> str:
    return name_of(obj) if resource == "tfjobs" else str(obj["metadata"]["labels"][JOB_LABEL])


def _now() -> datetime:
    return datetime.now(UTC)


def _reason(error: Exception) -> str:
    if isinstance(error, ApiException):
        return "changed in the meantime" if error.status == CONFLICT else f"{error.status} {error.reason}"
    return f"{type(error).__name__}: {error}"


def _summary(status: Object) -> str:
    last = status["conditions"][-1]
    counts = ", ".join(
        f"{replica_type} {count['active']}/{count['succeeded']}/{count['failed']}"
        for replica_type, count in status["replicaStatuses"].items()
    )
    return f"{last['type']} ({last['message']}); active/succeeded/failed: {counts}"
