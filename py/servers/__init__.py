"""Airflow and its Postgres on this machine: as processes of ours (embedded), or in containers."""
