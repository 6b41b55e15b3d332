"""What chatty.py of ours is, as a user of Airflow writes it; the lines go through Airflow's logger."""

from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

GUSH = Path(__file__).resolve().parents[1] / "steps" / "gush"
with DAG("chatty", schedule=None, params={"MEGABYTES": 10}) as dag:
    BashOperator(
        task_id="gush",
        bash_command=f"'{GUSH}'",
        env={"BYTES": "{{ params.MEGABYTES * 1000000 }}"},
        append_env=True,
    )
