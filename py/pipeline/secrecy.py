"""The secrets of a run: nothing that it leaves holds one, also if its runner was killed in between."""

from py.pipeline import environment
from py.pipeline.model import Step
from py.pipeline.run import KILLED, Run
from py.results.reasons import NOT_CENSORED, Reason
from py.tools.censor import Censor

OURS = ("log.txt", "step.json")  # in a step's folder: never written with a secret in them
KEPT_BACK = "kept-back"  # the folder in a run's own for what nobody could look through


def censor(run: Run) -> Censor:
    """What takes out the secrets of all steps: one may hand what it was given to another."""
    return Censor(environment.known(run.steps))


def clean_step(run: Run, step: Step, of_run: Censor, since: float) -> None:
    """Take secrets out of what a step has left, that began then (seconds since 1970)."""
    if environment.known(run.steps):
        from py.tools import censored  # late: few runs have secrets

        censored.clean(run.artifacts, of_run, since=since)
        censored.clean(run.step_folder(step.name), of_run, since=since, but=OURS)


def clean(run: Run) -> list[Reason]:
    """Take secrets out of what killed steps, and processes that outlived theirs, have left.

    Whoever finishes a run may not know its secrets: then what nobody can look through is kept back.
    """
    if run.dryrun or not any(step.secrets for step in run.steps.values()):
        return []
    import shutil

    from py.tools import censored

    of_run = censor(run)
    censored.clean(run.artifacts, of_run, since=run.began)
    censored.clean(run.folder / "steps", of_run, since=run.began, but=OURS)
    unset = environment.unset(run.steps)
    if not unset or all(record.reason != KILLED for record in run.records.values()):
        return []
    place = run.folder / KEPT_BACK
    for path in censored.changed(run.artifacts, run.began):
        target = place / path.relative_to(run.artifacts)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
    names = ", ".join(f"${name}" for name in unset)
    why = f"its artifacts are kept back in {place}, for {names} may be in them, which is not set here"
    return [Reason(NOT_CENSORED, names, why)]
