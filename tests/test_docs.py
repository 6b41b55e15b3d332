"""What the documents show is what happens."""

import re
import shutil
from pathlib import Path

import pytest

from py.tools.folders import ROOT
from tests.projects import Project

DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").rglob("*.md")
)


def blocks(document: Path, language: str) -> list[str]:
    """The code of a document in one language."""
    return re.findall(rf"```{language}\n(.*?)```", document.read_text(), re.DOTALL)


def test_the_tutorial_s_pipeline_runs_as_it_says(project: Project) -> None:
    tutorial = ROOT / "docs" / "tutorial.md"
    (project.folder / "dags" / "tally.py").write_text(blocks(tutorial, "python")[0])
    project.program("tally.sh", blocks(tutorial, "bash")[0])
    shutil.copy(ROOT / "README.md", project.folder)
    code, out = project.run(name="tally")
    assert code == 0, out
    code, out = project.run("--conf", '{"LIMIT": 3}', name="tally")
    assert (code, "judge failed: exit code 1" in out) == (1, True)
    assert "--limit=3" in project.e2e("command", "last", "judge")[1]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target


def test_the_readme_s_commands_are_in_the_menu() -> None:
    menu = set(re.findall(r"^([a-z_0-9]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^    make ([a-z_0-9]+)", (ROOT / "README.md").read_text(), re.MULTILINE)) <= menu
