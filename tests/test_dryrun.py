"""The dry run of every command of every binary starts no process, opens no socket and writes no file."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from py.tools.commands import commands
from py.tools.folders import ROOT

# A line for each command: flags with which it could run for real.
COMMANDS = {
    "release clone": ["--repo=https://example.invalid/org/repo.git", "--pull=12", "--src_dir={tmp}/new"],
    "release build": ["--src_dir={src}", "--registry=registry.invalid/project"],
    "release push": ["--image=tf-operator:v1", "--registry=registry.invalid/project"],
    "checks lint": ["--src_dir={src}"],
    "checks test": ["--src_dir={src}"],
    "release latest_green": ["--job=unit", "--results={tmp}/store"],
    "release build_new_release": ["--src_dir={src}", "--releases={tmp}/store"],
    "deploy create_cluster": ["--cluster=host://", "--name=dry"],
    "deploy setup": ["--cluster=host://", "--name=dry", "--src_dir={src}", "--image=tf-operator:v1"],
    "deploy dump_logs": ["--cluster=host://", "--name=dry"],
    "deploy teardown": ["--cluster=host://", "--name=dry"],
    "test_runner test": [
        "--cluster=host://",
        "--name=dry",
        "--src_dir={src}",
        "--spec=e2e/tf_job.yaml",
        "--image=x",
    ],
    "e2e list": [],
    "e2e show": ["hello"],
    "e2e plan": ["hello"],
    "e2e graph": ["hello"],
    "e2e run": ["tf_k8s_tests", "--runs={tmp}/runs"],
    "e2e report": ["last", "--runs={runs}"],
    "e2e history": ["hello", "--runs={runs}"],
    "e2e command": ["last", "write", "--runs={runs}"],
    "prow cancel": ["hello", "some_run"],
    "prow started": ["{tmp}/store", "--job=unit"],
    "prow finished": ["{tmp}/store", "--job=unit", "--build=1", "--result=SUCCESS"],
    "standalone run_postgre": ["--home={tmp}/home"],
    "standalone run_airflow": ["--home={tmp}/home"],
    "standalone stop": ["--home={tmp}/home"],
}
# These ask a server: for a dry run there, for how a run goes, for what it stores, for how it is itself.
ASKING = {"prow run", "prow follow", "prow verify", "standalone status"}
PROGRAMS = (
    "git",
    "docker",
    "uv",
    "pylint",
    "pytest",
    "ip",
    "unshare",
    "nsenter",
    "kubectl",
    "bash",
    "sh",
    "env",
)
GUARD = """
import _posixsubprocess, os, socket, subprocess
def refuse(*args, **kwargs):
    raise RuntimeError("the dry run did something")
socket.socket.connect = socket.socket.bind = socket.getaddrinfo = refuse
subprocess.Popen.__init__ = os.system = os.fork = os.posix_spawn = os.execv = refuse
"""


def binaries() -> list[type]:
    """The class of every binary in py/."""
    found = []
    for file in sorted((ROOT / "py").glob("[a-z]*.py")):
        module = importlib.import_module(f"py.{file.stem}")
        found += [
            member
            for member in vars(module).values()
            if isinstance(member, type) and member.__module__ == module.__name__ and commands(member)
        ]
    return found


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_every_command_is_in_the_table() -> None:
    known = {f"{binary.__module__[3:]} {name}" for binary in binaries() for name in commands(binary)}
    assert known - ASKING == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_dry_run_does_nothing(command: str, tmp_path: Path) -> None:
    poison, here, guard = tmp_path / "poison", tmp_path / "here", tmp_path / "guard"
    for folder in (poison, here, guard):
        folder.mkdir()
    for program in PROGRAMS:
        (poison / program).write_text(f"#!/bin/true\n{tmp_path}\n")
        (poison / program).chmod(0o755)
    (guard / "sitecustomize.py").write_text(GUARD)
    python = [sys.executable, "-m"]
    if "{runs}" in " ".join(COMMANDS[command]):
        subprocess.run([*python, "py.e2e", "run", "hello", f"--runs={tmp_path}/runs"], cwd=ROOT, check=True)
    before = files_below(tmp_path)
    places = {"src": ROOT / "examples/tf_operator", "tmp": tmp_path, "runs": tmp_path / "runs"}
    binary, name = command.split()
    env = {
        key: value
        for key, value in os.environ.items()
        if key not in ("STEP_OUTPUTS", "ARTIFACTS", "WORKSPACE")
    } | {"PYTHONDONTWRITEBYTECODE": "1"}  # what Python would write says nothing of us
    done = subprocess.run(
        [*python, f"py.{binary}", name, *(word.format(**places) for word in COMMANDS[command]), "--dryrun"],
        cwd=here, env=env | {"PATH": str(poison), "PYTHONPATH": f"{guard}:{ROOT}", "HOME": str(here)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    if binary != "e2e" or name == "run":
        assert "would " in done.stdout
    written = {path for path in files_below(tmp_path) - before if "runs" not in path.parts}
    assert not written


def test_the_guard_does_refuse(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(GUARD)
    for deed in (
        "import subprocess; subprocess.run('true')",
        "import socket; socket.create_connection(('127.0.0.1', 1))",
    ):
        done = subprocess.run(
            [sys.executable, "-c", deed],
            env={"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "the dry run did something" in done.stderr
