"""What a person sees of `python -m py.e2e`."""

import fcntl
import json
import os
import pty
import re
import select
import shlex
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import suppress

from py.pipeline import load, params
from py.pipeline import run as runs
from py.results.junit import Case
from py.tools.folders import ROOT
from tests.pasts import job, keep
from tests.projects import Project

README = (ROOT / "README.md").read_text()


def test_list_names_every_pipeline_with_what_it_is(project: Project) -> None:
    code, out = project.e2e("list")
    assert code == 0
    assert re.search(r"^hello +Write a greeting", out, re.MULTILINE)
    assert re.search(r"^tf_k8s_tests +Build the TFJob operator", out, re.MULTILINE)


def test_show_tells_params_and_steps(project: Project) -> None:
    code, out = project.e2e("show", "tf_k8s_tests")
    assert code == 0
    for word in ("PULL_NUMBER", "local://", "undoes create_cluster, setup_cluster", "gives image, digest"):
        assert word in out


SCHEDULED = """
who = pipeline.param("WHO", "world")
pipeline.preset("moon", WHO="moon")
pipeline.schedule("0 3 * * *", preset="moon")
pipeline.step("greet", sh(do=who))
"""


def test_show_tells_presets_and_when_it_runs(project: Project) -> None:
    project.declare(SCHEDULED)
    _, out = project.e2e("show", "sample", "--dags=dags")
    assert "  preset moon: WHO=moon\n  schedule 0 3 * * *, preset moon\n" in out
    assert re.search('preset +"" +Named set of params.*One of: "", moon', out)


def test_a_preset_is_named_by_the_flag_or_the_conf_but_not_two(project: Project) -> None:
    project.declare(SCHEDULED)
    for words in (["--preset=moon"], ["--conf", '{"preset": "moon"}']):
        assert project.e2e("plan", "sample", "--dags=dags", *words) == (0, "./sh --do=moon\n")
    code, out = project.run("--preset=moon", "--conf", '{"preset": "sun"}')
    assert (code, out) == (2, "error: --preset=moon, but the conf says 'sun'; give one of them\n")


def test_plan_fills_in_what_the_conf_says_and_nothing_else(project: Project) -> None:
    code, out = project.e2e("plan", "tf_k8s_tests", "--conf", '{"PULL_NUMBER": "7"}')
    assert code == 0
    assert "--pull=7 " in out
    assert "'--src_dir=<clone_repo.src_dir>'" in out
    assert "python -m py.deploy teardown" in out


def test_a_wrong_question_is_one_line_and_starts_nothing(project: Project) -> None:
    project.declare('pipeline.step("a", sh(do="touch begun"))')
    for words in (
        ["--conf", '{"dryrun": "false"}'],
        ["--conf", "{"],
        ["--conf", "[]"],
        ["--conf", "[" * 100_000],
        ["--jobs=two"],
        ["--jobs=-1"],
        ["--preset=none"],
        ["--dry-runn"],
    ):
        code, out = project.run(*words)
        assert code == 2, (words, out)
        assert out.startswith("error: ")
        assert out.count("\n") == 1
    assert not (project.folder / "begun").exists()
    assert not (project.folder / "runs").exists()


def test_unknown_runs_and_steps_come_with_the_near_names(project: Project) -> None:
    project.declare('pipeline.step("build", sh(do="true"))')
    assert "there are no runs in" in project.e2e("command", "last", "build")[1]
    assert project.run()[0] == 0
    assert "no step 'biuld'; did you mean build?" in project.e2e("command", "last", "biuld")[1]
    assert re.search("no run 'nope' in .*; the last: sample-", project.e2e("command", "nope", "build")[1])


