"""A local run with real processes: what runs, what is undone, what the verdict says, failure by failure."""

import json
import os
import signal
import subprocess
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from py.pipeline import holding, load, local, params
from py.pipeline import run as runs
from py.pipeline.run import KILLED
from tests.projects import Project, alive, wait_until


def system(project: Project) -> None:
    """Clone, build, create, setup, test, teardown; $FAIL names the step that fails after half its work."""
    project.declare(
        """
        def step(name, deed, **options):
            fails = f'test "$FAIL" != {name} || {{ echo {name} is broken; exit 1; }}'
            return pipeline.step(name, sh(do=f"{deed}; {fails}"), **options)

        clone = step("clone_repo", "true")
        build = step("build_images", "true", after=[clone])
        create = step("create_cluster", "touch cluster", after=[clone])
        setup = step("setup_cluster", "test -e cluster", after=[create, build])
        tests = step("run_tests", "test -e cluster", after=[setup])
        step("teardown_cluster", "test ! -e cluster || touch kept; rm -f cluster", undoes=[create, setup])
        """
    )


@pytest.mark.parametrize(
    ("fails", "not_run"),
    [
        ("clone_repo", ["build_images", "create_cluster", "setup_cluster", "run_tests"]),
        ("build_images", ["setup_cluster", "run_tests"]),
        ("create_cluster", ["setup_cluster", "run_tests"]),
        ("setup_cluster", ["run_tests"]),
        ("run_tests", []),
        ("teardown_cluster", []),
    ],
)
def test_a_failure_is_red_and_what_was_made_is_undone(
    project: Project, fails: str, not_run: list[str]
) -> None:
    system(project)
    project.env["FAIL"] = fails
    code, out = project.run()
    assert code == 1
    states = project.states()
    assert [name for name, state in states.items() if state == "failed"] == [fails]
    assert [name for name in project.last().steps if states[name] == "not run"] == not_run
    assert not (project.folder / "cluster").exists()
    assert (project.folder / "kept").exists() == (fails != "clone_repo")
    assert f"{fails} failed: exit code 1: {fails} is broken" in out
    assert "FAILURE: sample" in out
    assert f"by hand:  python -m py.e2e command {project.last().name} {fails}" in out


def test_a_run_in_which_nothing_fails_is_green_and_leaves_nothing(project: Project) -> None:
    system(project)
    code, _out = project.run()
    assert code == 0
    assert set(project.states().values()) == {"passed"}
    assert not (project.folder / "cluster").exists()
    assert project.last().result == "SUCCESS"
    assert not list((project.folder / "runs" / ".open").iterdir())


LONG = """
create = pipeline.step("create", sh(do="touch cluster"))
tests = pipeline.step("tests", sh(do="{long}"), after=[create])
pipeline.step("beside", sh(do="true"), after=[tests])
pipeline.step("teardown", sh(do="sleep 0.3; rm -f cluster; touch undone"), undoes=[create])
"""


def ended(project: Project, *names: str) -> bool:
    """Whether the processes that wrote their pids into these files are gone."""
    return not any(alive(int((project.folder / name).read_text())) for name in names)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_once_the_run_ends_in_order_with_teardown(project: Project, sent: signal.Signals) -> None:
    project.declare(LONG.replace("{long}", "touch begun; sleep 60"))
    child = project.start("run", "sample", "--dags=dags")
    project.wait_for("begun")
    child.send_signal(sent)
    out, _ = child.communicate(timeout=20)
    assert child.returncode == 130
    assert project.states() == {
        "create": "passed",
        "tests": "aborted",
        "beside": "not run",
        "teardown": "passed",
    }
    assert (project.folder / "undone").exists()
    assert project.last().result == "ABORTED"
    assert "ABORTED: sample" in out
    assert "Traceback" not in out


def test_a_stubborn_step_and_its_grandchildren_are_ended(project: Project) -> None:
    project.declare(LONG.replace("{long}", "./stubborn"))
    child = project.start("run", "sample", "--dags=dags")
    project.wait_for("grandchild")
    project.wait_for("child")
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=30)
    assert child.returncode == 130
    assert ended(project, "child", "grandchild")
    assert (project.folder / "undone").exists()


