"""Whether a run is green: its steps, and the JUnit they wrote, which may say more than their exit codes."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from py.results import junit

SUCCESS, FAILURE, ABORTED = "SUCCESS", "FAILURE", "ABORTED"
STEPS_JUNIT = "junit_steps.xml"  # the runner's own: a case for each step


def judge(
    states: Mapping[str, tuple[str, str]],
    expected: Mapping[str, tuple[str, float]],
    artifacts: Path,
    since: float,
    interrupted: bool = False,
) -> tuple[str, tuple[str, ...]]:
    """The verdict on a run and its reasons.

    `states` holds the state of each step and why, `expected` the JUnit file that each step with one has to
    write and when that step began. A file that is missing, is older than its step, holds no test or a failed
    one, or that nobody declared and that is newer than the run (`since`), makes a run red. Times are seconds
    since 1970.
    """
    reasons = [
        f"{step} {state}: {why}"
        for step, (state, why) in states.items()
        if state not in ("passed", "not run")
    ]
    skipped = [step for step, (state, _) in states.items() if state == "not run"]
    if skipped:
        reasons.append(f"not run: {', '.join(skipped)}")
    passed = {step: file for step, file in expected.items() if states.get(step, ("", ""))[0] == "passed"}
    for step, (name, began) in passed.items():
        reasons += [f"{step} passed, but {why}" for why in _objections(artifacts / name, began)]
    declared = [name for name, _ in expected.values()]
    reasons += [f"{name} is there, but no step declares it" for name in _extra(artifacts, declared, since)]
    if interrupted:
        return ABORTED, tuple(reasons) or ("interrupted",)
    return (FAILURE, tuple(reasons)) if reasons else (SUCCESS, ())


def _objections(file: Path, since: float) -> Iterable[str]:
    """What speaks against a JUnit file."""
    if not file.exists():
        return [f"its {file.name} is missing"]
    if not _fresh(file, since):
        return [f"its {file.name} is from before this step"]
    try:
        cases = junit.read(file)
    except ValueError as error:
        return [str(error)]
    if not cases or all(case.skipped for case in cases):
        return [f"{file.name} holds no test that was run"]
    failed = [case.name for case in cases if case.failure]
    more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
    return [f"{file.name} holds failures: {', '.join(failed[:3])}{more}"] if failed else []


def _extra(artifacts: Path, expected: Iterable[str], since: float) -> list[str]:
    known = {*expected, STEPS_JUNIT}
    found = [path for path in artifacts.glob("junit*.xml") if path.name not in known]
    return sorted(path.name for path in found if path.exists() and _fresh(path, since))


def _fresh(file: Path, since: float) -> bool:
    return file.stat().st_mtime >= since - 2  # some file systems keep whole, or even, seconds
