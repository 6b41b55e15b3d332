"""What containers printed."""

from typing import Any

from py.kube.client import Client
from py.tools.errors import ClusterError

LONGEST = 1 << 20  # bytes of a log that are had: its end
LINES = 100_000
_REMOVED = b"unable to retrieve container logs"  # what a kubelet says, with 200, of a container it removed


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
    data: bytes = client.request(
        "get", path, query_params=query, header_params=header, serialize=False, _request_timeout=timeout
    ).data
    if data.startswith(_REMOVED):
        raise ClusterError(data.decode(errors="replace"))
    return data[-LONGEST:].decode(errors="replace")
