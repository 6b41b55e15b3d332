#!/usr/bin/env python3
"""Take the pictures in docs/pictures again; `airflow`, `reports` or `history` takes only those.

airflow  its pages, of the newest run of tf_k8s_tests in the local Airflow
reports  the pages of three local runs of tf_k8s_tests, which are made for it
history  the grid of sixty runs that never were

.venv/bin/python scripts/pictures.py [airflow] [reports] [history]
"""

import hashlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from py.artifacts import open_store  # noqa: E402
from py.pipeline import run as runs  # noqa: E402
from py.results import builds, grid, report  # noqa: E402
from py.results import history as past  # noqa: E402
from py.results.junit import Case  # noqa: E402
from py.results.verdict import ABORTED, FAILURE, SUCCESS  # noqa: E402
from py.servers.home import Home  # noqa: E402
from tests.browsers import browsing, launched  # noqa: E402
from tests.pasts import job, keep  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
TESTED = "tf_k8s_tests"
RUNS = {"green": "1", "red": "2", "aborted": "1"}  # pull requests of the sample: one is good, one is not


def airflow() -> None:
    """Make grid.jpg, log.jpg and form.jpg."""
    newest = runs.find("last", ROOT / "runs")
    run = f"/dags/{newest.pipeline}/runs/{newest.id}"
    with browsing(Home(), width=1100, height=640) as page:
        for name, address, shown in (
            ("grid", run, "Task Instances"),
            ("log", f"{run}/tasks/run_tests", "condition Succeeded"),
        ):
            page.goto(address)
            page.get_by_text(shown).first.wait_for()
            page.wait_for_load_state("networkidle")
            page.screenshot(path=PICTURES / f"{name}.jpg", type="jpeg", quality=75)
        page.goto(f"/dags/{newest.pipeline}")
        page.get_by_role("button", name="Trigger").first.click()
        page.get_by_text("Show every command").wait_for()
        page.screenshot(path=PICTURES / "form.jpg", type="jpeg", quality=75)


def reports() -> None:
    """Make report-green.jpg, report-red.jpg, report-aborted.jpg, and report-phone.jpg, which is dark."""
    with tempfile.TemporaryDirectory() as scratch, launched() as browser:
        made = {name: _page(name, Path(scratch, name)) for name in RUNS}
        shots = [(name, name, "light", (1100, 900)) for name in made]
        for name, of, scheme, (width, height) in [*shots, ("phone", "red", "dark", (390, 844))]:
            size = {"width": width, "height": height}
            page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(made[of])
            page.screenshot(path=PICTURES / f"report-{name}.jpg", type="jpeg", quality=75)


def _page(name: str, folder: Path) -> str:
    """The address of the page of a run that ends so."""
    conf = json.dumps({"PULL_NUMBER": RUNS[name]})
    child = subprocess.Popen(
        [sys.executable, "-m", "py.e2e", "run", TESTED, f"--conf={conf}", f"--runs={folder}"], cwd=ROOT
    )
    while name == "aborted" and child.poll() is None and not list(folder.glob("*/steps/setup_cluster/*")):
        time.sleep(0.1)
    if name == "aborted":
        time.sleep(3)
        child.send_signal(signal.SIGINT)
    child.wait()
    (page,) = folder.glob(f"*/{report.NAME}")
    return page.as_uri()


def history() -> None:
    """Make history.jpg: the grid of a pipeline with a flaky test and one that has begun to fail."""
    with tempfile.TemporaryDirectory() as scratch, launched() as browser:
        for number in range(60):
            _past(Path(scratch), number)
        found = builds.stored(open_store(scratch), TESTED, 60)
        found = found._replace(url="gs://your-bucket")
        grid.write(Path(scratch, "grid.html"), TESTED, found, past.rows(found.runs))
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(Path(scratch, "grid.html").as_uri())
        page.get_by_role("button", name="run_tests", exact=True).click()
        page.screenshot(path=PICTURES / "history.jpg", type="jpeg", quality=75)


def _past(store: Path, number: int) -> None:
    """A run: every seventh has the flake, the newest four the failure; one was aborted, one goes on."""
    flaky, broken, last = number % 7 == 3, number > 55, number == 59
    said = "AssertionError: the job's last condition is Running, not Succeeded" if flaky else ""
    seconds = {
        "clone_repo": 0.4,
        "build_images": 21.0,
        "create_cluster": 4.1,
        "pylint": 9.7,
        "setup_cluster": 8.2,
    }
    steps = [Case(TESTED, step, took * (1 + number % 5 / 9)) for step, took in seconds.items()]
    steps += [
        Case(TESTED, "pytest", 3.6, "failed: exit code 1" if broken else ""),
        Case(TESTED, "run_tests", 14.2, f"failed: exit code 1: {said}" if flaky else ""),
        Case(TESTED, "teardown_cluster", 1.5),
    ]
    tests = {
        "junit_run-tests.xml": [Case("tf_job", "two_workers", 7.1, said), Case("tf_job", "one_worker", 5.5)],
        "junit_pytest.xml": [
            Case("controller_test", "test_workers_keep_their_order", 0.2, "KeyError: 'ps'" if broken else ""),
            Case("controller_test", "test_it_names_services", 0.1), Case("api_test", "test_defaults", 0.1),
        ],
    }  # fmt: skip
    result = "" if last else ABORTED if number == 52 else FAILURE if flaky or broken else SUCCESS
    commit = hashlib.sha256(str(number // 2).encode()).hexdigest()[:40]
    keep(store, job(number, commit, name=TESTED), result=result, steps=steps, tests=tests, seconds=61)


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    parts = {"airflow": airflow, "reports": reports, "history": history}
    for wanted in sys.argv[1:] or parts:
        parts[wanted]()
    print(json.dumps({path.name: path.stat().st_size for path in sorted(PICTURES.iterdir())}))
