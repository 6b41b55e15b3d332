"""What a run leaves for viewers, in its folder and in a store."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from py.tools.folders import ROOT
from tests.projects import Project, wait_until

PARAMS = """
    for name in ("REPO_OWNER", "REPO_NAME", "PULL_REFS", "PULL_NUMBER", "PULL_PULL_SHA", "JOB_TYPE"):
        pipeline.param(name, "")
    """
HEAD = "b" * 40


def conf(project: Project, **values: object) -> str:
    return "--conf=" + json.dumps({"RESULTS": str(project.folder / "store")} | values)


def places(project: Project) -> list[str]:
    """The folders of runs in the store."""
    store = project.folder / "store"
    return [str(file.parent.relative_to(store)) for file in store.rglob("started.json")]


@pytest.mark.parametrize(
    ("said", "place", "kind"),
    [
        ({}, "logs/sample/", "periodic"),
        ({"REPO_OWNER": "acme", "REPO_NAME": "rocket"}, "logs/sample/", "postsubmit"),
        ({"REPO_OWNER": "acme", "REPO_NAME": "rocket", "JOB_TYPE": "periodic"}, "logs/sample/", "periodic"),
        ({"REPO_OWNER": "acme", "REPO_NAME": "rocket", "PULL_NUMBER": "7", "PULL_PULL_SHA": HEAD},
         "pr-logs/pull/acme_rocket/7/sample/", "presubmit"),
        ({"REPO_OWNER": "acme", "REPO_NAME": "rocket", "PULL_REFS": f"main:{'a' * 40},7:{HEAD},8:{HEAD}"},
         "pr-logs/pull/batch/sample/", "batch"),
        ({"REPO_NAME": "rocket", "PULL_NUMBER": "no number"}, "logs/sample/", "postsubmit"),
    ],
)  # fmt: skip
def test_where_a_run_lies_follows_from_what_it_tests(
    project: Project, said: dict[str, str], place: str, kind: str
) -> None:
    project.declare(PARAMS + 'pipeline.step("a", sh(do="true"))')
    code, out = project.run(conf(project, **said))
    assert code == 0, out
    (found,) = places(project)
    assert found.startswith(place)
    assert f"results:  {project.folder / 'store' / found}" in out
    told = json.loads((project.folder / "store" / found / "prowjob.json").read_text())
    assert (told["spec"]["type"], told["status"]["state"]) == (kind, "success")


def test_what_was_cloned_is_what_viewers_are_told(project: Project) -> None:
    record = {
        "refs": {"org": "acme", "repo": "rocket", "base_ref": "main", "base_sha": "c" * 40},
        "failed": False,
    }
    (project.folder / "record").write_text(json.dumps([record]))
    project.declare(PARAMS + 'pipeline.step("a", sh(do="cp record $ARTIFACTS/clone-records.json"))')
    assert project.run(conf(project, REPO_OWNER="acme", REPO_NAME="rocket"))[0] == 0
    folder = project.folder / "store" / places(project)[0]
    assert json.loads((folder / "started.json").read_text())["repo-commit"] == "c" * 40
    assert json.loads((folder / "finished.json").read_text())["revision"] == "c" * 40
    assert json.loads((folder / "clone-records.json").read_text()) == [record]


def test_what_a_step_says_was_cloned_moves_no_run_to_another_place(project: Project) -> None:
    told = {"org": "acme", "repo": "rocket", "base_ref": "main", "base_sha": "c" * 40, "pulls": []}
    (project.folder / "record").write_text(json.dumps([{"refs": told, "failed": False}]))
    project.declare(PARAMS + 'pipeline.step("a", sh(do="cp record $ARTIFACTS/clone-records.json"))')
    asked = conf(project, REPO_OWNER="acme", REPO_NAME="rocket", PULL_NUMBER="7", PULL_PULL_SHA=HEAD)
    assert project.run(asked)[0] == 0
    (found,) = places(project)
    assert found.startswith("pr-logs/pull/acme_rocket/7/sample/")
    finished = json.loads((project.folder / "store" / found / "finished.json").read_text())
    assert finished["revision"] == HEAD


def test_only_a_green_run_of_a_known_commit_that_is_no_pull_request_s_is_the_latest_green(
    project: Project,
) -> None:
    def latest(fails: str, **said: str) -> tuple[int, str]:
        project.declare(PARAMS + f'pipeline.step("a", sh(do="{fails}"))')
        project.run(conf(project, REPO_OWNER="acme", REPO_NAME="rocket", **said))
        argv = [sys.executable, "-m", "py.release", "latest_green", "--job=sample"]
        done = subprocess.run(
            [*argv, f"--results={project.folder / 'store'}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout.partition("\n")[0]

    assert latest("true", PULL_NUMBER="7", PULL_PULL_SHA=HEAD)[0] == 1
    assert latest("true")[0] == 1
    assert latest("true", PULL_REFS=f"main:{'c' * 40}") == (0, f"commit: {'c' * 40}")
    assert latest("false", PULL_REFS=f"main:{'d' * 40}") == (0, f"commit: {'c' * 40}")


def test_while_a_step_runs_its_log_and_that_the_run_began_can_be_read(project: Project) -> None:
    project.declare('pipeline.step("a", sh(do="echo so far; until test -e go; do sleep 0.05; done"))')
    child = project.start("run", "sample", "--dags=dags", conf(project))
    wait_until(lambda: list((project.folder / "store").glob("logs/sample/*/steps/a/log.txt")))
    folder = project.folder / "store" / places(project)[0]
    assert "so far" in (folder / "steps/a/log.txt").read_text()
    assert not (folder / "finished.json").exists()
    (project.folder / "go").touch()
    child.communicate(timeout=20)
    assert child.returncode == 0
    assert json.loads((folder / "finished.json").read_text())["result"] == "SUCCESS"


def test_the_build_log_holds_what_each_step_printed_and_of_a_flood_the_end(project: Project) -> None:
    project.declare(
        """
        a = pipeline.step("a", sh(do="echo one"))
        pipeline.step("b", sh(do="yes 12345678 | head -c 11000000; echo the end; exit 1"), after=[a])
        """
    )
    assert project.run(conf(project))[0] == 1
    log = (project.folder / "store" / places(project)[0] / "build-log.txt").read_text()
    first, second = log.index("=== a passed ==="), log.index("=== b failed ===")
    assert "\none\n" in log[first:second]
    assert "bytes more in steps/b/log.txt" in log[second:]
    assert "the end\n" in log[second:]
    assert len(log) < 10_010_000


@pytest.mark.parametrize(
    ("url", "says"),
    [("ftp://x", "does not match"), ("gs://", "RESULTS"), ("/dev/null/x", "/dev/null")],
)
def test_a_store_that_cannot_be_is_refused_before_anything_is_made(
    project: Project, url: str, says: str
) -> None:
    project.declare('pipeline.step("a", sh(do="touch begun"))')
    code, out = project.run("--conf", json.dumps({"RESULTS": url}))
    assert code in (1, 2)
    assert (out.count("\n"), out.startswith("error: "), says in out) == (1, True, True), out
    assert not (project.folder / "begun").exists()
    assert not list((project.folder / "runs").glob("*"))


def test_the_environment_names_the_store_where_the_conf_does_not(project: Project, tmp_path: Path) -> None:
    project.declare('pipeline.step("a", sh(do="true"))')
    project.env["WINDTUNNEL_RESULTS"] = str(tmp_path / "store")
    assert project.run()[0] == 0
    assert len(places(project)) == 1


def test_a_dry_run_leaves_nothing_in_a_store(project: Project) -> None:
    project.declare('pipeline.step("a", sh(do="true"))')
    assert project.run(conf(project, dryrun=True))[0] == 0
    assert not (project.folder / "store").exists()
    told = json.loads((project.last().folder / "finished.json").read_text())
    assert told["metadata"]["dryrun"] == "true"