def test_interrupted_twice_the_run_stops_now_and_the_next_start_undoes(project: Project) -> None:
    project.declare(LONG.replace("{long}", "./stubborn"))
    child = project.start("run", "sample", "--dags=dags")
    project.wait_for("grandchild")
    project.wait_for("child")
    child.send_signal(signal.SIGINT)
    time.sleep(0.2)
    began = time.monotonic()
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert child.returncode == 130
    assert ended(project, "child", "grandchild")
    first = project.last()
    assert first.result == "ABORTED"
    assert not (project.folder / "undone").exists()

    project.declare('pipeline.step("a", sh(do="true"))', name="other")
    code, out = project.run(name="other")
    assert code == 0
    assert f"{first.name}: its runner left it unfinished" in out
    assert not (project.folder / "cluster").exists()


def test_what_a_killed_runner_left_is_finished_by_the_next_start(project: Project) -> None:
    project.declare(LONG.replace("{long}", "./stubborn"))
    child = project.start("run", "sample", "--dags=dags")
    project.wait_for("grandchild")
    project.wait_for("child")
    child.kill()
    child.communicate(timeout=20)
    lost = project.last()
    assert lost.result == ""
    assert (project.folder / "cluster").exists()

    (project.folder / "dags" / "sample.py").unlink()  # what was recorded must be enough
    project.declare('pipeline.step("a", sh(do="true"))', name="other")
    assert "finished as" not in project.run("--dryrun", name="other")[1]  # it starts nothing
    assert (project.folder / "cluster").exists()
    code, out = project.run(name="other")
    assert code == 0
    assert f"{lost.name}: its runner left it unfinished" in out
    assert not (project.folder / "cluster").exists()
    assert ended(project, "child", "grandchild")
    told = json.loads((lost.folder / "run.json").read_text())
    assert told["result"] == "ABORTED"
    assert {"kind": "step_aborted", "subject": "tests", "text": f"tests aborted: {KILLED}"} in told["reasons"]


def test_a_run_that_is_being_driven_is_left_alone(project: Project) -> None:
    project.declare(LONG.replace("{long}", "touch begun; until test -e go; do sleep 0.05; done"))
    child = project.start("run", "sample", "--dags=dags")
    project.wait_for("begun")
    project.declare('pipeline.step("a", sh(do="true"))', name="other")
    code, out = project.run(name="other")
    assert (code, "finished as" in out) == (0, False)
    (project.folder / "go").touch()
    child.communicate(timeout=20)
    assert child.returncode == 0


