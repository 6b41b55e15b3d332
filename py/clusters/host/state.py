"""What is known about a cluster between two commands: its folder, and which process is its box."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass

from py.tools.files import write_whole
from py.tools.folders import HOST_STATE

STATE = HOST_STATE
CLUSTERS = STATE / "clusters"
RECORD = "cluster.json"


@dataclass
class Record:
    """A cluster as noted in its folder. A process is its pid and when it started: pids are used again."""

    cable: int
    pid: int = 0
    started: float = 0.0
    ready: bool = False

    def alive(self) -> bool:
        """Whether the box runs."""
        import psutil

        try:
            process = psutil.Process(self.pid)
            return (
                self.pid > 0
                and process.create_time() == self.started
                and process.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.NoSuchProcess:
            return False


class Folder:
    """The folder of one cluster; everything that the cluster writes to disk is in it."""

    def __init__(self, name: str) -> None:
        self.path = CLUSTERS / name
        self.home = self.path / "lib" / "kubernetes"  # the box's /var/lib/kubernetes
        self.log = self.path / "log"  # the box's /var/log
        self.kubeconfig = self.path / "kubeconfig"
        self.lifeline = self.path / "lifeline"
        self.spec = self.path / "box.json"

    def make(self) -> None:
        """An empty folder with what the box expects in it. Only root may look: keys are in it."""
        self.path.mkdir(mode=0o700, parents=True)
        for inner in (self.path / "lib", self.log, self.path / "root"):
            inner.mkdir()
        os.mkfifo(self.lifeline, 0o600)

    def read(self) -> Record | None:
        """What was noted, or None where nothing (whole) was."""
        try:
            return Record(**json.loads((self.path / RECORD).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, record: Record) -> None:
        """Note it; whoever reads meanwhile gets the old one or the new one."""
        write_whole(self.path / RECORD, json.dumps(asdict(record)))

    def remove(self) -> None:
        """Remove all of it."""
        if self.path.exists():
            shutil.rmtree(self.path)


def others(name: str) -> Iterator[Record]:
    """The records of all other clusters of this machine."""
    with suppress(FileNotFoundError):
        for path in CLUSTERS.iterdir():
            if path.is_dir() and path.name != name and (record := Folder(path.name).read()):
                yield record
