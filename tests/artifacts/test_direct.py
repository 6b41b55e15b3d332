"""Many small files into a bucket, past the maker's client: as it writes them, and it does what fails."""

import json
import urllib.parse
import urllib.request
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from py.artifacts import direct, open_store
from py.artifacts.bucket import Bucket
from py.artifacts.content import Upload
from py.tools.errors import StoreError
from tests.artifacts.edges import Losing, answering
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


def test_no_proxy_is_gone_around(monkeypatch: pytest.MonkeyPatch) -> None:
    def prepare(key: str, _upload: Upload, body: bytes) -> direct.Request:
        return direct.Request("PUT", f"{url}/{key}", {}, body)

    for name in ("HTTP_PROXY", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with answering(200, b"") as url:
        assert direct.Direct(url, prepare).put("a", small())
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        assert not direct.Direct(url, prepare).put("a", small())
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert direct.Direct(url, prepare).put("a", small())


def small() -> Upload:
    return Upload(BytesIO(b"?"), 1, "text/plain", None)