def test_a_run_that_ends_while_somebody_looks_for_lost_ones_keeps_its_verdict(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.declare('pipeline.step("a", sh(do="true"))')
    assert project.run()[0] == 0
    run = project.last()
    marker = runs.marker(project.folder / "runs", run.name)
    marker.touch()  # as while it was driven
    locked = holding.locked

    def too_late(file: Path, **how: bool) -> AbstractContextManager[bool]:
        marker.unlink(missing_ok=True)
        return locked(file, **how)

    monkeypatch.setattr(holding, "locked", too_late)
    assert local.finish_lost(project.folder / "runs") == []
    assert project.last().result == "SUCCESS"


def test_of_a_run_whose_runner_was_killed_while_it_wrote_the_first_record_nothing_is_left(
    project: Project,
) -> None:
    where = project.folder / "runs"
    for folder in ("workspace", "artifacts", "steps"):
        (where / "sample-0" / folder).mkdir(parents=True)
    (where / "sample-0" / ".run.json.4711.part").write_text('{"name": ')
    marker = runs.marker(where, "sample-0")
    marker.parent.mkdir()
    marker.touch()
    assert local.finish_lost(where) == []
    assert list(where.rglob("*")) == [marker.parent]


def test_when_nobody_reads_its_lines_a_run_goes_on_to_its_end(project: Project) -> None:
    project.declare(LONG.replace("{long}", "until test -e go; do sleep 0.05; done; echo $(yes | head -9)"))
    child = project.start("run", "sample", "--dags=dags", "--verbose")
    project.wait_for("cluster")
    assert child.stdout
    child.stdout.close()
    (project.folder / "go").touch()
    assert child.wait(timeout=20) == 1
    assert project.last().result == "SUCCESS"
    assert (project.folder / "undone").exists()


@pytest.mark.parametrize("words", [["--runs=/dev/null"], ["--conf", '{"ARTIFACTS_PATH": "/dev/null/x"}']])
def test_a_folder_that_cannot_be_made_is_told_in_one_line(project: Project, words: list[str]) -> None:
    project.declare('pipeline.step("a", sh(do="touch begun"))')
    code, out = project.run(*words)
    assert (code, out.count("\n"), "/dev/null" in out) == (1, 1, True), out
    assert not (project.folder / "begun").exists()


def test_when_no_log_can_be_written_any_more_what_was_made_is_undone_all_the_same(project: Project) -> None:
    project.declare(LONG.replace("{long}", "mv $WORKSPACE/../steps kept; touch $WORKSPACE/../steps; exit 1"))
    code, out = project.run()
    assert (code, "Traceback" in out) == (1, False), out
    assert "tests failed: the runner could not write" in out
    assert "teardown  passed in" in out
    assert not (project.folder / "cluster").exists()


def test_an_undo_that_cannot_start_where_no_log_can_be_written_is_told(project: Project) -> None:
    project.declare(
        """
        hide = "mv $WORKSPACE/../steps kept; touch $WORKSPACE/../steps"
        create = pipeline.step("create", sh(do=hide))
        pipeline.step("teardown", Binary("./nowhere")("x"), undoes=[create])
        """
    )
    code, out = project.run()
    assert (code, "Traceback" in out) == (1, False), out
    assert "teardown failed: ./nowhere cannot be started" in out


def test_a_dry_run_whose_log_cannot_be_written_starts_nothing_either(
    project: Project,
) -> None:
    project.declare('create = pipeline.step("create", sh(do="true"))\n'
                    'pipeline.step("teardown", sh(do="touch begun"), undoes=[create])')  # fmt: skip
    found = load.pipeline("sample", project.folder / "dags")
    values = params.resolve(found.pipeline, {"dryrun": True})
    run = runs.new(found.pipeline, values, runs=project.folder / "runs", home=project.folder)
    (run.folder / "steps").rmdir()
    (run.folder / "steps").touch()
    assert local.drive(run) == "FAILURE"
    assert not (project.folder / "begun").exists()


def test_when_no_verdict_can_be_written_the_next_run_finishes_this_one(project: Project) -> None:
    project.declare(LONG.replace("{long}", "mv $ARTIFACTS gone; touch $ARTIFACTS; exit 1"))
    code, out = project.run()
    last = out.splitlines()[-1]
    assert (code, "Traceback" in out, "the next run takes away what it made" in last) == (1, False, True), out

    kept = project.last()
    kept.artifacts.unlink()
    kept.artifacts.mkdir()
    project.declare('pipeline.step("a", sh(do="true"))', name="other")
    code, out = project.run(name="other")
    assert (code, f"{kept.name} is finished: ABORTED" in out) == (0, True)


@pytest.mark.parametrize("record", ["", "{", "[]", "{}"])
def test_a_damaged_record_of_a_run_is_told_in_one_line(project: Project, record: str) -> None:
    project.declare('pipeline.step("a", sh(do="touch begun"))')
    assert project.run()[0] == 0
    folder = project.last().folder
    (folder / "run.json").write_text(record)
    runs.marker(folder.parent, folder.name).touch()
    for code, out in (project.run(), project.e2e("command", "last", "a")):
        assert (code, out.count("\n"), f"then remove {folder}" in out) == (1, 1, True), out


def test_whatever_a_failed_step_wrote_as_outputs_its_command_can_be_told(project: Project) -> None:
    project.declare('pipeline.step("bad", sh(do="echo 7 > $STEP_OUTPUTS; exit 1"), outputs=["image"])')
    assert project.run()[0] == 1
    assert project.e2e("command", "last", "bad")[0] == 0


def test_a_step_whose_time_is_up_is_ended_with_its_tree(project: Project) -> None:
    project.declare('pipeline.step("slow", sh(do="./stubborn"), timeout=timedelta(seconds=0.5))')
    code, out = project.run()
    assert code == 1
    assert "slow failed: timed out after 0.5 s" in out
    assert ended(project, "child", "grandchild")


def test_independent_steps_run_side_by_side_as_many_as_jobs_allow(project: Project) -> None:
    # Each step waits until $MEET have come, counts those that are here, and leaves.
    come = "touch {came,here}.$STEP_NAME; until [ $(ls came.* | wc -l) -ge $MEET ]; do sleep 0.02; done"
    count = "ls here.* | wc -l >> counts; sleep 0.2; rm here.$STEP_NAME"
    project.declare(f'for i in range(4):\n    pipeline.step(f"s{{i}}", sh(do="{come}; {count}"))')
    for jobs in (4, 1):
        project.env["MEET"] = str(jobs)
        assert project.run(f"--jobs={jobs}")[0] == 0
        counts = [int(line) for line in (project.folder / "counts").read_text().split()]
        assert max(counts) == jobs
        for file in [*project.folder.glob("came.*"), project.folder / "counts"]:
            file.unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="a disk that is full is mounted, which needs root")
