"""Small files into a bucket, each by one plain request: what the makers' clients do around that takes longer.

Nothing is tried again here, and nothing told: what does not go at once is left to the maker's client.
"""

import ssl
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi

from py.artifacts import patience
from py.artifacts.content import Upload

MANY = 32  # files from which on connections of their own are worth it
_SMALL = 256 << 10  # bytes; above it a client takes little of the time


class Request(NamedTuple):
    """What is sent to have a file written."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


Prepare = Callable[[str, Upload, bytes], Request]


class Direct:
    """Connections to a server, kept from file to file; none where there is a proxy on the way."""

    def __init__(self, server: str, prepare: Prepare) -> None:
        parts = urlsplit(server)
        self._scheme, self._host = parts.scheme, parts.netloc
        self._prepare = prepare
        self._works = not {"all", parts.scheme} & getproxies().keys() or bool(proxy_bypass(parts.netloc))
        self._tls = ssl.create_default_context(cafile=certifi.where()) if parts.scheme == "https" else None
        self._idle: list[HTTPConnection] = []

    def put(self, key: str, upload: Upload) -> bool:
        """Whether the server has written it; once it has not, nothing more is sent."""
        if not self._works or upload.size is None or upload.size > _SMALL:
            return False
        body = upload.stream.read()
        upload.stream.seek(0)
        try:
            written = self._send(self._prepare(key, upload, body)) == 200
        except Exception:  # the client meets it too, and knows what it means
            written = False
        if not written:
            self._works = False
        return written

    def close(self) -> None:
        """End the connections."""
        for line in self._idle:
            line.close()

    def _send(self, request: Request) -> int:
        try:
            line = self._idle.pop()
        except IndexError:
            line = self._line()
        try:
            line.request(
                request.method,
                request.url.removeprefix(f"{self._scheme}://{self._host}"),
                request.body,
                request.headers,
            )
            with line.getresponse() as answer:
                answer.read()
        except BaseException:
            line.close()
            raise
        self._idle.append(line)
        return answer.status

    def _line(self) -> HTTPConnection:
        # Who is silent for so short a time may be well; the client asks again, with more patience.
        if self._tls:
            return HTTPSConnection(self._host, timeout=patience.CONNECT, context=self._tls)
        return HTTPConnection(self._host, timeout=patience.CONNECT)