def test_a_run_is_named_by_its_name_its_id_or_as_the_last(project: Project) -> None:
    project.declare('pipeline.step("build", sh(do="true"))')
    project.run()
    first = project.last()
    project.run()
    for name in (first.name, first.id):
        assert f"RUN_NAME={first.name} " in project.e2e("command", name, "build")[1]
        assert project.e2e("show", name)[1].startswith(f"sample {first.name}: SUCCESS\n")
        assert f"SUCCESS: sample {first.name} in " in project.e2e("report", name)[1]
    assert first.name not in project.e2e("report")[1]
    (project.folder / "runs" / "odd").mkdir()
    (project.folder / "runs" / "odd" / "run.json").write_text("[")
    assert project.e2e("report", first.id)[0] == 0
    assert "no run 'manual__nope'" in project.e2e("report", "manual__nope")[1]


def test_an_id_that_two_pipelines_have_is_asked_about(project: Project) -> None:
    for name in ("one", "two"):
        project.declare('pipeline.step("build", sh(do="true"))', name=name)
        found = load.pipeline(name, project.folder / "dags").pipeline
        values = params.resolve(found, {})
        folder = project.folder
        runs.new(found, values, runs=folder / "runs", home=folder, run_id="manual__2026").save()
    code, out = project.e2e("report", "manual__2026")
    assert code == 2
    assert re.fullmatch(r"error: manual__2026 is the id of several runs; .*: one-\w+, two-\w+\n", out)


def test_a_report_tells_what_the_run_told_and_ends_as_it_did(project: Project) -> None:
    project.declare(
        """
        first = pipeline.step("first", sh(do="sleep 0.2; echo some words; exit 3"))
        pipeline.step("second", sh(do="true"), after=[first])
        """
    )
    _, told = project.run()
    code, out = project.e2e("report")
    assert code == 1
    rows = r"  first   failed   0\.\d s  exit code 3: some words\n  second  not run +first failed\n"
    assert re.match(rows, out)
    assert out.endswith(told[told.index("\nfirst exit code 3") :])


def test_a_report_of_a_run_that_is_not_over_says_so(project: Project) -> None:
    project.declare(
        """
        first = pipeline.step("first", sh(do="true"))
        long = pipeline.step("long", sh(do="touch begun; sleep 60"), after=[first])
        pipeline.step("later", sh(do="true"), after=[long])
        """
    )
    child = project.start("run", "sample", "--dags=dags")
    project.wait_for("begun")
    code, out = project.e2e("report")
    assert code == 3
    assert [line.split()[:2] for line in out.splitlines()[:3]] == [
        ["first", "passed"], ["long", "running"], ["later", "waiting"],
    ]  # fmt: skip
    assert f"not over yet: sample {project.last().name}" in out
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=20)
    assert project.e2e("report")[0] == 130


def test_show_tells_what_a_run_was_asked(project: Project) -> None:
    project.declare('who = pipeline.param("WHO", "world")\npipeline.step("greet", sh(do=who))')
    project.run("--conf", '{"WHO": "true"}')
    code, out = project.e2e("show", "last")
    assert code == 0
    assert re.search(r"^  WHO +true$", out, re.MULTILINE)
    assert re.search(r"^  greet  passed", out, re.MULTILINE)
    code, out = project.e2e("show", "smaple", "--dags=dags")
    assert (code, "no pipeline 'smaple' in dags; did you mean sample" in out) == (2, True)


def test_a_failed_run_says_how_to_repeat_the_step_wherever_the_run_lies(project: Project) -> None:
    project.declare('pipeline.step("bad", sh(do="exit 1"))')
    for words in ([], ["--runs=other runs"]):
        _, out = project.run(*words)
        advice = re.search(r"by hand:  python -m py\.e2e (.*)", out)
        assert advice
        code, command = project.e2e(*shlex.split(advice[1]))
        assert (code, "'--do=exit 1'" in command) == (0, True), command


