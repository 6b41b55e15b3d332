#!/usr/bin/env python3
"""Take the pictures in docs/pictures again; `airflow` or `reports` takes only those.

airflow  its pages, of the newest run of tf_k8s_tests in the local Airflow
reports  the pages of three local runs of tf_k8s_tests, which are made for it

.venv/bin/python scripts/pictures.py [airflow] [reports]
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from py.pipeline import run as runs  # noqa: E402
from py.results import report  # noqa: E402
from py.servers.home import Home  # noqa: E402
from tests.browsers import browsing, launched  # noqa: E402

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


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    for wanted in sys.argv[1:] or ["airflow", "reports"]:
        {"airflow": airflow, "reports": reports}[wanted]()
    print(json.dumps({path.name: path.stat().st_size for path in sorted(PICTURES.iterdir())}))
