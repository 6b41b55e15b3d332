"""Where Airflow is, and who we are there: as a flag, the environment or the local one's folder says."""

import os

from py.airflow_api import Place
from py.servers.home import USER, Home
from py.tools.errors import Missing, UsageError

URL, USERNAME, PASSWORD, TOKEN = (f"AIRFLOW_API_{word}" for word in ("URL", "USERNAME", "PASSWORD", "TOKEN"))


def place(url: str) -> Place:
    """The Airflow at a URL, or that which is meant without; the local one's password is for no other."""
    home = Home()
    local = home.url() if home.env() else ""
    asked = (url or os.environ.get(URL, "") or local).rstrip("/")
    if not asked:
        raise Missing(f"no Airflow is here: start one with `make run_airflow`, or give --url= or ${URL}")
    if not asked.startswith(("http://", "https://")):
        raise UsageError(f"--url={asked} is no URL as http://localhost:8080 is")
    if asked.replace("//127.0.0.1:", "//localhost:") == local:
        return Place(asked, USER, home.password(), source=str(home.passwords))
    if token := os.environ.get(TOKEN, ""):
        return Place(asked, token=token, source=f"${TOKEN}")
    user, password = os.environ.get(USERNAME, ""), os.environ.get(PASSWORD, "")
    if not (user and password):
        raise Missing(f"who are we at {asked}? Set ${USERNAME} and ${PASSWORD}, or ${TOKEN}")
    return Place(asked, user, password, source=f"${PASSWORD}")
