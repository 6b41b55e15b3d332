"""A client of a Kubernetes API that always answers in bounded time, and says in one line why it could not."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from py.tools.errors import ClusterError

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

Client = Any  # kubernetes.dynamic.DynamicClient, most of whose methods have no types
Resource = Any  # kubernetes.dynamic.Resource: where the objects of a kind are
CONNECT = 3.0  # seconds to reach the server, per attempt
READ = 30.0  # seconds without a byte of the answer
RETRIES = 4  # further attempts; the pauses between them are 0.2, 0.4, 0.8, 1.6 s
CONNECT_RETRIES = 2  # so that a server that does not answer at all is given up within 10 s


def api_client(kubeconfig: Path | Mapping[str, Any]) -> "ApiClient":
    """A client of the cluster that a kubeconfig, a file or what it holds, points to; it is not asked yet.

    Every request has a timeout (`_request_timeout` changes it), refused connections and the answers of
    a server that is busy or starting are tried again, and one that cannot be reached is a ClusterError of one
    line.
    """
    from kubernetes import client, config

    configuration = client.Configuration()
    try:
        load: Any = config.load_kube_config_from_dict
        if isinstance(kubeconfig, Path):
            load = config.load_kube_config
            kubeconfig.stat()  # whose error names it
        source = str(kubeconfig) if isinstance(kubeconfig, Path) else dict(kubeconfig)
        load(source, client_configuration=configuration)
    except (config.ConfigException, OSError) as error:
        raise ClusterError(f"{kubeconfig} is no usable kubeconfig: {_line(error)}") from None
    return _bounded(configuration)


def _bounded(configuration: Any) -> "ApiClient":
    """A client with these settings and our timeouts and retries."""
    from kubernetes import client
    from urllib3 import Retry
    from urllib3.exceptions import HTTPError

    _hush()
    configuration.retries = Retry(
        total=RETRIES,
        connect=CONNECT_RETRIES,
        read=1,
        redirect=0,
        backoff_factor=0.2,
        status_forcelist=(429, 502, 503, 504),  # not 500: to apply an unknown field is one
        allowed_methods={"GET", "HEAD", "PUT", "PATCH", "DELETE"},  # a POST could be done twice
        raise_on_status=False,
    )
    api = client.ApiClient(configuration)
    rest: Any = api.rest_client
    ask = rest.request

    def request(*args: Any, _request_timeout: Any = None, **kwargs: Any) -> Any:
        try:
            return ask(*args, _request_timeout=_request_timeout or (CONNECT, READ), **kwargs)
        except HTTPError as error:
            raise _unreachable(configuration.host, error) from None

    rest.request = request
    return api


def dynamic(kubeconfig: Path | Mapping[str, Any] | None = None, *, api: "ApiClient | None" = None) -> Client:
    """A client for objects of every kind, from a kubeconfig or a client; it asks the server for its kinds."""
    import tempfile

    from kubernetes.dynamic import DynamicClient, LazyDiscoverer
    from kubernetes.dynamic.exceptions import NotFoundError

    untyped: Any = LazyDiscoverer

    class Discoverer(untyped):  # type: ignore[misc]
        """Groups come and go with what other runs define: one that went since it was listed has no kinds."""

        def get_resources_for_api_version(self, *where: Any) -> Any:
            try:
                return super().get_resources_for_api_version(*where)
            except NotFoundError:
                return {}

    if api is None:
        assert kubeconfig is not None
        api = api_client(kubeconfig)
    connect: Any = DynamicClient
    # The library remembers kinds in a file named after the address, and the next cluster at that address
    # has other kinds: a folder that is gone in a moment leaves it nothing to remember.
    with tempfile.TemporaryDirectory() as folder:
        made: Client = connect(api, cache_file=f"{folder}/kinds.json", discoverer=Discoverer)
        return made


def get(client: Client, path: str, **options: Any) -> dict[str, Any]:
    """What the API says at a path."""
    answer: dict[str, Any] = json.loads(client.request("get", path, serialize=False, **options).data)
    return answer


def post(client: Client, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Make an object in the list at a path, and return it as the API has it."""
    answer: dict[str, Any] = json.loads(client.request("post", path, body=body, serialize=False).data)
    return answer


def items(listing: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects of a list, each with its kind, which the API says of the list alone."""
    kind = {"apiVersion": listing["apiVersion"], "kind": listing["kind"].removesuffix("List")}
    return [{**kind, **item} for item in listing["items"]]


@contextmanager
def reporting(doing: str) -> Iterator[None]:
    """Turn a refusal of the server into a ClusterError of one line that starts with what was being done."""
    from kubernetes.client import ApiException

    try:
        yield
    except ApiException as error:
        raise ClusterError(f"{doing}: {message(error)}") from None


def message(error: Any) -> str:
    """What the server said in an ApiException, without headers and JSON."""
    body = error.body.decode(errors="replace") if isinstance(error.body, bytes) else error.body or ""
    try:
        text = json.loads(body).get("message") or ""
    except (ValueError, AttributeError):
        text = body
    text = re.sub(r"^failed to create typed patch object \(.*?\): ", "", _line(text))
    return f"{text or error.reason or 'no reason given'} (HTTP {error.status})"


def said(error: Exception) -> str:
    """Any error in one line: what the server said, or its text."""
    return message(error) if hasattr(error, "status") else _line(error)


def _unreachable(host: str, error: Exception) -> ClusterError:
    reason = getattr(error, "reason", None) or error
    text = re.sub(r"^<?[\w.]+\(.*?\)?: |^.* object at 0x[0-9a-f]+>: ", "", _line(reason))
    return ClusterError(f"the cluster at {host} does not answer: {text}")


def _hush() -> None:
    """Keep urllib3 from reporting every retry, and what a kubeconfig asked for, on standard error."""
    import logging

    import urllib3

    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)


def _line(what: object) -> str:
    return " ".join(str(what).split())
