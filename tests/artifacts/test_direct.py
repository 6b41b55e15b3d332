"""Many small files into a bucket, past the maker's client: as it writes them, and it does what fails."""

import json
import ssl
import urllib.parse
import urllib.request
from io import BytesIO
from pathlib import Path
from typing import Any

import certifi
import pytest

from py.artifacts import direct, open_store
from py.artifacts.bucket import Bucket
from py.artifacts.content import Upload
from py.clusters.host.pki import Authority
from py.tools.errors import StoreError
from tests.artifacts.edges import Losing, Saying, answering
from tests.stores import s3_client

SERVERS = {"gcs": "STORAGE_EMULATOR_HOST", "s3": "AWS_ENDPOINT_URL_S3"}
TOLD = {
    "gcs": ("contentType", "contentEncoding", "cacheControl", "md5Hash", "size"),
    "s3": ("ContentType", "ContentEncoding", "CacheControl", "ETag", "ContentLength", "Metadata"),
}


@pytest.fixture(params=SERVERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(kind))


@pytest.fixture
def server(kind: str, url: str, request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{kind}_server").url)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """More than go by the client; of several types, and with names that must be quoted."""
    found = {}
    for number in range(direct.MANY):
        path = tmp_path / str(number)
        path.write_bytes(b"%d\n" % number * (10_000 if number % 2 else 1))
        found[f"step {number % 3}/~a+b%20&c=ü-{number}.{'log' if number % 4 else 'bin'}"] = path
    return found


def without_client(store: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*_: object) -> bool:
        raise AssertionError("the client was asked")

    monkeypatch.setattr(store, "write", write)


def opened(url: str) -> Bucket:
    store = open_store(url)
    assert isinstance(store, Bucket)
    return store


def attributes(kind: str, server: str, url: str, name: str) -> dict[str, Any]:
    """What the server itself tells of an object."""
    bucket, _, folder = url.partition("://")[2].partition("/")
    key = f"{folder}/{name}"
    if kind == "s3":
        told: Any = s3_client().head_object(Bucket=bucket, Key=key)
    else:
        quoted = urllib.parse.quote(key, safe="")
        with urllib.request.urlopen(f"{server}/storage/v1/b/{bucket}/o/{quoted}", timeout=10) as answer:
            told = json.loads(answer.read())
    return {name: told.get(name) for name in TOLD[kind]}


def test_a_file_that_goes_directly_is_as_the_client_writes_it(
    kind: str, server: str, url: str, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = opened(f"{url}/one"), opened(f"{url}/other")
    for name, path in files.items():
        one.put(name, path)
    without_client(other, monkeypatch)
    other.put_all(files)
    assert sorted(item.name for item in other.list()) == sorted(files)
    for name, path in files.items():
        assert other.get(name) == path.read_bytes()
        assert attributes(kind, server, other.url, name) == attributes(kind, server, one.url, name)


def test_a_few_files_go_by_the_client(
    url: str, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(url)
    without_client(store, monkeypatch)
    with pytest.raises(AssertionError, match="the client was asked"):
        store.put_all(dict(list(files.items())[: direct.MANY - 1]))


def test_what_does_not_go_directly_goes_by_the_client(
    kind: str, server: str, url: str, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Losing(server) as proxy:
        monkeypatch.setenv(SERVERS[kind], proxy.url)
        opened(url).put_all(files)
        assert proxy.lost == 1
    monkeypatch.setenv(SERVERS[kind], server)
    store = opened(url)
    assert {name: store.get(name) for name in files} == {
        name: path.read_bytes() for name, path in files.items()
    }


def test_what_is_refused_is_told_by_the_client(
    kind: str, url: str, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreError, match="there is no bucket not-there; make it, or"):
        opened(f"{url.partition('://')[0]}://not-there").put_all(files)


@pytest.mark.parametrize("status", [307, 403, 503])
def test_a_server_that_refuses_one_is_asked_for_no_more(status: int) -> None:
    asked = []

    def prepare(key: str, _upload: Upload, body: bytes) -> direct.Request:
        asked.append(key)
        return direct.Request("PUT", f"{url}/{key}", {}, body)

    with answering(status, b"") as url:
        way = direct.Direct(url, prepare)
        assert [way.put(key, small()) for key in ("a", "b")] == [False, False]
        way.close()
    assert asked == ["a"]


PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        (PLAIN, 1),
        (b"HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", 1),
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", 2),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 2),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 2),
    ],
)
def test_a_line_is_used_again_where_the_end_of_an_answer_is_known(answer: bytes, calls: int) -> None:
    with Saying(answer) as server:
        way = direct.Direct(server.url, request)
        assert [way.put(key, small()) for key in ("a", "b")] == [True, True]
        way.close()
        assert server.calls == calls
        assert server.bodies == [b"?", b"?"]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x" * 70_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN,
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"ready\r\n" + PLAIN,
    ],
)
def test_what_is_no_plain_answer_is_none(answer: bytes) -> None:
    with Saying(answer, hangs_up=True) as server:
        assert not direct.Direct(server.url, request).put("a", small())


@pytest.mark.parametrize("value", ["a\r\nx-amz-acl: public-read", "a\n", "ü"])
def test_a_header_that_would_say_more_is_not_sent(value: str) -> None:
    with Saying(PLAIN) as server:
        way = direct.Direct(server.url, lambda *what: request(*what)._replace(headers={"x": value}))
        assert not way.put("a", small())
        assert server.calls == 0


@pytest.mark.parametrize("trusted", [True, False])
def test_a_server_is_believed_by_its_certificate(
    trusted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path / "pki", "ours")
    authority.sign("server", "server", hosts=("127.0.0.1",))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "pki/server.crt", tmp_path / "pki/server.key")
    if trusted:
        monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "pki/ca.crt"))
    with Saying(PLAIN, tls=tls) as server:
        way = direct.Direct(server.url, request)
        assert [way.put(key, small()) for key in ("a", "b")] == [trusted] * 2
        way.close()
        assert server.bodies == [b"?"] * (2 if trusted else 0)


def test_no_proxy_is_gone_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with answering(200, b"") as url:
        assert direct.Direct(url, request).put("a", small())
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        assert not direct.Direct(url, request).put("a", small())
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert direct.Direct(url, request).put("a", small())


def request(key: str, _upload: Upload, body: bytes) -> direct.Request:
    return direct.Request("PUT", f"/{key}", {}, body)


def small() -> Upload:
    return Upload(BytesIO(b"?"), 1, "text/plain", None)
