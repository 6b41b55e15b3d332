"""A step whose program is of the commit under test: found in the checkout, whatever lies elsewhere."""

import subprocess
from pathlib import Path

import pytest

from py.pipeline import Binary, Pipeline
from py.tools.errors import DefinitionError
from py.tools.folders import ROOT
from tests.projects import Project

GREETER = """
import os
from py.tools import cli
from greeters import words

class Greeter:
    def greet(self, *, who: str) -> None:
        print(words.HELLO, who, "in", os.getcwd())

if __name__ == "__main__":
    cli.main(Greeter)
"""
FROM_A_CHECKOUT = """
clone = pipeline.step(
    "clone",
    sh(do='cp -r new work && echo \\\\{\\\\"dir\\\\": \\\\"$PWD/work\\\\"\\\\} > $STEP_OUTPUTS'),
    outputs=["dir"],
)
pipeline.step("greet", Binary("greeters.polite", source=clone["dir"])("greet", who="you"))
pipeline.step("tool", Binary("./tool", source=clone["dir"])("--x"))
"""


def greeters(folder: Path, hello: str) -> None:
    """A package with a binary, and a program beside it, that say which one they are."""
    (folder / "greeters").mkdir(parents=True)
    (folder / "greeters" / "__init__.py").touch()
    (folder / "greeters" / "polite.py").write_text(GREETER)
    (folder / "greeters" / "words.py").write_text(f"HELLO = {hello!r}\n")
    (folder / "tool").write_text(f"#!/bin/sh\necho the {hello} tool in $PWD\n")
    (folder / "tool").chmod(0o755)


@pytest.fixture
def checkout(project: Project) -> Project:
    """A project whose first step copies the folder `new`, which is a newer version of it, to `work`."""
    greeters(project.folder, "old")
    greeters(project.folder / "new", "new")
    project.declare(FROM_A_CHECKOUT)
    return project


def log(project: Project, step: str) -> str:
    return (project.last().step_folder(step) / "log.txt").read_text()


def test_a_module_and_a_path_are_those_of_the_checkout_and_run_where_all_steps_run(checkout: Project) -> None:
    code, out = checkout.run()
    assert code == 0, out
    assert checkout.last().steps["greet"].upstream == ("clone",)
    assert f"\nnew you in {checkout.folder}\n" in log(checkout, "greet")
    assert f"\nthe new tool in {checkout.folder}\n" in log(checkout, "tool")


def test_the_command_by_hand_takes_the_checkout_s_program_too(checkout: Project) -> None:
    checkout.run()
    for step, says in (("greet", "new you"), ("tool", "the new tool")):
        _, command = checkout.e2e("command", "last", step)
        done = subprocess.run(["sh", "-c", command], cwd="/", capture_output=True, text=True, check=True)
        assert done.stdout.startswith(says)


def test_a_dry_run_and_a_plan_name_the_checkout_that_is_not_there(checkout: Project) -> None:
    assert checkout.run("--dryrun")[0] == 0
    assert f"PYTHONPATH='<clone.dir>:{ROOT}' " in log(checkout, "greet")
    assert not (checkout.folder / "work").exists()
    _, plan = checkout.e2e("plan", "sample", "--dags=dags")
    assert plan.splitlines()[1:] == [
        "python -P -m greeters.polite greet --who=you",
        "'<clone.dir>/tool' --x",
    ]


def test_a_checkout_can_be_a_folder_that_is_there(project: Project) -> None:
    greeters(project.folder / "new", "new")
    project.declare('pipeline.step("greet", Binary("greeters.polite", source="new")("greet", who="me"))')
    code, out = project.run()
    assert code == 0, out
    assert "\nnew me in " in log(project, "greet")


def test_a_checkout_s_own_py_goes_before_ours(project: Project) -> None:
    binary = project.folder / "new" / "py" / "checks.py"
    binary.parent.mkdir(parents=True)
    binary.with_name("__init__.py").touch()
    binary.write_text("print('a newer py')")
    project.declare('pipeline.step("lint", Binary("py.checks", source="new")("lint", src_dir="."))')
    code, out = project.run()
    assert code == 0, out
    assert "\na newer py\n" in log(project, "lint")


def test_flags_are_compared_with_our_own_copy_where_there_is_one() -> None:
    with pytest.raises(DefinitionError, match="no flag 'src_dri'; did you mean src_dir"):
        Binary("py.checks", source="new")("lint", src_dri=".")
    assert Binary("py.newer", source="new")("lint", src_dri=".").name == "lint"


def test_what_cannot_be_in_a_checkout_is_refused() -> None:
    clone = Pipeline("other").step("clone", Binary("./tool")(), outputs=["dir"])
    pipeline = Pipeline("sample")
    with pytest.raises(DefinitionError, match="tool would be looked for on PATH"):
        Binary("tool", source="new")
    with pytest.raises(DefinitionError, match="is no step's output and no path"):
        Binary("./tool", source=clone)  # type: ignore[arg-type]
    with pytest.raises(DefinitionError, match="uses an output of 'clone', a step of another pipeline"):
        pipeline.step("use", Binary("./tool", source=clone["dir"])())


def test_what_undoes_is_not_from_a_checkout_that_may_not_be_there() -> None:
    pipeline = Pipeline("sample")
    clone = pipeline.step("clone", Binary("./tool")(), outputs=["dir"])
    with pytest.raises(DefinitionError, match="undoes others, so it runs after failures too"):
        pipeline.step("undo", Binary("./tool", source=clone["dir"])(), undoes=[clone])
