"""The menu is the whole truth about the Makefile, and the scripts behind it are sound shell."""

import re
import subprocess

from py.tools.folders import ROOT


def menu() -> dict[str, str]:
    said = subprocess.check_output(["make", "-C", ROOT, "--no-print-directory"], text=True)
    return {line.split()[1]: " ".join(line.split()[2:]) for line in said.splitlines()}


def test_the_menu_has_each_target_in_one_line() -> None:
    targets = re.findall(r"^([\w-]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(targets) - {"menu"} == set(menu())
    assert all(menu().values())


def test_no_file_can_stand_in_for_a_target() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    assert set(phony[1].split()) == {"menu", *menu()}


def test_every_script_is_sound() -> None:
    files = [path for path in (ROOT / "scripts").rglob("[!.]*") if path.is_file()]
    scripts = [path for path in files if "python" not in path.read_text().partition("\n")[0]]
    ran = subprocess.run(
        [ROOT / ".venv/bin/shellcheck", *scripts, ROOT / ".ci/run"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
