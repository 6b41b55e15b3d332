"""What Airflow loads from us; it reads this in every process and with every command, so nothing is imported.

trigger.py  `airflow trigger_dag`, and the same plain errors for `airflow dags trigger`
door.py     no run of a pipeline begins with a wrong conf, whoever triggers it
masking.py  a process that is no task does not load what only a task needs
pace.py     the scheduler looks often while steps come and go, and seldom while none does
patience.py the scheduler outlives a restart of its database
pools.py    the pools that tasks wait in, made where they are missing
preload.py  what every task needs from Airflow, loaded before tasks are forked
pages.py    the folder of a run and the commands that repeat its steps, behind Airflow's login
"""


def get_provider_info() -> dict[str, object]:
    """What the entry point `apache_airflow_provider` promises."""
    return {
        "package-name": "windtunnel",
        "name": "Windtunnel",
        "description": "End-to-end test pipelines as DAGs.",
        "cli": ["py.provider.command.get_cli_commands"],
    }
