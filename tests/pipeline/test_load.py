"""Pipelines are found by loading files; a mistake names its file and line."""

from pathlib import Path

import pytest

from py.pipeline import load
from py.tools.errors import DefinitionError, UsageError
from tests.projects import Project


def test_a_mistake_names_the_line_that_made_it(project: Project) -> None:
    project.declare('build = pipeline.step("build", sh(do="true"), outputs=["image"])\nbuild["imgae"]')
    with pytest.raises(
        DefinitionError, match=r"sample\.py:6: step 'build' has no output 'imgae'; did you mean image"
    ):
        load.pipeline("sample", project.folder / "dags")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("1 / 0", ":5: ZeroDivisionError"),
        ("x = (", ":5: SyntaxError"),
        ("raise SystemExit(0)", ":5: SystemExit"),
    ],
)
def test_any_error_of_a_file_is_one_line(project: Project, body: str, says: str) -> None:
    project.declare(body)
    code, out = project.e2e("show", "sample", "--dags=dags")
    assert code == 2
    assert says in out
    assert "Traceback" not in out


def test_a_pipeline_without_an_end_is_refused(project: Project) -> None:
    project.declare('pipeline.step("a", sh(do="true"))  # pipeline.done comes later')
    with pytest.raises(DefinitionError, match="close it with pipeline.done"):
        load.pipeline("sample", project.folder / "dags")


def test_a_broken_file_does_not_hide_the_others(project: Project) -> None:
    project.declare('pipeline.step("a", sh(do="true"))', name="fine")
    project.declare("1 / 0", name="broken")
    code, out = project.e2e("list", "--dags=dags")
    assert code == 2
    assert "fine  A sample." in out
    assert "broken.py:5: ZeroDivisionError" in out
    assert project.run(name="fine")[0] == 0


def test_an_unknown_pipeline_comes_with_the_near_names(project: Project) -> None:
    project.declare('pipeline.step("a", sh(do="true"))')
    with pytest.raises(UsageError, match="no pipeline 'smaple'.*did you mean sample"):
        load.pipeline("smaple", project.folder / "dags")


def test_a_name_is_declared_by_one_file(project: Project) -> None:
    project.declare('pipeline.step("a", sh(do="true"))')
    text = (project.folder / "dags" / "sample.py").read_text()
    (project.folder / "dags" / "twin.py").write_text(text)
    _, broken = load.all_of(project.folder / "dags")
    assert "sample.py declares a pipeline 'sample' too" in str(broken[0])


BINARY = """
from py.tools import cli

class Greeter:
    def greet(self, *, who: str) -> None:
        print("hello", who)

if __name__ == "__main__":
    cli.main(Greeter)
"""


def test_a_module_is_looked_for_above_its_dags_wherever_we_are(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (project.folder / "greeters").mkdir()
    (project.folder / "greeters" / "polite.py").write_text(BINARY)
    project.declare('pipeline.step("a", Binary("greeters.polite")("greet", who="you"))')
    dags = f"--dags={project.folder / 'dags'}"
    project.folder = tmp_path_factory.mktemp("elsewhere")
    code, out = project.e2e("run", "sample", dags, "--verbose")
    assert (code, "| hello you" in out) == (0, True), out


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--dags=FOLDER"):
        load.pipeline("x", tmp_path / "nowhere")
    with pytest.raises(UsageError, match="--dags=FOLDER"):
        load.all_of(tmp_path / "nowhere")
