"""The pipeline as an Airflow DAG: a task for each step or group, and a last one that judges the run."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from py.pipeline.model import Pipeline, Step

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from py.pipeline.operators import StepsOperator

TAG = "windtunnel"  # by which the trigger, the pages and people know a DAG that is a pipeline
# Bounded, so that no task waits in the executor's queue until its token is too old; and apart, so that
# cleaning up never waits behind what makes more to clean up.
POOL, CLEANUP_POOL = "windtunnel", "windtunnel_cleanup"
VERDICT = "verdict"  # the key of the XCom that the last task leaves


def airflow_dag(pipeline: Pipeline) -> "DAG | None":
    """The pipeline as an ordinary DAG; nothing where Airflow is not what loads the file.

    A step that undoes others is a teardown without setups, which runs whatever became of the others, also
    when somebody cancels the run. The last task waits for every other one directly and fails the run unless
    all of it is well: Airflow's own rules would call a run green whose teardown or middle has failed.
    """
    if "airflow" not in sys.modules:
        return None
    from airflow.sdk import DAG, Param
    from airflow.sdk.definitions.param import ParamsDict

    from py.pipeline.operators import StepsOperator, VerdictOperator
    from py.pipeline.schema import schema_of

    with DAG(
        dag_id=pipeline.name,
        description=pipeline.doc.partition("\n")[0],
        doc_md=pipeline.doc,
        schedule=pipeline.cron or None,
        catchup=False,
        is_paused_upon_creation=False,
        tags=[TAG, *pipeline.tags],
        default_args={"retries": 0, "pool": POOL},
        render_template_as_native_obj=False,
    ) as dag:
        task_of: dict[str, StepsOperator] = {}
        for name, steps in pipeline.tasks().items():
            members = [pipeline.steps[step] for step in steps]
            undoes = any(step.undoes for step in members)
            task = StepsOperator(
                task_id=name, pipeline=pipeline, steps=steps, doc_md=_about(members),
                pool=CLEANUP_POOL if undoes else POOL,
            )  # fmt: skip
            task_of |= dict.fromkeys(steps, task)
            task.set_upstream(_once([task_of[up] for step in members for up in step.upstream], but=task))
            if undoes:
                task.as_teardown()
        last = VerdictOperator(task_id=pipeline.last, pipeline=pipeline, pool=CLEANUP_POOL)
        last.set_upstream(_once(task_of.values()))
        last.as_teardown(on_failure_fail_dagrun=True)
    # Now, for each task takes four copies of those that there are; it looks for them in its DAG as well.
    dag.params = ParamsDict(
        {
            each.name: Param(each.default, description=each.help, **schema_of(each))
            for each in pipeline.params.values()
        }
    )
    return dag


def _once(tasks: "Iterable[StepsOperator]", but: "StepsOperator | None" = None) -> "list[StepsOperator]":
    return list({task.task_id: task for task in tasks if task is not but}.values())


def _about(steps: list[Step]) -> str:
    """What the task's page says: each step's command."""
    from py.pipeline import answers
    from py.pipeline.render import quoted, render

    return "\n".join(
        f"`{step.name}`:\n\n    {quoted(render(step.command, answers.placeholders()))}\n" for step in steps
    )
