"""Stand-ins at the edge of the network, for what no real server can be made to do: to fail and to vanish."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from io import BytesIO, RawIOBase
from typing import Self
from urllib.parse import urlsplit

from tests.web import serving


@contextmanager
def answering(status: int, body: bytes, kind: str = "application/json") -> Iterator[str]:
    """The URL of a server that answers everything so."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with serving(Handler) as address:
        yield f"http://{address}"


class Door:
    """A port of this machine; each line that comes through it is met by `_meet`."""

    def __init__(self, scheme: str = "http") -> None:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"{scheme}://127.0.0.1:{self._door.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._door.accept()
            except OSError:
                return
            self._meet(line)

    def _meet(self, line: socket.socket) -> None:
        raise NotImplementedError


class Saying(Door):
    """A server that gives each request the same answer, to the byte, and may hang up then."""

    def __init__(self, answer: bytes, *, hangs_up: bool = False, tls: ssl.SSLContext | None = None) -> None:
        super().__init__("https" if tls else "http")
        self._answer, self._hangs_up, self._tls = answer, hangs_up, tls
        self.calls = 0
        self.bodies: list[bytes] = []

    def _meet(self, line: socket.socket) -> None:
        self.calls += 1
        threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with suppress(OSError), self._secured(line) as secured, secured.makefile("rb") as requests:
            while lines := list(iter(lambda: requests.readline().rstrip(b"\r\n"), b"")):
                headers = dict(line.lower().split(b": ", 1) for line in lines[1:])
                self.bodies.append(requests.read(int(headers.get(b"content-length", 0))))
                secured.sendall(self._answer)
                if self._hangs_up:
                    break

    def _secured(self, line: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(line, server_side=True) if self._tls else line


class Losing(Door):
    """A way to a server on which the first answer is lost: the request arrives, and then the line is cut."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._server = (str(urlsplit(url).hostname), int(urlsplit(url).port or 80))
        self.lost = 0

    def _meet(self, line: socket.socket) -> None:
        far = socket.create_connection(self._server)
        threading.Thread(target=self._forth, args=(line, far), daemon=True).start()
        threading.Thread(target=self._back, args=(far, line), daemon=True).start()

    def _forth(self, near: socket.socket, far: socket.socket) -> None:
        with suppress(OSError):
            while piece := _received(near):
                far.sendall(piece)

    def _back(self, far: socket.socket, near: socket.socket) -> None:
        while piece := _received(far):
            if not self.lost:
                self.lost += 1
                break
            with suppress(OSError):
                near.sendall(piece)
        for line in (near, far):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()


def _received(line: socket.socket) -> bytes:
    try:
        return line.recv(1 << 16)
    except OSError:
        return b""


class Once(RawIOBase):
    """Content as a stream that can be read only once, as a pipe's."""

    def __init__(self, content: bytes) -> None:
        self._content = BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, into: memoryview) -> int:  # type: ignore[override]
        return self._content.readinto(into)
