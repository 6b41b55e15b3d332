#!/usr/bin/env python3
"""Take the pictures in docs/pictures again, of the newest run of tf_k8s_tests in the local Airflow.

.venv/bin/python scripts/pictures.py
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from py.pipeline import run as runs  # noqa: E402
from py.servers.home import Home  # noqa: E402
from tests.browsers import browsing  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"


def main() -> None:
    """Make grid.jpg, log.jpg and form.jpg."""
    newest = runs.find("last", ROOT / "runs")
    run = f"/dags/{newest.pipeline}/runs/{newest.id}"
    PICTURES.mkdir(exist_ok=True)
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
    print(json.dumps({path.name: path.stat().st_size for path in sorted(PICTURES.iterdir())}))


if __name__ == "__main__":
    main()
