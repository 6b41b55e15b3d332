"""Whose the objects outside of any namespace are, on a cluster that several runs and people share.

The rule, which never removes what somebody else may need:

- ClusterRoles and ClusterRoleBindings get the run's name at their end (`placing.own_roles`), so that each
  run has its own.
- Any other object that is not there yet is made, and bears a mark (a label `runs.windtunnel/NAME`).
- One that runs made is marked by this run too, if both want the same of it. Each run applies as a field
  manager of its own and forces nothing, so it is the server that refuses a run with another content.
- One that no run made (it is not `managed-by: windtunnel`) is used as it is, if applying would change
  nothing, and refused otherwise. It never gets a mark.
- A run that ends takes its mark away. Who takes the last one removes the object, unless it defines custom
  resources of which somebody still has some: they would go with it. Every step names the version of the
  object that it has seen, so two runs that end at once cannot both think that the other one stays.
"""

import time
from collections.abc import Iterator
from typing import Any

from py.kube import placing
from py.kube.client import Client, Resource, get, message
from py.kube.manifests import Manifest
from py.tools.errors import ClusterError

MARK = "runs.windtunnel"
PATIENCE = 60.0  # seconds for an object to go: its finalizers may have work to do
POLL = 0.2
ATTEMPTS = 10  # against others who change the same object


def manager(run: str) -> str:
    """The field manager of a run for what it shares."""
    return f"{placing.MANAGER}-{run}"


def labels(run: str) -> dict[str, str]:
    """The labels of an object that runs share."""
    return {placing.MANAGED: placing.MANAGER, f"{MARK}/{run}": ""}


def elsewhere(manifest: Manifest, namespace: str) -> str:
    """Why a manifest does not belong into a run's namespace, or nothing."""
    if manifest.kind == "Namespace" and manifest.api_version == "v1":
        why = f"{manifest} would be a namespace beside the run's"
    elif manifest.namespace not in ("", namespace):
        why = f"{manifest} is in namespace {manifest.namespace}"
    else:
        return ""
    return f"{why}; on a cluster that runs share all of it goes to {namespace}: name no namespace"


def is_foreign(client: Client, resource: Resource, manifest: Manifest) -> bool:
    """Whether an object is there that no run made; waits for one that is on its way out."""
    from kubernetes.client import ApiException

    try:
        live = _get(client, resource, manifest.name)
        if live["metadata"].get("deletionTimestamp"):
            _await_end(client, resource, live)
            return False
    except ApiException as error:
        if error.status == 404:
            return False
        raise
    return bool((live["metadata"].get("labels") or {}).get(placing.MANAGED) != placing.MANAGER)


def difference(client: Client, resource: Resource, manifest: Manifest, run: str) -> str:
    """Why somebody's object cannot be used in place of the manifest, or nothing; nothing is changed."""
    from kubernetes.client import ApiException

    wanted = {**manifest.body, "metadata": {"name": manifest.name}}
    try:
        then = client.server_side_apply(
            resource, body=wanted, name=manifest.name, field_manager=manager(run), dry_run="All"
        ).to_dict()
    except ApiException as error:
        return f"it is in the cluster, is not a run's, and differs: {message(error)}"
    if _meaning(then) != _meaning(_get(client, resource, manifest.name)):
        return "it is in the cluster, is not a run's, and differs from this one: it is left alone"
    return ""


def release(client: Client, run: str) -> Iterator[str]:
    """Take the run's marks away, remove what then bears none, and say what was kept and why."""
    failures = []
    for resource, body in list(_marked(client, run)):
        try:
            kept = _persist(client, resource, body["metadata"]["name"], run)
        except ClusterError as error:
            failures.append(str(error))
        else:
            if kept:
                yield kept
    if failures:
        raise ClusterError("; ".join(failures))


def _persist(client: Client, resource: Resource, name: str, run: str) -> str:
    for _ in range(ATTEMPTS):
        kept = _release(client, resource, name, run)
        if kept is not None:
            return kept
    raise ClusterError(f"{resource.kind} {name} could not be released: others keep changing it")


