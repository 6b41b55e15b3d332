"""How fast pipelines are in Airflow with our settings, and stock Airflow beside it: a module per subject.

Each has `rows(servers, …)`. What it starts in the two Airflows is in airflow_dags and stock_dags.
"""

from benchmarks.in_airflow import chatty_step, many_runs, many_steps, memory, outage, small_steps, whole

__all__ = ["chatty_step", "many_runs", "many_steps", "memory", "outage", "small_steps", "whole"]
