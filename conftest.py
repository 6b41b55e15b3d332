"""What every test stands on, and room for our package `py`: pytest ships a module of that name."""

import os
import sys
from collections.abc import Generator
from typing import TypeVar

import pytest

if not hasattr(sys.modules.get("py"), "__path__"):
    sys.modules.pop("py", None)

pytest_plugins = ["tests.projects", "tests.airflows", "tests.browsers", "tests.prows", "tests.stores"]
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that was skipped in CI has failed."""
    return _not_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that was skipped in CI has failed."""
    return _not_skipped((yield))


def _not_skipped(report: Report) -> Report:
    """What CI did not check, it may not call green."""
    if os.environ.get("WINDTUNNEL_CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped in CI, but this was: {report.longrepr}"
    return report