def test_a_full_disk_is_red_and_what_was_made_is_undone(project: Project) -> None:
    small = project.folder / "runs"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", small], check=True)
    try:
        project.declare(
            """
            create = pipeline.step("create", sh(do="touch cluster"))
            fill = pipeline.step("fill", sh(do="cat /dev/zero > $WORKSPACE/much; true"), after=[create])
            test = pipeline.step("test", sh(do="echo tested"), after=[fill])
            pipeline.step("later", sh(do="true"), after=[test])
            pipeline.step("teardown", sh(do="rm cluster"), undoes=[create])
            """
        )
        code, out = project.run()
        assert code == 1
        assert "No space left on device" in out
        assert "Traceback" not in out
        assert not (project.folder / "cluster").exists()
    finally:
        subprocess.run(["umount", small], check=True)


def test_the_longest_way_starts_first(project: Project) -> None:
    project.declare(
        """
        pipeline.step("lint", sh(do="echo lint >> order"))
        a = pipeline.step("build", sh(do="echo build >> order"))
        pipeline.step("deploy", sh(do="echo deploy >> order"), after=[a])
        """
    )
    assert project.run("--jobs=1")[0] == 0
    assert (project.folder / "order").read_text().split()[0] == "build"


def test_outputs_reach_the_steps_that_refer_to_them(project: Project) -> None:
    project.declare(
        """
        give = 'printf "%s" \\'{"image": "a b $(x) \\\\"q\\\\" --y"}\\' > $STEP_OUTPUTS'
        build = pipeline.step("build", sh(do=give), outputs=["image"])
        pipeline.step("use", Binary("./keep")("", image=build["image"]))
        """
    )
    project.program("keep", '#!/bin/sh\nprintf "%s" "$1" > got\n')
    code, out = project.run()
    assert code == 0, out
    assert (project.folder / "got").read_text() == '--image=a b $(x) "q" --y'


@pytest.mark.parametrize(
    ("deed", "says"),
    [
        ("true", "wrote no outputs; it declares image"),
        ("echo [] > $STEP_OUTPUTS", "its outputs are no JSON object"),
        ("echo { > $STEP_OUTPUTS", "its outputs are no JSON:"),
        ("echo {} > $STEP_OUTPUTS", "did not write its output image"),
        ("printf '{%simage%s: true}' '\\042' '\\042' > $STEP_OUTPUTS", "its output image is no text"),
    ],
)
def test_a_step_that_ends_well_without_its_outputs_has_failed(project: Project, deed: str, says: str) -> None:
    project.declare(f'pipeline.step("build", sh(do="{deed}"), outputs=["image"])')
    code, out = project.run()
    assert code == 1
    assert says in out


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("./nowhere", "not installed, or not on PATH"),
        ("./dags", "Permission denied"),
        ("nonesuch", "not on PATH"),
    ],
)
def test_a_program_that_cannot_be_started_is_a_failed_step(project: Project, program: str, says: str) -> None:
    project.declare(f'pipeline.step("odd", Binary("{program}")("x"))')
    code, out = project.run()
    assert code == 1
    assert says in out
    assert "Traceback" not in out


CASES = "<testsuite name='s'><testcase classname='c' name='n' time='1'>{}</testcase></testsuite>"


@pytest.mark.parametrize(
    ("deed", "says"),
    [
        ("true", "tests passed, but its junit_tests.xml is missing"),
        (f'echo "{CASES.format("<failure>no</failure>")}" > {{}}', "junit_tests.xml holds failures: n"),
        (f'echo "{CASES.format("<skipped/>")}" > {{}}', "holds no test that was run"),
        ("echo '<testsuites/>' > {}", "holds no test that was run"),
        ("echo '<testsui' > {}", "junit_tests.xml is no JUnit"),
        ("touch -d yesterday {}", "is from before this step"),
        (
            f'echo "{CASES.format("")}" | tee {{}} > $ARTIFACTS/junit_more.xml',
            "junit_more.xml is there, but no step",
        ),
    ],
)
def test_junit_that_is_missing_failing_odd_or_extra_makes_a_run_red(
    project: Project, deed: str, says: str
) -> None:
    body = deed.replace("{}", "$ARTIFACTS/junit_tests.xml")
    project.declare(f'pipeline.step("tests", sh(do="""{body}"""), junit=True)')
    code, out = project.run()
    assert code == 1
    assert says in out


