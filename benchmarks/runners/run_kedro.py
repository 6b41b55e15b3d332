"""kedro as a library: one after the other for a chain, two threads for steps that are independent."""

import sys

from common import JOBS, NUMBERS, step
from kedro.io import DataCatalog
from kedro.pipeline import node, pipeline
from kedro.runner import SequentialRunner, ThreadRunner


def first() -> bool:
    """A step that needs nothing."""
    step()
    return True


def following(before: bool) -> bool:
    """A step that needs the one before."""
    step()
    return before


chained = sys.argv[1] == "chain"
steps = [
    node(following, f"d{n - 1}", f"d{n}", name=f"s{n}")
    if chained and n > NUMBERS[0]
    else node(first, None, f"d{n}", name=f"s{n}")
    for n in NUMBERS
]
runner = SequentialRunner() if chained else ThreadRunner(max_workers=JOBS)
runner.run(pipeline(steps), DataCatalog())
