"""This machine, as the tests of host:// look at it: who makes clusters, and what a cluster may leave."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

from py.clusters.host import cgroups, network
from py.clusters.host.state import Folder

IMAGE = "debian:bookworm-slim"  # what set-up brings to every machine


def creator(name: str) -> "subprocess.Popen[str]":
    """A process that makes a cluster and ends."""
    code = f"from py.clusters.host import HostCluster; HostCluster({name!r}).create()"
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "WINDTUNNEL_TEST_SECRET": "hidden", "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip


def processes(name: str) -> list[str]:
    """The living processes of a cluster, however they were started: a box's own, and its pods'."""
    group = cgroups.path(name)
    found = []
    for process in psutil.process_iter():
        try:
            groups = Path(f"/proc/{process.pid}/cgroup").read_text()
            if f"{group}/" in groups and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.name())
        except (psutil.NoSuchProcess, OSError):
            continue
    return found


def traces(name: str, cable: int | None = None) -> dict[str, object]:
    """What a cluster could leave on this machine, each kind as it is now."""
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout.splitlines()
    settings = ("kernel/panic", "kernel/panic_on_oops", "vm/overcommit_memory", "net/ipv4/ip_forward")
    strays = (
        "/var/lib/kubelet",
        "/var/lib/cni",
        "/etc/cni",
        "/opt/containerd",
        "/run/containerd/s",
        "/var/log/pods",
    )
    return {
        "processes": processes(name),
        "mounts": [m for m in Path("/proc/self/mountinfo").read_text().splitlines() if f"/{name}/" in m],
        "interface": cable is not None and Path("/sys/class/net", network.Cable(cable).interface).exists(),
        "rules": [rule for rule in rules if "KUBE" in rule or "CNI" in rule or "10.244." in rule],
        "cgroups": [
            str(group)
            for hierarchy in ("", "*/")  # one for all, or one per controller
            for group in Path("/sys/fs/cgroup").glob(f"{hierarchy}windtunnel/{name}")
        ],
        "folder": Folder(name).path.exists() or Folder(name).path.with_name(f".{name}.lock").exists(),
        "settings": [Path("/proc/sys", setting).read_text() for setting in settings],
        "strays": [stray for stray in strays if Path(stray).exists()],
    }
