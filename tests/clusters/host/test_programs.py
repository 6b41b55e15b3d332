"""Programs are built once; what is damaged or half-built is never used."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from py.clusters.host import build, preflight, programs
from py.clusters.host.modules import MODULES, PROGRAMS, SOURCES
from py.tools.errors import ClusterError, Missing

# Stands for Go: writes what it was asked for into the folder after -o, as slowly as it is told.
FAKE_GO = """#!/usr/bin/env bash
[ "$1" = version ] && echo "go version go1.99.1 linux/amd64" && exit
while [ "$1" != -o ]; do shift; done
into=$2; shift 2
[ -z "$BROKEN" ] || { echo "main.go:1: this does not compile"; exit 1; }
for package; do
    sleep "${SLOW:-0}"
    [ "$package" = . ] && package=etcd
    echo "$package" >"$into/${package##*/}"
done
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder and a Go that takes no time; gives the folder of the current version."""
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text(FAKE_GO)
    go.chmod(0o755)
    monkeypatch.setenv("PATH", str(go.parent), prepend=os.pathsep)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(programs.OVERRIDE, raising=False)
    lacking = preflight.missing(building=True)
    if lacking:
        pytest.skip("building needs: " + "; ".join(lacking))
    return programs.folder()


def test_what_was_built_is_used_again(cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert build.ensure() == cache
    assert f"{len(PROGRAMS)}/{len(PROGRAMS)}" in capfd.readouterr().err
    made = (cache / "kubelet").stat().st_mtime_ns
    build.ensure()
    assert (cache / "kubelet").stat().st_mtime_ns == made
    assert capfd.readouterr().err == ""


def test_every_program_has_a_progress_line(cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    build.ensure()
    told = capfd.readouterr().err
    assert all(f" {program} (" in told for program in PROGRAMS)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "kubelet").unlink(),
        lambda folder: (folder / "kubelet").write_bytes(b""),
        lambda folder: (folder / "kubelet").write_bytes(b"x" * (folder / "kubelet").stat().st_size),
        lambda folder: (folder / "manifest.json").unlink(),
        lambda folder: (folder / "manifest.json").write_text("{"),
        lambda folder: (folder / "manifest.json").write_text("[]"),
        lambda folder: (folder / "manifest.json").write_text("{}"),
        lambda folder: (folder / "manifest.json").write_text('{"kubelet": {}}'),
    ],
)
def test_a_damaged_build_is_made_anew(cache: Path, damage: object) -> None:
    build.ensure()
    good = (cache / "kubelet").read_bytes()
    assert callable(damage)
    damage(cache)
    assert not programs.intact(cache)
    build.ensure()
    assert programs.intact(cache)
    assert (cache / "kubelet").read_bytes() == good


def test_a_build_that_was_copied_is_used(cache: Path) -> None:
    build.ensure()
    for file in cache.iterdir():
        os.utime(file, (1, 1))
    assert programs.intact(cache)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_build_is_not_mistaken_for_one(cache: Path, end: signal.Signals) -> None:
    building = subprocess.Popen(
        [sys.executable, "-m", "py.clusters.host", "build"], env={**os.environ, "SLOW": "0.2"},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert building.stderr
    while "1/" not in building.stderr.readline():
        pass
    building.send_signal(end)
    assert building.wait(timeout=30) in (130, -signal.SIGKILL)
    assert not cache.exists()
    time.sleep(0.5)  # what a killed build had started comes to its end
    build.ensure()
    assert programs.intact(cache)


def test_a_program_that_does_not_compile_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKEN", "yes")
    with pytest.raises(ClusterError, match=r"(?s)Go could not build .*this does not compile"):
        build.ensure()
    assert not cache.exists()


def test_two_builds_at_once_build_once(cache: Path) -> None:
    argv = [sys.executable, "-m", "py.clusters.host", "build"]
    pair = [
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         env={**os.environ, "SLOW": "0.05"})
        for _ in range(2)
    ]  # fmt: skip
    told = [one.communicate(timeout=60) for one in pair]
    assert [out.strip() for out, _ in told] == [str(cache)] * 2
    assert sorted(bool(err) for _, err in told) == [False, True]


def test_programs_that_somebody_has_are_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = build.ensure()
    monkeypatch.setenv(programs.OVERRIDE, str(built))
    monkeypatch.setenv("XDG_CACHE_HOME", "/nowhere")
    assert build.ensure() == built


def test_programs_that_somebody_lacks_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program in PROGRAMS[2:]:
        (tmp_path / program).touch()
    monkeypatch.setenv(programs.OVERRIDE, str(tmp_path))
    with pytest.raises(Missing, match=f"lacks {PROGRAMS[0]}, {PROGRAMS[1]}, pause.tar"):
        build.ensure()


def test_builds_that_nobody_used_for_a_month_go(cache: Path) -> None:
    old, recent = cache.with_name("v0.0.1-old"), cache.with_name("v0.0.2-recent")
    for other in (old, recent):
        other.mkdir(parents=True)
    os.utime(old, (1, 1))
    build.ensure()
    assert not old.exists()
    assert recent.exists()


def test_every_module_pins_what_it_builds() -> None:
    for module in MODULES:
        assert (SOURCES / module.folder / "go.sum").stat().st_size
