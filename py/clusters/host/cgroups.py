"""The control groups of a cluster: a subtree per hierarchy, which also names all of its processes.

On version 1 there is a hierarchy per controller, on version 2 a single one, whose groups hold either
processes or groups: the box's own programs are in `system`, below the cluster's.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PARENT = "windtunnel"
SYSTEM = "system"
_CONTROLLERS = ("cpuset", "cpu", "io", "memory", "hugetlb", "pids")
_PATIENCE = 10.0  # seconds for the kernel to let go of killed processes


def path(name: str) -> str:
    """The cluster's group as kubelet names it."""
    return f"/{PARENT}/{name}"


def make(name: str) -> list[Path]:
    """Make the cluster's groups and return those that its programs are to join."""
    systems = []
    for hierarchy in _hierarchies():
        system = hierarchy / PARENT / name / SYSTEM
        system.mkdir(parents=True, exist_ok=True)
        for group in (hierarchy, hierarchy / PARENT, hierarchy / PARENT / name):
            _share(group, system)
        systems.append(system)
    return systems


def kill(name: str) -> None:
    """End every process in the cluster's groups and return when the kernel has let go of them."""
    end = time.monotonic() + _PATIENCE
    while pids := set(_processes(name)):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > end:
            return
        time.sleep(0.01)


def remove(name: str) -> None:
    """Remove the cluster's empty groups."""
    for hierarchy in _hierarchies():
        for group in _deepest_first(hierarchy / PARENT / name):
            _rmdir(group)
        with suppress(OSError):  # another cluster is in it
            (hierarchy / PARENT).rmdir()


def exists(name: str) -> bool:
    """Whether a group of the cluster is there."""
    return any((hierarchy / PARENT / name).is_dir() for hierarchy in _hierarchies())


def _hierarchies() -> list[Path]:
    if _unified() or not ROOT.is_dir():
        return [ROOT]
    # cpu and cpu,cpuacct may be the same by a link: a folder each is wanted once
    return sorted({folder.resolve() for folder in ROOT.iterdir() if (folder / "cgroup.procs").is_file()})


def _unified() -> bool:
    return (ROOT / "cgroup.controllers").is_file()


def _share(group: Path, system: Path) -> None:
    """Let the groups below use the controllers."""
    if _unified():
        known = (group / "cgroup.controllers").read_text().split()
        for controller in set(_CONTROLLERS) & set(known):
            (group / "cgroup.subtree_control").write_text(f"+{controller}")
    elif (group / "cpuset.cpus").is_file():
        # A new cpuset is empty, and no process may join it until it has processors and memory.
        for setting in ("cpuset.cpus", "cpuset.mems"):
            value = (group / setting).read_text()
            inner = next(below for below in (system, *system.parents) if below.parent == group)
            (inner / setting).write_text(value)


def _processes(name: str) -> Iterator[int]:
    for hierarchy in _hierarchies():
        for group in _deepest_first(hierarchy / PARENT / name):
            with suppress(OSError):
                yield from map(int, (group / "cgroup.procs").read_text().split())


def _deepest_first(top: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        for below in sorted(top.iterdir()):
            if below.is_dir():
                yield from _deepest_first(below)
        yield top


def _rmdir(group: Path) -> None:
    """Remove a group as soon as its last process is gone, which the kernel may notice late."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return group.rmdir()
        except FileNotFoundError:
            return None
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
