"""Which cluster a kubeconfig means, as kubectl reads it: one context, with paths that hold from anywhere."""

import os
from pathlib import Path
from typing import Any

from py.tools.errors import UsageError, near
from py.tools.folders import expanded

IN_CLUSTER = "in-cluster"
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")  # where Kubernetes puts a pod's own


def is_pod() -> bool:
    """Whether we run in a pod that has an account at its cluster."""
    return "KUBERNETES_SERVICE_HOST" in os.environ and (ACCOUNT / "token").exists()


def settings(path: str, context: str) -> dict[str, Any]:
    """A kubeconfig of one context, one cluster and one user; UsageError if there is none such.

    Without a path: $KUBECONFIG, else ~/.kube/config, else the cluster of the pod that we run in, which the
    path `in-cluster` names as well. Without a context: the current one.
    """
    files = [expanded(path)] if path and path != IN_CLUSTER else _usual() if not path else []
    if not files:
        return _in_cluster()
    merged = _merged(files)
    where = ":".join(map(str, files))
    wanted = context or merged["current-context"]
    if not wanted:
        raise UsageError(
            f"{where} has no current-context: add ?context=, one of {', '.join(merged['contexts'])}"
        )
    if wanted not in merged["contexts"]:
        raise UsageError(f"{where} has no context {wanted!r}; {near(wanted, merged['contexts'], 'it has')}")
    chosen = dict(merged["contexts"][wanted] or {})
    cluster, user = chosen.get("cluster", ""), chosen.get("user", "")
    if cluster not in merged["clusters"]:
        raise UsageError(f"{where}: context {wanted} names cluster {cluster!r}, which is not there")
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": wanted,
        "contexts": [{"name": wanted, "context": chosen}],
        "clusters": [{"name": cluster, "cluster": merged["clusters"][cluster]}],
        "users": [{"name": user, "user": merged["users"].get(user) or {}}],
    }


def _usual() -> list[Path]:
    """The files that kubectl would read; none where a pod's own account is all there is."""
    named = [expanded(p) for p in os.environ.get("KUBECONFIG", "").split(os.pathsep) if p]
    usual = Path.home() / ".kube" / "config"
    if named or usual.exists() or "KUBERNETES_SERVICE_HOST" not in os.environ:
        return [p for p in named if p.exists()] or named or [usual]
    return []


def _merged(files: list[Path]) -> dict[str, Any]:
    """The entries of some files by name, the first file's first, with paths that hold from anywhere."""
    import yaml

    merged: dict[str, Any] = {"clusters": {}, "contexts": {}, "users": {}, "current-context": ""}
    for file in files:
        try:
            content = yaml.safe_load(file.read_text()) or {}
            for kind, inner in (("clusters", "cluster"), ("contexts", "context"), ("users", "user")):
                for entry in content.get(kind) or []:
                    merged[kind].setdefault(
                        entry["name"], _absolute(entry.get(inner) or {}, file.absolute().parent)
                    )
            merged["current-context"] = merged["current-context"] or content.get("current-context") or ""
        except OSError as error:
            raise UsageError(f"--cluster: {file} cannot be read: {error.strerror}") from None
        except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise UsageError(f"--cluster: {file} is no kubeconfig: {' '.join(str(error).split())}") from None
    return merged


def _absolute(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    entry = dict(entry)
    for key in ("certificate-authority", "client-certificate", "client-key", "tokenFile"):
        if entry.get(key):
            entry[key] = str(folder / entry[key])
    program = (entry.get("exec") or {}).get("command", "")
    if "/" in program:
        entry["exec"] = {**entry["exec"], "command": str(folder / program)}
    return entry


def _in_cluster() -> dict[str, Any]:
    if not is_pod():
        raise UsageError(
            f"kubeconfig://{IN_CLUSTER}: this is no pod with a service account ({ACCOUNT} is not there)"
        )
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": IN_CLUSTER,
        "contexts": [{"name": IN_CLUSTER, "context": {"cluster": IN_CLUSTER, "user": IN_CLUSTER}}],
        "clusters": [
            {
                "name": IN_CLUSTER,
                "cluster": {"server": server, "certificate-authority": str(ACCOUNT / "ca.crt")},
            }
        ],
        "users": [{"name": IN_CLUSTER, "user": {"tokenFile": str(ACCOUNT / "token")}}],
    }
