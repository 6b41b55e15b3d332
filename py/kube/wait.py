"""Wait until objects are ready, by watching them; when they cannot be, say which and why."""

import queue
import threading
import time
from collections.abc import Sequence
from typing import Any

from py.kube import readiness, watch, workload
from py.kube.client import Client, get
from py.kube.explain import explain
from py.kube.item import Item, Source
from py.kube.readiness import Body, State, Verdict
from py.tools.errors import ClusterError

SETTLING = 2.0  # seconds in which a kubelet has seen that a container ended; it looks once a second
SETTLING_ANEW = 10.0  # the same, of one that has crashed before


def until_ready(client: Client, items: Sequence[Item], *, run: str, deadline: float) -> None:
    """Return when every item is ready; `deadline` is a time of time.monotonic().

    ClusterError names each thing that is not, with the reason, the last events and log lines, when time is up
    or as soon as waiting is known to be in vain. Progress is printed as it happens.
    """
    slow = [i for i in items if readiness.has_readiness(i.resource.group_version, i.kind)]
    if slow:
        _Waiting(client, slow, run, deadline).end()


class _Waiting:
    """What is known so far about the items and their pods, fed by one watch for each list."""

    def __init__(self, client: Client, items: Sequence[Item], run: str, deadline: float) -> None:
        self.client = client
        self.items = items
        self.deadline = deadline
        self.lists: dict[Source, dict[str, Body]] = {}  # list -> name -> object
        self.news: queue.SimpleQueue[tuple[Source, str, Any]] = queue.SimpleQueue()
        self.over = threading.Event()
        self.said: dict[Item, Verdict] = {}
        self.sources = {item: item.source(run) for item in items}
        pods = {_pods(i.namespace) for i in items if i.namespace and i.kind != "PersistentVolumeClaim"}
        for source in {*self.sources.values(), *pods}:
            threading.Thread(target=self._follow, args=(source,), daemon=True).start()

    def end(self) -> None:
        """Wait; raise what went wrong."""
        began = time.monotonic()
        ready_since = None
        try:
            while True:
                verdicts = {item: self._judge(item) for item in self.items}
                now = time.monotonic()
                self._tell(verdicts, now - began)
                unready = {i: v for i, v in verdicts.items() if v.state is not State.READY}
                if not unready:
                    ready_since = ready_since or now
                    if now - ready_since >= self._settling():
                        return
                    self._learn(ready_since + self._settling())
                    continue
                ready_since = None
                doomed = any(verdict.state is State.FAILED for verdict in unready.values())
                if doomed or not self._learn(self.deadline):
                    why = "cannot become ready" if doomed else f"not ready after {now - began:.0f} s"
                    raise ClusterError(explain(self.client, unready, self.pods_of, why))
        finally:
            self.over.set()

    def _settling(self) -> float:
        """Seconds that all must stay ready: a program that nothing probes is ready until it crashes."""
        unprobed = [item for item in self.items if _is_unprobed(self._seen(item) or {})]
        pods = [pod for item in unprobed for pod in self.pods_of(item)]
        if any(status.get("restartCount") for pod in pods for status in readiness.statuses(pod)):
            return SETTLING_ANEW
        return SETTLING if unprobed else 0.0

    def pods_of(self, item: Item) -> list[Body]:
        """The living pods that belong to a workload as it is now, not to what it was before."""
        body = self._seen(item)
        if item.kind == "Pod" or not body:
            return [body] if body else []
        pods = self.lists.get(_pods(item.namespace), {}).values()
        return [pod for pod in pods if workload.has(body, pod)]

    def _seen(self, item: Item) -> Body | None:
        return self.lists.get(self.sources[item], {}).get(item.name)

    def _judge(self, item: Item) -> Verdict:
        body = self._seen(item)
        if body is None:
            return Verdict(State.WAITING, "not seen yet")
        verdict = readiness.of(body)
        if item.kind == "PersistentVolumeClaim" and verdict.state is State.WAITING and self._binds_late(body):
            return readiness.READY
        if verdict.state is not State.WAITING or item.kind == "Pod":
            return verdict
        for pod in self.pods_of(item):
            found = readiness.of_pod(pod)
            if found.state is State.FAILED and _is_final(item, pod):
                return Verdict(
                    State.FAILED, f"{verdict.reason}; pod {pod['metadata']['name']} is {found.reason}"
                )
        return verdict

    def _binds_late(self, claim: Body) -> bool:
        """Whether the claim is bound only when a pod uses it."""
        answer = get(self.client, "/apis/storage.k8s.io/v1/storageclasses")
        wanted = claim["spec"].get("storageClassName")
        default = "storageclass.kubernetes.io/is-default-class"
        for found in answer.get("items", []):
            is_default = (found["metadata"].get("annotations") or {}).get(default) == "true"
            if found["metadata"]["name"] == wanted or (wanted is None and is_default):
                return bool(found.get("volumeBindingMode") == "WaitForFirstConsumer")
        return False

    def _tell(self, verdicts: dict[Item, Verdict], seconds: float) -> None:
        for item, verdict in verdicts.items():
            news = item in self.said or verdict.state is State.READY or self._seen(item)
            if news and self.said.get(item) != verdict and verdict.state is not State.FAILED:
                print(
                    f"  {verdict.state.value:<8} {item}{': ' * bool(verdict.reason)}{verdict.reason}", end=""
                )
                print(f" ({seconds:.1f} s)", flush=True)
                self.said[item] = verdict

    def _learn(self, until: float) -> bool:
        """Take in what the watches report; False if they report nothing until then."""
        try:
            self._take(*self.news.get(timeout=max(0.0, until - time.monotonic())))
            while not self.news.empty():
                self._take(*self.news.get())
        except queue.Empty:
            return False
        return True

    def _follow(self, source: Source) -> None:
        def tell(what: str, found: Any) -> None:
            self.news.put((source, what, found))

        watch.follow(
            self.client, source.path, tell, self.over,
            label_selector=source.labels, field_selector=source.fields,
        )  # fmt: skip

    def _take(self, source: Source, what: str, found: Any) -> None:
        if what == watch.ALL:
            self.lists[source] = {body["metadata"]["name"]: body for body in found}
        elif what == watch.ERROR:
            raise found
        elif what == "DELETED":
            self.lists.setdefault(source, {}).pop(found["metadata"]["name"], None)
        else:
            self.lists.setdefault(source, {})[found["metadata"]["name"]] = found


def _pods(namespace: str) -> Source:
    return Source(f"/api/v1/namespaces/{namespace}/pods")


def _is_unprobed(body: Body) -> bool:
    """Whether a container of a long-running workload is ready as soon as it has been started."""
    spec = body.get("spec", {})
    if body.get("kind") == "Job" or spec.get("minReadySeconds", 0) >= SETTLING:
        return False
    pod = spec if body.get("kind") == "Pod" else (spec.get("template") or {}).get("spec", {})
    return any("readinessProbe" not in container for container in pod.get("containers") or [])


def _is_final(item: Item, pod: Body) -> bool:
    """Whether the trouble of this pod is the workload's: what may be tried anew with another pod is not."""
    if pod.get("status", {}).get("phase") == "Failed":
        return False
    waiting = [(c.get("state", {}).get("waiting") or {}).get("reason") for c in readiness.statuses(pod)]
    return item.kind != "Job" or any(reason in readiness.CERTAIN for reason in waiting)
