"""Start a cluster's box; it outlives its creator only when the creator says so."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from py.clusters.host import cgroups, config
from py.clusters.host.network import Cable
from py.clusters.host.state import Folder
from py.tools import process
from py.tools.errors import ClusterError


@contextmanager
def started(name: str, folder: Folder, bin_folder: Path, cable: Cable) -> Iterator[int]:
    """Start the box and give its pid. It goes on after the block, unless the block fails or we die in it."""
    spec = {
        "hostname": config.NODE,
        "folder": str(folder.path),
        "bin": str(bin_folder),
        "lifeline": str(folder.lifeline),
        "cgroups": [str(group) for group in cgroups.make(name)],
        "interface": cable.interface,
        "host_address": f"{cable.host}/24",
        "address": f"{cable.node}/24",
        "proxy": cable.proxy,
        "environment": config.ENVIRONMENT,
        "programs": config.programs(cable, cgroups.path(name)),
    }
    folder.spec.write_text(json.dumps(spec, indent=1))
    # Read-write: opening does not wait for the box, and from its first moment on there is a writer, us.
    lifeline = os.open(folder.lifeline, os.O_RDWR | os.O_CLOEXEC)
    try:
        argv: list[str | Path] = [bin_folder / "box", "outer", folder.spec]
        yield process.spawn(argv, log=folder.path / "box.log", cwd="/", env={})
        os.write(lifeline, b"done")
    finally:
        os.close(lifeline)


def started_at(pid: int) -> float:
    """When a process started, as `Record` compares it."""
    import psutil

    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0.0


def first_process(pid: int) -> int:
    """The box's PID 1, as the machine numbers it, of the box with that outer process."""
    import psutil

    try:
        return psutil.Process(pid).children()[0].pid
    except (psutil.NoSuchProcess, IndexError):
        raise ClusterError(f"the cluster's box (process {pid}) has ended") from None
