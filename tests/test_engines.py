"""One table of what can happen to a run, through both engines: what they leave is compared field by field."""

import json
import os
import signal
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from py.pipeline import run as runs
from py.pipeline.run import Run
from py.results import junit, quarantine
from tests.airflows import Airflow
from tests.long_runs import UNTIL_ENDED
from tests.projects import SHELL, STUBBORN, Project, alive, wait_until

BEGUN = "begun"  # a step makes this file in its workspace when it is in its middle


class Row(NamedTuple):
    """A pipeline, what happens to its run, how that ends, and the reasons, of which each begins so."""

    body: str
    result: str
    reasons: tuple[str, ...] = ()
    event: str = ""
    quarantine: str = ""  # a test of the step `only` that may fail
    conf: dict[str, object] = {}  # noqa: RUF012 — never changed


def system(fails: str = "", deed: str = "true") -> str:
    """Clone, build, create, setup, test, teardown; one of them fails after half its work."""
    return f"""
        def step(name, deed, **options):
            fails = f"echo {{name}} is broken; exit 1" if name == {fails!r} else "true"
            return pipeline.step(name, sh(do=f"cd $WORKSPACE; {{deed}}; {{fails}}"), **options)

        clone = step("clone_repo", "true")
        build = step("build_images", "true", after=[clone])
        create = step("create_cluster", "touch cluster", after=[clone])
        setup = step("setup_cluster", "test -e cluster", after=[create, build])
        tests = step("run_tests", {deed!r}, after=[setup])
        step("teardown_cluster", "rm -f cluster", undoes=[create, setup])
        """


def one(deed: str, options: str = "") -> str:
    """One step, one that waits for it, and one that undoes it."""
    return f"""
        only = pipeline.step("only", sh(do={deed!r}), {options})
        pipeline.step("after", sh(do="true"), after=[only])
        pipeline.step("undo", sh(do="true"), undoes=[only])
        """


def writes(body: str) -> str:
    """One step that has to write JUnit."""
    return one(f"echo {body!r} > $ARTIFACTS/junit_only.xml", "junit=True")


CASE = "<testsuite name='s'><testcase classname='c' name='n' time='1'>{}</testcase></testsuite>"
LONG = f"touch $WORKSPACE/{BEGUN}; sleep {UNTIL_ENDED:.0f}"
# It has begun when the processes that ignore SIGTERM have told their pids.
STUBBORN_STEP = (
    "cd $WORKSPACE; $OLDPWD/stubborn & until test -s child && test -s grandchild; do sleep 0.02; done; "
    f"touch {BEGUN}; wait"
)
NOT_RUN = "not run: after"
UNFED = "only failed: ended well, but"