def _release(client: Client, resource: Resource, name: str, run: str) -> str | None:
    """Why the object was kept, nothing if it was not, None if it changed meanwhile."""
    from kubernetes.client import ApiException

    try:
        live = _get(client, resource, name)
        metadata = live["metadata"]
        others = [
            key.partition("/")[2]
            for key in metadata.get("labels") or {}
            if key.startswith(f"{MARK}/") and key != f"{MARK}/{run}"
        ]
        if others:
            _relinquish(client, resource, metadata, run)
            return f"{resource.kind} {name}: used by {', '.join(sorted(others))}"
        if resource.kind == "CustomResourceDefinition" and _has_objects(client, live):
            _unmark(client, resource, metadata, run)
            plural = live["spec"]["names"]["plural"]
            return f"{resource.kind} {name}: other namespaces still have {plural}"
        seen = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        client.delete(resource, name=name, body={"preconditions": seen, "propagationPolicy": "Background"})
        _await_end(client, resource, live)
    except ApiException as error:
        if error.status == 404:
            return ""
        if error.status == 409:
            return None
        raise ClusterError(f"{resource.kind} {name} could not be removed: {message(error)}") from None
    return ""


def _await_end(client: Client, resource: Resource, seen: dict[str, Any]) -> None:
    """Wait until an object that is being deleted is gone: the next one of its name must not meet it."""
    from kubernetes.client import ApiException

    name, end = seen["metadata"]["name"], time.monotonic() + PATIENCE
    try:
        while _get(client, resource, name)["metadata"]["uid"] == seen["metadata"]["uid"]:
            if time.monotonic() > end:
                raise ClusterError(
                    f"{resource.kind} {name} is still there {PATIENCE:.0f} s after it was deleted"
                )
            time.sleep(POLL)
    except ApiException as error:
        if error.status != 404:
            raise


def _relinquish(client: Client, resource: Resource, metadata: dict[str, Any], run: str) -> None:
    """Own nothing of the object any more: what only we wanted, our mark, goes with that."""
    body = {
        "apiVersion": resource.group_version,
        "kind": resource.kind,
        "metadata": {"name": metadata["name"], "resourceVersion": metadata["resourceVersion"]},
    }
    client.server_side_apply(resource, body=body, name=metadata["name"], field_manager=manager(run))


def _unmark(client: Client, resource: Resource, metadata: dict[str, Any], run: str) -> None:
    body = {"metadata": {"resourceVersion": metadata["resourceVersion"], "labels": {f"{MARK}/{run}": None}}}
    client.patch(resource, body=body, name=metadata["name"], content_type="application/merge-patch+json")


def _marked(client: Client, run: str) -> Iterator[tuple[Resource, dict[str, Any]]]:
    from kubernetes.client import ApiException

    from py.kube.kinds import listable

    for resource in listable(client):
        if resource.namespaced or "delete" not in resource.verbs:
            continue
        try:
            found = get(client, resource.path(), label_selector=f"{MARK}/{run}")
        except ApiException as error:
            if error.status in (403, 404, 405):  # what we may not see we have not made
                continue
            raise
        for item in found["items"]:
            yield resource, item


def _has_objects(client: Client, definition: dict[str, Any]) -> bool:
    """Whether any namespace holds a custom resource of this kind that no run is about to lose."""
    from kubernetes.client import ApiException

    spec = definition["spec"]
    version = next((v["name"] for v in spec["versions"] if v.get("served")), "")
    path = f"/apis/{spec['group']}/{version}/{spec['names']['plural']}"
    try:
        return bool(get(client, path, limit=1)["items"])
    except ApiException as error:
        return bool(error.status != 404)


def _get(client: Client, resource: Resource, name: str) -> dict[str, Any]:
    return get(client, resource.path(name=name))


def _meaning(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in ("metadata", "status")}
