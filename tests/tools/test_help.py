"""The help of every program that we ship: it fits a screen and says what each flag means."""

import ast
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from py.tools import cli, help
from py.tools.commands import commands, flags, is_argument
from py.tools.folders import ROOT


def binaries() -> dict[str, type]:
    """The class of each binary in py/, by the name of its module."""
    found: dict[str, type] = {}
    for file in sorted((ROOT / "py").glob("*.py")):
        mains = [
            ast.unparse(node.args[0])
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "cli.main"
        ]
        if mains:
            found[file.stem] = getattr(importlib.import_module(f"py.{file.stem}"), mains[0])
    return found


BINARIES = binaries()
COMMANDS = [(name, command) for name, binary in BINARIES.items() for command in commands(binary)]


def fits_the_screen(page: str) -> None:
    lines = page.splitlines()
    assert len(lines) < 40
    assert [line for line in lines if len(line) > 110] == []


def test_the_binaries_are_found() -> None:
    assert {"e2e", "checks"} <= set(BINARIES)


@pytest.mark.parametrize("name", BINARIES)
def test_the_help_of_a_binary_is_a_page_that_names_every_command(name: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", f"py.{name}", "--help"],
        capture_output=True, text=True, cwd=ROOT, timeout=30, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    fits_the_screen(ended.stdout)
    for command in commands(BINARIES[name]):
        assert re.search(rf"^  {command} +\w+", ended.stdout, re.MULTILINE)


@pytest.mark.parametrize(("name", "command"), COMMANDS)
def test_the_help_of_a_command_is_a_page_that_explains_every_flag(
    name: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(BINARIES[name], [command, "--help"])
    assert ended.value.code == 0
    page = capsys.readouterr().out
    fits_the_screen(page)
    assert page.strip().splitlines()[0]
    for flag, parameter in flags(commands(BINARIES[name])[command]).items():
        spelled = flag.upper() if is_argument(parameter) else rf"--{flag}(=\w+)?"
        meaning = re.search(rf"^  {spelled} +(.+)$", page, re.MULTILINE)
        assert meaning and re.search(
            r"\w\w", re.sub(r"\((required|default: .*)\)$", "", meaning[meaning.lastindex or 1])
        )


@pytest.mark.parametrize(("name", "command"), COMMANDS)
def test_every_annotation_is_one_that_the_command_line_knows(name: str, command: str) -> None:
    for parameter in flags(commands(BINARIES[name])[command]).values():
        assert parameter.annotation in (str, int, float, bool)


def test_the_outputs_of_a_command_are_part_of_its_help() -> None:
    from typing import TypedDict

    class Outputs(TypedDict):
        image: str
        digest: str

    class Builder:
        def build(self) -> Outputs:
            """Build."""
            return {"image": "", "digest": ""}

    assert help.of_command(Builder, "build").endswith("Outputs: image, digest")


def test_a_page_of_help_comes_without_what_only_running_needs(tmp_path: Path) -> None:
    """Half of what somebody waits for would be libraries; none of the heavy ones may be touched."""
    script = (
        "import sys; sys.argv = ['x', '--help']\nfrom py import e2e\nfrom py.tools import cli\n"
        "try: cli.main(e2e.E2E)\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=30, check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    heavy = {"fire", "rich", "kubernetes", "jinja2", "yaml", "cryptography", "tenacity"}
    assert heavy.intersection(ended.stderr.split()) == set()
