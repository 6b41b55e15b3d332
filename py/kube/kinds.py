"""The kinds of objects that a server knows."""

from collections.abc import Iterator
from typing import Any

from py.kube.client import Client, Resource
from py.kube.manifests import Manifest
from py.tools.errors import near


def find(client: Client, api_version: str, kind: str) -> Resource:
    """The resource of a kind, or None where the server has no such kind."""
    from kubernetes.dynamic.exceptions import ResourceNotFoundError

    group, _, version = api_version.rpartition("/")
    where = {"prefix": "apis", "group": group} if group else {"prefix": "api"}
    try:
        found: Resource = client.resources.get(**where, api_version=version, kind=kind)
        return found
    except ResourceNotFoundError:
        return None


def listable(client: Client) -> Iterator[Resource]:
    """Every kind of which the server can list the objects."""
    from kubernetes.dynamic import ResourceList

    for resources in client.resources:
        for found in resources:
            if not isinstance(found, ResourceList) and "list" in (found.verbs or ()):
                yield found


def unknown(client: Client, manifest: Manifest) -> str:
    """What to say of a manifest whose kind the server does not know."""
    text = f"the cluster knows no {manifest.kind} in {manifest.api_version}"
    served = _served(client)
    versions = served.get(manifest.group, [])
    if manifest.api_version in versions:
        return f"{text}; {near(manifest.kind, _kinds(client, manifest.api_version), 'it knows')}"
    if versions:
        return f"{text}; it serves {', '.join(versions)}"
    return f"{text}; {near(manifest.group, filter(None, served), 'it has the groups')}"


def _served(client: Client) -> dict[str, list[str]]:
    """The versions of each API group that the server has."""
    groups: Any = client.request("get", "/apis").to_dict()["groups"]
    return {"": ["v1"]} | {g["name"]: [v["groupVersion"] for v in g["versions"]] for g in groups}


def _kinds(client: Client, api_version: str) -> list[str]:
    path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    listed: Any = client.request("get", path).to_dict()
    return sorted({r["kind"] for r in listed.get("resources", []) if "/" not in r["name"]})
