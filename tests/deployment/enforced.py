"""A cluster that minds NetworkPolicies: `host://`, which minds none by itself, with Calico's Felix in it.

Felix knows a pod by the name of its interface. Calico's own plugin would have given it; here it comes later.
"""

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from py.clusters import open_cluster
from py.clusters.host import box, config, network
from py.clusters.host.api import answers
from py.clusters.host.pause import PAUSE
from py.clusters.host.state import Folder
from py.tools import folders
from tests.deployment.site import Site

PROGRAMS = folders.cache() / "felix"  # as scripts/setup.d/policies makes it
FELIX = "calico-felix"
DOORS = Path(__file__).with_name("doors.py")
HEALTH = 9099
READY = 60.0  # seconds
_SETTINGS = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "KUBECONFIG": f"{config.HOME}/provisioner.kubeconfig",  # an administrator's
    "FELIX_DATASTORETYPE": "kubernetes",
    "FELIX_FELIXHOSTNAME": config.NODE,
    "FELIX_DEFAULTENDPOINTTOHOSTACTION": "ACCEPT",  # what policies let through to the node is let through
    "FELIX_HEALTHENABLED": "true",
    "FELIX_HEALTHHOST": "0.0.0.0",
    "FELIX_USAGEREPORTINGENABLED": "false",  # it would ask a server on the internet for its newest version
    "FELIX_IPV6SUPPORT": "false",
    "FELIX_BPFENABLED": "false",
    "FELIX_XDPENABLED": "false",
    "FELIX_LOGFILEPATH": "none",
    "FELIX_LOGSEVERITYSYS": "none",
}
_INFORMATION = {  # without it Felix waits for whoever upgrades Calico
    "apiVersion": "crd.projectcalico.org/v1",
    "kind": "ClusterInformation",
    "metadata": {"name": "default"},
    "spec": {"datastoreReady": True},
}


@dataclass(frozen=True)
class Pod:
    """A pod that only stands there: its name, its namespace, and what it declares."""

    name: str
    namespace: str
    labels: dict[str, str]
    containers: tuple[dict[str, Any], ...] = ({"name": "pause"},)
    sidecars: tuple[dict[str, Any], ...] = ()

    def manifest(self) -> dict[str, Any]:
        """What makes it: containers that do nothing, under the names and ports of the true ones."""
        doing_nothing = {"image": PAUSE, "imagePullPolicy": "Never"}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": self.name, "namespace": self.namespace, "labels": self.labels},
            "spec": {
                "initContainers": [each | doing_nothing for each in self.sidecars],
                "containers": [each | doing_nothing for each in self.containers],
                "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 0,
            },
        }


