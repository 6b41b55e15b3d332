"""^C, and what a CI job that is cancelled sends, while a run is followed."""

import json
import signal
import subprocess

import pytest

from tests.prows import DAG, WAIT, Prow, Terminal, ended

CONF = f"--conf={json.dumps({'DO': WAIT})}"
FOLLOW, CANCEL = (f"python -m py.prow {word} followed " for word in ("follow", "cancel"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_without_a_terminal_the_run_goes_on_and_can_be_followed(prow: Prow, number: int) -> None:
    name = f"left-{number}"
    child = prow.start("run", DAG, CONF, f"--run_id={name}")
    prow.wait_for_middle(name)
    child.send_signal(number)
    code, out = ended(child)
    assert (code, FOLLOW + name in out, CANCEL + name in out) == (3, True, True), out
    prow.let_go(name)
    assert prow("follow", DAG, name)[0] == 0


def test_a_ci_job_that_is_cancelled_can_take_its_run_with_it(prow: Prow) -> None:
    child = prow.start("run", DAG, CONF, "--run_id=ci", "--on_interrupt=cancel")
    prow.wait_for_middle("ci")
    child.send_signal(signal.SIGTERM)
    code, out = ended(child)
    assert code == 1, out
    assert "undo    passed" in out
    assert "ABORTED: followed" in out
    assert not (prow.workspace("ci") / "made").exists()


def test_a_second_signal_stops_us_at_once(prow: Prow) -> None:
    child = prow.start("run", DAG, CONF, "--run_id=twice", "--on_interrupt=cancel")
    prow.wait_for_middle("twice")
    child.send_signal(signal.SIGTERM)
    assert child.stdout
    while b"cancelled" not in child.stdout.readline():
        pass
    child.send_signal(signal.SIGTERM)
    code, out = ended(child)
    assert (code, "stopped at once" in out) == (3, True), out
    prow.let_go("twice")
    assert prow.airflow.wait(DAG, "twice") == "failed"


def test_on_a_terminal_one_may_go_on(prow: Prow, terminal: Terminal) -> None:
    child = asked(prow, terminal, "on")
    terminal.type("what?")
    terminal.type("")
    prow.let_go("on")
    terminal.read_until("SUCCESS: followed")
    assert child.wait(60) == 0


def test_on_a_terminal_one_may_leave_the_run(prow: Prow, terminal: Terminal) -> None:
    child = asked(prow, terminal, "leave")
    terminal.type("f")
    terminal.read_until(FOLLOW + "leave")
    assert child.wait(60) == 3
    prow.let_go("leave")
    assert prow.airflow.wait(DAG, "leave") == "success"


def test_on_a_terminal_one_may_cancel_the_run(prow: Prow, terminal: Terminal) -> None:
    child = asked(prow, terminal, "cancel")
    terminal.type("c")
    terminal.read_until("ABORTED: followed")
    assert child.wait(60) == 1
    assert not (prow.workspace("cancel") / "made").exists()


def test_a_second_ctrl_c_needs_no_answer(prow: Prow, terminal: Terminal) -> None:
    child = asked(prow, terminal, "impatient")
    child.send_signal(signal.SIGINT)
    terminal.read_until("stopped at once")
    assert child.wait(60) == 3
    prow.let_go("impatient")
    assert prow.airflow.wait(DAG, "impatient") == "success"


def asked(prow: Prow, terminal: Terminal, run_id: str) -> "subprocess.Popen[bytes]":
    """A run that is followed on a terminal, where ^C has led to the question."""
    child = prow.start("run", DAG, CONF, f"--run_id={run_id}", terminal=terminal.theirs)
    prow.wait_for_middle(run_id)
    terminal.read_until("running")
    child.send_signal(signal.SIGINT)
    terminal.read_until("go on [Enter]? ")
    return child
