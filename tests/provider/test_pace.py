"""The scheduler looks at all there is to do when there may be something new, and seldom otherwise."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from py.provider import pace
from py.tools.folders import ROOT
from tests.prows import DAG, WAIT, Prow

SETTING = 1.0
OPEN: pace.Work = frozenset({("run-1", "dag", "running", "queued", 1)})
NONE: pace.Work = frozenset()
# Prints what is open of the run that is named, each time a line is written.
ASK = """\
import json, sys
from py.provider.pace import open_work

with open_work() as ask:
    for _ in sys.stdin:
        print(json.dumps(sorted((row[2:] for row in ask() if row[0] == sys.argv[1]), key=str)), flush=True)
"""


class World:
    """A clock, what is to be done at each time, and a scheduler as far as its pause is concerned."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.work: Callable[[float], pace.Work] = lambda now: NONE
        self.questions = 0
        self.executor = SimpleNamespace(result_queue=SimpleNamespace(empty=lambda: True))
        pause = pace.Pause(self._asking)
        self._scheduler = type("Runner", (), {pace.SETTING: pause})()
        setattr(self._scheduler, pace.SETTING, SETTING)
        self._scheduler.executors = [self.executor]

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def pause(self) -> float:
        """Pause as the scheduler does, and return for how long."""
        began = self.now
        self.sleep(getattr(self._scheduler, pace.SETTING))
        return self.now - began

    @contextmanager
    def _asking(self) -> Iterator[Callable[[], pace.Work]]:
        def ask() -> pace.Work:
            self.questions += 1
            return self.work(self.now)

        yield ask


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(pace, "time", made)
    made.pause()  # what there is at the start is new
    return made


def test_while_nothing_is_new_it_pauses_as_long_as_is_set_and_asks_seldom(world: World) -> None:
    world.now += pace.LINGER
    for work in (NONE, OPEN):
        world.work = lambda now, work=work: work  # type: ignore[misc]
        world.pause()
        world.now += pace.LINGER
        world.questions = 0
        assert world.pause() == pytest.approx(SETTING)
        assert world.questions <= SETTING / pace.LATER + 2


@pytest.mark.parametrize("after", [0.0, 0.3, 0.9])
def test_what_is_new_ends_the_pause(world: World, after: float) -> None:
    world.now += pace.LINGER
    comes = world.now + after
    world.work = lambda now: OPEN if now >= comes else NONE
    assert after <= world.pause() <= after + pace.LATER
    assert world.pause() == pytest.approx(SETTING)  # it is not new twice


def test_after_something_new_it_asks_often_for_a_while(world: World) -> None:
    world.work = lambda now: OPEN
    assert world.pause() == 0
    ends = world.now + pace.LINGER - 2 * pace.SOON
    world.work = lambda now: NONE if now >= ends else OPEN
    assert world.pause() <= pace.LINGER - pace.SOON


@pytest.mark.parametrize("queue", ["result_queue", "task_queue"])
def test_a_worker_that_ended_or_is_to_be_made_ends_the_pause(world: World, queue: str) -> None:
    setattr(world.executor, queue, SimpleNamespace(empty=lambda: False))
    assert world.pause() == 0


def test_a_setting_that_is_shorter_still_is_kept(world: World) -> None:
    setattr(world._scheduler, pace.SETTING, 0.001)
    assert world.pause() == pytest.approx(0.001)


def test_a_run_that_begins_goes_on_or_ends_is_something_new(prow: Prow) -> None:
    run_id = "paced"
    asked = subprocess.Popen(
        [sys.executable, "-c", ASK, run_id], cwd=ROOT, env=prow.airflow.env,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    def ask() -> list[Any]:
        assert asked.stdin
        assert asked.stdout
        asked.stdin.write("\n")
        asked.stdin.flush()
        return list(json.loads(asked.stdout.readline()))

    with asked:
        before = ask()
        prow.airflow.trigger(DAG, {"DO": WAIT}, run_id)
        prow.wait_for_middle(run_id)
        runs = ask()
        again = ask()
        prow.let_go(run_id)
        prow.airflow.wait(DAG, run_id)
        after = ask()
        assert asked.stdin
        asked.stdin.close()
    assert before == after == []
    assert ["running", "queued", 1] in runs
    assert again == runs
