"""What every test stands on, and room for our package `py`: pytest ships a module of that name."""

import os
import sys

import pytest

if not hasattr(sys.modules.get("py"), "__path__"):
    sys.modules.pop("py", None)

pytest_plugins = ["tests.projects"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """With WINDTUNNEL_CI=1 a skipped test has failed: what CI did not check, it may not call green."""
    report = yield
    if report.skipped and os.environ.get("WINDTUNNEL_CI") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {call.excinfo.value if call.excinfo else ''}"
    return report
