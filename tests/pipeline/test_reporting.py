"""What a run's page is made of: whatever steps have left, the page is there, and it changes nothing."""

import json
import signal
from pathlib import Path
from typing import Any

from py.pipeline import reporting
from py.pipeline.execute import by_hand, execute
from py.results import report
from tests.projects import Project


def page(project: Project) -> Any:
    """What the page of the newest run shows."""
    text = (project.last().folder / report.NAME).read_text()
    return json.loads(text.partition('id="run">')[2].partition("</script>")[0])


def step(project: Project, name: str) -> Any:
    return next(each for each in page(project)["steps"] if each["name"] == name)


# What fails


def test_a_page_that_cannot_be_written_is_told_and_changes_no_verdict(project: Project) -> None:
    project.declare('pipeline.step("one", sh(do="mkdir -p $WORKSPACE/../report.html/full"))')
    code, out = project.run()
    assert code == 0
    assert "report.html is not written: " in out
    assert "SUCCESS: sample" in out
    assert "report:" not in out
    assert not list((project.folder / "runs" / ".open").iterdir())


def test_a_log_that_a_step_has_replaced_is_not_followed(project: Project) -> None:
    (project.folder / "secret").write_text("nobody's business")
    project.declare(
        """
        log = "$WORKSPACE/../steps/$STEP_NAME/log.txt"
        pipeline.step("link", sh(do=f"ln -sf $PWD/secret {log}"))
        pipeline.step("pipe", sh(do=f"rm {log}; mkfifo {log}"))
        pipeline.step("gone", sh(do=f"rm {log}"))
        """
    )
    project.run("--jobs=1")
    for name in ("link", "pipe", "gone"):
        assert step(project, name)["tail"] == "", name
    assert "nobody" not in (project.last().folder / report.NAME).read_text()


def test_a_run_that_goes_on_has_a_page_for_who_asks(project: Project) -> None:
    project.declare(
        """
        first = pipeline.step("first", sh(do="echo said"))
        long = pipeline.step("long", sh(do="echo so far; touch begun; sleep 60"), after=[first])
        pipeline.step("last", sh(do="true"), after=[long])
        """
    )
    child = project.start("run", "sample", "--dags=dags")
    project.wait_for("begun")
    code, out = project.e2e("report")
    assert code == 3
    assert f"report:   runs/{project.last().name}/report.html" in out
    assert page(project)["result"] == ""
    assert [each["state"] for each in page(project)["steps"]] == ["passed", "running", "waiting"]
    assert step(project, "long")["tail"] == "so far\n"
    assert 0 < step(project, "long")["seconds"] < 60
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=30)
    assert page(project)["result"] == "ABORTED"
    assert step(project, "long")["state"] == "aborted"


# What works


def test_a_step_is_told_with_what_repeats_it_and_what_it_left(project: Project) -> None:
    project.declare(
        """
        one = pipeline.step("one", sh(do="echo said; echo '{\\"image\\": \\"i:1\\"}' > $STEP_OUTPUTS"),
                            outputs=["image"])
        two = pipeline.step("two", sh(do="echo more; exit 3"), after=[one])
        pipeline.step("three", sh(do="true"), after=[two])
        pipeline.step("undo", sh(do="true"), undoes=[one])
        pipeline.group("both", [one, two])
        """
    )
    project.run()
    run = project.last()
    one, two, three, undo = page(project)["steps"]
    assert (one["outputs"], one["group"], one["tail"]) == ({"image": "i:1"}, "both", "said\n")
    assert one["command"] == by_hand(run, run.steps["one"])
    assert (two["state"], two["code"]) == ("failed", 3)
    assert two["tail"] == "more\n\ntwo failed: exit code 3: more\n"
    assert (run.folder / two["log"]).stat().st_size == two["log_size"]
    assert (three["state"], three["reason"], three["log"]) == ("not run", "two failed", "")
    assert undo["undoes"] == ["one"]
    shown = [(each["text"], each["bad"]) for each in page(project)["reasons"]]
    assert shown == [("two failed: exit code 3: more", True), ("not run: three", False)]


def test_an_attempt_that_did_not_count_is_told_with_the_one_that_did(project: Project) -> None:
    project.declare('pipeline.step("one", sh(do="test -e there"))')
    project.run()
    (project.folder / "there").touch()
    run = project.last()
    execute(run, run.steps["one"])
    reporting.write(run)
    assert step(project, "one")["state"] == "passed"
    assert [each["state"] for each in step(project, "one")["earlier"]] == ["failed"]


def test_a_dry_run_has_a_page_as_well(project: Project) -> None:
    project.declare('pipeline.step("one", sh(do="touch made"))')
    code, _ = project.run("--dryrun")
    assert code == 0
    assert (page(project)["dryrun"], step(project, "one")["state"]) == (True, "passed")
    assert not (project.folder / "made").exists()


def test_artifacts_are_linked_where_the_page_finds_them(project: Project, tmp_path: Path) -> None:
    project.declare('pipeline.step("one", sh(do="mkdir $ARTIFACTS/a; echo 12 > $ARTIFACTS/a/b.txt"))')
    project.run()
    kept = {each["path"]: each for each in page(project)["artifacts"]}
    assert kept["a/b.txt"] == {"path": "a/b.txt", "link": "artifacts/a/b.txt", "size": 3}
    project.run("--conf", json.dumps({"ARTIFACTS_PATH": str(tmp_path / "elsewhere")}))
    assert {each["link"] for each in page(project)["artifacts"]} == {""}
