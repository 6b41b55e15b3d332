"""What every test stands on, and room for our package `py`: pytest ships a module of that name."""

import os
import sys
from collections.abc import Generator
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer  # type: ignore[import-untyped]
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

if not hasattr(sys.modules.get("py"), "__path__"):
    sys.modules.pop("py", None)

# Where nothing compiled is kept, each process that a test starts would compile all it loads: half a second.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

pytest_plugins = ["tests.projects", "tests.airflows", "tests.browsers", "tests.prows", "tests.stores"]
AIRFLOW = "each has an Airflow of its own: beside that which all share, one is enough for a small machine"
DEPLOYMENT = "they share a cluster with a deployment"
PROVIDER = "they count the runs of a DAG that they share"
TOGETHER = {
    "tests/servers/test_containers.py": AIRFLOW,
    "tests/test_crashes.py": AIRFLOW,
    "tests/test_standalone.py": AIRFLOW,
    "tests/provider/": PROVIDER,
    "tests/deployment/test_deployment.py": DEPLOYMENT,
    "tests/deployment/test_in_pods.py": DEPLOYMENT,
}
LONGEST = {DEPLOYMENT: 0, AIRFLOW: 1}
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first: whole deployments, Airflows, then the whole, then the parts."""
    items.sort(
        key=lambda item: (LONGEST.get(_scope(item.nodeid), len(LONGEST)), _file(item.nodeid).count("/"))
    )


def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadFileScheduling":
    """The tests of a file stay together on one worker, and those of some files."""
    from xdist.scheduler import LoadFileScheduling

    class Scopes(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return _scope(nodeid)

    return Scopes(config, log)


def _scope(nodeid: str) -> str:
    file = _file(nodeid)
    return next((scope for path, scope in TOGETHER.items() if file.startswith(path)), file)


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


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
