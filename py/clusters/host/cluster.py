"""A cluster of this machine: made, found, fed with images, and removed without a trace."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path

from py.clusters.host import box, build, cgroups, config, files, images, network, pki, preflight, programs
from py.clusters.host.api import Api, answers
from py.clusters.host.locks import locked
from py.clusters.host.objects import Object, first_objects
from py.clusters.host.state import CLUSTERS, Folder, Record, others
from py.tools.errors import ClusterError

PATIENCE = 120.0  # seconds for a new cluster: twenty times what it takes on two idle cores
FOUND_PATIENCE = 20.0  # seconds for one that is there already
POLL = 0.03


class HostCluster:
    """Real Kubernetes as processes of this machine, in one box of namespaces. Needs root and Linux."""

    namespace = "default"
    shared = False

    def __init__(self, name: str) -> None:
        self.name = name
        self._folder = Folder(name)

    def create(self) -> None:
        """Find it or make it. Returns when the API, a Ready node, DNS and storage are there."""
        preflight.be_root()
        with self._locked():
            record = self._folder.read()
            if record and record.ready and record.alive():
                self._await_ready(record, FOUND_PATIENCE, [])
                return
            preflight.check()
            bin_folder = build.ensure()
            self._remove()
            with self._failing_with_logs():
                self._make(bin_folder)

    def exists(self) -> bool:
        """Whether it, or a half of it, is there."""
        return self._folder.path.exists() or cgroups.exists(self.name)

    def kubeconfig(self) -> Path:
        """The file with which clients reach it."""
        record = self._folder.read()
        if record is None or not record.ready:
            raise ClusterError(f"there is no cluster {self.name!r} at host://: make it with create_cluster")
        if not record.alive():
            raise ClusterError(
                f"cluster {self.name!r} at host:// has ended (its logs: {self._folder.log}): "
                "create_cluster makes it anew, teardown removes the rest"
            )
        return self._folder.kubeconfig

    def load(self, image: str) -> None:
        """Make an image of this machine's Docker usable by the node; at once if the node has it."""
        self.kubeconfig()  # or the error that says what to do
        record = self._folder.read()
        assert record
        images.load(image, box.first_process(record.pid))

    def dump_logs(self, folder: Path) -> None:
        """Put the log of each of its programs into the folder: kubelet.log, etcd.log, … and box.log."""
        folder.mkdir(parents=True, exist_ok=True)
        if not self._folder.log.is_dir():
            raise ClusterError(f"there are no logs of a cluster {self.name!r} at host://: {self._folder.log}")
        for log in (*self._folder.log.glob("*.log"), self._folder.path / "box.log"):
            with suppress(FileNotFoundError):
                shutil.copyfile(log, folder / log.name)

    def delete(self) -> None:
        """Remove its processes, mounts, interface, cgroups and files, also of a half, also of nothing."""
        if not self.exists():
            return
        if os.geteuid() != 0:
            raise ClusterError(f"only root can remove cluster {self.name!r} at host://: run it with sudo")
        with self._locked():
            self._remove()

    def describe(self, verb: str) -> list[str]:
        """What `create`, `load` or `delete` would do; starts nothing."""
        folder = self._folder.path
        inside = [
            program["name"] for program in config.programs(network.Cable(0), "") if not program.get("once")
        ]
        lines = {
            "create": [
                f"find Kubernetes' programs in {programs.folder()}, or build them",
                f"make {folder}: certificates, settings, kubeconfig",
                f"start a box of namespaces with {', '.join(inside)}",
                f"wait until node {config.NODE} is Ready",
            ],
            "load": [f"docker save IMAGE | ctr images import, into the containerd of {self.name}"],
            "dump_logs": [f"copy the logs in {self._folder.log}"],
            "delete": [f"end the box of {self.name}", f"remove its cgroups and {folder}"],
        }
        return lines.get(verb, [])

    def _make(self, bin_folder: Path) -> None:
        with locked(CLUSTERS / ".cables.lock"):  # two clusters must not choose the same addresses
            cable = network.free_cable(record.cable for record in others(self.name))
            record = Record(cable.number)
            self._folder.make()
            self._folder.write(record)
        files.write(self._folder.home, self.name, cable.node)
        server = f"https://{cable.node}:6443"
        pki.kubeconfig(self._folder.kubeconfig, self.name, server, self._folder.home / "pki", "admin")
        with box.started(self.name, self._folder, bin_folder, cable) as pid:
            record.pid, record.started = pid, box.started_at(pid)
            self._folder.write(record)
            self._await_ready(record, PATIENCE, first_objects(cable.node))
            record.ready = True
            self._folder.write(record)

    def _await_ready(self, record: Record, patience: float, objects: list[Object]) -> None:
        """Make the objects, and return when everything is there that a manifest may ask for."""
        cable = network.Cable(record.cable)
        api = Api(cable.node, self._folder.home / "pki")
        end = time.monotonic() + patience
        for what, there in self._steps(api, cable, objects):
            while not there():
                if not record.alive():
                    raise ClusterError(f"cluster {self.name!r}: its box ended before {what}")
                if time.monotonic() > end:
                    raise ClusterError(f"cluster {self.name!r}: {what} did not come within {patience:.0f} s")
                time.sleep(POLL)

    def _steps(
        self, api: Api, cable: network.Cable, objects: list[Object]
    ) -> Iterator[tuple[str, Callable[[], bool]]]:
        """What has to be there, in the order in which it can be."""
        yield "an API server that is ready", lambda: api.get("/readyz") == "ok"
        for path, body in objects:
            yield f"{body['metadata']['name']} in {path}", partial(api.post, path, body)
        yield f"a Ready node {config.NODE}", lambda: _is_ready(api.get(f"/api/v1/nodes/{config.NODE}"))
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        yield "the default service account", lambda: api.get(account) is not None
        yield "DNS", lambda: answers(cable.node, 8181, "/ready")
        yield "kube-proxy", lambda: answers(cable.node, 10256, "/healthz")

    def _remove(self) -> None:
        record = self._folder.read()
        if record and record.alive():
            os.kill(record.pid, signal.SIGKILL)
            with suppress(ChildProcessError):  # it is our own child where we made it
                os.waitpid(record.pid, 0)
        cgroups.kill(self.name)
        cgroups.remove(self.name)
        if record:
            network.Cable(record.cable).cut()
        self._folder.remove()

    def _locked(self) -> AbstractContextManager[None]:
        return locked(CLUSTERS / f".{self.name}.lock")

    @contextmanager
    def _failing_with_logs(self) -> Iterator[None]:
        """Say with an error what the programs said last; the logs stay until the cluster is deleted."""
        try:
            yield
        except ClusterError as error:
            said = _last_words(self._folder)
            raise ClusterError(f"{error}\nThe logs are in {self._folder.log}. {said}".rstrip()) from None


def _is_ready(node: object) -> bool:
    if not isinstance(node, dict):
        return False
    conditions = node.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _last_words(folder: Folder) -> str:
    with suppress(OSError):
        if lines := (folder.path / "box.log").read_text(errors="replace").splitlines():
            return f"The box said last: {lines[-1]}"
    return ""
