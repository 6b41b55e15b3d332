"""What outage.py of ours is, as a user of Airflow writes it."""

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("outage", schedule=None):
    BashOperator(task_id="goes_on", bash_command="/bin/sleep 90")
    BashOperator(task_id="ends", bash_command="/bin/sleep 20")
