"""`airflow trigger_dag`, and the one line that a user sees when either spelling of it is asked wrongly."""

import functools
import json
import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from urllib.parse import quote

from airflow.exceptions import DagNotFound, DagRunAlreadyExists
from airflow.utils.cli import action_cli
from airflow.utils.providers_configuration_loader import providers_configuration_loaded

from py.pipeline.params import from_json
from py.pipeline.run import name_of
from py.provider.door import taken
from py.tools.errors import UsageError, WindtunnelError, near

Asked = Callable[[Namespace], None]


def plainly(command: Asked) -> Asked:
    """The command with its errors in a line; with `--verbose` an unforeseen one keeps its traceback."""

    @functools.wraps(command)
    def plain(args: Namespace) -> None:
        try:
            _ask(command, args)
        except WindtunnelError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(error.exit_code)
        except Exception as error:
            if getattr(args, "verbose", False):
                raise
            what = f"{type(error).__name__}: {_line(str(error))}"
            print(f"error: Airflow could not do it: {what}; --verbose says more", file=sys.stderr)
            sys.exit(1)

    return plain


def _trigger(args: Namespace) -> None:
    """Trigger a run; say its id, the short name that its folders and clusters bear, and where to watch it."""
    from airflow.api.client import get_current_api_client

    with redirect_stdout(sys.stderr if args.verbose else StringIO()):  # Airflow logs there, -o or not
        made = get_current_api_client().trigger_dag(
            dag_id=args.dag_id, run_id=args.run_id, conf=args.conf, logical_date=args.logical_date,
            triggering_user_name=_user(), replace_microseconds=args.replace_microseconds,
        )  # fmt: skip
    if not made:
        raise UsageError(f"Airflow made no run of {args.dag_id}; --verbose shows its log")
    run_id = made["dag_run_id"]
    told = {
        "dag_id": args.dag_id, "dag_run_id": run_id, "run_name": name_of(args.dag_id, run_id),
        "state": str(made["state"]), "conf": json.dumps(made["conf"] or {}), "url": _url(args.dag_id, run_id),
    }  # fmt: skip
    if args.output:
        from airflow.cli.simple_table import AirflowConsole

        AirflowConsole().print_as([told], args.output)
    else:
        print("\n".join(f"{key:<10}  {value}" for key, value in told.items()))
    if _paused(args.dag_id):
        print(
            f"warning: {args.dag_id} is paused, so the run waits until somebody says: "
            f"airflow dags unpause {args.dag_id}",
            file=sys.stderr,
        )


trigger_dag: Asked = plainly(action_cli(providers_configuration_loaded(_trigger)))


def _ask(command: Asked, args: Namespace) -> None:
    """Carry out the command; UsageError for what is the asker's own mistake."""
    args.conf = from_json(args.conf or "{}")
    try:
        command(args)
    except DagNotFound:
        raise UsageError(
            f"there is no DAG {args.dag_id[:80]!r}; {near(args.dag_id[:100], _dags(), 'there are')}"
        ) from None
    except DagRunAlreadyExists:
        raise UsageError(taken(args.dag_id, args.run_id)) from None
    except ValueError as error:  # the door's refusal among others
        raise UsageError(_line(str(error))) from None


def _line(text: str) -> str:
    return " ".join(text.split()) or "no reason given"


def _user() -> str | None:
    from airflow.utils.platform import getuser

    try:
        return getuser()
    except Exception:  # no user of that number, as in a container
        return None


def _url(dag_id: str, run_id: str) -> str:
    from py.pipeline.links import base_url

    return f"{base_url()}/dags/{quote(dag_id)}/runs/{quote(run_id)}"


def _dags() -> list[str]:
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        return sorted(session.scalars(select(DagModel.dag_id).where(~DagModel.is_stale)))


def _paused(dag_id: str) -> bool:
    from airflow.models.dag import DagModel

    model = DagModel.get_dagmodel(dag_id)
    return bool(model and model.is_paused)
