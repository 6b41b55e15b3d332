"""Everything that is seen of one object and its pods, from before it is made: also of pods that are gone."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from py.kube import readiness, watch
from py.kube.client import Client, Resource, get
from py.kube.readiness import Body
from py.tools.errors import ClusterError

DEEP = 5  # owners between a pod and the object: a CronJob of a custom resource has two


@dataclass
class Pod:
    """A pod of the object, as last seen; `codes` are of its containers that ended by themselves."""

    body: Body
    gone: bool = False
    codes: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.body["metadata"]["name"])

    @property
    def phase(self) -> str:
        return str(self.body.get("status", {}).get("phase", "Pending"))

    @property
    def active(self) -> bool:
        """Whether it still takes a place: it is there and has not ended."""
        return not self.gone and self.phase not in ("Succeeded", "Failed")

    def take(self, body: Body) -> None:
        """Take in a newer state."""
        self.body = body
        never_again = body["spec"].get("restartPolicy") == "Never" or self.phase in ("Succeeded", "Failed")
        for status in readiness.statuses(body):
            ended = (status.get("state") or {}).get("terminated")
            if ended and never_again and _by_itself(body, ended):
                self.codes[status["name"]] = ended["exitCode"]


class Observation:
    """What watches tell about the object `name` and its pods; only `wait` takes it in."""

    def __init__(
        self, client: Client, resource: Resource, namespace: str, name: str, pod_selector: str = ""
    ) -> None:
        self.client = client
        self.resource = resource
        self.name = name
        self.selector = pod_selector
        self.body: Body | None = None  # as last seen
        self.deleted = False
        self.pods: dict[str, Pod] = {}  # by uid, in the order in which they were seen
        self._path: str = resource.path(namespace=namespace or None)
        self._pods_path = f"/api/v1/namespaces/{namespace}/pods" if namespace else "/api/v1/pods"
        self._owners: dict[str, bool] = {}  # uid of an owner -> whether the object is, or owns, that owner
        self._news: queue.SimpleQueue[tuple[str, str, Any]] = queue.SimpleQueue()
        self._begun: set[str] = set()
        self._over = threading.Event()

    def begin(self, deadline: float) -> bool:
        """Begin to watch; True once nothing that happens from now on is missed, False when time is up."""
        watches = {self._path: {"field_selector": f"metadata.name={self.name}"}}
        watches[self._pods_path] = {"label_selector": self.selector}
        for path, selectors in watches.items():
            tell = lambda what, found, path=path: self._news.put((path, what, found))  # noqa: E731
            args = (self.client, path, tell, self._over)
            threading.Thread(target=watch.follow, args=args, kwargs=selectors, daemon=True).start()
        return self.wait(lambda: len(self._begun) == len(watches), deadline)

    def end(self) -> None:
        """Stop to watch."""
        self._over.set()

    def made(self, body: Body) -> None:
        """Say what the server made, so that its pods can be told from others."""
        self.body = body
        self._owners[body["metadata"]["uid"]] = True

    def wait(self, done: Callable[[], bool], deadline: float) -> bool:
        """Take in what happens until `done`; False when time.monotonic() passes `deadline` first."""
        while not done():
            try:
                self._take(*self._news.get(timeout=max(0.0, deadline - time.monotonic())))
                while not self._news.empty():
                    self._take(*self._news.get())
            except queue.Empty:
                return done()
        return True

    def _take(self, path: str, what: str, found: Any) -> None:
        if what == watch.ERROR:
            raise found
        take = self._take_object if path == self._path else self._take_pod
        if what == watch.ALL:
            self._begun.add(path)
            self._forget(path, {body["metadata"]["uid"] for body in found})
            for body in found:
                take("ADDED", body)
        else:
            take(what, found)

    def _forget(self, path: str, there: set[str]) -> None:
        """What is not in a list any more has gone while nobody looked."""
        if path == self._path:
            self.deleted = self.body is not None and self.body["metadata"]["uid"] not in there
            return
        for uid, pod in self.pods.items():
            pod.gone = pod.gone or uid not in there

    def _take_object(self, what: str, body: Body) -> None:
        self.body, self.deleted = body, what == "DELETED"

    def _take_pod(self, what: str, body: Body) -> None:
        uid = body["metadata"]["uid"]
        if uid not in self.pods:
            if not (self.selector or self._owned(body)):
                return
            self.pods[uid] = Pod(body)
        self.pods[uid].take(body)
        self.pods[uid].gone = what == "DELETED"

    def _owned(self, body: Body, deep: int = DEEP) -> bool:
        """Whether the object is an owner, or an owner's owner, of what `body` is."""
        return any(self._is_ours(reference, body, deep) for reference in _references(body))

    def _is_ours(self, reference: Body, body: Body, deep: int) -> bool:
        uid = reference["uid"]
        if uid not in self._owners and deep:
            owner = self._owner(reference, body["metadata"].get("namespace"))
            if owner is None:
                return False  # perhaps another time: the answer is not kept
            self._owners[uid] = owner["metadata"]["uid"] == uid and self._owned(owner, deep - 1)
        return self._owners.get(uid, False)

    def _owner(self, reference: Body, namespace: str | None) -> Body | None:
        from kubernetes.client import ApiException
        from kubernetes.dynamic.exceptions import ResourceNotFoundError

        try:
            kind = self.client.resources.get(api_version=reference["apiVersion"], kind=reference["kind"])
            path = kind.path(name=reference["name"], namespace=namespace if kind.namespaced else None)
            return get(self.client, path)
        except (ApiException, ResourceNotFoundError, ClusterError):
            return None


def _references(body: Body) -> list[Body]:
    return body["metadata"].get("ownerReferences") or []


def _by_itself(pod: Body, ended: Body) -> bool:
    """Whether a container ended before anybody asked for its pod to be deleted."""
    metadata = pod["metadata"]
    if not metadata.get("deletionTimestamp"):
        return True
    if not ended.get("finishedAt"):
        return False
    # The timestamp is when the pod must be gone: the request came its grace earlier. All in whole seconds.
    grace = timedelta(seconds=metadata.get("deletionGracePeriodSeconds") or 0)
    return _time(ended["finishedAt"]) < _time(metadata["deletionTimestamp"]) - grace


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
