"""Steps in Bash and in Go keep the contract: in a real run, by hand, and when they are asked wrongly."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from py.clusters.host import preflight
from py.results import junit
from py.results.junit import Case
from py.tools.errors import Missing
from py.tools.folders import ROOT

EXAMPLES = ROOT / "examples/any_language"
GREETING = EXAMPLES / "greeting.sh"

PIPELINE = f'''"""A greeting that is counted."""

from datetime import timedelta

from py.pipeline import Binary, Pipeline

greeting, words = Binary({str(GREETING)!r}), Binary("bin/words")

pipeline = Pipeline("counted", doc=__doc__)
who = pipeline.param("NAME", "world")
least = pipeline.param("LEAST", 1)
unset = pipeline.param("UNSET", "")

write = pipeline.step("write", greeting("write", name=who), outputs=["file"])
count = pipeline.step("count_words", words(file=write["file"], least=least), outputs=["words"], junit=True)
plain = pipeline.step("plain", words(file=write["file"], least=unset), outputs=["words"], junit=True)
pipeline.step("keep", greeting("keep", file=write["file"]), after=[count, plain])
pipeline.step("erase", greeting("erase"), undoes=[write])
pipeline.done()
'''


@pytest.fixture(scope="session")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go step, built as its first line says."""
    try:
        go = preflight.go()
    except Missing as missing:
        pytest.skip(str(missing))
    program = tmp_path_factory.mktemp("bin") / "words"
    env = os.environ | {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
    argv = [str(go), "build", "-o", str(program), "."]
    subprocess.run(argv, cwd=EXAMPLES / "words", env=env, check=True, timeout=200)
    return program


@pytest.fixture
def home(tmp_path: Path, words: Path) -> Path:
    """A project with a pipeline of both steps."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/words").symlink_to(words)
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags/counted.py").write_text(PIPELINE)
    return tmp_path


def driven(home: Path, **conf: object) -> tuple[int, Path]:
    """The exit code of a run of the pipeline, and the run's folder."""
    argv = [sys.executable, "-m", "py.e2e", "run", "counted", f"--conf={json.dumps(conf)}"]
    ended = subprocess.run(
        [*argv, f"--dags={home}/dags", f"--runs={home}/runs"],
        cwd=ROOT, timeout=120, check=False, capture_output=True, text=True,
    )  # fmt: skip
    (record,) = home.glob("runs/*/run.json")
    assert "Traceback" not in ended.stderr
    return ended.returncode, record.parent


def outputs(run: Path, step: str) -> dict[str, Any]:
    return json.loads((run / "steps" / step / "outputs.json").read_text())  # type: ignore[no-any-return]


def told(run: Path, step: str) -> dict[str, Any]:
    return json.loads((run / "steps" / step / "step.json").read_text())  # type: ignore[no-any-return]


def started(
    *argv: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    bare = {"PATH": os.environ["PATH"]} | dict(env or {})
    return subprocess.run(argv, env=bare, cwd=cwd, capture_output=True, text=True, timeout=30, check=False)


def test_a_run_of_steps_in_two_languages_is_green(home: Path) -> None:
    code, run = driven(home, NAME="you & 'me'; $(touch gone)")
    assert code == 0
    assert outputs(run, "write") == {"file": str(run / "workspace/greeting.txt")}
    assert outputs(run, "count_words") == {"words": "8"}
    assert (
        run / "artifacts/greeting.txt"
    ).read_text() == f"Hello, you & 'me'; $(touch gone), from {run.name}\n"
    assert not (run / "workspace/greeting.txt").exists()  # erased
    for step, name in (("count_words", "junit_count-words.xml"), ("plain", "junit_plain.xml")):
        (case,) = junit.read(run / "artifacts" / name)
        assert (case.classname, case.name, case.failure) == ("words", "enough words", ""), step
    assert {case.name for case in junit.read(run / "artifacts/junit_steps.xml")} == {
        "write", "count_words", "plain", "keep", "erase",
    }  # fmt: skip


def test_a_step_that_fails_is_told_by_its_last_line_and_its_junit(home: Path) -> None:
    code, run = driven(home, LEAST=100)
    wanted = f"{run}/workspace/greeting.txt holds 4 words, and 100 were wanted"
    assert code == 1
    assert told(run, "count_words")["state"] == "failed"
    assert told(run, "count_words")["reason"] == f"exit code 1: {wanted}"
    assert junit.read(run / "artifacts/junit_count-words.xml")[0].failure == wanted
    assert told(run, "keep")["state"] == "not run"
    assert told(run, "erase")["state"] == "passed"  # what was made is undone all the same
    assert not (run / "artifacts/greeting.txt").exists()


def test_a_step_that_is_asked_wrongly_ends_with_2(home: Path) -> None:
    code, run = driven(home, NAME="")
    assert code == 1
    assert (told(run, "write")["code"], told(run, "write")["reason"]) == (
        2,
        "exit code 2: write needs --name=WHO",
    )


def test_the_command_by_hand_repeats_a_step_and_shows_its_outputs(home: Path) -> None:
    _, run = driven(home)
    for step in ("write", "count_words"):
        argv = [sys.executable, "-m", "py.e2e", "command", run.name, step, f"--runs={home}/runs"]
        line = subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        by_hand = started("bash", "-c", line)
        assert by_hand.returncode == 0
        last = by_hand.stdout.splitlines()[-1]
        assert last in (f'{{"file": "{run}/workspace/greeting.txt"}}', "words: 4")


def test_a_dry_run_starts_neither(home: Path) -> None:
    code, run = driven(home, dryrun=True)
    assert code == 0
    assert list((run / "workspace").iterdir()) == []
    log = (run / "steps/count_words/log.txt").read_text()
    assert "bin/words '--file=<write.file>' --least=1" in log


def test_greeting_says_what_is_wrong_with_a_question_and_starts_nothing(tmp_path: Path) -> None:
    env = {"WORKSPACE": str(tmp_path), "ARTIFACTS": str(tmp_path), "RUN_NAME": "by-hand"}
    for argv in ([], ["wirte"], ["write"], ["write", "--name="], ["write", "--nome=x"], ["keep"]):
        ended = started(GREETING, *argv, env=env)
        assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1), argv
    assert started(GREETING, "keep", f"--file={tmp_path}/gone", env=env).returncode == 1
    assert list(tmp_path.iterdir()) == []


def test_what_undoes_is_content_where_there_is_nothing(tmp_path: Path) -> None:
    assert started(GREETING, "erase", env={"WORKSPACE": str(tmp_path)}).returncode == 0


def test_words_says_what_is_wrong_with_a_question_and_starts_nothing(words: Path, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("one two\n")
    env = {"ARTIFACTS": str(tmp_path), "STEP_NAME": "count", "STEP_OUTPUTS": str(tmp_path / "outputs.json")}
    for argv in (
        [], ["--file="], ["--flie=x"], [f"--file={text}", "--least=many"], [f"--file={text}", "more"],
    ):  # fmt: skip
        ended = started(words, *argv, env=env)
        assert (ended.returncode, bool(ended.stderr), ended.stdout) == (2, True, ""), argv
    assert started(words, f"--file={tmp_path}/gone", env=env).returncode == 1
    assert [file.name for file in tmp_path.iterdir()] == ["text"]


def test_words_works_by_hand_without_a_run(words: Path, tmp_path: Path) -> None:
    text = tmp_path / "two words.txt"
    text.write_text("one two\n")
    ended = started(words, f"--file={text}", "--least=", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (0, f"{text} holds 2 words\nwords: 2\n")
    assert list(tmp_path.iterdir()) == [text]


def test_the_junit_of_words_has_the_shape_that_viewers_want(words: Path, tmp_path: Path) -> None:
    text = tmp_path / "a & b"
    text.write_text("one")
    started(words, f"--file={text}", "--least=2", env={"ARTIFACTS": str(tmp_path), "STEP_NAME": "a_b"})
    file = tmp_path / "junit_a-b.xml"
    assert "<testsuites>" in file.read_text()
    (case,) = junit.read(file)
    assert case == Case("words", "enough words", case.seconds, f"{text} holds 1 words, and 2 were wanted")