def test_junit_with_passed_tests_is_green_and_each_step_has_a_case(project: Project) -> None:
    good = f'echo "{CASES.format("")}" > $ARTIFACTS/junit_tests.xml'
    project.declare(
        f'pipeline.step("tests", sh(do="""{good}"""), junit=True)\npipeline.step("bad", sh(do="exit 3"))'
    )
    assert project.run()[0] == 1
    steps = (project.last().artifacts / "junit_steps.xml").read_text()
    assert 'name="tests"' in steps
    assert "exit code 3" in steps
    assert list(map(str, project.last().reasons)) == ["bad failed: exit code 3"]


def test_steps_that_did_not_run_show_as_failed_cases(project: Project) -> None:
    system(project)
    project.env["FAIL"] = "clone_repo"
    project.run()
    steps = (project.last().artifacts / "junit_steps.xml").read_text()
    assert steps.count("<failure") == 5
    assert "not run: clone_repo failed" in steps


def test_the_environment_of_a_step_is_the_contract_s(project: Project) -> None:
    project.env |= {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgres://secret", "GITHUB_TOKEN": "planted-token-1",
        "DB_PASSWORD": "planted-password", "GOOGLE_APPLICATION_CREDENTIALS": "/a/path", "PLAIN": "kept",
    }  # fmt: skip
    project.declare(
        """
        one = pipeline.step("one", sh(do="env > one.env"))
        pipeline.step("two", sh(do="env > two.env"), after=[one], secrets=["GITHUB_TOKEN"])
        """
    )
    assert project.run()[0] == 0
    one, two = (
        dict(
            line.split("=", 1)
            for line in (project.folder / f"{name}.env").read_text().splitlines()
            if "=" in line
        )
        for name in ("one", "two")
    )
    run = project.last()
    assert not {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "GITHUB_TOKEN", "DB_PASSWORD"} & set(one)
    assert (one["PLAIN"], one["GOOGLE_APPLICATION_CREDENTIALS"]) == ("kept", "/a/path")
    assert two["GITHUB_TOKEN"] == "planted-token-1"
    assert (one["RUN_NAME"], one["STEP_NAME"]) == (run.name, "one")
    assert Path(one["WORKSPACE"]) == run.workspace
    assert Path(one["ARTIFACTS"]) == run.artifacts
    assert Path(one["STEP_OUTPUTS"]).parent == run.step_folder("one")


def test_a_secret_appears_nowhere_in_what_a_run_leaves(project: Project) -> None:
    project.env["GITHUB_TOKEN"] = "planted/token+1"
    leak = (
        "echo $GITHUB_TOKEN; printf %s $GITHUB_TOKEN | base64; echo $GITHUB_TOKEN > $ARTIFACTS/kept; exit 1"
    )
    project.declare(f'pipeline.step("leak", sh(do="""{leak}"""), secrets=["GITHUB_TOKEN"])')
    code, out = project.run("--verbose")
    assert code == 1
    for file in (project.folder / "runs").rglob("*"):
        if file.is_file():
            assert b"planted/token+1" not in file.read_bytes(), file
    assert "planted/token+1" not in out
    assert "$GITHUB_TOKEN" in (project.last().artifacts / "kept").read_text()


def test_a_secret_that_is_not_set_starts_nothing(project: Project) -> None:
    project.declare('pipeline.step("a", sh(do="touch begun"), secrets=["NO_SUCH_TOKEN"])')
    code, out = project.run()
    assert code == 2
    assert "$NO_SUCH_TOKEN, which is not set" in out
    assert not (project.folder / "begun").exists()
    assert not (project.folder / "runs").exists()
    assert project.run("--dryrun")[0] == 0  # which shows it as $NO_SUCH_TOKEN


