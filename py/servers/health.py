"""What Airflow says about its own health, by its API; nobody has to log in for that."""

import json
import socket
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException

from py.servers import supervisor
from py.servers.home import Home
from py.servers.progress import told
from py.servers.supervisor import AIRFLOW
from py.tools.errors import UsageError

SLOW = 180.0  # seconds after which a part that is not ready never will be
_WANTED = ("metadatabase", "scheduler", "dag_processor")
_TIMEOUT = 5.0


def ailing(port: int) -> list[str]:
    """The parts that are not healthy; none when all is well."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/api/v2/monitor/health")
        said = json.loads(connection.getresponse().read())
        return [name for name in _WANTED if said[name]["status"] != "healthy"]
    except (OSError, HTTPException, ValueError, LookupError, TypeError):
        return ["api-server"]
    finally:
        connection.close()


def is_up(home: Home) -> bool:
    """Whether all parts of Airflow run and say that they are healthy."""
    return supervisor.runs(home, *AIRFLOW) and not ailing(home.port())


def wait_until_up(home: Home, is_alive: Callable[[], object] = lambda: True) -> None:
    """Return when all parts are healthy; fail as soon as one cannot be started, or `is_alive` no more."""

    def going_on() -> object:
        return supervisor.must_live(home) and is_alive()

    def why() -> str:
        return f"not healthy: {', '.join(ailing(home.port()))}; see {home.logs}"

    with told(", ".join(AIRFLOW)):
        supervisor.wait(lambda: is_up(home), SLOW, why, going_on)


def must_be_free(port: int) -> None:
    """Raise UsageError when something listens on this port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            why = f"port {port} cannot be had ({error.strerror}); another is given as --port="
            raise UsageError(why) from None
