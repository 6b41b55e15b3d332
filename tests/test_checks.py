"""Lint and test of real small repositories: what fails must be red in the exit code and in JUnit alike."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from py.checks import Checks
from py.results import junit
from py.results.junit import Case
from py.tools import dryrun
from py.tools.errors import UsageError
from py.tools.folders import ROOT

CLEAN = '"""A module."""\n'
UNUSED = '"""A module."""\nimport os\n'
PASSES = "def test_passes():\n    assert True\n"
FAILS = "def test_fails():\n    assert 1 == 2, 'arithmetic'\n"


@pytest.fixture(autouse=True)
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "artifacts"
    monkeypatch.setenv("ARTIFACTS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("STEP_NAME", raising=False)
    return folder


def checkout(tmp_path: Path, files: Mapping[str, str]) -> str:
    folder = tmp_path / "checkout"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    folder.mkdir(exist_ok=True)
    return str(folder)


def git(folder: str, *words: str) -> None:
    subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True)


def cases(artifacts: Path, command: str) -> dict[str, Case]:
    return {case.name: case for case in junit.read(artifacts / f"junit_{command}.xml")}


def test_lint_fails_with_the_messages_of_the_file_that_is_wrong(tmp_path: Path, artifacts: Path) -> None:
    src_dir = checkout(tmp_path, {"pkg/bad.py": UNUSED, "pkg/__init__.py": CLEAN})

    assert Checks().lint(src_dir=src_dir) == 1

    found = cases(artifacts, "lint")
    assert "pkg/bad.py:2:0: W0611: Unused import os (unused-import)" in found["pkg/bad.py"].failure
    assert found["pkg/bad.py"].classname == "pylint"
    assert found["pkg/__init__.py"].failure == ""


def test_lint_passes_a_clean_checkout(tmp_path: Path, artifacts: Path) -> None:
    assert Checks().lint(src_dir=checkout(tmp_path, {"good.py": CLEAN})) == 0
    assert [case.failure for case in cases(artifacts, "lint").values()] == [""]


@pytest.mark.parametrize(
    "config",
    [
        {".pylintrc": "[MAIN]\nfail-under=0\nfail-on=E\n"},
        {"setup.cfg": "[pylint.main]\nfail-under=0\nfail-on=E\n"},
        {"pyproject.toml": '[tool.pylint.main]\nfail-under = 0\nfail-on = "E"\n'},
    ],
)
def test_lint_tolerates_what_the_checkouts_own_configuration_tolerates(
    tmp_path: Path, artifacts: Path, config: dict[str, str]
) -> None:
    src_dir = checkout(tmp_path, {"bad.py": UNUSED, **config})
    assert Checks().lint(src_dir=src_dir) == 0
    assert cases(artifacts, "lint")["bad.py"].failure == ""

    checkout(tmp_path, {"worse.py": '"""A module."""\nundefined()\n'})
    assert Checks().lint(src_dir=src_dir) == 1
    assert "E0602" in cases(artifacts, "lint")["worse.py"].failure


def test_lint_fails_when_pylint_rejects_its_configuration(tmp_path: Path, artifacts: Path) -> None:
    src_dir = checkout(
        tmp_path, {"good.py": CLEAN, ".pylintrc": "[MAIN]\nload-plugins=no_such_plugin\njobs=x\n"}
    )
    assert Checks().lint(src_dir=src_dir) == 1
    assert any(case.failure for case in cases(artifacts, "lint").values())


def test_lint_of_nothing_is_red_unless_that_is_right(tmp_path: Path, artifacts: Path) -> None:
    src_dir = checkout(tmp_path, {"README.md": "no Python here"})
    assert Checks().lint(src_dir=src_dir) == 1
    assert "no Python files" in cases(artifacts, "lint")["pylint"].failure
    assert Checks().lint(src_dir=src_dir, allow_empty=True) == 0


def test_lint_of_files_that_are_all_ignored_is_red_too(tmp_path: Path, artifacts: Path) -> None:
    src_dir = checkout(tmp_path, {"bad.py": UNUSED, ".pylintrc": "[MAIN]\nignore=bad.py\n"})
    assert Checks().lint(src_dir=src_dir) == 1
    assert "ignores every file" in cases(artifacts, "lint")["pylint"].failure
    assert Checks().lint(src_dir=src_dir, allow_empty=True) == 0


def test_lint_reads_what_git_tracks_and_nothing_else(tmp_path: Path, artifacts: Path) -> None:
    src_dir = checkout(tmp_path, {"good.py": CLEAN, "gone.py": CLEAN, "a b/spaced.py": CLEAN})
    git(src_dir, "init", "-q")
    git(src_dir, "add", "-A")
    checkout(tmp_path, {"untracked.py": UNUSED})
    (Path(src_dir) / "gone.py").unlink()

    assert Checks().lint(src_dir=src_dir) == 0
    assert set(cases(artifacts, "lint")) == {"good.py", "a b/spaced.py"}


def test_lint_skips_environments_and_hidden_folders_where_git_knows_nothing(
    tmp_path: Path, artifacts: Path
) -> None:
    files = {"good.py": CLEAN, "venv/pyvenv.cfg": "", "venv/lib/bad.py": UNUSED, ".tox/bad.py": UNUSED}
    assert Checks().lint(src_dir=checkout(tmp_path, files)) == 0
    assert set(cases(artifacts, "lint")) == {"good.py"}


def test_lint_can_be_told_which_paths_matter(tmp_path: Path, artifacts: Path) -> None:
    src_dir = checkout(tmp_path, {"a/good.py": CLEAN, "b.py": CLEAN, "c/bad.py": UNUSED})
    assert Checks().lint(src_dir=src_dir, paths="a/, b.py") == 0
    assert set(cases(artifacts, "lint")) == {"a/good.py", "b.py"}


def test_each_of_two_files_with_one_name_is_linted(tmp_path: Path, artifacts: Path) -> None:
    src_dir = checkout(tmp_path, {"a/conftest.py": CLEAN, "b/conftest.py": UNUSED, "c/conftest.py": CLEAN})
    assert Checks().lint(src_dir=src_dir) == 1
    assert [bool(case.failure) for case in cases(artifacts, "lint").values()] == [False, True, False]


def test_test_fails_with_the_reason_of_the_test_that_failed(tmp_path: Path, artifacts: Path) -> None:
    src_dir = checkout(tmp_path, {"test_it.py": FAILS + PASSES})

    assert Checks().test(src_dir=src_dir) == 1

    found = cases(artifacts, "test")
    assert found["test_fails"].failure.startswith("AssertionError: arithmetic")
    assert found["test_fails"].classname == "test_it"
    assert found["test_passes"].failure == ""


def test_test_passes_and_keeps_skipped_tests_apart(tmp_path: Path, artifacts: Path) -> None:
    skipped = "import pytest\n@pytest.mark.skip(reason='no GPU')\ndef test_gpu(): pass\n"
    assert Checks().test(src_dir=checkout(tmp_path, {"test_it.py": skipped + PASSES})) == 0
    assert "no GPU" in cases(artifacts, "test")["test_gpu"].skipped


def test_a_broken_fixture_is_a_failure_and_never_an_error(tmp_path: Path, artifacts: Path) -> None:
    broken = (
        "import pytest\n@pytest.fixture\ndef thing(): raise OSError('no disk')\ndef test_it(thing): pass\n"
    )
    assert Checks().test(src_dir=checkout(tmp_path, {"test_it.py": broken})) == 1
    assert "<error" not in (artifacts / "junit_test.xml").read_text()
    assert "no disk" in cases(artifacts, "test")["test_it"].failure


def test_no_tests_at_all_is_red(tmp_path: Path, artifacts: Path) -> None:
    assert Checks().test(src_dir=checkout(tmp_path, {"module.py": CLEAN})) == 1
    assert cases(artifacts, "test")["pytest"].failure.startswith("no tests were collected")


def test_a_module_that_cannot_be_imported_is_a_failed_case(tmp_path: Path, artifacts: Path) -> None:
    src_dir = checkout(tmp_path, {"test_it.py": "import no_such_module\n", "test_b.py": PASSES})
    assert Checks().test(src_dir=src_dir) == 1
    found = cases(artifacts, "test")
    assert "No module named 'no_such_module'" in found["test_it"].failure
    assert all(case.classname for case in found.values())


@pytest.mark.parametrize(
    ("ending", "why"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended by signal 11"),
        ("import os; os._exit(0)", "before it could report"),
        ("import os; os._exit(7)", "ended with exit code 7"),
        ("import pytest; pytest.exit('enough', 2)", "interrupted"),
    ],
)
def test_a_run_that_ends_early_is_a_failed_case(
    tmp_path: Path, artifacts: Path, ending: str, why: str
) -> None:
    src_dir = checkout(tmp_path, {"test_it.py": f"{PASSES}def test_ends():\n    print('so far'); {ending}\n"})
    assert Checks().test(src_dir=src_dir) == 1
    assert why in cases(artifacts, "test")["pytest"].failure


def test_a_run_that_takes_too_long_is_a_failed_case(tmp_path: Path, artifacts: Path) -> None:
    src_dir = checkout(tmp_path, {"test_it.py": "import time\ndef test_ends(): time.sleep(60)\n"})
    assert Checks().test(src_dir=src_dir, timeout=2) == 1
    assert "was stopped after 2 s (--timeout)" in cases(artifacts, "test")["pytest"].failure


def test_an_option_that_pytest_does_not_know_is_a_failed_case(tmp_path: Path, artifacts: Path) -> None:
    src_dir = checkout(tmp_path, {"test_it.py": PASSES, "pytest.ini": "[pytest]\naddopts = --no-such\n"})
    assert Checks().test(src_dir=src_dir) == 1
    failure = cases(artifacts, "test")["pytest"].failure
    assert "did not understand" in failure or "before it could report" in failure
    assert "--no-such" in failure


def test_a_plugin_that_fails_a_run_without_a_failed_test_is_seen(tmp_path: Path, artifacts: Path) -> None:
    hook = "def pytest_sessionfinish(session):\n    session.exitstatus = 1\n"
    assert Checks().test(src_dir=checkout(tmp_path, {"test_it.py": PASSES, "conftest.py": hook})) == 1
    found = cases(artifacts, "test")
    assert "though no case failed" in found["pytest"].failure
    assert found["test_passes"].failure == ""


def test_our_own_variables_do_not_reach_the_tests(
    tmp_path: Path, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTEST_ADDOPTS", "COV_CORE_SOURCE", "PYTHONPATH", "PYLINTRC"):
        monkeypatch.setenv(name, "--no-such-option")
    probe = "import os\ndef test_it():\n    assert not {'COV_CORE_SOURCE', 'PYTHONPATH'} & set(os.environ)\n"
    assert Checks().test(src_dir=checkout(tmp_path, {"test_it.py": probe})) == 0


def test_the_tests_import_the_package_beside_them_as_their_developers_do(tmp_path: Path) -> None:
    files = {"pkg/__init__.py": "X = 1\n", "tests/test_it.py": "import pkg\ndef test_it(): assert pkg.X\n"}
    assert Checks().test(src_dir=checkout(tmp_path, files)) == 0


def test_checks_leave_a_clean_checkout_clean(tmp_path: Path) -> None:
    src_dir = checkout(tmp_path, {"pkg/__init__.py": CLEAN, "test_it.py": "import pkg\n" + PASSES})
    git(src_dir, "init", "-q")
    git(src_dir, "add", "-A")
    Checks().test(src_dir=src_dir)
    Checks().lint(src_dir=src_dir)
    untracked = ["git", "-C", src_dir, "ls-files", "--others", "--exclude-standard"]
    assert subprocess.run(untracked, check=True, capture_output=True).stdout == b""


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"src_dir": "no/such/folder"}, "no folder no/such/folder"),
        ({"paths": "no_such.py"}, "no no_such.py"),
        ({"paths": "../outside.py"}, "relative to it"),
        ({"requirements": "no_such.txt"}, "no file no_such.txt"),
        ({"timeout": 0}, "--timeout"),
    ],
)
def test_a_mistake_starts_nothing_and_is_one_line(
    tmp_path: Path, artifacts: Path, flags: dict[str, str], said: str
) -> None:
    (tmp_path / "outside.py").write_text(CLEAN)
    src_dir = checkout(tmp_path, {"good.py": CLEAN})
    for command in (Checks().lint, Checks().test):
        with pytest.raises(UsageError, match=said) as caught:
            command(**{"src_dir": src_dir, **flags})  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)
    assert not artifacts.exists()


@pytest.mark.parametrize("command", ["lint", "test"])
@pytest.mark.parametrize("there", [True, False])
def test_a_dry_run_starts_nothing_and_writes_nothing(
    tmp_path: Path, artifacts: Path, command: str, there: bool, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    src_dir = checkout(tmp_path, {"requirements.txt": "no-such-package-anywhere\n", "a.py": UNUSED})
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(dryrun, "enabled", True)
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.setattr(subprocess, "Popen", None)

    assert getattr(Checks(), command)(src_dir=src_dir if there else "<clone.src_dir>") == 0

    assert sorted(tmp_path.rglob("*")) == before
    said = capfd.readouterr().out
    assert ("-m pylint" if command == "lint" else "-m pytest") in said
    assert ("requirements.txt" in said) == there


def test_the_binary_ends_with_the_truth(tmp_path: Path) -> None:
    src_dir = checkout(tmp_path, {"test_it.py": FAILS})

    def run(*words: str) -> int:
        return subprocess.run([sys.executable, "-m", "py.checks", *words], cwd=ROOT, check=False).returncode

    assert run("test", f"--src_dir={src_dir}") == 1
    assert run("test", f"--src_dir={src_dir}/nowhere") == 2
    assert run("test", f"--src_dir={src_dir}", "--dryrun") == 0
