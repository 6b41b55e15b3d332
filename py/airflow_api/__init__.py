"""Airflow from outside, by its REST API v2: a door that outlasts restarts, and what is asked there."""

from py.airflow_api.api import Api, Log, RunState, TaskState
from py.airflow_api.door import Door, Place, Refusal

__all__ = ["Api", "Door", "Log", "Place", "Refusal", "RunState", "TaskState"]
