"""Answers to the kubelet: whether the operator is alive, and whether it is ready."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def serve(port: int, is_ready: Callable[[], bool]) -> ThreadingHTTPServer:
    """Answer /healthz with 200 and /readyz with 200 or 503, in a thread; port 0 takes a free one."""

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_GET(self) -> None:  # pylint: disable=invalid-name
            """Answer a probe."""
            answers = {"/healthz": lambda: 200, "/readyz": lambda: 200 if is_ready() else 503}
            self.send_response(answers.get(self.path, lambda: 404)())
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # pylint: disable=redefined-builtin
            """Probes come every second: they are not news."""

    server = ThreadingHTTPServer(("", port), Handler)
    threading.Thread(target=server.serve_forever, args=[0.05], name="health", daemon=True).start()
    return server
