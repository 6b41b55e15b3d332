"""Say why objects are not ready: their pods, the last events about them and the last lines they logged."""

from collections.abc import Callable, Mapping

from py.kube import logs, readiness
from py.kube.client import Client, get
from py.kube.item import Item
from py.kube.readiness import Body, State, Verdict

EVENTS = 5
LINES = 10
QUICK = (2.0, 5.0)  # seconds to connect and to answer: an explanation may not take long
PODS = 3  # of one workload; the others say the same


def explain(
    client: Client, unready: Mapping[Item, Verdict], pods_of: Callable[[Item], list[Body]], why: str
) -> str:
    """One paragraph for each thing that is not ready. What cannot be had is left out."""
    lines = [f"{', '.join(str(item) for item in unready)}: {why}"]
    for item, verdict in unready.items():
        lines.append(f"  {item}: {verdict.reason}")
        pods = [pod for pod in pods_of(item) if readiness.of_pod(pod).state is not State.READY][:PODS]
        for pod in pods:
            if item.kind != "Pod":
                lines.append(f"    pod {pod['metadata']['name']}: {readiness.of_pod(pod).reason}")
        lines += [f"    event: {text}" for text in _events(client, item, pods)]
        for pod in pods:
            lines += _log(client, pod)
    return "\n".join(lines)


def _events(client: Client, item: Item, pods: list[Body]) -> list[str]:
    """The last events about the item, its pods and what stands between them."""
    path = f"/api/v1/namespaces/{item.namespace}/events" if item.namespace else "/api/v1/events"
    try:
        found = get(client, path, _request_timeout=QUICK)["items"]
    except Exception:
        return []
    names = {item.name} | {pod["metadata"]["name"] for pod in pods}
    between = f"{item.name}-"  # the ReplicaSet of a Deployment: its events tell why no pod can be made
    about = [
        event
        for event in found
        if event["involvedObject"].get("name") in names
        or (
            event["involvedObject"].get("kind") == "ReplicaSet"
            and event["involvedObject"]["name"].startswith(between)
        )
    ]
    about.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    return [
        f"{event.get('reason')}: {' '.join(str(event.get('message')).split())}" for event in about[-EVENTS:]
    ]


def _log(client: Client, pod: Body) -> list[str]:
    """The last lines of each container that is not running well, of its last attempt if it has restarted."""
    lines = []
    for status in readiness.statuses(pod):
        ended = (status.get("state") or {}).get("terminated") or {}
        if status.get("ready") or ended.get("exitCode") == 0:
            continue
        previous = "waiting" in (status.get("state") or {}) and status.get("restartCount", 0) > 0
        try:
            text = logs.of(client, pod, status["name"], previous=previous, lines=LINES, timeout=QUICK)
        except Exception:  # noqa: S112 - a container that never started has no log
            continue
        lines += [f"    log of {status['name']}: {line}" for line in text.splitlines()]
    return lines
