"""What a file in `dags/` needs: a pipeline is declared once here and read in many ways elsewhere."""

from py.pipeline.dag import airflow_dag
from py.pipeline.model import Binary, Pipeline

__all__ = ["Binary", "Pipeline", "airflow_dag"]
