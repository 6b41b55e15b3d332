"""Keep what a cluster knows about a run, as files: pods, logs, events, nodes and the run's own objects."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from py.kube import logs, placing, readiness
from py.kube.client import Client, Resource, get, items, said
from py.kube.kinds import listable
from py.kube.readiness import Body

WIDTH = 8  # logs read at once


def dump(client: Client, folder: Path, *, run: str, namespace: str | None, deadline: float) -> list[str]:
    """Write everything into `folder` until `deadline` (of time.monotonic()); return what could not be had.

    Only the run's `namespace` is looked at, or the whole cluster if it is None. Secrets lose their values.
    """
    return _Dump(client, folder, namespace, deadline).all(run)


class _Dump:
    def __init__(self, client: Client, folder: Path, namespace: str | None, deadline: float) -> None:
        self.client = client
        self.folder = folder
        self.base = f"/api/v1/namespaces/{namespace}" if namespace else "/api/v1"
        self.deadline = deadline
        self.lacking: list[str] = []

    def all(self, run: str) -> list[str]:
        pods: list[Body] = []
        self._part("pods", lambda: pods.extend(self._items(f"{self.base}/pods")))
        self._part("pods.txt", lambda: self._write("pods.txt", "\n".join(map(describe, pods))))
        self._part("events.txt", self._events)
        self._part("nodes.yaml", lambda: self._yaml("nodes.yaml", self._items("/api/v1/nodes")))
        with ThreadPoolExecutor(WIDTH) as pool:
            list(pool.map(lambda log: self._part(log[0], lambda: self._log(*log)), _logs(pods)))
        self._part("objects", lambda: self._objects(f"{placing.RUN}={run}"))
        return self.lacking

    def _part(self, name: str, deed: Callable[[], None]) -> None:
        """Do one part; what goes wrong is noted and stops nothing."""
        if time.monotonic() >= self.deadline:
            self.lacking.append(f"{name}: time was up")
            return
        try:
            deed()
        except Exception as error:
            self.lacking.append(f"{name}: {said(error)}")

    def _timeout(self) -> tuple[float, float]:
        left = max(0.1, self.deadline - time.monotonic())
        return min(3.0, left), left

    def _items(self, path: str, **options: Any) -> list[Body]:
        return list(map(_shown, items(get(self.client, path, _request_timeout=self._timeout(), **options))))

    def _events(self) -> None:
        events = sorted(self._items(f"{self.base}/events"), key=_when)
        self._write("events.txt", "\n".join(map(_event, events)))

    def _log(self, name: str, pod: Body, container: str, previous: bool) -> None:
        self._write(name, logs.of(self.client, pod, container, previous=previous, timeout=self._timeout()))

    def _objects(self, selector: str) -> None:
        for resource in listable(self.client):
            name = f"objects/{resource.kind}{'.' * bool(resource.group)}{resource.group}.yaml"
            self._part(name, partial(self._list, name, resource, selector))

    def _list(self, name: str, resource: Resource, selector: str) -> None:
        self._yaml(name, self._items(resource.path(), label_selector=selector))

    def _yaml(self, name: str, items: list[Body]) -> None:
        import yaml

        if items:
            self._write(name, yaml.safe_dump_all(items, sort_keys=False))

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if text.endswith("\n") else text + "\n")


def describe(pod: Body) -> str:
    """A pod for people: where it runs, how it is, each container with its image, state and restarts."""
    metadata, spec = pod["metadata"], pod["spec"]
    verdict = readiness.of_pod(pod)
    lines = [f"{metadata['namespace']}/{metadata['name']} on {spec.get('nodeName') or 'no node'}: "
             f"{verdict.reason or pod['status'].get('phase')}"]  # fmt: skip
    for status in readiness.statuses(pod):
        for state, detail in (status.get("state") or {}).items():
            told = ", ".join(
                f"{k} {v}" for k, v in (detail or {}).items() if k in ("reason", "exitCode", "message")
            )
            lines.append(f"  {status['name']} ({status['image']}): {state}{': ' * bool(told)}{told}, "
                         f"{status.get('restartCount', 0)} restarts")  # fmt: skip
    for each in pod["status"].get("conditions") or []:
        if each.get("status") != "True":
            lines.append(
                f"  {each['type']} is {each['status']}: {each.get('message') or each.get('reason') or ''}"
            )
    return "\n".join(lines)


def _logs(pods: list[Body]) -> Iterator[tuple[str, Body, str, bool]]:
    """The file, the pod, the container, and whether it is of the attempt before, of each log there is."""
    for pod in pods:
        for status in readiness.statuses(pod):
            container = status["name"]
            file = f"logs/{pod['metadata']['namespace']}/{pod['metadata']['name']}/{container}"
            if "waiting" not in (status.get("state") or {}):
                yield f"{file}.log", pod, container, False
            if status.get("restartCount"):
                yield f"{file}.previous.log", pod, container, True


def _shown(body: Body) -> Body:
    """An object without what nobody reads, and without secrets."""
    body["metadata"].pop("managedFields", None)
    (body["metadata"].get("annotations") or {}).pop("kubectl.kubernetes.io/last-applied-configuration", None)
    if body["kind"] == "Secret":
        for field in ("data", "stringData"):
            body[field] = dict.fromkeys(body.get(field) or {}, "(left out)")
    return body


def _when(event: Body) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"])


def _event(event: Body) -> str:
    about = event["involvedObject"]
    text = " ".join(str(event.get("message")).split())
    subject = f"{about.get('kind')} {about.get('name')}"
    return f"{_when(event)} {event.get('type')} {subject}: {event.get('reason')}: {text}"
