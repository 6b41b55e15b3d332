"""What Airflow says about its own health, by its API; nobody has to log in for that."""

import json
from http.client import HTTPConnection, HTTPException

WANTED = ("metadatabase", "scheduler", "dag_processor")
_TIMEOUT = 5.0


def ailing(port: int) -> list[str]:
    """The parts that are not healthy; none when all is well."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/api/v2/monitor/health")
        said = json.loads(connection.getresponse().read())
        return [name for name in WANTED if said[name]["status"] != "healthy"]
    except (OSError, HTTPException, ValueError, LookupError, TypeError):
        return ["api-server"]
    finally:
        connection.close()
