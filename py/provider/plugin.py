"""What Airflow's own processes take from us; each of them imports this, so the pages wait for their first reader."""

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from py.provider import pools


async def pages(scope: Any, receive: Any, send: Any) -> None:
    """The pages, imported by the first request for one, which only an API server gets."""
    from py.provider.pages import app

    await app(scope, receive, send)


class Windtunnel(AirflowPlugin):  # type: ignore[misc]  # Airflow's classes are not typed
    """The pools' listener and the pages."""

    name = "windtunnel"
    listeners: ClassVar[list[Any]] = [pools]
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [
        {"name": "windtunnel", "app": pages, "url_prefix": "/windtunnel"}
    ]
