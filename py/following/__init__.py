"""Following a run of an Airflow, near or far: what its tasks do, what their logs say, and the verdict."""
