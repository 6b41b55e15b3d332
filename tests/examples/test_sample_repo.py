"""The sample is a real git repository: the same everywhere, with pull requests that do what they should."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from py.tools.folders import ROOT

REFS = ["refs/heads/main", "refs/pull/1/head", "refs/pull/2/head", "refs/pull/3/head"]


def sample_repo(out: Path, *more: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a person does."""
    command = [sys.executable, str(ROOT / "scripts/sample_repo"), str(out), *more]
    return subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, check=False)


def refs(out: Path, *more: str, **env: str) -> dict[str, str]:
    """Make the repository; the commit of each ref, as the script tells it."""
    done = sample_repo(out, *more, **env)
    assert (done.returncode, done.stderr) == (0, "")
    return {ref: commit for commit, ref in (line.split() for line in done.stdout.splitlines())}


def git(*args: str | Path) -> str:
    """What git prints."""
    return subprocess.run(["git", *args], capture_output=True, text=True, check=True).stdout.strip()


def check_out(sample: Path, ref: str, folder: Path) -> Path:
    """Clone the sample and check out a ref, as the product does."""
    git("clone", "-q", f"file://{sample}", folder)
    git("-C", folder, "fetch", "-q", "origin", ref)
    git("-C", folder, "checkout", "-q", "FETCH_HEAD")
    return folder


def unit_tests(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the unit tests of a checkout."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder: when it was written, and what it holds."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's repository."""
    out = tmp_path_factory.mktemp("sample") / "tf_operator.git"
    refs(out)
    return out


def test_it_has_main_and_its_pull_requests(sample: Path) -> None:
    assert list(refs(sample)) == REFS
    assert git("-C", sample, "fsck", "--strict") == ""
    assert git("-C", sample, "rev-parse", "--is-bare-repository") == "true"


def test_main_has_a_history_that_ends_with_the_example_as_it_is(sample: Path, tmp_path: Path) -> None:
    clone = check_out(sample, "main", tmp_path / "clone")
    assert int(git("-C", clone, "rev-list", "--count", "HEAD")) >= 3
    git("-C", clone, "rm", "-rq", ".")
    shutil.copytree(ROOT / "examples/tf_operator", clone, dirs_exist_ok=True)
    git("-C", clone, "add", "--all")
    assert git("-C", clone, "status", "--short") == ""


@pytest.mark.parametrize("ref", REFS[1:])
def test_a_pull_request_is_one_commit_on_main(sample: Path, ref: str) -> None:
    assert git("-C", sample, "rev-parse", f"{ref}^") == git("-C", sample, "rev-parse", "main")
    assert git("-C", sample, "log", "-1", "--format=%b", ref)


def test_the_commits_are_the_same_whoever_makes_them(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        "[user]\nname = Somebody\n[core]\nautocrlf = true\n[commit]\ngpgsign = true\n"
    )
    somebody = {
        "GIT_CONFIG_GLOBAL": str(tmp_path / "config"),
        "GIT_AUTHOR_NAME": "Somebody",
        "GIT_DIR": str(tmp_path / "elsewhere"),
        "TZ": "Asia/Tokyo",
        "LC_ALL": "C",
    }
    assert refs(tmp_path / "again.git", **somebody) == refs(sample)


def test_a_second_call_changes_nothing(sample: Path) -> None:
    before = tree(sample)
    refs(sample)
    assert tree(sample) == before


def test_a_changed_example_makes_it_anew(sample: Path, tmp_path: Path) -> None:
    example, out = tmp_path / "example", tmp_path / "out.git"
    shutil.copytree(ROOT / "examples/tf_operator", example)
    before = refs(out, f"--example={example}")
    assert before == refs(sample)
    (example / "README.md").write_text("changed\n")
    assert refs(out, f"--example={example}").keys() == before.keys()
    assert git("-C", out, "show", "main:README.md") == "changed"
    assert [path.name for path in tmp_path.iterdir() if path.name not in {"example", "out.git"}] == []


def test_a_patch_that_does_not_fit_any_more_is_told_and_the_old_repository_stays(tmp_path: Path) -> None:
    example, out = tmp_path / "example", tmp_path / "out.git"
    shutil.copytree(ROOT / "examples/tf_operator", example)
    refs(out, f"--example={example}")
    before = tree(out)
    (example / "tf_operator/tf_config.py").write_text("")
    done = sample_repo(out, f"--example={example}")
    assert done.returncode == 1
    assert "2-use-full-host-names.patch does not fit" in done.stderr
    assert tree(out) == before


def test_a_folder_of_somebody_elses_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    done = sample_repo(tmp_path)
    assert done.returncode == 1
    assert "is not a sample repository" in done.stderr
    assert list(tree(tmp_path)) == ["thesis.txt"]


def test_a_wrong_question_is_answered_with_2(tmp_path: Path) -> None:
    done = sample_repo(tmp_path / "out.git", "--example=nowhere")
    assert done.returncode == 2
    assert "nowhere is not a folder" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [1, 2])
def test_unit_tests_of_pull_requests_1_and_2_pass(sample: Path, tmp_path: Path, number: int) -> None:
    done = unit_tests(check_out(sample, f"refs/pull/{number}/head", tmp_path / "clone"))
    assert done.returncode == 0, done.stdout


def test_pull_request_2_gives_replicas_names_that_are_not_theirs(sample: Path, tmp_path: Path) -> None:
    clone = check_out(sample, "refs/pull/2/head", tmp_path / "clone")
    ask = (
        "from tf_operator.replica_check import ReplicaCheck, names_of_service;"
        "from tf_operator.tf_config import tf_config; from tf_operator.tfjob import Replica; import json;"
        "job = {'metadata': {'name': 'j', 'namespace': 'n'}, 'spec': {'tfReplicaSpecs': {'Chief': {}}}};"
        "check = ReplicaCheck(json.dumps(tf_config(job, Replica('j', 'Chief', 0))));"
        "check.require_place(names_of_service('j-chief-0', 'search n.svc.c svc.c c'))"
    )
    done = subprocess.run([sys.executable, "-c", ask], cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "is not its service j-chief-0.n.svc.c" in done.stderr
    assert (
        subprocess.run([sys.executable, "-c", ask], cwd=ROOT / "examples/tf_operator", check=False).returncode
        == 0
    )


def test_a_unit_test_of_pull_request_3_fails(sample: Path, tmp_path: Path) -> None:
    done = unit_tests(check_out(sample, "refs/pull/3/head", tmp_path / "clone"))
    assert done.returncode == 1
    assert "FAILED tests/test_restart.py" in done.stdout
    assert "1 failed" in done.stdout
