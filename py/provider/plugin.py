"""What Airflow's own processes take from us; all import this, so the pages wait for a first reader."""

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from py.pipeline.links import PAGES
from py.provider import ending, pace, patience, pools, preload, reread


async def pages(scope: Any, receive: Any, send: Any) -> None:
    """The pages, imported by the first request for one, which only an API server gets."""
    from py.provider.pages import app

    await app(scope, receive, send)


class Windtunnel(AirflowPlugin):
    """The listeners and the pages."""

    name = "windtunnel"
    listeners = [ending, pace, patience, pools, preload, reread]  # noqa: RUF012  # Airflow's own class has it so
    fastapi_apps = [{"name": "windtunnel", "app": pages, "url_prefix": PAGES}]  # noqa: RUF012
