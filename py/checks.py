"""Binary: lint and test any checkout of Python, each by the checkout's own configuration."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from py.results import junit
from py.results.junit import Case
from py.tools import cli, dryrun, outputs, process
from py.tools.errors import CommandFailed, UsageError
from py.venvs import requirements, venv

TOOLS = ("pylint", "pytest")  # both in one environment: lint and test run side by side and share it
FILES_PER_JOB = 8  # fewer files than that do not pay for a process of pylint's own
PYTEST_CODES = {
    2: "pytest was interrupted",
    3: "pytest failed inside",
    4: "pytest did not understand its options or configuration",
    5: "no tests were collected",
}


class Checks:
    """Lint and test a checkout of Python, each by the checkout's own configuration.

    What the checkout requires is installed in an environment of its own, made once and kept.
    """

    def lint(
        self,
        *,
        src_dir: str,
        paths: str = "",
        requirements: str = "",
        allow_empty: bool = False,
        timeout: int = 1800,
    ) -> int:
        """Run pylint over the Python files of a checkout, with a JUnit case for each file.

        It fails exactly when pylint does, so that the checkout's own fail-under and fail-on decide.

        Args:
            src_dir: The checkout.
            paths: Files and folders in it, with commas between; all that git tracks if not given.
            requirements: Files of requirements in it, or none; found by their usual names if not given.
            allow_empty: Do not fail where there are no Python files.
            timeout: Seconds that pylint may take.
        """
        return _check(
            "lint", src_dir, requirements, timeout, partial(_pylint, paths=paths, allow_empty=allow_empty)
        )

    def test(self, *, src_dir: str, paths: str = "", requirements: str = "", timeout: int = 1800) -> int:
        """Run pytest in a checkout, with a JUnit case for each test.

        It fails when a test does, when no test was found, and when pytest ends early.

        Args:
            src_dir: The checkout.
            paths: Tests to run, with commas between; what its configuration says if not given.
            requirements: Files of requirements in it, or none; found by their usual names if not given.
            timeout: Seconds that pytest may take.
        """
        return _check("test", src_dir, requirements, timeout, partial(_pytest, paths=paths))


Check = Callable[[Path, Path, int], list[Case]]


def _check(command: str, src_dir: str, asked: str, timeout: int, check: Check) -> int:
    """Run a check in the checkout's environment, write its JUnit, and return 1 if a case failed, else 0."""
    if timeout <= 0:
        raise UsageError(f"--timeout wants seconds above 0, not {timeout}")
    checkout = Path(src_dir).absolute()
    there = checkout.is_dir()
    if not there and not dryrun.enabled:
        raise UsageError(f"--src_dir: there is no folder {src_dir}; clone into it first")
    # In a dry run a checkout that is still to be cloned has no requirements that we could read.
    wanted = requirements.find(checkout, asked) if there else requirements.Requirements()
    began = time.monotonic()
    try:
        with venv.python_for(wanted, TOOLS, timeout) as python:
            cases = check(checkout, python, timeout)
    except CommandFailed as failed:
        text = f"{failed}\n{failed.result.tail}"
        cases = [Case(f"checks.{command}", "environment", time.monotonic() - began, text)]
    path = outputs.junit_path(command)
    if dryrun.would(f"write {path}"):
        return 0
    junit.write(path, command, cases)
    failed_cases = [case for case in cases if case.failure]
    for case in failed_cases:
        print(f"FAILED {case.name}: {case.failure.strip().partition(chr(10))[0]}", flush=True)
    print(f"{command}: {len(cases)} checked, {len(failed_cases)} failed; {path}", flush=True)
    return 1 if failed_cases else 0


