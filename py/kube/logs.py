"""What containers printed."""

import time
from typing import Any

from py.kube.client import Client
from py.tools.errors import ClusterError

LONGEST = 1 << 20  # bytes of a log that are had: its end
LINES = 100_000
# What a kubelet says, with 200, of a container that it has removed, or is just removing: of one that crashes
# again and again the next one's log is there when the kubelet has noticed.
_REMOVED, _REMOVING = b"unable to retrieve container logs", b"failed to try resolving symlinks in path"
_ATTEMPTS, _PAUSE = 15, 1.0


def of(
    client: Client,
    pod: dict[str, Any],
    container: str,
    *,
    previous: bool = False,
    lines: int = LINES,
    timeout: tuple[float, float] | None = None,
) -> str:
    """The last lines of a container of a pod, or of its attempt before; ClusterError if they are gone.

    `timeout` is seconds to connect and to answer, instead of the client's own.
    """
    metadata = pod["metadata"]
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/log"
    query = [("container", container), ("tailLines", lines), ("previous", str(previous).lower())]
    header = {"accept": "*/*"}
    for attempt in range(_ATTEMPTS):
        time.sleep(_PAUSE if attempt else 0)
        data: bytes = client.request(
            "get", path, query_params=query, header_params=header, serialize=False, _request_timeout=timeout
        ).data
        if data.startswith(_REMOVED):
            break
        if not data.startswith(_REMOVING):
            return data[-LONGEST:].decode(errors="replace")
    raise ClusterError(data.decode(errors="replace"))
