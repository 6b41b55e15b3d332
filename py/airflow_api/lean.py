"""Airflow's official client loaded by the piece: its packages load all 300 modules of theirs at once.

That takes 0.8 s of a core more than what a trigger uses, and whoever asks waits for it.
"""

import re
import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import Any

PACKAGES = ("airflow_client.client", "airflow_client.client.api", "airflow_client.client.models")
LINE = re.compile(r"^from (\S+) import (\w+)", re.MULTILINE)


def by_the_piece() -> None:
    """From now on each name of the client's packages is loaded when somebody asks for it."""
    for name in PACKAGES:
        if name not in sys.modules:
            _put(name)


def _put(name: str) -> None:
    """Put a package in its place whose own lines are not carried out, but looked up."""
    spec = find_spec(name)
    assert spec
    assert spec.origin
    package = module_from_spec(spec)
    homes = {what: home for home, what in LINE.findall(Path(spec.origin).read_text())}

    def found(what: str) -> Any:
        if what not in homes:
            raise AttributeError(f"module {name!r} has no attribute {what!r}")
        return getattr(import_module(homes[what]), what)

    package.__getattr__ = found  # type: ignore[method-assign]
    sys.modules[name] = package
    parent, _, child = name.rpartition(".")
    setattr(sys.modules[parent], child, package)
