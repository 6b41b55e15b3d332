"""Where each manifest belongs, before it is applied: its namespace, labels and order. No server is asked."""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from py.kube.manifests import Manifest

MANAGER = "windtunnel"
RUN = "windtunnel/run"
MANAGED = "app.kubernetes.io/managed-by"
FIRST = ("Namespace", "CustomResourceDefinition")
ORDER = (
    *FIRST, "PriorityClass", "StorageClass", "ResourceQuota", "LimitRange", "ServiceAccount", "Secret",
    "ConfigMap", "PersistentVolume", "PersistentVolumeClaim", "ClusterRole", "ClusterRoleBinding", "Role",
    "RoleBinding", "Service",
)  # fmt: skip
LAST = ("APIService", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
GROUPS = ("", "apiextensions.k8s.io", "rbac.authorization.k8s.io", "scheduling.k8s.io", "storage.k8s.io")


def labels(run: str) -> dict[str, str]:
    """The labels of everything that a run makes in a cluster."""
    return {MANAGED: MANAGER, RUN: run}


def ordered(manifests: Iterable[Manifest]) -> list[Manifest]:
    """What others need comes first; otherwise the order stays as it is written."""
    return sorted(manifests, key=_rank)


def is_first(manifest: Manifest) -> bool:
    """Whether other objects cannot even be checked before this one is there."""
    return manifest.kind in FIRST and manifest.group in GROUPS


def defined(manifests: Iterable[Manifest]) -> dict[tuple[str, str], bool]:
    """The kinds that the CustomResourceDefinitions among the manifests bring: whether each is namespaced."""
    found = {}
    for manifest in manifests:
        spec = manifest.body.get("spec")
        if manifest.kind != "CustomResourceDefinition" or not isinstance(spec, dict):
            continue
        names = spec.get("names")
        kind = names.get("kind") if isinstance(names, dict) else None
        versions = spec.get("versions")
        for version in versions if isinstance(versions, list) else []:
            if isinstance(version, dict):
                found[f"{spec.get('group')}/{version.get('name')}", str(kind)] = (
                    spec.get("scope") == "Namespaced"
                )
    return found


def put(
    manifest: Manifest, *, namespaced: bool, namespace: str, marks: Mapping[str, str], accounts: set[str]
) -> Manifest:
    """The manifest with the labels of `marks`, and in `namespace` if it belongs into one and names none.

    `accounts` are the service accounts that land in `namespace`: bindings that mean one of them, or any
    without a namespace, are pointed there.
    """
    body = deepcopy(manifest.body)
    metadata = body["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), **marks}
    if namespaced:
        metadata["namespace"] = metadata.get("namespace") or namespace
    else:
        metadata.pop("namespace", None)
    if manifest.kind in ("RoleBinding", "ClusterRoleBinding"):
        for subject in _mappings(body.get("subjects")):
            moved = subject.get("name") in accounts
            if subject.get("kind") == "ServiceAccount" and (moved or not subject.get("namespace")):
                subject["namespace"] = namespace
    return Manifest(body, manifest.origin)


def accounts(manifests: Sequence[Manifest]) -> set[str]:
    """The names of the service accounts that name no namespace of their own."""
    found = [m for m in manifests if m.kind == "ServiceAccount"]
    return {m.name for m in found if not m.namespace} - {m.name for m in found if m.namespace}


def own_roles(manifests: Sequence[Manifest], run: str) -> list[Manifest]:
    """The manifests with the run's name at the end of every ClusterRole and ClusterRoleBinding.

    For a cluster that runs share: nothing but a binding refers to them, so that each run can have its own.
    """
    roles = {m.name for m in manifests if m.kind == "ClusterRole"}
    changed = [Manifest(deepcopy(m.body), m.origin) for m in manifests]
    for manifest in changed:
        if manifest.kind in ("ClusterRole", "ClusterRoleBinding"):
            manifest.metadata["name"] = f"{manifest.name}-{run}"
        reference = manifest.body.get("roleRef")
        if (
            isinstance(reference, dict)
            and reference.get("kind") == "ClusterRole"
            and reference.get("name") in roles
        ):
            reference["name"] = f"{reference['name']}-{run}"
    return changed


def role_of(manifest: Manifest) -> tuple[str, str]:
    """The kind and name of the role that a binding refers to; empty of anything else."""
    reference = manifest.body.get("roleRef")
    if not isinstance(reference, dict):
        return "", ""
    return str(reference.get("kind")), str(reference.get("name"))


def _rank(manifest: Manifest) -> int:
    if manifest.kind in LAST:
        return len(ORDER) + 1
    known = manifest.kind in ORDER and manifest.group in GROUPS
    return ORDER.index(manifest.kind) if known else len(ORDER)


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
