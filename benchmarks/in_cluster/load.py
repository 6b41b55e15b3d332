"""What the parts of a cluster take meanwhile: seconds of the cores, and memory."""

import threading
from collections import defaultdict
from contextlib import suppress
from typing import NamedTuple, Self

import psutil

LOOK = 3.0  # seconds between two looks
# By what is in the command of its first process; what that starts is its own.
MARKS = {
    "airflow scheduler": "scheduler",
    "airflow api": "api-server",
    "postgres": "Postgres",
    "kube-apiserver": "Kubernetes API, etcd",
    "etcd --data-dir": "Kubernetes API, etcd",
    "kube-scheduler": "Kubernetes' scheduler",
    "hands.py": "hands",
}


class Took(NamedTuple):
    """Seconds of a core, and the most memory in MiB: PSS, what processes share in parts."""

    seconds: float
    memory: float


class Load:
    """Looks at a cluster's processes from `with` to its end."""

    def __init__(self, box: int) -> None:
        self._box = box
        self._first: dict[tuple[str, int], float] = {}
        self._last: dict[tuple[str, int], float] = {}
        self._most: dict[str, float] = defaultdict(float)
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self._look()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def taken(self) -> dict[str, Took]:
        """By part."""
        seconds: dict[str, float] = defaultdict(float)
        for key, last in self._last.items():
            seconds[key[0]] += last - self._first.get(key, 0.0)
        there = [name for name in dict.fromkeys(MARKS.values()) if name in seconds]
        return {name: Took(seconds[name], self._most[name]) for name in there}

    def _go_on(self) -> None:
        while not self._over.wait(LOOK):
            self._look()

    def _look(self) -> None:
        begun = not self._last
        memory: dict[str, float] = defaultdict(float)
        for pid, name in self._named().items():
            with suppress(psutil.Error):
                process = psutil.Process(pid)
                times = process.cpu_times()
                self._last[name, pid] = times.user + times.system
                memory[name] += process.memory_full_info().pss / 2**20
        if begun:
            self._first = dict(self._last)
        for name, mib in memory.items():
            self._most[name] = max(self._most[name], mib)

    def _named(self) -> dict[int, str]:
        """The part that each process belongs to."""
        found: dict[int, str] = {}
        with suppress(psutil.Error):
            waiting = [(child, "") for child in psutil.Process(self._box).children()]
            while waiting:
                process, name = waiting.pop()
                with suppress(psutil.Error):
                    command = " ".join(process.cmdline()[:12])
                    name = name or next((part for mark, part in MARKS.items() if mark in command), "")
                    if name:
                        found[process.pid] = name
                    waiting += [(child, name) for child in process.children()]
        return found
