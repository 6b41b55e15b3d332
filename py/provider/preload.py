"""What every task needs from Airflow and of ours, loaded before the workers and the tasks are forked.

That is 100 ms less for each task, and more for the first one of each worker. When a file of ours is no longer
what was loaded, all of it is forgotten: a task loads it anew, so that an edit counts at once, and never
beside an older part.
"""

import os
import sys
from importlib import import_module
from typing import Any

from airflow.listeners import hookimpl

from py.provider.edits import OURS, Files, files_in

NEEDED = (
    "airflow.sdk.api.client",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.dag_processing.dagbag",
    "airflow.providers.standard.operators.python",
    "airflow.sdk.definitions.asset.metadata",
    "jinja2.ext",
    "py.pipeline.operators",
    "py.pipeline.schema",
)


@hookimpl
def on_starting(component: Any) -> None:
    """Airflow calls this in each of its processes as it starts; those that fork others are jobs."""
    if getattr(component, "__tablename__", "") == "job":
        loaded = files_in([OURS])  # before it is loaded: who edits it meanwhile is heard
        for name in NEEDED:
            import_module(name)
        os.register_at_fork(after_in_child=lambda: _forget_unless(loaded))


def _forget_unless(loaded: Files) -> None:
    if files_in([OURS]) == loaded:
        return
    ours = [name for name in sys.modules if name.startswith("py.") and "py.provider" not in name]
    for name in ours:
        del sys.modules[name]
