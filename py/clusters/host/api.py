"""The few requests that complete and watch a new cluster: a client library takes longer to import."""

import http.client
import json
import ssl
from pathlib import Path
from typing import Any

TIMEOUT = 10.0  # seconds for one answer


class Api:
    """An API server, as its administrator sees it."""

    def __init__(self, address: str, pki: Path) -> None:
        self._address = address
        self._tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")

    def get(self, path: str) -> Any:
        """What is at a path, or None while it, or the server, is not there."""
        try:
            status, body = self._request("GET", path)
        except (OSError, http.client.HTTPException):
            return None
        if status != http.HTTPStatus.OK:
            return None
        return json.loads(body) if body.startswith(b"{") else body.decode()

    def post(self, path: str, body: dict[str, Any]) -> bool:
        """Make an object; false where the server would not (yet). One that is there already is as good."""
        try:
            status, _ = self._request("POST", path, json.dumps(body))
        except (OSError, http.client.HTTPException):
            return False
        return status in (http.HTTPStatus.CREATED, http.HTTPStatus.CONFLICT)

    def _request(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection(self._address, 6443, timeout=TIMEOUT, context=self._tls)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def answers(address: str, port: int, path: str) -> bool:
    """Whether a plain HTTP server says that it is well."""
    connection = http.client.HTTPConnection(address, port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
