"""What is missing is said at once, with how to get it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from py.clusters.host import HostCluster, preflight
from py.tools.errors import Missing


def test_everything_that_is_missing_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(preflight, "FOLDERS", ())
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Missing) as error:
        HostCluster("lacking").create()
    lines = str(error.value).splitlines()[1:]
    for what in ("root", "iptables", "mount", "Go 1.26", "gcc", "pkg-config"):
        assert any(line.startswith(f"  - {what}") for line in lines), what
    assert all("apt-get install" in line or "sudo" in line or "pip install" in line for line in lines[:6])


def test_compilers_are_not_asked_for_where_nothing_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(preflight, "FOLDERS", ())
    assert not any("gcc" in line or "Go" in line for line in preflight.missing(building=False))


def test_a_machine_whose_watches_are_used_up_is_told_how_to_raise_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preflight, "INSTANCES", 1 << 15)
    assert any("sysctl -w fs.inotify" in line for line in preflight.missing(building=False))


def test_another_system_is_told_what_works_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(Missing, match="Linux.*kubeconfig://"):
        preflight.check()


def test_a_go_that_is_too_old_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "go"
    old.write_text("#!/bin/sh\necho go version go1.19.8 linux/amd64\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(preflight, "FOLDERS", ())
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(Missing, match=r"Go 1\.26"):
        preflight.go()


def test_the_go_of_our_own_environment_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text("#!/bin/sh\necho go version go1.27.3 linux/amd64\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(preflight, "FOLDERS", ())
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert preflight.go() == go


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "py.clusters.host", "missing"], capture_output=True, text=True, check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PATH": "/nowhere"},
    )  # fmt: skip
    assert told.returncode == 1
    assert "gcc" in told.stdout


def test_a_wrong_word_is_a_usage_error() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "py.clusters.host", "rebuild"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert told.stderr.endswith("did you mean build?\n")
