"""The one door to a run: none of ours begins with a wrong conf or run id, whoever triggers it.

All roads (both spellings on the command line, REST, the form in the UI, TriggerDagRunOperator, schedules,
backfills, `dags test`) meet in `SerializedDAG.create_dagrun`. Airflow checks a conf there by JSON schema: it
lets unknown keys pass and stops at the first mistake. For our DAGs we ask before it does, with the words of a
local run. What we raise is its own ParamValidationError, which each road knows how to tell: REST as a 400.

Airflow loads this module in every process (entry point `airflow.policy`), before most of itself; so nothing
is imported here, only said what is to happen once a module has been.
"""

import re
from collections.abc import Callable
from typing import Any

import wrapt

# What Airflow allows, but no end of line, and not the 250 characters of its column: it names a folder
# `run_id=…` for the logs, and a name of more than 255 cannot be.
RUN_ID = r"[A-Za-z0-9_.~:+-]{1,248}"
REQUESTS = ("rest_api", "ui")
FORMS = ("ui", "backfill")  # they send null for an empty field


@wrapt.when_imported("airflow.serialization.definitions.dag")
def _guard(module: Any) -> None:
    wrapt.wrap_function_wrapper(module, "SerializedDAG.create_dagrun", admit)


@wrapt.when_imported("airflow.cli.commands.dag_command")
def _say_plainly(module: Any) -> None:
    from py.provider.trigger import plainly

    module.dag_trigger = plainly(module.dag_trigger)


def admit(create: Callable[..., Any], dag: Any, args: tuple[Any, ...], given: dict[str, Any]) -> Any:
    """Make the run if its id and conf are right; else ParamValidationError with all mistakes, in one line."""
    from py.pipeline.dag import TAG

    if TAG in dag.tags and (params := _params(dag)) is not None:
        from airflow.exceptions import ParamValidationError

        from py.pipeline.params import mistakes

        conf, asker = given.get("conf") or {}, given["triggered_by"].value
        if asker in FORMS:
            conf = _filled(params, conf)
        if wrong := _objections(given["run_id"]) + mistakes(dag.dag_id, params, conf):
            raise ParamValidationError("; ".join(wrong))
        if asker in REQUESTS:
            _must_be_new(dag.dag_id, given["run_id"])
        given = given | {"conf": conf}
    return create(*args, **given)


def taken(dag_id: str, run_id: str) -> str:
    """What is said about a run id that there is already."""
    return f"{dag_id} has a run {run_id!r} already; choose another id, or none"


def _must_be_new(dag_id: str, run_id: str) -> None:
    """Say it as the command line does; a request would get the words of the database."""
    from airflow.models.dagrun import DagRun

    if DagRun.find_duplicate(dag_id=dag_id, run_id=run_id):
        from fastapi import HTTPException

        raise HTTPException(409, taken(dag_id, run_id))


def _params(dag: Any) -> dict[str, Any] | None:
    """The params as the pipeline declared them; nothing if somebody else's DAG has taken our tag."""
    from py.pipeline.schema import param_of
    from py.tools.errors import DefinitionError

    kept = {name: dag.params.get_param(name) for name in dag.params}
    try:
        return {name: param_of(name, it.value, it.description, it.schema) for name, it in kept.items()}
    except DefinitionError:
        return None


def _filled(params: dict[str, Any], conf: dict[str, Any]) -> dict[str, Any]:
    """What a form says, where an empty field of text is null."""
    texts = {name for name, param in params.items() if isinstance(param.default, str)}
    return {key: "" if value is None and key in texts else value for key, value in conf.items()}


def _objections(run_id: str) -> list[str]:
    if re.fullmatch(RUN_ID, run_id) and ".." not in run_id:
        return []
    shown = repr(run_id if len(run_id) <= 80 else f"{run_id[:80]}…")
    return [f"the run id {shown} cannot be: use letters, digits and _.~:+- (248 at most), and no two dots"]
