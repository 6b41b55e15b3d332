"""Small files into a bucket, each by one plain request: what the makers' clients do around that takes longer.

So does http.client, which makes the connections here: it reads each answer as if it were a letter. Nothing is
tried again, and nothing told: what does not go at once, or is answered in another way than by a plain 200, is
left to the maker's client.
"""

import ssl
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection, HTTPSConnection
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi

from py.artifacts import patience
from py.artifacts.content import Upload

MANY = 32  # files from which on connections of their own are worth it
_LONGEST = 1 << 16  # bytes of a line of an answer
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
        self._idle: list[_Line] = []

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
        whole = self._spelled(request)
        try:
            line = self._idle.pop()
        except IndexError:
            line = self._line()
        try:
            status, again = line.ask(whole)
        except BaseException:
            line.close()
            raise
        if again:
            self._idle.append(line)
        else:
            line.close()
        return status

    def _spelled(self, request: Request) -> bytes:
        headers = {"host": self._host, "content-length": str(len(request.body)), **request.headers}
        path = request.url.removeprefix(f"{self._scheme}://{self._host}")
        lines = [f"{request.method} {path} HTTP/1.1", *(f"{name}: {said}" for name, said in headers.items())]
        head = "\r\n".join(lines)
        if head.splitlines() != lines:
            raise ValueError("a line break in what is said would say more")
        return f"{head}\r\n\r\n".encode("ascii") + request.body

    def _line(self) -> "_Line":
        # Who is silent for so short a time may be well; the client asks again, with more patience.
        if self._tls:
            return _Line(HTTPSConnection(self._host, timeout=patience.CONNECT, context=self._tls))
        return _Line(HTTPConnection(self._host, timeout=patience.CONNECT))


class _Line:
    """A connection, on which one request follows another."""

    def __init__(self, connection: HTTPConnection) -> None:
        connection.connect()
        self._connection = connection
        self._answers = connection.sock.makefile("rb")

    def ask(self, request: bytes) -> tuple[int, bool]:
        """The status of the answer, and whether the line can be used again."""
        self._connection.sock.sendall(request)
        version, status, *_ = self._answers.readline(_LONGEST).split(maxsplit=2)
        told = dict(_headers(self._answers))
        size = told.get(b"content-length", b"")
        kept = version == b"HTTP/1.1" and told.get(b"connection") != b"close"
        again = kept and size.isdigit() and len(self._answers.read(int(size))) == int(size)
        return int(status), again

    def close(self) -> None:
        """End it."""
        self._answers.close()
        self._connection.close()


def _headers(answer: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while (line := answer.readline(_LONGEST)) != b"\r\n":
        name, colon, value = line.partition(b":")
        if not colon:
            raise ValueError(f"{line!r} is no header")
        yield name.lower(), value.strip().lower()
