"""What a checkout asks to have installed, read from the files that its developers keep."""

from pathlib import Path

import pytest

from py.tools.errors import UsageError
from py.venvs.requirements import Requirements, find

BUILDS = '[build-system]\nrequires = []\nbuild-backend = "x"\n'
PROJECT = (
    '[project]\nname = "p"\ndependencies = ["a"]\noptional-dependencies = {test = ["t"], docs = ["d"]}\n'
)


def test_a_checkout_without_any_asks_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    assert find(tmp_path).nothing()


def test_none_asks_for_nothing_whatever_is_there(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a\n")
    (tmp_path / "setup.py").write_text("")
    assert find(tmp_path, "none").nothing()


def test_files_are_found_by_their_usual_names(tmp_path: Path) -> None:
    for name in ("requirements.txt", "dev-requirements.txt", "requirements-docs.txt"):
        (tmp_path / name).write_text("a\n")
    assert find(tmp_path) == Requirements((tmp_path / "requirements.txt", tmp_path / "dev-requirements.txt"))


def test_files_that_are_named_are_the_only_ones(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a\n")
    (tmp_path / "ci.txt").write_text("b\n")
    assert find(tmp_path, "ci.txt").files == (tmp_path / "ci.txt",)
    with pytest.raises(UsageError, match=r"no file gone.txt"):
        find(tmp_path, "ci.txt, gone.txt")


def test_a_project_that_is_not_built_gives_its_dependencies_and_test_extras(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    assert find(tmp_path) == Requirements(words=("a", "t"))


def test_a_project_that_is_built_is_installed_with_its_test_extras(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT + BUILDS)
    assert find(tmp_path) == Requirements(project=tmp_path, extras=("test",))


def test_a_setup_py_is_a_project(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text("")
    assert find(tmp_path).project == tmp_path


def test_dependency_groups_count_with_those_that_they_include(tmp_path: Path) -> None:
    groups = '[dependency-groups]\ndev = ["x", {include-group = "lint"}]\nlint = ["y"]\ndocs = ["z"]\n'
    (tmp_path / "pyproject.toml").write_text(groups)
    assert find(tmp_path).words == ("x", "y")


def test_a_broken_pyproject_is_a_mistake_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project\n")
    with pytest.raises(UsageError, match="is no TOML") as caught:
        find(tmp_path)
    assert "\n" not in str(caught.value)


def test_the_digest_follows_contents_also_of_included_files_and_not_places(tmp_path: Path) -> None:
    for copy in ("one", "two"):
        (tmp_path / copy / "sub").mkdir(parents=True)
        (tmp_path / copy / "requirements.txt").write_text("-r sub/base.txt\n--constraint=sub/gone.txt\n")
        (tmp_path / copy / "sub/base.txt").write_text("-c ../requirements.txt\na\n")
    one, two = find(tmp_path / "one"), find(tmp_path / "two")
    assert one.digest() == two.digest()
    (tmp_path / "two/sub/base.txt").write_text("b\n")
    assert one.digest() != two.digest()


def test_the_digest_of_a_project_installed_in_place_is_its_own(tmp_path: Path) -> None:
    for copy in ("one", "two"):
        (tmp_path / copy).mkdir()
        (tmp_path / copy / "setup.py").write_text("")
    assert find(tmp_path / "one").digest() != find(tmp_path / "two").digest()
