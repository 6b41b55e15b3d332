"""Keep what a cluster knows about a run, as files: pods, logs, events, nodes and the run's own objects."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from py.kube import placing, readiness
from py.kube.client import Client, Resource
from py.kube.kinds import listable
from py.kube.readiness import Body
from py.tools.errors import ClusterError

NO_LOG = b"unable to retrieve container logs"  # what a kubelet says, with 200, of a container it removed
LOG = 1 << 20  # bytes kept of one container's log: its end
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
            from py.kube.client import message

            said = message(error) if hasattr(error, "status") else str(error)
            self.lacking.append(f"{name}: {' '.join(said.split())}")

    def _get(self, path: str, **options: Any) -> bytes:
        left = max(0.1, self.deadline - time.monotonic())
        data: bytes = self.client.request(
            "get", path, serialize=False, _request_timeout=(min(3.0, left), left), **options
        ).data
        return data

    def _items(self, path: str, **options: Any) -> list[Body]:
        listing = json.loads(self._get(path, **options))
        kind = {"apiVersion": listing["apiVersion"], "kind": listing["kind"].removesuffix("List")}
        return [_shown({**kind, **item}) for item in listing["items"]]

    def _events(self) -> None:
        events = sorted(self._items(f"{self.base}/events"), key=_when)
        self._write("events.txt", "\n".join(map(_event, events)))

    def _log(self, name: str, path: str, previous: bool) -> None:
        query = [("container", Path(name).name.partition(".")[0]), ("tailLines", 100_000)]
        query += [("previous", "true")] if previous else []
        data = self._get(path, query_params=query, header_params={"accept": "*/*"})
        if data.startswith(NO_LOG):
            raise ClusterError(data.decode(errors="replace"))
        self._write(name, data[-LOG:].decode(errors="replace"))

    def _objects(self, selector: str) -> None:
        for resource in listable(self.client):
            name = f"objects/{resource.kind}{'.' * bool(resource.group)}{resource.group}.yaml"
            self._part(name, partial(self._list, name, resource, selector))

    def _list(self, name: str, resource: Resource, selector: str) -> None:
        path = "/".join(p for p in (resource.prefix, resource.group_version, resource.name) if p)
        self._yaml(name, self._items("/" + path, label_selector=selector))

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


def _logs(pods: list[Body]) -> Iterator[tuple[str, str, bool]]:
    """The file, the address, and whether it is of the attempt before, of each log that there is."""
    for pod in pods:
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        path = f"/api/v1/namespaces/{namespace}/pods/{name}/log"
        for status in readiness.statuses(pod):
            if "waiting" not in (status.get("state") or {}):
                yield f"logs/{namespace}/{name}/{status['name']}.log", path, False
            if status.get("restartCount"):
                yield f"logs/{namespace}/{name}/{status['name']}.previous.log", path, True


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
