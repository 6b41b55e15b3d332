"""Attempts of a step in the same run: none overlaps another, and one that counts no more is no failure."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from py.pipeline import attempts, load, params
from py.pipeline import run as runs
from py.pipeline.execute import end_left, execute, take_over
from py.pipeline.run import ABORTED, PASSED, Run
from tests.projects import Project

# The first attempt ends as it likes when it is asked to; the second has nothing to do.
ONCE = 'test -e begun && exit; trap "{}" TERM; touch begun; while :; do sleep 0.1; done'
ENDS = {"by the signal": "trap - TERM; kill $$", "with a code of its own": "exit 3"}


def begin(project: Project, end: str) -> Run:
    """A run whose only step goes on until somebody ends it."""
    project.declare(f"pipeline.step('tests', sh(do={ONCE.format(end)!r}))")
    found = load.pipeline("sample", project.folder / "dags").pipeline
    run = runs.new(found, params.resolve(found, {}), runs=project.folder / "runs", home=project.folder)
    run.save()
    return run


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_step_that_the_next_attempt_ends_has_not_failed_although_its_runner_was_not_told(
    project: Project, end: str
) -> None:
    run = begin(project, end)
    again = runs.read(run.folder)
    step = run.steps["tests"]
    with ThreadPoolExecutor() as pool:
        first = pool.submit(execute, run, step)
        project.wait_for("begun")
        take_over(again, step)
        ended = first.result(20)
        second = execute(again, step)
    assert (ended.state, second.state) == (ABORTED, PASSED)
    assert ended.reason.startswith("cancelled")
    assert [(each.state, each.reason) for each in second.earlier] == [(ended.state, ended.reason)]


def test_what_ended_a_step_once_does_not_end_it_when_it_runs_again(project: Project) -> None:
    run = begin(project, "exit 3")
    step = run.steps["tests"]
    attempts.give_up(run, step)  # too late: there is no attempt
    (project.folder / "begun").touch()
    assert execute(run, step).state == PASSED
    attempts.give_up(run, step)
    assert execute(run, step).state == PASSED


def test_of_a_step_that_has_ended_nobody_notes_that_it_is_given_up(project: Project) -> None:
    run = begin(project, "exit 3")
    step = run.steps["tests"]
    (project.folder / "begun").touch()
    execute(run, step)
    before = sorted(run.step_folder("tests").iterdir())
    end_left(run, step)
    assert sorted(run.step_folder("tests").iterdir()) == before
