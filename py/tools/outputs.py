"""The step's side of the contract (docs/contract.md): what a binary reads of its run, and what it gives."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from py.tools.files import write_whole


def write(outputs: Mapping[str, str]) -> None:
    """Hand outputs to the run that started us, or print them when we were started by hand."""
    target = os.environ.get("STEP_OUTPUTS")
    if not target:
        for name, value in outputs.items():
            print(f"{name}: {value}")
        return
    write_whole(Path(target), json.dumps(dict(outputs)))


def workspace() -> Path:
    """The folder that the steps of a run share; by hand, the current one."""
    return Path(os.environ.get("WORKSPACE") or ".")


def artifacts() -> Path:
    """The folder whose files are kept; by hand, `artifacts` in the current one."""
    return Path(os.environ.get("ARTIFACTS") or "artifacts")


def junit_name(step: str) -> str:
    """The file that holds a step's own JUnit: dashes, since some viewers stop reading at an underscore."""
    return f"junit_{re.sub(r'[^A-Za-z0-9]+', '-', step).strip('-')}.xml"


def junit_path(command: str) -> Path:
    """Where this step's JUnit goes; by hand it is named after the command."""
    return artifacts() / junit_name(os.environ.get("STEP_NAME") or command)
