"""One Python environment for each set of requirements: made once, whole or not at all, and shared."""

import hashlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from py.tools import dryrun, folders, process
from py.venvs.requirements import Requirements

READY = ".ready"  # this file says that an environment is whole; its text is the folder of the project in it
UNUSED = 30 * 24 * 3600.0  # seconds after which an environment that nobody used is removed
FOREIGN = ("PYTEST_", "COV_", "COVERAGE_", "PYLINT", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


@contextmanager
def python_for(wanted: Requirements, tools: Sequence[str], timeout: float) -> Iterator[Path]:
    """The Python of an environment that has what is wanted and `tools`; it stays as long as the block runs.

    Where nothing is wanted and we have the tools ourselves, that is our own Python. Several may ask at once:
    one makes the environment, the others wait for it. `timeout` is seconds for each command of the making.
    """
    from importlib.util import find_spec

    if wanted.nothing() and all(find_spec(tool) for tool in tools):
        yield Path(sys.executable)
        return
    folder = home() / _key(wanted, tools)
    if dryrun.enabled:
        if not (folder / READY).exists():
            _make(folder, wanted, tools, timeout)
        yield _python(folder)
        return
    home().mkdir(parents=True, exist_ok=True)
    # Two locks: who uses the environment must not wait for others who use it, only for the one who makes it.
    with _lock(folder, "used", exclusive=False):
        if not (folder / READY).exists():
            with _lock(folder, "made", exclusive=True):
                if not (folder / READY).exists():  # somebody may have made it while we waited
                    _prune()
                    _make(folder, wanted, tools, timeout)
        os.utime(folder / READY)
        yield _python(folder)


def environment(python: Path) -> dict[str, str]:
    """The variables for a command of that Python: as if activated, without those of our own tests."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    clean["PATH"] = f"{python.parent}{os.pathsep}{clean.get('PATH', os.defpath)}"
    # Others read the same checkout, and ask whether it is clean.
    clean.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    if python != Path(sys.executable):
        clean["VIRTUAL_ENV"] = str(python.parent.parent)
    return clean


def home() -> Path:
    """The folder with all environments of this user."""
    return folders.cache() / "envs"


def _key(wanted: Requirements, tools: Sequence[str]) -> str:
    made_of = [sys.version, sys.base_prefix, wanted.digest(), *wanted.extras, *tools]
    return hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:16]


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _make(folder: Path, wanted: Requirements, tools: Sequence[str], timeout: float) -> None:
    """Make the environment in its final place, since its scripts hold that path; the marker comes last."""
    import shutil

    if not dryrun.enabled:
        shutil.rmtree(folder, ignore_errors=True)
    venv, install = _installer(folder)
    files = [word for path in wanted.files for word in ("-r", str(path))]
    extras = f"[{','.join(wanted.extras)}]" if wanted.extras else ""
    project = ["-e", f"{wanted.project}{extras}"] if wanted.project else []
    # The files on their own: where they have hashes, nothing else may stand beside them.
    batches = [files, [*project, *wanted.words, *tools]]
    where = wanted.project
    for argv in [venv, *([*install, *batch] for batch in batches if batch)]:
        process.run(argv, cwd=where, env=environment(Path(sys.executable)), timeout=timeout)
    if not dryrun.enabled:
        (folder / READY).write_text(str(wanted.project or ""))


def _installer(folder: Path) -> tuple[list[str], list[str]]:
    """The commands that make an environment and install into it: uv's where it is there, else pip's."""
    import shutil

    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.is_file() else shutil.which("uv")
    return _uv(uv, folder) if uv else _pip(folder)


def _uv(uv: str, folder: Path) -> tuple[list[str], list[str]]:
    return (
        [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "--python", str(_python(folder))],
    )


def _pip(folder: Path) -> tuple[list[str], list[str]]:
    return (
        [sys.executable, "-m", "venv", str(folder)],
        [str(_python(folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
    )


@contextmanager
def _lock(folder: Path, name: str, *, exclusive: bool, wait: bool = True) -> Iterator[None]:
    """Hold a lock of an environment; BlockingIOError if another holds it and we are not to wait."""
    import fcntl

    kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    with folder.with_name(f"{folder.name}.{name}").open("ab") as lock:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                raise
            print(f"waiting for the environment {folder}, which another command is making", flush=True)
            fcntl.flock(lock, kind)
        yield


def _prune() -> None:
    """Remove the environments whose project is gone, or that nobody used for long; never one in use."""
    import shutil

    for marker in home().glob(f"*/{READY}"):
        with suppress(OSError):
            project = marker.read_text()
            if (project and not Path(project).is_dir()) or time.time() - marker.stat().st_mtime > UNUSED:
                with _lock(marker.parent, "used", exclusive=True, wait=False):
                    shutil.rmtree(marker.parent)
