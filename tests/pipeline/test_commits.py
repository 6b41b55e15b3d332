"""`e2e run --repo`: the pipeline's file and its programs are those of a commit, which is what it is told."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from py.tools.folders import ROOT
from tests.projects import SHELL, Project
from tests.repositories import Server

HEAD = """
from py.pipeline import Binary, Pipeline
pipeline = Pipeline("sample", doc="A sample.")
"""
FILES = {
    "sh": SHELL,
    "dags/sample.py": HEAD
    + """
asked = {"url": pipeline.param("REPO_URL", ""), "pull": pipeline.param("PULL_NUMBER", "")}
asked |= {"base": pipeline.param("PULL_BASE_SHA", ""), "head": pipeline.param("PULL_PULL_SHA", "")}
pipeline.step("tell", Binary("./tell")(**asked))
pipeline.step("module", Binary("py.newer")(""))
pipeline.done()
""",
    "tell": '#!/bin/sh\necho "the base says $*"\n',
    "py/__init__.py": "",
    "py/newer.py": 'print("a py of its own")\n',
}
TELL = '#!/bin/sh\necho "the pull request says $*"\n'


class Repository(Server):
    """A repository with pipelines, whose programs can be started."""

    def commit(self, files: Mapping[str, str], ref: str = "refs/heads/main", onto: str = "") -> str:
        """Commit files, those without a suffix as programs."""
        for name in files:
            if "." not in name:
                (self.copy / name).touch()
                (self.copy / name).chmod(0o755)
        return super().commit(files, ref, onto)


@pytest.fixture
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository whose pull request 12 changes a program of its pipeline."""
    made = Repository(tmp_path_factory.mktemp("server") / "made")
    made.commit(FILES)
    made.pull(12, {"tell": TELL})
    return made


def run(project: Project, repo: Path | str, *words: str, name: str = "sample") -> tuple[int, str]:
    return project.e2e("run", name, f"--repo={repo}", *words)


def log(project: Project, step: str) -> str:
    return (project.last().step_folder(step) / "log.txt").read_text()


def left(project: Project) -> list[str]:
    runs = project.folder / "runs"
    return [path.name for path in runs.iterdir() if path.name != ".open"] if runs.exists() else []


def test_the_pull_request_s_file_and_programs_run_and_hear_which_commit_it_is(
    project: Project, repository: Repository
) -> None:
    code, out = run(project, repository.bare, "--pull=12")
    assert code == 0, out
    base, head = repository.sha("main"), repository.sha("refs/pull/12/head")
    said = f"--url=file://{repository.bare} --pull=12 --base={base} --head={head}"
    assert f"\nthe pull request says {said}\n" in log(project, "tell")
    assert "\na py of its own\n" in log(project, "module")
    this = project.last()
    assert this.home == this.folder / "source"
    assert project.e2e("command", "last", "tell")[1].startswith(f"cd {this.home} && ")


def test_a_commit_is_run_as_it_was(project: Project, repository: Repository) -> None:
    old = repository.sha("main")
    repository.commit({"tell": TELL})
    assert run(project, repository.bare, f"--commit={old}")[0] == 0
    said = f"--url=file://{repository.bare} --pull= --base={old} --head="
    assert f"\nthe base says {said}\n" in log(project, "tell")


def test_what_the_conf_says_stays_and_what_no_param_asks_for_is_not_told(
    project: Project, repository: Repository
) -> None:
    assert run(project, repository.bare, "--conf", '{"REPO_URL": "x", "PULL_BASE_SHA": "abc"}')[0] == 0
    assert "the base says --url=x --pull= --base=abc --head=\n" in log(project, "tell")
    step = 'pipeline.step("tell", Binary("./tell")())\npipeline.done()\n'
    repository.commit({"dags/sample.py": HEAD + step})
    code, out = run(project, repository.bare)
    assert (code, "the base says \n" in log(project, "tell")) == (0, True), out


def test_a_dry_run_clones_and_starts_no_step(project: Project, repository: Repository) -> None:
    repository.commit({"tell": "#!/bin/sh\ntouch begun\n"})
    code, out = run(project, repository.bare, "--dryrun")
    assert code == 0, out
    assert f"would run: ./tell --url=file://{repository.bare}" in out
    assert not (project.last().home / "begun").exists()


@pytest.mark.parametrize(
    ("words", "name", "code", "says"),
    [
        (["--repo={nowhere}"], "sample", 1, "there is no git repository at"),
        (["--repo=a b"], "sample", 2, "holds a blank"),
        (["--repo={repo}", "--pull=99"], "sample", 1, "has no pull request 99"),
        (["--repo={repo}", "--pull=x"], "sample", 2, "'x' is no pull request"),
        (["--repo={repo}"], "smaple", 2, "there is no pipeline 'smaple' in dags; did you mean sample?"),
        (["--repo={repo}", "--dags=pipelines"], "sample", 2, "there is no folder pipelines"),
        (["--repo={repo}", '--conf={{"WH": 1}}'], "sample", 2, "sample has no such param"),
        (["--repo={repo}", "--only=nope"], "sample", 2, "no step 'nope'"),
        (["--pull=12"], "sample", 2, "name it by --repo"),
    ],
)
def test_what_cannot_be_had_is_one_line_and_leaves_nothing(
    project: Project, repository: Repository, words: list[str], name: str, code: int, says: str
) -> None:
    known = {"repo": repository.bare, "nowhere": project.folder / "nowhere"}
    ended, out = project.e2e("run", name, *(word.format(**known) for word in words))
    errors = [line for line in out.splitlines() if line.startswith("error: ")]
    assert (ended, len(errors), says in errors[0]) == (code, 1, True), out
    assert left(project) == []


def test_a_mistake_in_the_commit_s_file_names_the_commit_and_the_line(
    project: Project, repository: Repository
) -> None:
    sha = repository.commit({"dags/sample.py": "1 / 0\n"})
    code, out = run(project, repository.bare)
    assert code == 2
    assert f"error: file://{repository.bare} at {sha[:12]}: " in out
    assert "dags/sample.py:1: ZeroDivisionError" in out
    assert "Traceback" not in out


def test_a_command_is_compared_with_the_program_of_the_commit(
    project: Project, repository: Repository
) -> None:
    newer = (ROOT / "py" / "checks.py").read_text().replace("def lint(", "def lint_more(")
    step = 'pipeline.step("a", Binary("py.checks")("{}", src_dir="."))\npipeline.done()\n'
    repository.commit({"py/checks.py": newer, "dags/sample.py": HEAD + step.format("lint_more")})
    code, out = run(project, repository.bare, "--dryrun")
    assert (code, "py.checks lint_more" in out) == (0, True), out
    repository.commit({"dags/sample.py": HEAD + step.format("lint")})
    assert "py.checks has no command 'lint'; did you mean lint_more" in run(project, repository.bare)[1]
