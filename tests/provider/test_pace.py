"""How long the scheduler pauses depends on whether steps begin."""

from types import SimpleNamespace
from typing import Any

import pytest

from py.provider import pace


class Runner:
    """A scheduler as far as its pause is concerned."""

    _scheduler_idle_sleep_time: Any

    def __init__(self, seldom: float) -> None:
        self._scheduler_idle_sleep_time = seldom

    @property
    def pause(self) -> float:
        pause: float = self._scheduler_idle_sleep_time
        return pause


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    now = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: now.seconds))
    return now


@pytest.fixture
def pause(monkeypatch: pytest.MonkeyPatch) -> pace.Pause:
    monkeypatch.setattr(Runner, pace.SETTING, pause := pace.Pause(), raising=False)
    return pause


def look(pause: pace.Pause, begun: int) -> None:
    """One look of the scheduler, in which so many steps begin."""
    assert pause.noting(lambda: begun, None, (), {}) == begun


def test_no_step_has_begun_and_the_setting_counts(clock: SimpleNamespace, pause: pace.Pause) -> None:
    look(pause, 0)
    assert Runner(0.2).pause == 0.2


def test_after_a_step_has_begun_the_pause_is_short_for_a_while(
    clock: SimpleNamespace, pause: pace.Pause
) -> None:
    runner = Runner(0.2)
    for _ in range(2):
        look(pause, 1)
        assert runner.pause == pace.SOON
        clock.seconds += pace.LINGER - 0.1
        look(pause, 0)
        assert runner.pause == pace.SOON
        clock.seconds += 0.2
        assert runner.pause == 0.2


def test_a_setting_that_is_shorter_still_is_kept(clock: SimpleNamespace, pause: pace.Pause) -> None:
    look(pause, 1)
    assert Runner(0.001).pause == 0.001
