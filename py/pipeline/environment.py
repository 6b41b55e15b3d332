"""What a step finds in its environment: ours without what is not its business, and the contract's part."""

import os
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from py.pipeline.model import Output, Step, Value
from py.pipeline.render import spell
from py.tools.folders import ROOT

if TYPE_CHECKING:
    from py.pipeline.run import Run

# Airflow's settings hold its passwords; PYTEST_ variables would disturb a test suite that is a step.
_NOT_FOR_STEPS = re.compile("AIRFLOW|_AIRFLOW|PYTEST_|VIRTUAL_ENV$|PYTHONPATH$")
_SECRET = re.compile("TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIAL", re.IGNORECASE)
_PATHS = ("GOOGLE_APPLICATION_CREDENTIALS",)  # where a secret is, not what it is


def of(run: "Run", step: Step) -> dict[str, str]:
    """Everything that the step's process gets."""
    return {
        **_scrubbed(),
        **contract(run, step),
        **secrets(step),
        "STEP_OUTPUTS": mark(run, step),
    }


def mark(run: "Run", step: Step) -> str:
    """Where the step writes its outputs; all its processes, and no others, carry it as STEP_OUTPUTS."""
    return str(run.step_folder(step.name) / "outputs.json")


def contract(run: "Run", step: Step) -> dict[str, str]:
    """The variables that a person needs as well to repeat the step by hand."""
    source = _source(run, step)
    folders = [*source, str(ROOT)] if source or run.home != ROOT else []
    search = {"PYTHONPATH": os.pathsep.join(folders)} if folders else {}
    if step.command.binary.image is not None and step.secrets:
        search["STEP_SECRETS"] = ",".join(step.secrets)
    return search | {
        "RUN_NAME": run.name,
        "STEP_NAME": step.name,
        "WORKSPACE": str(run.workspace),
        "ARTIFACTS": str(run.artifacts),
    }


def _source(run: "Run", step: Step) -> list[str]:
    """The checkout that the step's program is from, if it is; a placeholder as long as nobody knows it."""
    source = step.command.binary.source
    if isinstance(source, Output):
        return [spell(source, run.answer)]
    return [str(run.home / source)] if source else []


def secrets(step: Step) -> dict[str, str]:
    """The secrets that the step names, as far as they are set."""
    return {name: os.environ[name] for name in step.secrets if name in os.environ}


def known(steps: Mapping[str, Step]) -> dict[str, str]:
    """The secrets that any step names, as far as they are set."""
    return {name: value for step in steps.values() for name, value in secrets(step).items()}


def unset(steps: Mapping[str, Step]) -> list[str]:
    """The names of secrets that steps ask for and that nobody has set."""
    return sorted({name for step in steps.values() for name in step.secrets if name not in os.environ})


def spilled(steps: Mapping[str, Step], params: Mapping[str, Value]) -> list[str]:
    """What of a conf, and of the commands made of it, holds a secret, which is passed on by name only."""
    from py.tools.censor import Censor  # late: few pipelines have secrets

    told = {name: value for name, value in params.items() if isinstance(value, str)}
    for step in steps.values():
        texts = {flag: value for flag, value in step.command.flags.items() if isinstance(value, str)}
        told |= {f"the {flag} of {step.name}": value for flag, value in texts.items()}
    return [
        f"{where} holds ${name}"
        for name, value in known(steps).items()
        for censor in [Censor({name: value})]
        for where, text in told.items()
        if censor.holds(os.fsencode(text))
    ]


@cache
def _scrubbed() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name in _PATHS or not (_NOT_FOR_STEPS.match(name) or _SECRET.search(name))
    }
