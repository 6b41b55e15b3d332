"""prefect: a local flow with two threads; it starts a server of its own while it runs."""

import sys

from common import JOBS, NUMBERS, step
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

chained = sys.argv[1] == "chain"


@task
def run() -> None:
    """Execute the step."""
    step()


@flow(task_runner=ThreadPoolTaskRunner(max_workers=JOBS))
def steps() -> None:
    """All of them."""
    submitted = []
    for _ in NUMBERS:
        submitted.append(run.submit(wait_for=submitted[-1:] if chained else []))
    for each in submitted:
        each.result()


if __name__ == "__main__":
    steps()
