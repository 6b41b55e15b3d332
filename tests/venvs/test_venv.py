"""Environments that are really made, from wheels of this machine: no index is asked."""

import base64
import hashlib
import importlib.metadata
import os
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from py.checks import Checks
from py.tools.errors import CommandFailed
from py.tools.folders import ROOT
from py.venvs import venv
from py.venvs.requirements import Requirements, find

# What builds the projects of these tests: it puts their folder `src` on the path, as real backends do.
BACKEND = """
import base64, hashlib, os, zipfile
def build_editable(folder, settings=None, metadata=None):
    name = "thing-1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("thing.pth", os.path.abspath("src"))
        wheel.writestr("thing-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: thing\\nVersion: 1\\n")
        tags = "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr("thing-1.dist-info/WHEEL", tags)
        wheel.writestr("thing-1.dist-info/RECORD", "")
    return name
"""
BUILT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pylint and pytest that we have, packed again, with all that they need."""
    folder = tmp_path_factory.mktemp("wheels")
    waiting, packed = ["pylint", "pytest"], set[str]()
    while waiting:
        name = waiting.pop()
        if name in packed:
            continue
        packed.add(name)
        distribution = importlib.metadata.distribution(name)
        _pack(distribution, folder)
        for needs in distribution.requires or []:
            if "extra ==" not in needs:
                word = "".join(c if c.isalnum() or c in "-_." else " " for c in needs).split()[0]
                if importlib.util.find_spec(word.replace("-", "_")):
                    waiting.append(word)
    return folder


def _pack(distribution: importlib.metadata.Distribution, folder: Path) -> None:
    name = f"{distribution.metadata['Name'].replace('-', '_')}-{distribution.version}"
    files = distribution.files or []
    info = next(file.parts[0] for file in files if file.parts[0].lower() == f"{name}.dist-info".lower())
    record = []
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as wheel:
        for file in files:
            if ".." in file.parts or file.suffix == ".pyc" or str(file) == f"{info}/RECORD":
                continue
            content = Path(str(file.locate())).read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{file},sha256={digest},{len(content)}")
            wheel.writestr(str(file), content)
        wheel.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,", ""]))


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for tool in ("UV", "PIP"):
        monkeypatch.setenv(f"{tool}_FIND_LINKS", str(wheels))
        monkeypatch.setenv(f"{tool}_NO_INDEX", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")


def made() -> list[Path]:
    return [marker.parent for marker in venv.home().glob(f"*/{venv.READY}")]


def project(tmp_path: Path, name: str = "checkout") -> Path:
    folder = tmp_path / name
    (folder / "src" / "thing").mkdir(parents=True)
    (folder / "src" / "thing" / "__init__.py").write_text('"""A thing."""\nWHERE = __file__\n')
    (folder / "backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(BUILT)
    probe = "import sys, thing\ndef test_it():\n    assert thing.WHERE.startswith({!r})\n"
    (folder / "test_it.py").write_text(probe.format(str(folder)))
    return folder


def test_a_requirement_that_cannot_be_installed_is_red_and_leaves_no_environment(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("no-such-package-anywhere==1\n")
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")
    assert Checks().test(src_dir=str(tmp_path)) == 1
    assert "no-such-package-anywhere" in (tmp_path / "artifacts" / "junit_test.xml").read_text()
    assert made() == []


def test_lint_and_test_side_by_side_share_one_environment(tmp_path: Path) -> None:
    folder = project(tmp_path)

    def check(command: str) -> "subprocess.CompletedProcess[str]":
        argv = [sys.executable, "-m", "py.checks", command, f"--src_dir={folder}", "--paths=test_it.py"]
        return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)

    with ThreadPoolExecutor() as pool:
        lint, test = pool.map(check, ["lint", "test"])
    assert test.returncode == 0, test.stdout
    assert "missing-module-docstring" in lint.stdout
    assert "import-error" not in lint.stdout
    assert (lint.stdout + test.stdout).count(" venv ") == 1
    assert len(made()) == 1


def test_an_environment_is_found_again_in_no_time(tmp_path: Path) -> None:
    wanted = find(project(tmp_path))
    with venv.python_for(wanted, ["pytest"], 60) as first:
        pass
    began = time.monotonic()
    with venv.python_for(wanted, ["pytest"], 60) as second:
        assert time.monotonic() - began < 0.1
    assert first == second


def test_a_half_made_environment_is_made_anew(tmp_path: Path) -> None:
    wanted = find(project(tmp_path))
    with venv.python_for(wanted, [], 60) as python:
        (python.parent.parent / venv.READY).unlink()
        (python.parent / "python").unlink()
    with venv.python_for(wanted, [], 60) as python:
        subprocess.run([python, "-c", "import thing"], check=True)


def test_two_checkouts_of_one_project_do_not_see_each_other(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert Checks().test(src_dir=str(project(tmp_path, name))) == 0


def test_environments_nobody_needs_are_removed_but_never_one_in_use(tmp_path: Path) -> None:
    kept, gone, used, old = (project(tmp_path, name) for name in ("kept", "gone", "used", "old"))
    for folder in (kept, gone, old):
        with venv.python_for(find(folder), [], 60) as python:
            pass
    os.utime(python.parent.parent / venv.READY, (0, 0))
    with venv.python_for(find(used), [], 60) as in_use:
        for folder in (gone, used):
            folder.rename(folder.with_suffix(".moved"))
        with venv.python_for(find(project(tmp_path, "new")), [], 60):
            pass
        assert in_use.exists()
    assert {Path((folder / venv.READY).read_text()).name for folder in made()} == {"kept", "used", "new"}


def test_pip_does_it_where_there_is_no_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "python").symlink_to(Path(sys.executable).resolve())
    monkeypatch.setattr(sys, "executable", str(alone / "python"))
    monkeypatch.setenv("PATH", str(alone))
    (tmp_path / "requirements.txt").write_text("pytest\n")
    with venv.python_for(Requirements((tmp_path / "requirements.txt",)), ["pytest"], 120) as python:
        subprocess.run([python, "-m", "pytest", "--version"], check=True)
    assert "uv =" not in (python.parents[1] / "pyvenv.cfg").read_text()


def test_the_time_to_make_one_is_limited(tmp_path: Path) -> None:
    folder = project(tmp_path)
    (folder / "backend.py").write_text("import time; time.sleep(60)\n")
    with pytest.raises(CommandFailed, match="was stopped"), venv.python_for(find(folder), [], 1):
        pass


def test_without_requirements_our_own_python_does_it() -> None:
    with venv.python_for(Requirements(), ["pytest"], 60) as python:
        assert python == Path(sys.executable)


def test_without_requirements_tools_that_we_lack_are_installed(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed), venv.python_for(Requirements(), ["no_such_tool"], 60):
        pass
