"""Folders that outlive a command: Windtunnel's own, and its user's, which scripts/lib.sh has as well."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # of Windtunnel itself
HOST_STATE = Path("/var/lib/windtunnel")  # of the clusters at host://


def cache() -> Path:
    """The folder for what can be made again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "windtunnel")


def state() -> Path:
    """The folder for what is there until somebody removes it."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state", "windtunnel")


def runs() -> Path:
    """The folder for the runs that an engine like Airflow drives."""
    return Path(os.environ.get("WINDTUNNEL_RUNS") or ROOT / "runs")


def expanded(path: str) -> Path:
    """A path as a shell reads it: ~NAME is a user's home, and itself where there is no such user."""
    return Path(os.path.expanduser(path))  # noqa: PTH111  # Path's own raises for a user who is not there
