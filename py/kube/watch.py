"""Follow a list of the API for as long as it takes: what is in it, then all that happens to it, in order."""

import json
import threading
from collections.abc import Callable
from typing import Any

from py.kube.client import Client, get, items, message
from py.tools.errors import ClusterError, WindtunnelError

STREAM = 20  # seconds that a watch lasts; shorter than a silence that counts as a broken connection
PAUSE = 0.2  # seconds between a broken watch and the next

ALL = "ALL"  # the list as a whole: everything known before is void
ERROR = "ERROR"  # it cannot be followed any more; what comes with it is the ClusterError
Tell = Callable[[str, Any], object]


def follow(
    client: Client,
    path: str,
    tell: Tell,
    over: threading.Event,
    *,
    label_selector: str = "",
    field_selector: str = "",
) -> None:
    """Tell ALL with the list, then ADDED, MODIFIED or DELETED with each object, until `over` is set.

    A server that goes away for a while loses nothing: the watch goes on where it was, and only where the
    server has forgotten that place is the whole list told again. Meant to be the target of a thread.
    """
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    query = [("labelSelector", label_selector), ("fieldSelector", field_selector)]
    version = ""
    while not over.is_set():
        try:
            if not version:
                listing = get(client, path, query_params=list(query))
                tell(ALL, items(listing))
                version = listing["metadata"]["resourceVersion"]
            version = _stream(client, path, query, version, tell, over)
        except ApiException as error:
            if error.status in (401, 403, 404):
                tell(ERROR, ClusterError(f"{path} cannot be watched: {message(error)}"))
                return
            version = "" if error.status == 410 else version
            over.wait(PAUSE)
        except _Broken as broken:
            version = broken.version
            over.wait(PAUSE)
        except (HTTPError, WindtunnelError, ValueError):
            over.wait(PAUSE)


class _Broken(Exception):
    """A watch ended before its time, after `version`."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version


def _stream(
    client: Client,
    path: str,
    query: list[tuple[str, str]],
    version: str,
    tell: Tell,
    over: threading.Event,
) -> str:
    """Tell what happens after `version`; return the version to go on from, or nothing if it is forgotten."""
    from urllib3.exceptions import HTTPError

    options = [("watch", "true"), ("allowWatchBookmarks", "true"), ("timeoutSeconds", STREAM)]
    asked = [*query, *options, ("resourceVersion", version)]
    response = client.request("get", path, query_params=asked, serialize=False)
    try:
        for line in response:
            event = json.loads(line)
            if over.is_set() or event["type"] == "ERROR":
                return ""
            version = event["object"]["metadata"]["resourceVersion"]
            if event["type"] != "BOOKMARK":
                tell(event["type"], event["object"])
    except (HTTPError, ValueError, OSError):
        raise _Broken(version) from None
    finally:
        response.close()
    return version
