"""`kubeconfig://PATH?context=NAME`: somebody's cluster, of which a run gets a namespace and nothing more.

What a run leaves outside of its namespace, and who may remove it, is the rule of `py.kube.sharing`.
"""

import hashlib
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from py.kube import placing
from py.tools import folders
from py.tools.errors import ClusterError, UsageError, near
from py.tools.files import write_whole

IN_CLUSTER = "in-cluster"
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")  # where Kubernetes puts a pod's own
PATIENCE = 180.0  # seconds for a namespace to go: every pod in it may take its grace period
POLL = 0.5


def open_cluster(rest: str, name: str) -> "SharedCluster":
    """A namespace in the cluster of a kubeconfig file; neither the file nor the cluster is looked at yet.

    Without a path: $KUBECONFIG, else ~/.kube/config, else the cluster of the pod that we run in, which
    `kubeconfig://in-cluster` names as well.
    """
    path, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    for option in options:
        if option != "context":
            raise UsageError(f"--cluster=kubeconfig://{rest}: no option {option!r}; it takes context")
    return SharedCluster(path, options.get("context", ""), name)


class SharedCluster:
    """A namespace of somebody's cluster, called as the run is."""

    shared = True

    def __init__(self, path: str, context: str, name: str) -> None:
        self.name = name
        self.namespace = name
        self._path = path
        self._context = context

    def create(self) -> None:
        """Make the namespace, or find it; ClusterError if one of that name is not this run's."""
        from py.kube.client import reporting

        found = self._read()
        if found is not None and found.metadata.deletion_timestamp:
            self._await_end()
            found = None
        if found is None:
            metadata = {"name": self.name, "labels": placing.labels(self.name)}
            with reporting(f"namespace {self.name} could not be made"):
                self._api().create_namespace({"metadata": metadata})

    def exists(self) -> bool:
        """Whether the namespace is there; ClusterError if it is somebody else's."""
        return self._read() is not None

    def kubeconfig(self) -> Path:
        """A file for this context alone, with the run's namespace; written anew, for us alone to read."""
        import yaml

        path = self._file()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, yaml.safe_dump(self._settings()), mode=0o600)
        return path

    def load(self, image: str) -> None:
        """Nothing can be put on somebody's nodes: UsageError says what to do instead."""
        raise UsageError(
            f"{image} cannot be loaded into {self}: push it to a REGISTRY that the cluster reaches, "
            "and give the reference with that registry"
        )

    def dump_logs(self, folder: Path) -> None:
        """A namespace has no logs of its own; what its pods logged is asked of the API."""

    def delete(self) -> None:
        """Remove the namespace and what the run alone used outside of it; return when it is gone."""
        from py.kube import sharing
        from py.kube.client import dynamic, reporting

        if self._read() is not None:
            with reporting(f"namespace {self.name} could not be removed"):
                self._delete()
            self._await_end()
        for kept in sharing.release(dynamic(self._settings()), self.name):
            print(f"kept {kept}", flush=True)
        self._file().unlink(missing_ok=True)

    def describe(self, verb: str) -> list[str]:
        """What create, load or delete would do; reads nothing."""
        return {
            "create": [f"make namespace {self.name} in {self}, or find it"],
            "load": [f"refuse to load an image into {self}: push it to a registry"],
            "delete": [f"remove namespace {self.name} of {self}, and what only this run used outside of it"],
        }.get(verb, [])

    def __str__(self) -> str:
        return f"kubeconfig://{self._path}" + (f"?context={self._context}" if self._context else "")

    def _api(self) -> Any:
        settings = self._settings()  # a mistake in them does not wait for a library
        from kubernetes import client

        from py.kube.client import api_client

        return client.CoreV1Api(api_client(settings))

    def _read(self) -> Any:
        """The namespace, or None; ClusterError if it is not this run's."""
        api = self._api()
        from kubernetes.client import ApiException

        from py.kube.client import reporting

        with reporting(f"namespace {self.name} cannot be looked at"):
            try:
                found = api.read_namespace(self.name)
            except ApiException as error:
                if error.status == 404:
                    return None
                raise
        labels = found.metadata.labels or {}
        if not placing.labels(self.name).items() <= labels.items():
            raise ClusterError(
                f"namespace {self.name} of {self} was not made by this run (it has no label "
                f"{placing.RUN}={self.name}): it is left alone; choose another --name"
            )
        return found

    def _delete(self) -> None:
        from kubernetes.client import ApiException

        try:
            self._api().delete_namespace(self.name)
        except ApiException as error:
            if error.status not in (404, 409):  # it is gone, or on its way
                raise

    def _await_end(self) -> None:
        end = time.monotonic() + PATIENCE
        while (found := self._read()) is not None:
            if time.monotonic() > end:
                raise ClusterError(
                    f"namespace {self.name} is still there after {PATIENCE:.0f} s: {_remains(found)}"
                )
            time.sleep(POLL)

    def _settings(self) -> dict[str, Any]:
        settings = _settings(self._path, self._context)
        settings["contexts"][0]["context"]["namespace"] = self.namespace
        return settings

    def _file(self) -> Path:
        source = hashlib.sha256(f"{self._path}?{self._context}".encode()).hexdigest()[:8]
        return folders.state() / "kubeconfig" / f"{self.name}.{source}.yaml"


def _remains(namespace: Any) -> str:
    """What keeps a namespace from going, as its controller says."""
    said = [c.message for c in namespace.status.conditions or [] if c.status == "True" and c.message]
    return "; ".join(said) or "its pods are still ending"


def _settings(path: str, context: str) -> dict[str, Any]:
    """A kubeconfig of one context, one cluster and one user; UsageError if there is none such."""
    files = [Path(path).expanduser()] if path and path != IN_CLUSTER else _usual() if not path else []
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
    named = [Path(p).expanduser() for p in os.environ.get("KUBECONFIG", "").split(os.pathsep) if p]
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
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not (ACCOUNT / "token").exists():
        raise UsageError(
            f"kubeconfig://{IN_CLUSTER}: this is no pod with a service account ({ACCOUNT} is not there)"
        )
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
