"""A scheduler that ends when its steps have ended, also where a worker without a step does not.

Airflow 3.3 waits for each worker without bound (apache/airflow#67870): with one that hangs it stays, and
starts no step any more.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil
import wrapt
from airflow.listeners import hookimpl

IDLE = "<idle>"  # in the title of a worker that has no step, or has been told to end
GRACE = 5.0  # seconds that a worker may take to end when it has no step
LOOK = 0.1  # seconds between two looks


@hookimpl
def on_starting(component: Any) -> None:
    """Airflow calls this in each of its processes as it starts, a scheduler's before it has its executor."""
    if getattr(component, "__tablename__", "") == "job":
        wrapt.register_post_import_hook(_patch, "airflow.executors.local_executor")


def _patch(executor: Any) -> None:
    wrapt.wrap_function_wrapper(executor, "LocalExecutor.end", _end)


def _end(end: Callable[[], None], executor: Any, _: tuple[Any, ...], __: dict[str, Any]) -> None:
    """Tell the workers to end, wait for their steps, and then end as ever: nobody is left to wait for."""
    workers = [each for each in executor.workers.values() if each.is_alive()]
    for _worker in workers:
        executor.activity_queue.put(None)
    since = dict.fromkeys(workers, time.monotonic())
    while workers := [each for each in workers if each.is_alive()]:
        executor._read_results()  # whose pipe is full does not end
        now = time.monotonic()
        for worker in workers:
            if not _idle(worker.pid):
                since[worker] = now
            elif now - since[worker] > GRACE:
                worker.kill()
        time.sleep(LOOK)
    end()


def _idle(worker: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return any(IDLE in word for word in psutil.Process(worker).cmdline())
    return True
