"""How long a binary takes to say what it can do, beside the library that its command line stands on."""

import functools
import sys
from statistics import median

from benchmarks.measure import Program, once, rounds
from benchmarks.table import Row, missing

LIMIT = 1.5
FIRE = 'python -c "import fire"'
MODULES = ("py.deploy", "py.e2e")


def rows(n: int) -> list[Row]:
    """A row for the library and one for each binary."""
    programs = {FIRE: Program([sys.executable, "-c", "import fire"])}
    for module in MODULES:
        programs[f"python -m {module} --help"] = Program([sys.executable, "-m", module, "--help"])
    taken = rounds("start-up", {name: functools.partial(once, each) for name, each in programs.items()}, n)
    if FIRE not in taken:
        return [missing(name) for name in programs]
    made = []
    for name in programs:
        if name not in taken:
            made.append(missing(name))
            continue
        ratio = median(a.seconds / b.seconds for a, b in zip(taken[name], taken[FIRE], strict=True))
        budget, holds = ("", None) if name == FIRE else (f"≤ {LIMIT:g} × fire", ratio <= LIMIT)
        figure = f"{median(each.seconds for each in taken[name]) * 1000:.0f} ms"
        made.append(Row(name, figure, f"{ratio:.2f} × fire", budget, holds))
    return made
