"""Which kinds a server has changes while it is asked: other runs bring theirs and take them away."""

import secrets
import time

from py.clusters import Cluster
from py.kube.client import Client, dynamic
from py.kube.kinds import find, listable


def test_a_group_that_goes_while_the_kinds_are_listed_has_none(cluster: Cluster) -> None:
    plural = f"x{secrets.token_hex(3)}"
    group = f"{plural}.windtunnel.dev"
    schema = {"openAPIV3Schema": {"type": "object"}}
    body = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {"plural": plural, "singular": plural, "kind": plural.upper()},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
    kinds = find(dynamic(cluster.kubeconfig()), "apiextensions.k8s.io/v1", "CustomResourceDefinition")
    kinds.create(body=body)
    try:
        client = _once_served(cluster, group)
    finally:
        kinds.delete(name=f"{plural}.{group}")
    _until_gone(cluster, group)
    found = [resource.group for resource in listable(client)]
    assert "apps" in found
    assert group not in found


def _served(client: Client, group: str) -> bool:
    listed = client.request("get", "/apis").to_dict()["groups"]
    return any(each["name"] == group for each in listed)


def _once_served(cluster: Cluster, group: str) -> Client:
    for _ in range(150):
        client = dynamic(cluster.kubeconfig())
        if _served(client, group):
            return client
        time.sleep(0.2)
    raise AssertionError(f"{group} was not served")


def _until_gone(cluster: Cluster, group: str) -> None:
    client = dynamic(cluster.kubeconfig())
    for _ in range(150):
        if not _served(client, group):
            return
        time.sleep(0.2)
    raise AssertionError(f"{group} did not go")
