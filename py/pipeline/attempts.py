"""The earlier attempts of a step in the same run: Airflow runs a task again, or a person has it do so."""

import json
from contextlib import suppress

from py.pipeline.model import Step
from py.pipeline.run import ABORTED, KILLED, NOT_RUN, Run
from py.results.verdict import Attempt
from py.tools.files import write_whole

FILE = "attempts.json"  # in the step's folder: how those ended that nobody counts any more
GIVEN_UP = "given_up"  # there while somebody else ends the attempt, of which its runner may not know yet


def give_up(run: Run, step: Step) -> None:
    """Tell whoever runs a step, before its processes are ended, that its attempt counts no more."""
    with suppress(OSError):  # its folder is not there, or a disk is full: what runs is ended all the same
        (run.step_folder(step.name) / GIVEN_UP).touch()


def given_up(run: Run, step: Step) -> bool:
    """Whether somebody has given up the attempt of a step that runs."""
    return (run.step_folder(step.name) / GIVEN_UP).exists()


def settle(run: Run, step: Step) -> None:
    """The attempt is over: what was told to who ran it is no more to be told."""
    (run.step_folder(step.name) / GIVEN_UP).unlink(missing_ok=True)


def forget(run: Run, step: Step) -> None:
    """What an earlier attempt has left is no longer true; nor is it that what it made was undone."""
    settle(run, step)
    (run.step_folder(step.name) / "outputs.json").unlink(missing_ok=True)
    _note_lost(run, step)
    for name in [step.name, *(other.name for other in run.steps.values() if step.name in other.undoes)]:
        run.records.pop(name, None)
        file = run.step_folder(name) / "step.json"
        with suppress(OSError, ValueError, KeyError):
            told = json.loads(file.read_bytes())
            if told["state"] != NOT_RUN:
                _note(run, name, Attempt(told["state"], told["reason"], told["began"], told["seconds"]))
        file.unlink(missing_ok=True)


def earlier(run: Run, step: Step) -> tuple[Attempt, ...]:
    """How the attempts ended that were forgotten, the first one first."""
    try:
        told = json.loads((run.step_folder(step.name) / FILE).read_bytes())
        return tuple(Attempt(**each) for each in told)
    except (OSError, ValueError, TypeError):
        return ()


def _note(run: Run, step: str, attempt: Attempt) -> None:
    told = [each._asdict() for each in (*earlier(run, run.steps[step]), attempt)]
    write_whole(run.step_folder(step) / FILE, json.dumps(told, indent=1))


def _note_lost(run: Run, step: Step) -> None:
    """Note an attempt that began and of which nobody told the end."""
    folder = run.step_folder(step.name)
    log, told, file = folder / "log.txt", folder / "step.json", folder / FILE
    if told.exists() or not log.exists() or not log.stat().st_size:
        return
    if not file.exists() or log.stat().st_mtime_ns >= file.stat().st_mtime_ns:
        _note(run, step.name, Attempt(ABORTED, KILLED, 0.0, 0.0))
