"""The main job for real: pull requests of the bundled sample, on Kubernetes clusters made for each run."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from py.clusters.host import HostCluster
from py.pipeline import run as runs
from py.pipeline.run import Run
from py.tools.folders import ROOT
from tests.projects import wait_until
from tests.repositories import Server


def e2e(folder: Path, *words: str) -> "subprocess.Popen[str]":
    """Start `e2e run tf_k8s_tests`, as it is typed in the project's folder."""
    argv = [sys.executable, "-m", "py.e2e", "run", *words, f"--runs={folder}"]
    return subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finished(folder: Path, *words: str) -> tuple[int, str, Run]:
    """Exit code, output and record of a run."""
    child = e2e(folder, *words)
    out, _ = child.communicate(timeout=600)
    return child.returncode, out, runs.find("last", folder)


def left_of(run: Run) -> list[str]:
    """What a run left on this machine: its cluster, and processes that name it."""
    named = [p for p in psutil.process_iter() if any(run.name in word for word in _command(p))]
    cluster = [f"cluster {run.name}"] if HostCluster(run.name).exists() else []
    return cluster + [f"process {' '.join(_command(p))}" for p in named]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline() if process.status() != psutil.STATUS_ZOMBIE else []
    except psutil.Error:
        return []


def test_a_good_pull_request_is_green_and_leaves_nothing(tmp_path: Path) -> None:
    code, out, run = finished(tmp_path, "tf_k8s_tests", "--conf", '{"PULL_NUMBER": "1"}')
    assert code == 0, out
    assert set(run.states().values()) == {"passed"}
    assert "SUCCESS: tf_k8s_tests" in out
    kept = {path.name for path in run.artifacts.iterdir()}
    assert {"junit_pylint.xml", "junit_pytest.xml", "junit_run-tests.xml", "junit_steps.xml"} <= kept
    assert "clone-records.json" in kept
    assert "condition Succeeded" in (run.artifacts / "junit_run-tests.xml").read_text()
    assert left_of(run) == []


def test_a_pull_request_that_breaks_the_system_is_red_and_says_where_and_why(tmp_path: Path) -> None:
    words = ["tf_k8s_tests", "--only=run_tests", "--conf", '{"PULL_NUMBER": "2"}']
    code, out, run = finished(tmp_path, *words)
    assert code == 1
    states = run.states()
    assert [name for name, state in states.items() if state == "failed"] == ["run_tests"]
    assert states["teardown_cluster"] == "passed"
    assert "run_tests failed: exit code 1" in out
    assert "which is not its service" in out
    logs = "".join(path.read_text(errors="replace") for path in run.artifacts.rglob("*.log"))
    assert "which is not its service" in logs
    assert left_of(run) == []


def test_a_pull_request_that_breaks_a_unit_test_is_red_before_any_cluster(tmp_path: Path) -> None:
    words = ["tf_k8s_tests", "--only=pylint,pytest", "--conf", '{"PULL_NUMBER": "3"}']
    code, out, run = finished(tmp_path, *words)
    assert code == 1
    assert run.states() == {"clone_repo": "passed", "pylint": "passed", "pytest": "failed"}
    assert "pytest failed: exit code 1" in out


def test_any_python_repository_gets_as_far_as_it_can(tmp_path: Path) -> None:
    server = Server(tmp_path / "server")
    server.commit(
        {
            "soup.py": (
                '"""Soup."""\n\n\ndef salt(grams: int) -> int:\n'
                '    """More salt."""\n    return grams + 1\n'
            ),
            "tests/test_soup.py": (
                '"""Taste it."""\n\nfrom soup import salt\n\n\ndef test_salt() -> None:\n'
                '    """It is saltier."""\n    assert salt(1) == 2\n'
            ),
        }
    )
    conf = json.dumps({"REPO_URL": f"file://{server.bare}"})
    code, out, run = finished(tmp_path / "runs", "tf_k8s_tests", "--only=pylint,pytest", "--conf", conf)
    assert code == 0, out
    assert 'name="test_salt"' in (run.artifacts / "junit_pytest.xml").read_text()

    code, out, run = finished(tmp_path / "runs", "tf_k8s_tests", "--conf", conf)
    assert code == 1
    assert run.states()["build_images"] == "failed"
    assert "Dockerfile" in run.records["build_images"].reason
    assert left_of(run) == []


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_while_its_cluster_is_made_leaves_nothing(
    tmp_path: Path, sent: signal.Signals
) -> None:
    child = e2e(tmp_path, "tf_k8s_tests", "--only=create_cluster")
    wait_until(lambda: list(tmp_path.glob("*/steps/create_cluster/log.txt")), 60)
    run = runs.find("last", tmp_path)
    wait_until(HostCluster(run.name).exists, 60)
    time.sleep(0.5)  # somewhere in the middle
    child.send_signal(sent)
    child.communicate(timeout=120)
    if sent == signal.SIGKILL:
        code, out, _ = finished(tmp_path, "hello")
        assert (code, f"{run.name}: its runner left it unfinished" in out) == (0, True)
    else:
        assert child.returncode == 130
    ended = runs.read(run.folder)
    assert ended.result == "ABORTED"
    assert ended.states()["create_cluster"] in ("aborted", "passed")
    assert ended.states()["teardown_cluster"] == "passed"
    assert left_of(run) == []
