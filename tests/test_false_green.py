"""Ways in which a run could look green that is not: each ends red and says why, and its honest twin is green.

Every row is a real run with real processes. The twin is the same pipeline with an honest deed in the place of
the lie, so that a check that is always red, or never, is found.
"""

import shlex
import sys
import time
from typing import NamedTuple

import pytest

from py.pipeline import load, local, params
from py.pipeline import run as runs
from py.pipeline.run import Run
from py.results import junit, quarantine, reasons, verdict
from py.tools import folders, process
from tests.projects import Project, alive

OURS = "junit_tests.xml"
DAY = 24 * 3600.0


def writes(text: str, file: str = OURS) -> str:
    """A deed: write a file into ARTIFACTS."""
    return f"printf %s {shlex.quote(text)} > $ARTIFACTS/{file}"


def suite(*inside: str, **attributes: str) -> str:
    """JUnit with one suite."""
    said = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<testsuites><testsuite name="s"{said}>{"".join(inside)}</testsuite></testsuites>'


def case(inside: str = "", name: str = "n", more: str = "") -> str:
    return f'<testcase classname="c" name="{name}" time="1"{more}>{inside}</testcase>'


BAD = "<failure>no</failure>"
GREEN, RED = writes(suite(case())), writes(suite(case(BAD)))
TESTS = 'pipeline.step("tests", sh(do=DEED), junit=True)'
# What a later step does is the lie: the tests have failed, or left nothing.
LATER = """
tests = pipeline.step("tests", sh(do=FIRST), junit=True)
pipeline.step("later", sh(do=DEED), after=[tests])
"""
KEEPS = 'pipeline.step("package", sh(do=DEED), artifacts=["app.tgz"])'
UNDONE = """
create = pipeline.step("create", sh(do="true"))
pipeline.step("teardown", sh(do=DEED), undoes=[create], timeout=timedelta(seconds=0.5))
"""
PYTEST = f"cd $WORKSPACE; {sys.executable} -m pytest -q -p no:cacheprovider --junitxml=$ARTIFACTS/{OURS}"
A_TEST = "echo 'def test_it(): pass' > $WORKSPACE/test_it.py"
BOMB = "<!DOCTYPE x [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12)
)  # fmt: skip


class Lie(NamedTuple):
    """What a step does, the kinds of reasons that it must earn, words of the first, and what is honest.

    `first` is what an earlier step has done in both cases, where there is one.
    """

    deed: str
    kinds: tuple[str, ...]
    says: str = ""
    honest: str = GREEN
    body: str = TESTS
    first: str = GREEN


FAILED, UNREADABLE = (reasons.JUNIT_FAILED,), (reasons.JUNIT_UNREADABLE,)
EMPTY, CONTRADICTS = (reasons.JUNIT_EMPTY,), (reasons.JUNIT_CONTRADICTS,)
MISSING, STALE, CHANGED = (reasons.JUNIT_MISSING,), (reasons.JUNIT_STALE,), (reasons.JUNIT_CHANGED,)
UNDECLARED, STEP = (reasons.JUNIT_UNDECLARED,), (reasons.STEP_FAILED,)

