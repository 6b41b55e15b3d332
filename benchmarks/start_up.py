"""How long a binary takes to say what it can do, beside the library that its command line stands on."""

import sys

from benchmarks import beside
from benchmarks.measure import Program
from benchmarks.table import Row

LIMIT = 1.5
FIRE = 'python -c "import fire"'
MODULES = ("py.deploy", "py.e2e")


def rows(n: int) -> list[Row]:
    """A row for the library and one for each binary."""
    programs = {FIRE: Program([sys.executable, "-c", "import fire"])}
    for module in MODULES:
        programs[f"python -m {module} --help"] = Program([sys.executable, "-m", module, "--help"])
    return beside.rows(
        "start-up", programs, n,
        least="fire", spelled=lambda seconds: f"{seconds * 1000:.0f} ms",
        budget=f"≤ {LIMIT:g} × fire", holds=lambda _, ratio: ratio <= LIMIT,
    )  # fmt: skip
