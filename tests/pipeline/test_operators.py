"""What people and policies do to a run in Airflow while it goes on, or after it: a real one, real processes.

What also happens to a local run is in tests/test_engines.py.
"""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from py.pipeline.run import Run
from tests.airflows import Airflow
from tests.long_runs import STUBBORN_STEP, UNTIL_ENDED, LongRun, alone, begin, prepare
from tests.projects import wait_until


@pytest.fixture(scope="module")
def at_once(airflow: Airflow) -> dict[str, LongRun]:
    """All runs of this file go side by side; each is brought to its middle, and there something happens."""
    prepare(airflow)
    airflow.api("/dags/queued", {"is_paused": True}, "PATCH")
    made = {name: begin(airflow, **each.conf) for name, each in EVENTS.items()}
    for name, event in EVENTS.items():
        event.happens(made[name])
    return made


def cancelled_while_queued(run: LongRun) -> None:
    run.cancel()
    run.airflow.api("/dags/queued", {"is_paused": False}, "PATCH")


# Goes on for some seconds after it was cancelled.
UNDOING = 'cd "$WORKSPACE"; touch undoing; until test -e told; do sleep 0.1; done; sleep 3; rm cluster'


def cancelled_in_teardown(run: LongRun) -> None:
    run.wait_for("undoing")
    run.cancel()
    (run.workspace / "told").touch()


def begun_then(deed: Callable[[LongRun], None]) -> Callable[[LongRun], None]:
    def happens(run: LongRun) -> None:
        run.wait_for("begun")
        deed(run)

    return happens


class Event(NamedTuple):
    conf: dict[str, str]
    happens: Callable[[LongRun], None]


EVENTS = {
    "timeout": Event({"testing": STUBBORN_STEP, "dag": "hasty"}, lambda run: None),
    "fails": Event({"testing": 'test -e "$WORKSPACE/mended"'}, lambda run: None),
    "queued": Event({"dag": "queued"}, cancelled_while_queued),
    "in_teardown": Event({"undoing": UNDOING}, cancelled_in_teardown),
    "marked_failed": Event({"testing": STUBBORN_STEP}, begun_then(lambda run: run.mark("tests", "failed"))),
    "marked_success": Event({"testing": STUBBORN_STEP}, begun_then(lambda run: run.mark("tests", "success"))),
    "cleared": Event({"testing": alone(1, first=UNTIL_ENDED)}, begun_then(lambda run: run.clear("tests"))),
}


def ended(run: LongRun) -> tuple[str, str, tuple[str, ...]]:
    state, record = run.end()
    return state, record.result, tuple(map(str, record.reasons))


def test_a_run_that_is_cancelled_before_it_began_is_aborted(at_once: dict[str, LongRun]) -> None:
    run = at_once["queued"]
    assert ended(run) == ("failed", "ABORTED", ("not run: create, tests, beside",))


def test_cancelling_a_run_whose_teardown_runs_changes_nothing_as_all_else_is_over(
    at_once: dict[str, LongRun],
) -> None:
    assert ended(at_once["in_teardown"]) == ("success", "SUCCESS", ())


def test_a_running_task_that_is_marked_failed_ends_with_all_that_it_started(
    at_once: dict[str, LongRun],
) -> None:
    state, result, reasons = ended(at_once["marked_failed"])
    assert (state, result) == ("failed", "ABORTED")
    assert reasons == ("tests aborted: cancelled", "not run: beside")


def test_a_task_that_is_marked_success_makes_no_run_green(at_once: dict[str, LongRun]) -> None:
    run = at_once["marked_success"]
    assert ended(run) == ("failed", "ABORTED", ("tests aborted: cancelled",))
    assert run.airflow.states(run.dag, run.id)["beside"] == "success"


def test_a_running_task_that_is_cleared_ends_before_it_begins_again(at_once: dict[str, LongRun]) -> None:
    run = at_once["cleared"]
    assert ended(run) == ("success", "SUCCESS", ())
    assert run.attempts("tests") == 2
    assert (run.workspace / "begun").read_text() == "x\nx\n"


def test_a_time_limit_of_a_policy_ends_all_that_the_step_started(at_once: dict[str, LongRun]) -> None:
    state, result, reasons = ended(at_once["timeout"])
    assert (state, result) == ("failed", "FAILURE")
    assert reasons == ("tests failed: timed out: Airflow gives its task 0:00:03", "not run: beside")


def test_a_run_that_ended_is_open_and_has_no_verdict_while_a_cleared_task_runs_again(
    at_once: dict[str, LongRun],
) -> None:
    run = at_once["fails"]
    assert ended(run) == ("failed", "FAILURE", ("tests failed: exit code 1", "not run: beside"))
    run.mark("tests", "success")  # after the end, this time
    wait_until(lambda: judged(run) == ("tests failed: exit code 1",))
    assert ended(run)[:2] == ("failed", "FAILURE")
    (run.workspace / "mended").touch()
    run.clear("create", downstream=True)
    wait_until(run.is_open)
    wait_until(lambda: record(run).result in ("", "SUCCESS"))
    assert ended(run) == ("success", "SUCCESS", ())
    note = "tests passed at its attempt 2; the first failed: exit code 1"
    assert [str(each) for each in record(run).notes] == [note]


def record(run: LongRun) -> Run:
    from py.pipeline import run as runs

    return runs.read(run.folder)


def judged(run: LongRun) -> tuple[str, ...]:
    return tuple(map(str, record(run).reasons))