LIES = {
    # The tests failed, whatever the exit code says.
    "exit 0 with a failure": Lie(RED, FAILED, "junit_tests.xml holds failures: n"),
    "an error instead of a failure": Lie(writes(suite(case("<error/>"))), FAILED),
    "a failure that says nothing": Lie(writes(suite(case("<failure> </failure>"))), FAILED),
    "a failure among passes": Lie(writes(suite(case(), case(BAD, "m"), case())), FAILED, "holds failures: m"),
    "a failure in a suite in a suite": Lie(writes(suite(case(), suite(suite(case(BAD))))), FAILED),
    "a failure that retries hide": Lie(
        writes(suite(case("<failure/><rerunFailure/>"))), FAILED,
        honest=writes(suite(case("<flakyFailure/>"), failures="1", tests="2")),
    ),
    "a failure in a namespace": Lie(
        writes(f'<testsuite xmlns:x="u">{case()}<x:testcase name="m"><x:failure/></x:testcase></testsuite>'),
        FAILED, "holds failures: m", writes(f'<testsuite xmlns="urn:x">{case()}</testsuite>'),
    ),
    "a suite that could not begin": Lie(
        writes(suite(case(), '<error message="import"/>')), FAILED, "holds failures: suite s"
    ),
    "a failure that only an attribute tells": Lie(
        writes(suite(case(more=' status="failed"'))), FAILED,
        honest=writes(suite(case(more=' status="run" result="completed"'))),
    ),
    # It cannot be so.
    "failures that are counted, but not there": Lie(
        writes(suite(case(), tests="1", failures="2")), CONTRADICTS, "counts 2 failures, but holds 0",
        writes(suite(case(), tests="1", failures="0")),
    ),
    "tests that are counted, but not there": Lie(
        writes(suite(case(), case(), case(), tests="5")), CONTRADICTS, "counts 5 tests, but holds 3",
        writes(suite(case(), case(), case(), tests="3")),
    ),
    # Nothing was tested.
    "no suite": Lie(writes("<testsuites/>"), EMPTY, "holds no test that was run"),
    "no test": Lie(writes(suite(tests="0")), EMPTY),
    "all tests skipped": Lie(
        writes(suite(case("<skipped/>"), case("<skipped/>"))), EMPTY,
        honest=writes(suite(case("<skipped/>"), case())),
    ),
    "all tests disabled by an attribute": Lie(writes(suite(case(more=' status="notrun"'))), EMPTY),
    "pytest finds no test": Lie(f"{PYTEST}", STEP, "exit code 5", f"{A_TEST}; {PYTEST}"),
    "pytest finds none, and nobody asks": Lie(f"{PYTEST} || true", EMPTY, honest=f"{A_TEST}; {PYTEST}"),
    "pytest skips a whole file": Lie(
        f"{A_TEST}; echo 'import pytest; pytestmark = pytest.mark.skip' >> $WORKSPACE/test_it.py; {PYTEST}",
        EMPTY, honest=f"{A_TEST}; {PYTEST}",
    ),
    # It is not about this run.
    "JUnit of yesterday": Lie(f"{GREEN}; touch -d yesterday $ARTIFACTS/{OURS}", STALE, "from before this"),
    "JUnit of yesterday, touched": Lie(
        writes(suite(case(), timestamp="2026-01-01T12:00:00")), STALE, "tests that ran before this run",
        f"""printf '<testsuite timestamp="%s">{case()}</testsuite>' $(date -Iseconds) > $ARTIFACTS/{OURS}""",
    ),
    "one old suite beside a new one": Lie(
        writes(f"<testsuites>{suite(case(), timestamp='2026-01-01T12:00:00Z')}{suite(case())}</testsuites>"),
        STALE,
    ),
    "a link to a good file": Lie(
        f"{writes(suite(case()), 'good.xml')}; ln -s good.xml $ARTIFACTS/{OURS}", UNREADABLE, "it is a link"
    ),
    # It cannot be read.
    "no JUnit": Lie("true", MISSING, "its junit_tests.xml is missing"),
    "an empty file": Lie(f": > $ARTIFACTS/{OURS}", UNREADABLE),
    "cut off": Lie(writes(suite(case())[:-8]), UNREADABLE),
    "two documents": Lie(writes(suite(case()) * 2), UNREADABLE),
    "a page": Lie(writes("<html><body>0 failed</body></html>"), UNREADABLE, "its root is <html>"),
    "words": Lie(writes("all tests passed"), UNREADABLE),
    "no UTF-8": Lie(
        f"printf '<testsuite><testcase name=\"\\xe9\"/></testsuite>' > $ARTIFACTS/{OURS}", UNREADABLE,
        honest=f"printf '<testsuite><testcase name=\"\\xc3\\xa9\"/></testsuite>' > $ARTIFACTS/{OURS}",
    ),
    "a bomb": Lie(writes(f"{BOMB}]><testsuite>{case(name='&a11;')}</testsuite>"), UNREADABLE, "document"),
    "a file of this machine": Lie(
        writes("<!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><testsuite>&f;</testsuite>"), UNREADABLE
    ),
    "too large": Lie(f"{GREEN}; truncate -s 101M $ARTIFACTS/{OURS}", UNREADABLE, "larger than 100 MB"),
    "a folder": Lie(f"mkdir $ARTIFACTS/{OURS}", UNREADABLE, "it is no file"),
    "a pipe": Lie(f"mkfifo $ARTIFACTS/{OURS}", UNREADABLE, "it is no file"),
    # Nobody waits for it.
    "JUnit that no step declares": Lie(
        f"{GREEN}; {writes(suite(case(BAD)), 'junit_more.xml')}", UNDECLARED, "no step declares it"
    ),
    "JUnit in a folder": Lie(
        f"{GREEN}; mkdir $ARTIFACTS/x; {writes(suite(case(BAD)), 'x/junit.xml')}", UNDECLARED, "x/junit.xml"
    ),
    "JUnit of nobody, of yesterday": Lie(
        f"{GREEN}; {writes(suite(case(BAD)), 'junit_x.xml')}; touch -d yesterday $ARTIFACTS/junit_x.xml",
        UNDECLARED,
    ),
    "JUnit by Bazel's name": Lie(f"{GREEN}; {writes(suite(case(BAD)), 'test.xml')}", UNDECLARED),
    "an underscore in the name": Lie(
        writes(suite(case()), "junit_unit_tests.xml"), MISSING + UNDECLARED, "junit_unit-tests.xml",
        writes(suite(case()), "junit_unit-tests.xml"),
        'pipeline.step("unit_tests", sh(do=DEED), junit=True)',
    ),
    # Somebody else changes it.
    "a later step makes it green": Lie(GREEN, FAILED, honest="true", body=LATER, first=RED),
    "a later step takes a red one away": Lie(f"rm $ARTIFACTS/{OURS}", FAILED, body=LATER, first=RED),
    "a later step writes what was missing": Lie(GREEN, MISSING, honest="true", body=LATER, first="true"),
    "a later step changes a green one": Lie(
        writes(suite(case(), case())), CHANGED, "was changed after that", "true", LATER
    ),
    "a later step takes a green one away": Lie(
        f"rm $ARTIFACTS/{OURS}", CHANGED, "was taken away after that", "true", LATER
    ),
    "a daemon writes it later": Lie(
        f"{GREEN}; (sleep 0.2; {writes(suite(case(), case()))}) > /dev/null 2>&1 &", CHANGED,
        body='tests = pipeline.step("tests", sh(do=DEED), junit=True)\n'
             'pipeline.step("later", sh(do="sleep 0.4"), after=[tests])',
    ),
    # Files that are promised.
    "a file that is missing": Lie("true", (reasons.ARTIFACT_MISSING,), "its app.tgz is missing", "", KEEPS),
    "a file that is empty": Lie(": > $ARTIFACTS/app.tgz", (reasons.ARTIFACT_EMPTY,), "is empty", "", KEEPS),
    "a file of yesterday": Lie(
        f"{writes('x', 'app.tgz')}; touch -d yesterday $ARTIFACTS/app.tgz", (reasons.ARTIFACT_STALE,),
        "from before this step", "", KEEPS,
    ),
    "a file of somebody else": Lie(
        "ln -s /etc/passwd $ARTIFACTS/app.tgz", (reasons.ARTIFACT_MISSING,), "it is a link", "", KEEPS
    ),
    "a folder instead of a file": Lie(
        "mkdir $ARTIFACTS/app.tgz", (reasons.ARTIFACT_MISSING,), "it is no file", "", KEEPS
    ),
    "a file that is taken away later": Lie(
        "rm $ARTIFACTS/app.tgz", (reasons.ARTIFACT_MISSING,), "was taken away after that", "true",
        f'package = {KEEPS.replace("DEED", "FIRST")}\npipeline.step("later", sh(do=DEED), after=[package])',
        writes("x", "app.tgz"),
    ),
    # What was made is not undone.
    "a teardown that does nothing": Lie(
        "true", (reasons.LEFT_BEHIND,), "its cluster at host:// is still there", "rm -r clusters/$RUN_NAME",
        UNDONE.replace('"true"', '"mkdir -p clusters/$RUN_NAME"'),
    ),
    "a teardown that fails": Lie("exit 1", STEP, "teardown failed: exit code 1", "true", UNDONE),
    "a teardown that hangs": Lie("sleep 60", STEP, "teardown failed: timed out", "true", UNDONE),
    # The exit code tells, and something else does not.
    "good JUnit, exit 1": Lie(f"{GREEN}; exit 1", STEP, "tests failed: exit code 1"),
    "good JUnit, killed": Lie(f"{GREEN}; kill -9 $$", STEP, "ended by signal 9"),
    "good JUnit, not to its end": Lie(
        f"{GREEN}; sleep 60", STEP, "timed out",
        body='pipeline.step("tests", sh(do=DEED), junit=True, timeout=timedelta(seconds=0.5))',
    ),
    "outputs of another type": Lie(
        """echo '{"image": 7}' > $STEP_OUTPUTS""", STEP, "its output image is no text",
        """echo '{"image": "x"}' > $STEP_OUTPUTS""",
        'pipeline.step("build", sh(do=DEED), outputs=["image"])',
    ),
    "a step that says how the run ended": Lie(
        "cd $ARTIFACTS/..; for each in finished run steps/tests/step; do "
        """echo '{"passed": true, "result": "SUCCESS", "state": "passed"}' > $each.json; done; exit 1""",
        STEP, "exit code 1",
    ),
    "a step that says how another one ended": Lie(
        """echo '{"state": "passed", "code": 0}' > $ARTIFACTS/../steps/tests/step.json""",
        STEP, "tests failed: exit code 1", "true",
        """
        tests = pipeline.step("tests", sh(do=FIRST), junit=True)
        pipeline.step("later", sh(do=DEED), undoes=[tests])
        """,
        f"{GREEN}; exit 1",
    ),
    "a step that writes the runner's JUnit": Lie(
        f"{writes(suite(case()), 'junit_steps.xml')}; exit 1", STEP,
        honest=f"{GREEN}; {writes(suite(case(BAD)), 'junit_steps.xml')}",
    ),
}  # fmt: skip
# An honest deed for a row whose first step has already failed says that it has not.
HONEST_FIRST = {name: GREEN for name, lie in LIES.items() if lie.first != GREEN and "package" not in lie.body}