TABLE = {
    "nothing": Row(system(), "SUCCESS"),
    **{
        f"{name}_fails": Row(
            system(name), "FAILURE", (f"{name} failed: exit code 1: {name} is broken", *more)
        )
        for name, more in {
            "clone_repo": ("not run: build_images, create_cluster, setup_cluster, run_tests",),
            "build_images": ("not run: setup_cluster, run_tests",),
            "create_cluster": ("not run: setup_cluster, run_tests",),
            "setup_cluster": ("not run: run_tests",),
            "run_tests": (),
            "teardown_cluster": (),
        }.items()
    },
    "ends_by_a_signal": Row(one("kill -9 $$"), "FAILURE", ("only failed: ended by signal 9", NOT_RUN)),
    "time_is_up": Row(
        one("sleep 60", "timeout=timedelta(seconds=0.5)"), "FAILURE",
        ("only failed: timed out after 0.5 s", NOT_RUN),
    ),
    "no_such_program": Row(
        """
        only = pipeline.step("only", Binary("./nowhere")("x"))
        pipeline.step("undo", sh(do="true"), undoes=[only])
        """,
        "FAILURE", ("only failed: ./nowhere cannot be started: not installed, or not on PATH",),
    ),
    "no_outputs": Row(one("true", "outputs=['x']"), "FAILURE", (f"{UNFED} wrote no outputs", NOT_RUN)),
    "odd_outputs": Row(
        one("echo [] > $STEP_OUTPUTS", "outputs=['x']"), "FAILURE",
        (f"{UNFED} its outputs are no JSON object", NOT_RUN),
    ),
    "an_output_that_is_no_text": Row(
        one("""echo '{"x": 7}' > $STEP_OUTPUTS""", "outputs=['x']"), "FAILURE",
        (f"{UNFED} its output x is no text", NOT_RUN),
    ),
    "good_junit": Row(writes(CASE.format("")), "SUCCESS"),
    "junit_that_failed": Row(
        writes(CASE.format("<failure>no</failure>")), "FAILURE",
        ("only passed, but junit_only.xml holds failures: n",),
    ),
    "no_junit": Row(
        one("true", "junit=True"), "FAILURE", ("only passed, but its junit_only.xml is missing",)
    ),
    "junit_of_yesterday": Row(
        one("touch -d yesterday $ARTIFACTS/junit_only.xml", "junit=True"), "FAILURE",
        ("only passed, but its junit_only.xml is from before this step",),
    ),
    "junit_of_nobody": Row(
        one("touch $ARTIFACTS/junit_more.xml"), "FAILURE",
        ("junit_more.xml is there, but no step declares it",),
    ),
    "junit_that_a_later_step_makes_green": Row(
        writes(CASE.format("<failure>no</failure>")).replace(
            '"after", sh(do="true")', f'"after", sh(do={f"echo {CASE!r} > $ARTIFACTS/junit_only.xml"!r})'
        ),
        "FAILURE", ("only passed, but junit_only.xml holds failures: n",),
    ),
    "a_test_in_quarantine": Row(
        writes(CASE.format("<failure>no</failure>")).replace("only.xml", "only.xml; exit 1"), "SUCCESS",
        quarantine="c.n",
    ),
    "a_file_that_was_promised": Row(
        one("true", "artifacts=['app.tgz']"), "FAILURE", ("only passed, but its app.tgz is missing",)
    ),
    "values_reach_steps_literally": Row(
        """
        text = pipeline.param("TEXT", "")
        first = pipeline.step("first", Binary("./keep")(value=text), outputs=["value"])
        pipeline.step("second", Binary("./keep")(value=first["value"]), outputs=["value"])
        """,
        "SUCCESS", conf={"TEXT": "{{ 7 * 7 }} $(id) `id` 'a' \"b\" \\ \n --flag=%s ; é"},
    ),
    "a_member_of_a_group_fails": Row(
        """
        bad = pipeline.step("bad", sh(do="exit 3"))
        good = pipeline.step("good", sh(do="true"))
        later = pipeline.step("later", sh(do="true"), after=[bad])
        pipeline.group("checks", [bad, good, later])
        pipeline.step("outside", sh(do="true"), after=[good])
        """,
        "FAILURE", ("bad failed: exit code 3", "not run: later, outside"),
    ),
    "a_group_hands_on_outputs": Row(
        """
        first = pipeline.step("first", Binary("./keep")(value="x"), outputs=["value"])
        second = pipeline.step("second", Binary("./keep")(value=first["value"]), outputs=["value"])
        pipeline.group("pair", [first, second])
        pipeline.step("outside", Binary("./keep")(value=second["value"]), outputs=["value"])
        """,
        "SUCCESS",
    ),
    "a_daemon_serves_later_steps": Row(
        """
        serve = pipeline.step("serve", sh(do="cd $WORKSPACE; sleep 60 & echo $! > daemon"))
        pipeline.step("use", sh(do="kill -0 $(cat $WORKSPACE/daemon)"), after=[serve])
        """,
        "SUCCESS",
    ),
    "a_step_of_the_commit_under_test": Row(
        """
        src = "$WORKSPACE/src"
        clone = f"mkdir {src} && cp keep {src}/tool && printf '{{\\"src\\": \\"%s\\"}}' {src} > $STEP_OUTPUTS"
        checkout = pipeline.step("checkout", sh(do=clone), outputs=["src"])
        pipeline.step("use", Binary("./tool", source=checkout["src"])(value="x"), outputs=["value"])
        """,
        "SUCCESS",
    ),
    "dry_run": Row(system("run_tests"), "SUCCESS", conf={"dryrun": True}),
    "dry_run_with_outputs": Row(
        """
        first = pipeline.step("first", Binary("./nowhere")("x"), outputs=["value"])
        pipeline.step("second", Binary("./nowhere")(value=first["value"]), junit=True)
        """,
        "SUCCESS", conf={"dryrun": True},
    ),
    "cancelled": Row(
        system(deed=LONG), "ABORTED", ("run_tests aborted: cancelled",), event="cancel",
    ),
    "cancelled_before_the_end": Row(
        one(LONG), "ABORTED", ("only aborted: cancelled", NOT_RUN), event="cancel",
    ),
    "cancelled_though_stubborn": Row(
        one(STUBBORN_STEP), "ABORTED", ("only aborted: cancelled", NOT_RUN), event="cancel",
    ),
    "the_runner_is_killed": Row(
        one(STUBBORN_STEP), "ABORTED", ("only aborted: the runner was killed", NOT_RUN), event="kill",
    ),
}  # fmt: skip
KEEP = """\
#!/usr/bin/env python3
import json, os, sys
with open(os.environ["STEP_OUTPUTS"], "w") as file:
    json.dump({"value": sys.argv[1].removeprefix("--value=")}, file)
"""
PROGRAMS = {"sh": SHELL, "stubborn": STUBBORN, "keep": KEEP}


