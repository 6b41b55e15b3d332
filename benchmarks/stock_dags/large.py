"""What large.py of ours is, as a user of Airflow writes it."""

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

WIDTH = 250
with DAG("large", schedule=None) as dag:
    first = [BashOperator(task_id=f"a{number}", bash_command="/bin/true") for number in range(WIDTH)]
    for number in range(WIDTH):
        after = BashOperator(task_id=f"b{number}", bash_command="/bin/true")
        after.set_upstream([first[number], first[number - 1]])
