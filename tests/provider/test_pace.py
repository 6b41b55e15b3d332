"""How long the scheduler pauses depends on whether steps come and go."""

from types import SimpleNamespace
from typing import Any

import pytest

from py.provider import pace


class Runner:
    """A scheduler as far as its pause is concerned."""

    _scheduler_idle_sleep_time: Any

    def __init__(self, seldom: float) -> None:
        self._scheduler_idle_sleep_time = seldom
        self.executors = [SimpleNamespace(running=set()), SimpleNamespace(running=set())]

    @property
    def pause(self) -> float:
        pause: float = self._scheduler_idle_sleep_time
        return pause


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    now = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: now.seconds))
    monkeypatch.setattr(Runner, pace.SETTING, pace.Pause(), raising=False)
    return now


def test_nothing_runs_and_the_setting_counts(clock: SimpleNamespace) -> None:
    assert Runner(0.2).pause == 0.2


def test_after_a_step_began_or_ended_the_pause_is_short_for_a_while(clock: SimpleNamespace) -> None:
    runner = Runner(0.2)
    for executor in runner.executors:
        for change in (executor.running.add, executor.running.remove):
            change("step")
            assert runner.pause == pace.SOON
            clock.seconds += pace.LINGER - 0.1
            assert runner.pause == pace.SOON
            clock.seconds += 0.2
            assert runner.pause == 0.2


def test_a_setting_that_is_shorter_still_is_kept(clock: SimpleNamespace) -> None:
    runner = Runner(0.001)
    runner.executors[0].running.add("step")
    assert runner.pause == 0.001