@pytest.fixture(scope="module")
def driven(airflow: Airflow) -> Iterator[Callable[[str], Run]]:
    """What each row's run has become in Airflow: all are triggered at once."""
    for name, text in PROGRAMS.items():
        airflow.program(name, text)
    files = [f"{declared(name, row.body)}dag_{name} = airflow_dag(pipeline)" for name, row in TABLE.items()]
    airflow.put("engines.py", "\n".join(files))
    known = airflow.dags / quarantine.NAME
    known.write_text("".join(entry(name, row) for name, row in TABLE.items()))
    ids = {name: airflow.trigger(name, row.conf) for name, row in TABLE.items()}

    def folder(name: str) -> Path:
        return airflow.runs / runs.name_of(name, ids[name])

    for name, row in TABLE.items():
        if row.event:
            wait_until((folder(name) / "workspace" / BEGUN).exists, 120)
        if row.event == "cancel":
            airflow.api(f"/dags/{name}/dagRuns/{ids[name]}", {"state": "failed"}, "PATCH")
        if row.event == "kill":
            os.kill(runner_of(folder(name)), signal.SIGKILL)

    def outcome(name: str) -> Run:
        state = airflow.wait(name, ids[name], 180)
        run = runs.read(folder(name))
        assert state == ("success" if run.result == "SUCCESS" else "failed")
        return run

    yield outcome
    known.unlink()


@pytest.mark.parametrize("name", TABLE)
def test_what_happens_to_a_run_means_the_same_in_both_engines(
    name: str, driven: Callable[[str], Run], project: Project
) -> None:
    row = TABLE[name]
    here = driven_here(project, name, row)
    there = driven(name)
    for run in (here, there):
        assert (run.result, len(run.reasons)) == (row.result, len(row.reasons)), run.reasons
        for reason, begins in zip(run.reasons, row.reasons, strict=True):
            assert str(reason).startswith(begins)
        assert not runs.marker(run.folder.parent, run.name).exists()
        assert not (run.workspace / "cluster").exists()
        for pid in [*run.workspace.glob("*child"), *run.workspace.glob("daemon")]:
            assert not alive(int(pid.read_text()))
    assert told(here) == told(there)


def driven_here(project: Project, name: str, row: Row) -> Run:
    """The row's run, driven locally."""
    for file, text in PROGRAMS.items():
        project.program(file, text)
    (project.folder / "dags" / f"{name}.py").write_text(declared(name, row.body))
    (project.folder / "dags" / quarantine.NAME).write_text(entry(name, row))
    child = project.start("run", name, "--dags=dags", "--conf", json.dumps(row.conf))
    if row.event:
        wait_until(lambda: list(project.folder.glob(f"runs/*/workspace/{BEGUN}")))
        child.send_signal({"cancel": signal.SIGINT, "kill": signal.SIGKILL}[row.event])
    child.communicate(timeout=60)
    run = project.last()
    if row.event == "kill":
        project.declare('pipeline.step("a", sh(do="true"))', name="other")
        assert project.run(name="other")[0] == 0  # the next start finishes it
    return runs.read(run.folder)


def entry(name: str, row: Row) -> str:
    """What the quarantine says of a row's pipeline."""
    until = quarantine.day(time.time() + 30 * 24 * 3600)
    told = f'[[{name}.only]]\ntest = "{row.quarantine}"\nowner = "us"\nuntil = {until}\nwhy = "issue 12"\n'
    return told if row.quarantine else ""


def declared(name: str, body: str) -> str:
    """The file of a row's pipeline."""
    head = f"""\
        from datetime import timedelta
        from py.pipeline import Binary, Pipeline, airflow_dag
        sh = Binary("./sh")
        pipeline = Pipeline("{name}", doc="A row of the table.")
        """
    return f"{textwrap.dedent(head)}{textwrap.dedent(body)}\npipeline.done()\n"


def told(run: Run) -> dict[str, Any]:
    """All that a run has left, but for its name, its times, its place on the disk and its engine."""

    def plain(value: object) -> Any:
        text = json.dumps(value).replace(str(run.folder), "<run>").replace(str(run.home), "<home>")
        return json.loads(text.replace(run.name, "<name>"))

    record = json.loads((run.folder / "run.json").read_text())
    for own in ("name", "id", "file", "began", "engine"):
        del record[own]
    steps = {name: each._replace(began=0, seconds=0) for name, each in run.records.items()}
    cases = junit.read(run.artifacts / "junit_steps.xml")
    return {
        "run": plain(record),
        "steps": plain(steps),
        "outputs": plain(run.outputs),
        "files": sorted(str(path.relative_to(run.folder)) for path in run.folder.glob("steps/*/*")),
        "artifacts": sorted(path.name for path in run.artifacts.iterdir()),
        "logs": plain({path.parent.name: path.read_text() for path in run.folder.glob("steps/*/log.txt")}),
        "junit": plain([(case.name, case.failure, case.skipped) for case in cases]),
    }


def runner_of(folder: Path) -> int:
    """The pid of the process that has started the step `only` of a run."""
    mark = str(folder / "steps" / "only" / "outputs.json")

    def marked(process: psutil.Process | None) -> bool:
        try:
            return process is not None and process.environ().get("STEP_OUTPUTS") == mark
        except psutil.Error:
            return False

    [step] = [each for each in psutil.process_iter() if marked(each) and not marked(each.parent())
              and each.ppid() != 1]  # fmt: skip
    return int(step.ppid())