def test_the_command_by_hand_repeats_a_step(project: Project) -> None:
    project.env["GITHUB_TOKEN"] = "planted-token-1"
    project.declare(
        """
        who = pipeline.param("WHO", "")
        pipeline.step("say", Binary("./keep")("", who=who), secrets=["GITHUB_TOKEN"])
        """
    )
    project.program("keep", '#!/bin/sh\nprintf "%s %s %s" "$1" "$RUN_NAME" "$GITHUB_TOKEN" > got\n')
    who = 'it\'s a "b"\n$(touch hacked) --x'
    assert project.run("--conf", json.dumps({"WHO": who}))[0] == 0
    first = (project.folder / "got").read_text()
    (project.folder / "got").unlink()
    code, command = project.e2e("command", "last", "say")
    assert code == 0
    assert "planted-token-1" not in command
    os.system(f"cd / && GITHUB_TOKEN=planted-token-1 && export GITHUB_TOKEN && {command}")
    assert (
        (project.folder / "got").read_text() == first == f"--who={who} {project.last().name} planted-token-1"
    )
    assert not (project.folder / "hacked").exists()
    log = (project.last().step_folder("say") / "log.txt").read_text()
    assert log.startswith("by hand: ")


def test_the_log_tells_the_command_again_when_it_fails(project: Project) -> None:
    project.declare('pipeline.step("bad", sh(do="echo some words; exit 7"))')
    project.run()
    log = (project.last().step_folder("bad") / "log.txt").read_text()
    assert log.count("by hand: ") == 2
    assert "some words\n" in log
    assert "bad failed: exit code 7: some words" in log


def test_a_dry_run_starts_no_process_and_ends_green(project: Project, tmp_path: Path) -> None:
    project.declare(
        """
        build = pipeline.step("build", Binary("git")("build"), outputs=["image"])
        pipeline.step("use", Binary("./sh")("", do="touch hacked", image=build["image"]))
        """
    )
    poison = tmp_path / "poison"
    poison.mkdir()
    for name in ("git", "sh", "bash", "env"):
        (poison / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/poisoned\n")
        (poison / name).chmod(0o755)
    project.env["PATH"] = str(poison)
    for words in (["--dryrun"], ["--conf", '{"dryrun": true}']):
        code, out = project.run(*words)
        assert code == 0, out
        assert "would run: ./sh '--do=touch hacked' '--image=<build.image>'" in out
    assert not (tmp_path / "poisoned").exists()
    assert not (project.folder / "hacked").exists()
    assert project.last().outputs in ({}, {"build": {"image": "<build.image>"}})


def test_the_steps_of_a_chain_of_thousands_are_no_deeper_than_one(project: Project) -> None:
    project.declare(
        """
        last = pipeline.step("s0", sh(do="exit 1"))
        for i in range(1, 1500):
            last = pipeline.step(f"s{i}", sh(do="true"), after=[last])
        """
    )
    code, out = project.run()
    assert code == 1
    assert "Traceback" not in out
    assert list(project.states().values()).count("not run") == 1499


def test_artifacts_go_where_the_conf_says(project: Project) -> None:
    project.declare('pipeline.step("a", sh(do="touch $ARTIFACTS/kept"))')
    assert project.run("--conf", '{"ARTIFACTS_PATH": "results/here"}')[0] == 0
    assert (project.folder / "results" / "here" / "kept").exists()
    code, out = project.run("--conf", '{"ARTIFACTS_PATH": "gs://bucket/path"}')
    assert (code, "for a bucket set RESULTS" in out) == (2, True)


def test_what_a_step_leaves_running_serves_later_steps_and_ends_with_the_run(project: Project) -> None:
    project.declare(
        """
        serve = pipeline.step("serve", sh(do="sleep 300 & echo $! > server"))
        pipeline.step("use", sh(do="kill -0 $(cat server)"), after=[serve])
        """
    )
    assert project.run()[0] == 0
    assert ended(project, "server")


def test_a_secret_that_the_last_words_cut_in_two_is_censored(project: Project) -> None:
    project.env["GITHUB_TOKEN"] = "0123456789-abcdefghij"
    leak = "printf 'x%.0s' {1..90}; printf %s $GITHUB_TOKEN; head -c 4085 /dev/zero | tr '\\0' y; exit 1"
    project.declare(f'pipeline.step("leak", sh(do="""{leak}"""), secrets=["GITHUB_TOKEN"])')
    _, out = project.run()
    told = "".join(file.read_text() for file in project.last().folder.rglob("*.*") if file.is_file())
    assert "abcdefghij" not in out + told


def test_the_runner_tells_a_killed_step_from_a_failed_one(project: Project) -> None:
    project.declare('pipeline.step("gone", sh(do="kill -9 $$"))')
    code, out = project.run()
    assert code == 1
    assert "gone failed: ended by signal 9" in out


def test_waiting_helpers_do_fail() -> None:
    with pytest.raises(AssertionError, match="in vain"):
        wait_until(lambda: False, seconds=0.05)
