"""The words of `airflow trigger_dag`; imported with every command of Airflow, so it imports nothing heavy."""

from airflow.cli.cli_config import (
    ARG_DAG_ID,
    ARG_LOGICAL_DATE,
    ARG_VERBOSE,
    ActionCommand,
    Arg,
    lazy_load_command,
)

CONF = Arg(("-c", "--conf", "-conf"), help='What the run is to do, as JSON: {"dryrun": true}', default="{}")
RUN_ID = Arg(("-r", "--run-id", "--run_id"), help="A name for the run; Airflow makes one of the time if none")
DATE = Arg(
    ("-e", "--exec-date", "--exec_date", "-l", "--logical-date"), dest="logical_date",
    type=ARG_LOGICAL_DATE.kwargs["type"], help="The time that the run stands for; none if it is not given",
)  # fmt: skip
REPLACE = Arg(
    ("--no-replace-microseconds", "--no_replace_microseconds"), dest="replace_microseconds",
    action="store_false", default=True, help="Keep the microseconds of the logical date",
)  # fmt: skip
OUTPUT = Arg(
    ("-o", "--output"), choices=("table", "json", "yaml", "plain"), default="",
    help="Print one record in this format instead of lines for people",
)  # fmt: skip


def get_cli_commands() -> list[ActionCommand]:
    """The commands that Airflow's command line gets from us."""
    return [
        ActionCommand(
            name="trigger_dag",
            help="Trigger a new DAG run, checked before it is made; say its names and where to watch it",
            func=lazy_load_command("py.provider.trigger.trigger_dag"),
            args=(ARG_DAG_ID, CONF, RUN_ID, DATE, REPLACE, OUTPUT, ARG_VERBOSE),
        )
    ]
