"""The cluster that we are a pod of, by HTTP alone: the usual client takes a second to load."""

import json
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from typing import Any

from py.kube.kubeconfig import ACCOUNT, is_pod
from py.tools.errors import ClusterError, Missing

ANSWER = 30.0  # seconds for an answer
SILENCE = 3600.0  # seconds that a stream may say nothing


class Refused(ClusterError):
    """The API said no."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Own:
    """The API, with the rights of our own pod."""

    def __init__(self) -> None:
        if not is_pod():
            raise Missing(f"this is no pod with a service account ({ACCOUNT} is not there)")
        self._trust = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
        self._line: HTTPSConnection | None = None

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What the API answers; Refused if that is a refusal, ClusterError if there is none."""
        again = self._line is not None  # a line that was quiet may have been cut
        try:
            self._line = self._line or self._connected(ANSWER)
            return _told(self._sent(self._line, method, path, body))
        except (HTTPException, OSError) as error:
            self._line = None
            if again and method != "POST":
                return self.ask(method, path, body)
            raise ClusterError(f"the cluster's API does not answer: {error}") from None

    @contextmanager
    def stream(self, path: str) -> Iterator[HTTPResponse]:
        """An answer that goes on."""
        line = self._connected(SILENCE)
        try:
            answer = self._sent(line, "GET", path, None)
            if answer.status >= 300:
                _told(answer)
            yield answer
        finally:
            line.close()

    def _connected(self, patience: float) -> HTTPSConnection:
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ.get("KUBERNETES_SERVICE_PORT", "443")
        return HTTPSConnection(host, int(port), context=self._trust, timeout=patience)

    @staticmethod
    def _sent(line: HTTPSConnection, method: str, path: str, body: Mapping[str, Any] | None) -> HTTPResponse:
        token = (ACCOUNT / "token").read_text()  # the kubelet changes it
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        line.request(method, path, body=json.dumps(body) if body else None, headers=headers)
        return line.getresponse()


def _told(answer: HTTPResponse) -> Any:
    text = answer.read()
    try:
        told = json.loads(text)
    except ValueError:
        told = {"message": text.decode(errors="replace")[:200]}
    if answer.status >= 300:
        raise Refused(answer.status, f"{told.get('message')} (HTTP {answer.status})")
    return told
