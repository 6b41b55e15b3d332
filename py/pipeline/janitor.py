"""A DAG that finishes the runs that Airflow has lost: what they made is undone, and they count as aborted."""

import sys
from typing import TYPE_CHECKING, Any

from py.pipeline.dag import CLEANUP_POOL, TAG

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from py.pipeline.run import Run


def janitor_dag() -> "DAG | None":
    """The janitor; nothing where Airflow is not what loads the file.

    A run is lost if its folder says that it goes on while Airflow says that it is over, or does not know it:
    its last task was killed, it was deleted, or the database is another one.
    """
    if "airflow" not in sys.modules:
        return None
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.sdk import DAG

    with DAG(
        dag_id="janitor",
        description=(janitor_dag.__doc__ or "").partition("\n")[0],
        schedule="*/5 * * * *",
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags=[f"{TAG}-upkeep"],
    ) as dag:
        PythonOperator(task_id="finish_lost_runs", python_callable=finish_lost_runs, pool=CLEANUP_POOL)
    return dag


def finish_lost_runs(ti: Any) -> list[str]:
    """Finish every lost run in the folder for runs; their names."""
    from py.pipeline import local, progress
    from py.pipeline.run import AIRFLOW
    from py.tools.folders import runs

    def lost(run: "Run") -> bool:
        return run.engine == AIRFLOW and _over(ti, run)

    finished = local.finish_lost(runs(), progress.Lines, lost=lost)
    for run in finished:
        print(f"{run.name} is finished: {run.result}", flush=True)
    return [run.name for run in finished]


def _over(ti: Any, run: "Run") -> bool:
    """Whether Airflow will do nothing more for a run."""
    from py.airflow_api.api import ENDED

    if not ti.get_dr_count(run.pipeline, run_ids=[run.id]):
        return True
    if ti.get_dagrun_state(run.pipeline, run.id) not in ("success", "failed"):
        return False
    states = ti.get_task_states(dag_id=run.pipeline, run_ids=[run.id]).get(run.id, {})
    return states.get(run.last, "removed") in ENDED  # somebody may just have cancelled it
