"""What the history of a pipeline takes over a thousand stored runs, beside only reading their files."""

import sys
import tempfile
from pathlib import Path
from shutil import copytree

from benchmarks import beside
from benchmarks.measure import Program
from benchmarks.table import Row
from py.results import layout
from py.results.junit import Case
from py.results.verdict import FAILURE, SUCCESS
from tests.pasts import job, keep

RUNS = 1000
LIMIT = 3.0  # seconds, start-up included
STEPS, FILES, CASES = 8, 3, 20  # of each run; besides there is the file of the steps
KINDS = 20  # runs that differ; of each there are as many as it takes
NAME = "nightly"
FLOOR = "reading the files in a bare loop"
LOOP = """
import sys
from pathlib import Path
for run in Path(sys.argv[1], "logs", "nightly").iterdir():
    for file in (run / "started.json", run / "finished.json", *run.glob("artifacts/junit*.xml")):
        file.read_bytes()
"""


def rows(n: int) -> list[Row]:
    """A row for the bare loop, one for the table and one for the grid."""
    with tempfile.TemporaryDirectory() as scratch:
        store = Path(scratch, "store")
        _fill(store)
        ask = [sys.executable, "-m", "py.e2e", "history", NAME, f"--results={store}", f"--last={RUNS}"]
        programs = {
            FLOOR: Program([sys.executable, "-c", LOOP, store]),
            "e2e history": Program(ask),
            "e2e history --html": Program([*ask, f"--html={scratch}/grid.html"]),
        }
        return beside.rows(
            "history", programs, n,
            least="bare", spelled=lambda seconds: f"{seconds:.2f} s",
            budget=f"< {LIMIT:g} s", holds=lambda seconds, _: seconds < LIMIT,
        )  # fmt: skip


def _fill(store: Path) -> None:
    """A thousand runs of eight steps, which left three files of twenty tests; one in ten has failed."""
    made = [_made(store, number) for number in range(KINDS)]
    for number in range(KINDS, RUNS):
        copytree(made[number % KINDS], store / layout.folder(job(number)))


def _made(store: Path, number: int) -> Path:
    bad = number % 10 == 0
    steps = [Case(NAME, f"step_{each}", each + number / 7) for each in range(STEPS)]
    tests = [Case("e2e.operator", f"test_{each}", each / 3) for each in range(CASES)]
    if bad:
        tests[7] = tests[7]._replace(
            failure="AssertionError: it is broken\n" + "a line of a traceback\n" * 30
        )
        steps[5] = steps[5]._replace(failure="failed: exit code 1\n" + "a line of a log\n" * 12)
    files = {f"junit_file-{each}.xml": tests for each in range(FILES)}
    return keep(
        store, job(number, f"c{number % 7}"), result=FAILURE if bad else SUCCESS, steps=steps, tests=files
    )