def driven(project: Project, body: str, deed: str, first: str = GREEN, **conf: object) -> Run:
    """A run whose pipeline has these deeds."""
    project.declare(f"DEED = {deed!r}\nFIRST = {first!r}\n" + _flush_left(body))
    found = load.pipeline("sample", project.folder / "dags")
    values = params.resolve(found.pipeline, conf)
    run = runs.new(found.pipeline, values, runs=project.folder / "runs", home=project.folder)
    local.drive(run)
    return runs.read(run.folder)


def _flush_left(body: str) -> str:
    import textwrap

    return textwrap.dedent(body)


def kinds(run: Run) -> tuple[str, ...]:
    return tuple(reason.kind for reason in run.reasons)


@pytest.fixture
def clusters(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project's folder is where this machine's clusters are."""
    monkeypatch.setattr(folders, "HOST_STATE", project.folder)


@pytest.mark.usefixtures("clusters")
@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_red_with_its_reason(name: str, project: Project) -> None:
    lie = LIES[name]
    run = driven(project, lie.body, lie.deed, lie.first)
    assert (run.result, kinds(run)) == (verdict.FAILURE, lie.kinds), run.reasons
    assert lie.says in str(run.reasons[0])
    case_of = {case.name: case for case in junit.read(run.artifacts / verdict.STEPS_JUNIT)}
    assert {name: not case.failure for name, case in case_of.items()} == {
        name: record.state == "passed" for name, record in run.records.items()
    }


@pytest.mark.usefixtures("clusters")
@pytest.mark.parametrize("name", LIES)
def test_its_honest_twin_is_green(name: str, project: Project) -> None:
    lie = LIES[name]
    honest = lie.honest or writes("x", "app.tgz")
    run = driven(project, lie.body, honest, HONEST_FIRST.get(name, lie.first))
    assert (run.result, run.reasons) == (verdict.SUCCESS, ())


def known(test: str = "c.n", days: float = 30, step: str = "tests") -> str:
    """A quarantine of one test."""
    until = quarantine.day(time.time() + days * DAY)
    return f'[[sample.{step}]]\ntest = "{test}"\nowner = "us"\nuntil = {until}\nwhy = "issue 12"\n'


TWO = writes(suite(case(BAD), case(BAD, "m")))


@pytest.mark.parametrize(
    ("entry", "deed", "wanted", "says"),
    [
        (known(), RED, (), "c.n in tests failed, and is in quarantine (us, until "),
        (known(), f"{RED}; exit 1", (), "c.n in tests failed"),
        (known("c.*"), f"{TWO}; exit 1", (), "c.m in tests failed"),
        (known(), GREEN, (), ""),
        (known("d.gone"), GREEN, (), "the quarantine of d.gone is about no test of tests"),
        (known(), TWO, FAILED, "c.n in tests failed"),
        (known(), f"{TWO}; exit 1", STEP, ""),
        (known("c.m"), RED, FAILED, "is about no test"),
        (known("c"), RED, FAILED, "is about no test"),
        (known(), f"{RED}; exit 2", STEP, ""),
        (known(), f"{RED}; exit 130", STEP, ""),
        (known(), f"{RED}; kill -9 $$", STEP, ""),
        (known(), f"{GREEN}; exit 1", STEP, ""),
        (known(), "exit 1", STEP, ""),
        (known(), f"{RED}; touch -d yesterday $ARTIFACTS/{OURS}; exit 1", STEP, ""),
        (known(), writes(suite(case(BAD))[:-9]) + "; exit 1", STEP, ""),
        (known(), writes(suite(case(BAD), failures="2")) + "; exit 1", STEP, ""),
        (known(days=-1), RED, (reasons.JUNIT_FAILED, reasons.QUARANTINE_EXPIRED), ""),
        (known(days=-1), GREEN, (reasons.QUARANTINE_EXPIRED,), ""),
        (known(days=-1), f"{RED}; exit 1", (reasons.STEP_FAILED, reasons.QUARANTINE_EXPIRED), ""),
    ],
)
def test_a_quarantine_excuses_the_tests_it_names_and_nothing_else(
    project: Project, entry: str, deed: str, wanted: tuple[str, ...], says: str
) -> None:
    (project.folder / "dags" / quarantine.NAME).write_text(entry)
    run = driven(project, TESTS, deed)
    assert (run.result, kinds(run)) == (verdict.FAILURE if wanted else verdict.SUCCESS, wanted), run.reasons
    assert says in "; ".join(map(str, run.notes))
    assert bool(run.notes) == bool(says)


def test_a_step_that_is_excused_owes_its_outputs_and_files(project: Project) -> None:
    (project.folder / "dags" / quarantine.NAME).write_text(known())
    body = 'pipeline.step("tests", sh(do=DEED), junit=True, outputs=["x"], artifacts=["app.tgz"])'
    outputs, file = """echo '{"x": "y"}' > $STEP_OUTPUTS""", writes("x", "app.tgz")
    assert driven(project, body, f"{RED}; {outputs}; {file}; exit 1").result == verdict.SUCCESS
    assert kinds(driven(project, body, f"{RED}; {outputs}; exit 1")) == STEP
    assert "wrote no outputs" in str(driven(project, body, f"{RED}; {file}; exit 1").reasons[0])


def test_a_step_that_is_excused_lets_later_steps_run_and_says_so_in_its_log(project: Project) -> None:
    (project.folder / "dags" / quarantine.NAME).write_text(known())
    run = driven(project, LATER, "touch later", f"{RED}; exit 1")
    assert (run.result, (project.folder / "later").exists()) == (verdict.SUCCESS, True)
    log = (run.step_folder("tests") / "log.txt").read_text()
    assert "tests passed in spite of exit code 1: c.n in tests failed, and is in quarantine (us," in log
    assert run.records["tests"].code == 1
    log = (driven(project, TESTS, RED).step_folder("tests") / "log.txt").read_text()
    assert "in spite of" not in log


def test_a_step_that_ended_with_1_since_its_time_was_up_is_not_excused(project: Project) -> None:
    (project.folder / "dags" / quarantine.NAME).write_text(known())
    body = 'pipeline.step("tests", sh(do=DEED), junit=True, timeout=timedelta(seconds=0.5))'
    run = driven(project, body, f"trap 'exit 1' TERM; {RED}; sleep 60 & wait")
    assert (kinds(run), run.records["tests"].code) == (STEP, 1)
    assert "timed out" in str(run.reasons[0])


def test_a_quarantine_that_a_step_writes_is_for_later_runs(project: Project) -> None:
    file = project.folder / "dags" / quarantine.NAME
    deed = f"printf %s {shlex.quote(known())} > {file}; {RED}"
    assert kinds(driven(project, TESTS, deed)) == FAILED
    assert driven(project, TESTS, RED).result == verdict.SUCCESS
    assert kinds(driven(project, TESTS, f"rm {file}; {RED}")) == ()


def test_what_an_earlier_run_left_in_the_same_folder_is_not_this_one_s(project: Project) -> None:
    kept = {"ARTIFACTS_PATH": "kept"}
    assert driven(project, TESTS, GREEN, **kept).result == verdict.SUCCESS
    assert kinds(driven(project, TESTS, f"touch -c $ARTIFACTS/{OURS}", **kept)) == MISSING


def test_a_daemon_that_a_step_left_does_not_outlive_the_run(project: Project) -> None:
    run = driven(project, TESTS, f"{GREEN}; setsid sleep 60 > /dev/null & echo $! > $WORKSPACE/daemon")
    assert run.result == verdict.SUCCESS
    assert not alive(int((run.workspace / "daemon").read_text()))


def test_a_process_that_cannot_be_ended_makes_a_run_red(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    deed = f"{GREEN}; sleep 60 > /dev/null &"
    monkeypatch.setattr("py.tools.process.end_marked", lambda mark: ["process 1234"])
    run = driven(project, TESTS, deed)
    monkeypatch.undo()
    assert process.end_marked(f"{run.folder}/") == []
    assert kinds(run) == (reasons.LEFT_BEHIND,)
    assert str(run.reasons[0]) == "process 1234 could not be ended, and goes on"


def test_a_dry_run_is_green_for_nothing_and_says_so(project: Project) -> None:
    project.declare(f"{TESTS.replace('DEED', repr('exit 1'))}")
    code, out = project.run("--dryrun")
    assert (code, "SUCCESS: sample" in out, "(dry run: no command was started)" in out) == (0, True, True)
    assert project.last().params["dryrun"] is True


def test_a_step_that_passes_at_its_second_attempt_owns_up_to_the_first(project: Project) -> None:
    project.declare(
        """
        create = pipeline.step("create", sh(do="test -e ready || { echo quota; touch ready; exit 1; }"))
        pipeline.step("teardown", sh(do="true"), undoes=[create])
        """
    )
    code, _ = project.run()
    run = project.last()
    assert (code, run.result) == (1, verdict.FAILURE)
    run = again(run, "create", "teardown")
    note = "create passed at its attempt 2; the first failed: exit code 1: quota"
    assert (run.result, [str(each) for each in run.notes]) == (verdict.SUCCESS, [note])
    code, out = project.e2e("report")
    assert (code, f"  note: {note}\n" in out) == (0, True)
    text = (run.artifacts / verdict.STEPS_JUNIT).read_text()
    assert '<property name="attempts" value="2" />' in text
    assert "<system-out>attempt 1 failed: exit code 1: quota</system-out>" in text
    assert not any(case.failure for case in junit.read(run.artifacts / verdict.STEPS_JUNIT))
    earlier = again(run, "create", "teardown").records["create"].earlier
    assert [attempt.state for attempt in earlier] == ["failed", "passed"]


def test_an_attempt_of_which_nobody_told_the_end_is_told_too(project: Project) -> None:
    project.declare('pipeline.step("create", sh(do="true"))')
    assert project.run()[0] == 0
    run = project.last()
    (run.step_folder("create") / "step.json").unlink()  # as if the runner had been killed
    run = again(runs.read(run.folder), "create")
    assert [str(note) for note in run.notes] == [
        "create passed at its attempt 2; the first aborted: the runner was killed"
    ]


def test_an_attempt_that_leaves_no_junit_does_not_pass_with_that_of_the_first(project: Project) -> None:
    project.declare(
        f'pipeline.step("tests", sh(do="test -e again || {{ touch again; {quoted(GREEN)}; }}"), junit=True)'
    )
    assert project.run()[0] == 0
    first = (project.last().artifacts / OURS).read_text()
    run = again(project.last(), "tests")
    assert kinds(run) == MISSING
    assert (run.step_folder("tests") / "junit-before.xml").read_text() == first


def quoted(deed: str) -> str:
    """A deed within a text of Python."""
    return deed.replace("\\", "\\\\").replace('"', '\\"')


def again(run: Run, *steps: str) -> Run:
    """The run after these steps have run once more, as when somebody clears them in Airflow."""
    from py.pipeline.execute import execute

    run.reopen()
    for step in steps:
        execute(run, run.steps[step])
    local.conclude(run, interrupted=False)
    return runs.read(run.folder)
