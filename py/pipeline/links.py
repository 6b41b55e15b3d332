"""The links of a task in Airflow's UI; a worker computes them once the task has ended."""

from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink

from py.pipeline.run import name_of
from py.results import report

PAGES = "/windtunnel"  # where the provider's pages are, below Airflow's own address


def base_url() -> str:
    """Where people reach Airflow."""
    from airflow.configuration import conf

    url = conf.get("api", "base_url", fallback="") or f"http://localhost:{conf.get('api', 'port')}"
    return url.rstrip("/")


class Results(BaseOperatorLink):
    """To the run's page, which leads to its logs, outputs and artifacts."""

    name = "Results"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ARG002  # Airflow passes it
        """The address of the page."""
        return _run_page(ti_key) + report.NAME


class Repeat(BaseOperatorLink):
    """To the commands that repeat the task's steps in a shell."""

    name = "Repeat by hand"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address of the page with the commands of the task's `steps`."""
        return f"{_run_page(ti_key)}command/{quote(','.join(operator.steps))}"


def _run_page(ti_key: Any) -> str:
    return f"{base_url()}{PAGES}/runs/{name_of(ti_key.dag_id, ti_key.run_id)}/"
