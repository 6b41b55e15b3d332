"""Where a local Airflow runs: in Docker, or as processes of this machine."""

from types import ModuleType

from py.servers.home import Home
from py.servers.supervisor import parts
from py.tools.errors import UsageError, near

MODES = ("docker", "embedded")
AUTO = "auto"


def choose(home: Home, asked: str) -> ModuleType:
    """The module that starts and stops in the mode that is asked for; says what "auto" has chosen and why."""
    if asked not in (AUTO, *MODES):
        raise UsageError(f"--mode={asked}: {near(asked, (AUTO, *MODES), 'there are')}")
    running = home.mode() if parts(home) else ""
    if running and asked not in (AUTO, running):
        raise UsageError(f"it runs already, --mode={running}; `make stop` ends it")
    return module(running or (asked if asked != AUTO else _best()))


def module(mode: str) -> ModuleType:
    """The module of a mode."""
    if mode == "docker":
        from py.servers import containers

        return containers
    from py.servers import embedded

    return embedded


def _best() -> str:
    from py.servers.docker import answers

    if answers():
        print("in Docker, whose engine answers; --mode=embedded needs none", flush=True)
        return "docker"
    print("as processes of this machine: no Docker engine answers", flush=True)
    return "embedded"
