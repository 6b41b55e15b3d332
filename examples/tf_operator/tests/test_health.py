"""What the kubelet hears."""

import urllib.error
import urllib.request
from http.server import ThreadingHTTPServer

from tf_operator import health


def ask(server: ThreadingHTTPServer, path: str) -> int:
    """The status that a probe gets."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}{path}") as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return int(error.code)


def test_it_is_alive_before_it_is_ready() -> None:
    ready = iter([False, True])
    with health.serve(0, lambda: next(ready)) as server:
        assert ask(server, "/healthz") == 200
        assert ask(server, "/readyz") == 503
        assert ask(server, "/healthz") == 200
        assert ask(server, "/readyz") == 200
        assert ask(server, "/") == 404
        server.shutdown()