class Enforced:
    """Pods in such a cluster, the doors at which they listen, and who comes through which."""

    def __init__(self, site: Site, name: str, pods: list[Pod], ending: ExitStack) -> None:
        self.site = site
        self._ending = ending
        record = Folder(name).read()
        assert record
        self.node = network.Cable(record.cable).node
        self._box = box.first_process(record.pid)
        self.addresses: dict[str, str] = {}
        self._knockers: dict[str, subprocess.Popen[str]] = {}
        self._processes: dict[str, int] = {}
        self._make(pods)
        self._start_felix(Folder(name))

    def _make(self, pods: list[Pod]) -> None:
        namespaces = [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            for name in sorted({pod.namespace for pod in pods} - {"default", "kube-system"})
        ]
        everything = [*namespaces, *(pod.manifest() for pod in pods)]
        self.site.kubectl("apply", "-f", "-", input=yaml.safe_dump_all(everything))
        for pod in pods:
            here = f"--namespace={pod.namespace}"
            self.site.kubectl("wait", "--for=condition=Ready", "--timeout=60s", here, f"pod/{pod.name}")
            it = json.loads(self.site.kubectl("get", "pod", pod.name, here, "--output=json"))
            self.addresses[pod.name] = it["status"]["podIP"]
            self._processes[pod.name] = _process(it["metadata"]["uid"])

    def _start_felix(self, folder: Folder) -> None:
        self.site.run("cp", PROGRAMS / FELIX, folder.home)
        self.site.kubectl("apply", "--server-side", "-f", PROGRAMS / "crds.yaml")
        self.site.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
        self.site.kubectl("apply", "-f", "-", input=yaml.safe_dump(_INFORMATION))
        log = folder.log / "felix.log"
        inside = ("nsenter", f"--target={self._box}", "--mount", "--pid", "--net")
        with log.open("w") as said:
            felix = subprocess.Popen(
                [*inside, f"{config.HOME}/{FELIX}"], env=_SETTINGS, stdout=said, stderr=said
            )
        self._ending.callback(felix.wait)
        self._ending.callback(felix.kill)
        end = time.monotonic() + READY
        while not answers(self.node, HEALTH, "/readiness"):
            assert felix.poll() is None and time.monotonic() < end, log.read_text()[-2000:]
            time.sleep(0.1)

    def hand_over(self, pod: Pod) -> None:
        """Let Felix mind this pod from now on."""
        its = hashlib.sha1(f"{pod.namespace}.{pod.name}".encode(), usedforsecurity=False).hexdigest()[:11]
        self._ip("link", "set", self._interface(pod.name), "name", f"cali{its}")

    def give_addresses(self, name: str, addresses: list[str]) -> None:
        """More addresses for a pod: it is the world, to the others."""
        for address in addresses:
            self.site.run(*self._in(name), "ip", "address", "add", f"{address}/32", "dev", "eth0")
            self._ip("route", "add", address, "dev", self._interface(name))

    def listen(self, name: str, doors: list[str]) -> None:
        """Somebody answers at these doors (ADDRESS:PORT/PROTOCOL) of a pod from now on."""
        listening = self._start(name, "listen", *doors)
        assert listening.stdout
        assert listening.stdout.readline() == "ready\n"

    def opened(self, sources: dict[str, list[str]]) -> dict[str, set[str]]:
        """Which doors (ADDRESS:PORT/PROTOCOL) opened, of those at which each pod knocked."""
        for name in sources.keys() - self._knockers.keys():
            self._knockers[name] = self._start(name, "knock")

        def knock(name: str) -> set[str]:
            knocker = self._knockers[name]
            assert knocker.stdin
            assert knocker.stdout
            print(*sources[name], file=knocker.stdin, flush=True)
            said = knocker.stdout.readline()
            assert said, f"who knocks in {name} has ended: {knocker.wait()}"
            return set(said.split())

        with ThreadPoolExecutor(len(sources)) as pool:
            return dict(zip(sources, pool.map(knock, sources), strict=True))

    def _start(self, name: str, *words: str) -> "subprocess.Popen[str]":
        """Run doors.py in the network of a pod, until all is over."""
        argv = [*self._in(name), sys.executable, str(DOORS), *words]
        started = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._ending.callback(started.wait)
        self._ending.callback(started.kill)
        return started

    def _in(self, name: str) -> tuple[str, ...]:
        return ("nsenter", f"--target={self._processes[name]}", "--net")

    def _ip(self, *words: str) -> str:
        return self.site.run("nsenter", f"--target={self._box}", "--net", "ip", *words)

    def _interface(self, name: str) -> str:
        (route,) = json.loads(self._ip("-json", "route", "show", self.addresses[name]))
        return str(route["dev"])


def _process(uid: str) -> int:
    """A process of a pod, as the machine numbers it."""
    for process in psutil.process_iter(["name"]):
        with suppress(OSError):  # it has ended
            group = Path(f"/proc/{process.pid}/cgroup").read_text()
            if process.info["name"] == "pause" and f"pod{uid}" in group:
                return int(process.pid)
    raise AssertionError(f"no process of pod {uid}")


@contextmanager
def enforced(name: str, folder: Path, pods: list[Pod]) -> Iterator[Enforced]:
    """Such a cluster, with these pods."""
    cluster = open_cluster("host://", name)
    with ExitStack() as ending:
        ending.callback(cluster.delete)
        cluster.create()
        yield Enforced(Site(name, folder), name, pods, ending)
