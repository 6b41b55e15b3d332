"""The pools in which tasks of pipelines wait; a scheduler that starts makes those that are missing.

So our DAGs run in any Airflow that has this provider. A pool that somebody has sized stays so; another one
follows the setting that it was made by.
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
    """Make the pools that are missing, and size anew those that nobody has sized since."""
    from airflow.configuration import conf
    from airflow.models.pool import Pool

    parallelism = conf.getint("core", "parallelism")
    undoing = max(2, parallelism // 4)
    wanted = {
        POOL: (max(1, parallelism - undoing), "steps of pipelines"),
        CLEANUP_POOL: (undoing, "steps that undo others, and verdicts: they never wait behind other steps"),
    }
    for name, (slots, what) in wanted.items():
        there = Pool.get_pool(name)
        if there is None or (there.slots != slots and there.description == _described(what, there.slots)):
            Pool.create_or_update_pool(name, slots, _described(what, slots), include_deferred=False)


def _described(what: str, slots: int) -> str:
    """What tells a size of ours from a person's: it says the same as the slots."""
    return f"{what}; {slots} slots, by [core] parallelism"
