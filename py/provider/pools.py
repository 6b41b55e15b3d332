"""The pools in which tasks of pipelines wait; a scheduler that starts makes those that are missing.

So our DAGs run in any Airflow that has this provider. A pool that is there stays as somebody has sized it.
"""

from typing import Any

from airflow.listeners import hookimpl

from py.pipeline.dag import CLEANUP_POOL, POOL


@hookimpl
def on_starting(component: Any) -> None:
    """Airflow calls this in each of its processes as it starts; in tasks too, which have no database."""
    if getattr(component, "__tablename__", "") == "job":  # which is not told yet whether a scheduler's
        make_pools()


def make_pools() -> None:
    """Make the pools that are missing."""
    from airflow.configuration import conf
    from airflow.models.pool import Pool

    wanted = {
        POOL: (max(1, conf.getint("core", "parallelism") - 2), "steps of pipelines"),
        CLEANUP_POOL: (2, "steps that undo others, and verdicts: they never wait behind other steps"),
    }
    for name, (slots, description) in wanted.items():
        if Pool.get_pool(name) is None:
            Pool.create_or_update_pool(name, slots, description, include_deferred=False)
