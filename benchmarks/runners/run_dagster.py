"""dagster in one process and without a database, its fastest way: steps run one after the other."""

import sys

from common import NUMBERS, step
from dagster import In, Nothing, Out, job, op


def numbered(number, ins):
    """An op that executes the step."""

    @op(name=f"s{number}", ins=ins, out=Out(Nothing))
    def run() -> None:
        step()

    return run


chained = sys.argv[1] == "chain"
ops = [numbered(n, {"before": In(Nothing)} if chained and n > NUMBERS[0] else {}) for n in NUMBERS]


@job
def steps():
    """All of them."""
    last = ops[0]()
    for each in ops[1:]:
        last = each(last) if chained else each()


sys.exit(not steps.execute_in_process().success)
