"""A bucket of Google's kind: what its server refuses, and what Prow and TestGrid find in it."""

import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from py.artifacts import open_store, patience
from py.tools.errors import StoreError
from tests.artifacts.edges import Losing, Once, answering
from tests.stores import Server

SKEWED = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "DEADLINE", 0.5)


@pytest.fixture
def own_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The file of a service account, which is asked for where no emulator is named."""
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    file = tmp_path / "account.json"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    yield file


def account(token_url: str) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return json.dumps(
        {"type": "service_account", "client_email": "tests@nowhere.invalid", "token_uri": token_url,
         "private_key": key.decode(), "project_id": "none"}
    )  # fmt: skip


def attributes(server: Server, url: str, name: str) -> Any:
    """What Google's API tells of an object."""
    bucket = url.removeprefix("gs://")
    with urllib.request.urlopen(f"{server.url}/storage/v1/b/{bucket}/o/{name}", timeout=10) as answer:
        return json.loads(answer.read())


@pytest.mark.usefixtures("gcs")
def test_a_bucket_that_is_not_there_is_told() -> None:
    with pytest.raises(StoreError, match=r"^gs://not-there/logs: there is no bucket not-there; make it, or "):
        open_store("gs://not-there/logs").check()


REFUSALS = {
    401: ("Anonymous caller does not have storage.objects.create access", "the credentials are not accepted"),
    403: (
        "x@y does not have storage.objects.create access.",
        "give the account the right to list, read, write",
    ),
    404: ("The specified bucket does not exist.", "there is no bucket some-bucket; make it, or name another"),
    503: ("Backend Error", r"the server refuses \(503: Backend Error\); try again later"),
    400: ("Bad Request", r"the server refuses \(400: Bad Request\); try again later"),
}


@pytest.mark.parametrize("status", REFUSALS)
def test_what_google_refuses_is_told(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answers are faked: the server for tests knows no accounts, and is never overrun."""
    words, told = REFUSALS[status]
    body = json.dumps({"error": {"code": status, "message": words}}).encode()
    with answering(status, body) as url:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        store = open_store("gs://some-bucket")
        for call in (
            store.check,
            lambda: store.get("a"),
            lambda: list(store.list()),
            lambda: store.delete("a"),
        ):
            with pytest.raises(StoreError, match=told) as error:
                call()
            assert "\n" not in str(error.value)


def test_a_server_that_nobody_reaches_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
    store = open_store("gs://bucket")
    for call in (store.check, lambda: store.get("a"), lambda: list(store.list())):
        with pytest.raises(
            StoreError, match=r"http://127.0.0.1:1 does not answer \(.*refused.*\); see whether"
        ):
            call()


def test_a_file_of_credentials_that_is_not_there_is_told(own_credentials: Path) -> None:
    with pytest.raises(
        StoreError, match=rf"not accepted \(File {own_credentials} was not found\); run `gcloud"
    ):
        open_store("gs://bucket").check()


def test_credentials_that_were_taken_back_are_told(own_credentials: Path) -> None:
    """Google's answer is faked; the client is real, and so is what it sends."""
    refusal = {"error": "invalid_grant", "error_description": "Invalid grant: account not found"}
    with answering(400, json.dumps(refusal).encode()) as url:
        own_credentials.write_text(account(url))
        with pytest.raises(
            StoreError, match=r"not accepted \(invalid_grant: .*account not found\); run `gcloud"
        ):
            open_store("gs://bucket").check()


def test_a_wrong_clock_is_told(own_credentials: Path) -> None:
    """Google's answer to a token from another time is faked."""
    refusal = {"error": "invalid_grant", "error_description": SKEWED}
    with answering(400, json.dumps(refusal).encode()) as url:
        own_credentials.write_text(account(url))
        with pytest.raises(
            StoreError, match=r"this machine's clock is wrong \(invalid_grant.*\); set it, as by"
        ):
            open_store("gs://bucket").check()


def test_a_write_whose_answer_was_lost_is_known_for_ours(
    gcs: str, gcs_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "DEADLINE", 20)
    with Losing(gcs_server.url) as proxy:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
        assert open_store(gcs).put_if_absent("lease", b"mine")
        assert proxy.lost == 1
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_server.url)
    assert open_store(gcs).metadata("lease") == {}


def test_what_is_large_goes_in_parts_and_comes_back(gcs: str) -> None:
    content = os.urandom(20 << 20)
    store = open_store(gcs)
    store.put("large.bin", Once(content))  # type: ignore[arg-type]
    assert store.get("large.bin") == content


@pytest.mark.parametrize("size", [100_000, 9_000_000])
def test_a_long_text_is_stored_packed_and_comes_back_as_it_was(
    gcs: str, gcs_server: Server, size: int
) -> None:
    store = open_store(gcs)
    log = b"a line of a log\n" * (size // 16)
    store.put("build-log.txt", Once(log))  # type: ignore[arg-type]
    assert store.get("build-log.txt") == log
    about = attributes(gcs_server, gcs, "build-log.txt")
    assert about["contentEncoding"] == "gzip"
    assert about["contentType"] == "text/plain; charset=utf-8"
    assert about["cacheControl"] == "no-cache"
    item = store.find("build-log.txt")
    assert item and item.size == int(about["size"]) < size / 20


def test_what_is_no_text_or_short_is_stored_as_it_is(gcs: str, gcs_server: Server) -> None:
    open_store(gcs).put("started.json", b"{}")
    open_store(gcs).put("core", b"\0" * 100_000)
    assert "contentEncoding" not in attributes(gcs_server, gcs, "started.json")
    assert "contentEncoding" not in attributes(gcs_server, gcs, "core")
    assert attributes(gcs_server, gcs, "core")["contentType"] == "application/octet-stream"


def test_testgrid_finds_the_link_of_an_alias_in_its_metadata(gcs: str, gcs_server: Server) -> None:
    """Prow's key, spelled out: by Google's JSON it is no header, but a key of that name."""
    link = "gs://bucket/pr-logs/pull/a_b/1/job/2"
    open_store(gcs).put("2.txt", link.encode(), metadata={"x-goog-meta-link": link})
    assert attributes(gcs_server, gcs, "2.txt")["metadata"] == {"x-goog-meta-link": link}