def _pylint(checkout: Path, python: Path, timeout: int, *, paths: str, allow_empty: bool) -> list[Case]:
    files = _python_files(checkout, paths)
    if not files and not dryrun.enabled:
        text = "" if allow_empty else "there are no Python files to lint; --allow_empty if that is right"
        return [Case("pylint", "pylint", 0.0, text)]
    jobs = max(1, min(os.cpu_count() or 1, len(files) // FILES_PER_JOB))
    with _scratch() as folder:
        report = folder / "messages.json"
        argv: list[str | Path] = [
            python,
            "-m",
            "pylint",
            f"--jobs={jobs}",
            "--verbose",  # it says how many files were left after those that it ignores
            f"--output-format=json:{report},text",
            "--",
            *files,
        ]
        result = process.run(argv, cwd=checkout, env=venv.environment(python), timeout=timeout, check=False)
        messages = _messages(report)
    if "Linting 0 modules" in result.tail and not allow_empty:
        why = "pylint's configuration ignores every file; --allow_empty if that is right"
        return [Case("pylint", "pylint", result.seconds, why)]
    texts: dict[str, list[str]] = {file: [] for file in files}
    for message in messages:
        if message["type"] != "info" and result.code:  # at 0 the checkout's configuration tolerates them
            texts.setdefault(os.path.normpath(message["path"]), []).append(_as_printed(message))
    cases = [
        Case("pylint", file, result.seconds / len(texts), "\n".join(said)) for file, said in texts.items()
    ]
    return cases + _unexplained("pylint", result, cases, {32: "pylint did not understand its configuration"})


def _pytest(checkout: Path, python: Path, timeout: int, *, paths: str) -> list[Case]:
    tests = [word.strip() for word in paths.split(",") if word.strip()]
    _must_exist(checkout, [test.partition("::")[0] for test in tests])
    with _scratch() as folder:
        report = folder / "tests.xml"
        argv: list[str | Path] = [python, "-m", "pytest", f"--junitxml={report}", *tests]
        result = process.run(argv, cwd=checkout, env=venv.environment(python), timeout=timeout, check=False)
        if dryrun.enabled:
            return []
        reported = report.is_file()
        cases = (
            [case._replace(classname=case.classname or "pytest") for case in junit.read(report)]
            if reported
            else []
        )
    explained = cases if reported and result.code <= 1 else []
    return cases + _unexplained("pytest", result, explained, PYTEST_CODES, reported=reported)


def _unexplained(
    tool: str, result: process.Result, cases: list[Case], meanings: dict[int, str], *, reported: bool = True
) -> list[Case]:
    """A failed case for a tool that ended badly though none of its own cases says why; nothing otherwise."""
    if any(case.failure for case in cases) or (result.code == 0 and reported):
        return []
    if result.timed_out:
        why = f"{tool} was stopped after {result.seconds:.0f} s (--timeout)"
    elif result.code < 0:
        why = f"{tool} was ended by signal {-result.code}"
    elif not reported:
        why = f"{tool} ended with exit code {result.code} before it could report"
    else:
        why = meanings.get(result.code, f"{tool} ended with exit code {result.code} though no case failed")
    return [Case(tool, tool, result.seconds, f"{why}\n{result.tail}")]


def _python_files(checkout: Path, paths: str) -> list[str]:
    """The Python files of a checkout, relative to it: those that git tracks, or all without git."""
    asked = [word.strip().rstrip("/") for word in paths.split(",") if word.strip()]
    _must_exist(checkout, asked)
    if (checkout / ".git").exists() or not checkout.is_dir():
        # The checkout may belong to another user, as in a container; git wants to be told that this is meant.
        listed = process.capture(
            ["git", "-c", "safe.directory=*", "ls-files", "-z", "--", *(asked or ["."])], cwd=checkout
        )
        found = listed.split("\0")
        if dryrun.enabled:
            return ["<files>"]
    else:
        found = [str(path.relative_to(checkout)) for top in asked or ["."] for path in _walk(checkout / top)]
    return sorted({file for file in found if file.endswith(".py") and (checkout / file).is_file()})


def _walk(top: Path) -> list[Path]:
    """A file, or all files below a folder, without hidden folders and environments."""
    if top.is_file():
        return [top]
    found: list[Path] = []
    for folder, folders, files in os.walk(top):
        folders[:] = [
            name for name in folders if name[0] != "." and not (Path(folder) / name / "pyvenv.cfg").exists()
        ]
        found += [Path(folder) / name for name in files]
    return found


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder for a tool's own report; a dry run only names one."""
    import tempfile

    if dryrun.enabled:
        yield Path(tempfile.gettempdir())
        return
    with tempfile.TemporaryDirectory(prefix="checks-") as folder:
        yield Path(folder)


def _must_exist(checkout: Path, names: list[str]) -> None:
    for name in names:
        inside = (checkout / name).resolve().is_relative_to(checkout.resolve())
        if not inside or (checkout.is_dir() and not (checkout / name).exists()):
            raise UsageError(f"--paths: there is no {name} in {checkout}; paths are relative to it")


def _messages(report: Path) -> list[dict[str, Any]]:
    """What pylint wrote; nothing where it ended before it could, which its exit code tells."""
    import json

    try:
        return json.loads(report.read_text())  # type: ignore[no-any-return]
    except (OSError, ValueError):
        return []


def _as_printed(message: dict[str, Any]) -> str:
    place = f"{message['path']}:{message['line']}:{message['column']}"
    return f"{place}: {message['message-id']}: {message['message']} ({message['symbol']})"


if __name__ == "__main__":
    cli.main(Checks)
