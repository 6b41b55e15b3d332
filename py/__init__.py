"""Windtunnel: the programs (`py/*.py`) and what they stand on (the folders beside them)."""

from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Answer for pytest's module of the same name, which pytest itself imports as `py`."""
    if name in ("path", "error"):
        from importlib import import_module

        return import_module(f"_pytest._py.{name}")
    raise AttributeError(f"module 'py' has no attribute {name!r}")
