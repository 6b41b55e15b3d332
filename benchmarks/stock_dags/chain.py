"""What chain.py of ours is, as a user of Airflow writes it."""

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, chain

for name, length in (("chain", 20), ("short", 5)):
    with DAG(name, schedule=None):
        tasks = [BashOperator(task_id=f"s{n}", bash_command="/bin/true") for n in range(1, length + 1)]
        chain(*tasks)
