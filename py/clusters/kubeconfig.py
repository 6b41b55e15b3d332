"""`kubeconfig://PATH?context=NAME`: somebody's cluster, of which a run gets a namespace and nothing more.

What a run leaves outside of its namespace, and who may remove it, is the rule of `py.kube.sharing`.
"""

import hashlib
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from py.kube import kubeconfig, placing
from py.tools import folders
from py.tools.errors import ClusterError, UsageError
from py.tools.files import write_whole

PATIENCE = 180.0  # seconds for a namespace to go: every pod in it may take its grace period
POLL = 0.5


def open_cluster(rest: str, name: str) -> "SharedCluster":
    """A namespace in the cluster of a kubeconfig file; neither the file nor the cluster is looked at yet.

    What PATH and NAME may be, and mean where they are left out, is said by `py.kube.kubeconfig.settings`.
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
        settings = kubeconfig.settings(self._path, self._context)
        settings["contexts"][0]["context"]["namespace"] = self.namespace
        return settings

    def _file(self) -> Path:
        source = hashlib.sha256(f"{self._path}?{self._context}".encode()).hexdigest()[:8]
        return folders.state() / "kubeconfig" / f"{self.name}.{source}.yaml"


def _remains(namespace: Any) -> str:
    """What keeps a namespace from going, as its controller says."""
    said = [c.message for c in namespace.status.conditions or [] if c.status == "True" and c.message]
    return "; ".join(said) or "its pods are still ending"