def test_on_a_terminal_a_run_is_a_live_table(project: Project) -> None:
    project.declare('pipeline.step("slow", sh(do="echo some words; sleep 1; exit 1"))')
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    env = project.env | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}
    words = [sys.executable, "-m", "py.e2e", "run", "sample", "--dags=dags"]
    child = subprocess.Popen(words, cwd=project.folder, env=env, stdout=theirs, stderr=theirs)
    os.close(theirs)
    screen, deadline = b"", time.monotonic() + 30
    while time.monotonic() < deadline and select.select([ours], [], [], 30)[0]:
        try:
            screen += os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
    assert child.wait() == 1
    assert b"\x1b[" in screen
    assert b"running" in screen
    assert b"some words" in screen
    assert b"FAILURE: sample" in screen


def test_where_nobody_watches_there_is_no_colour(project: Project) -> None:
    project.declare('pipeline.step("a", sh(do="true"))')
    assert "\x1b" not in project.run()[1]


def test_the_readme_shows_the_pipeline_as_it_is(project: Project) -> None:
    drawn = project.e2e("graph", "tf_k8s_tests")[1]
    assert f"```mermaid\n{drawn}```" in README


def test_history_tells_what_hurts_on_top_of_what_is_well(project: Project) -> None:
    project.declare(
        """
        pipeline.step("build", sh(do="true"))
        pipeline.step("test", sh(do="test ! -e broken || { echo it is broken; false; }"))
        """
    )
    assert project.run()[0] == 0
    (project.folder / "broken").touch()
    assert project.run()[0] == 1
    assert project.run("--dryrun")[0] == 0
    code, out = project.e2e("history", "sample")
    assert code == 0
    assert "sample: the last 2 of 2 runs in file://" in out
    assert "1 FAILURE, 1 SUCCESS" in out or "1 SUCCESS, 1 FAILURE" in out
    lines = [line.split() for line in out.splitlines() if line and not line.startswith("sample")]
    assert [line[0] for line in lines] == ["step", "whole", "test", "build"]
    assert lines[2][1:4] == ["50", "%", "of"]
    assert "since" in out
    assert "it is broken" in out
    assert "\x1b" not in out
    assert project.e2e("history", "sample", "--html=grid.html")[0] == 0
    assert "it is broken" in (project.folder / "grid.html").read_text()
    told = json.loads(project.e2e("history", "sample", "--last=1", "--json")[1])
    assert (told["total"], [run["result"] for run in told["runs"]]) == (2, ["FAILURE"])


def test_history_looks_into_the_store_that_is_named_by_flag_or_environment(project: Project) -> None:
    for number in range(3):
        keep(project.folder / "store", job(number, name="sample"))
    assert "the last 2 of 3 runs" in project.e2e("history", "sample", "--results=store", "--last=2")[1]
    project.env["WINDTUNNEL_RESULTS"] = f"file://{project.folder}/store"
    assert "3 SUCCESS" in project.e2e("history", "sample")[1]
    for words, told in (
        (["sample", "--runs=elsewhere"], "no runs of 'sample' in file://.*/elsewhere; it has: none"),
        (["simple"], "no runs of 'simple' in file://.*/store; did you mean sample"),
        (["sample", "--last=0"], "--last wants 1 or more, not 0"),
        (["sample", "--results=ftp://x"], "ftp://x is no store"),
    ):
        code, out = project.e2e("history", *words)
        assert code == 2
        assert re.search(told, out)
        assert out.count("\n") == 1


def test_history_fits_a_terminal(project: Project) -> None:
    long = Case("sample", "test_" + "x" * 300, 1.0, "it is broken " * 20)
    keep(project.folder / "store", job(1, name="sample"), result="FAILURE", tests={"junit_x.xml": [long]})
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 90, 0, 0))
    child = subprocess.Popen(
        [sys.executable, "-m", "py.e2e", "history", "sample", "--results=store"], cwd=project.folder,
        env=project.env | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    printed = b""
    with suppress(OSError):  # the terminal is gone with the program
        while piece := os.read(ours, 4096):
            printed += piece
    assert child.wait() == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", printed.decode())
    assert plain != printed.decode()
    assert max(len(line.rstrip()) for line in plain.splitlines()[1:]) <= 90
    assert "0 % of 1" in plain
