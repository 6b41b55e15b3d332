"""A bucket that speaks S3: what its server refuses, and what others find in it."""

import gzip
import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import botocore.auth
import pytest

from py.artifacts import open_store, patience
from py.tools.errors import StoreError
from tests.artifacts.edges import Losing, Once, answering
from tests.stores import ROOT_USER, Server, be_user, program, s3_client

USER = ("alice", "a-secret-for-alice")


@pytest.fixture(scope="module")
def account(s3_server: Server) -> tuple[str, str]:
    """A user of the server who owns nothing there."""
    subprocess.run(
        [program("versitygw"), "admin", f"--access={ROOT_USER[0]}", f"--secret={ROOT_USER[1]}",
         f"--endpoint-url={s3_server.url}", "create-user", f"--access={USER[0]}", f"--secret={USER[1]}",
         "--role=user"],
        check=True, capture_output=True,
    )  # fmt: skip
    return USER


def bucket(url: str) -> str:
    return url.removeprefix("s3://")


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_not_there_is_told() -> None:
    store = open_store("s3://not-there/logs")
    for call in (
        store.check,
        lambda: store.get("a"),
        lambda: list(store.list()),
        lambda: store.put("a", b""),
    ):
        with pytest.raises(
            StoreError, match=r"^s3://not-there/logs.*: there is no bucket not-there; make it, or "
        ):
            call()


@pytest.mark.parametrize("user", [("nobody", "x"), (ROOT_USER[0], "wrong")])
def test_wrong_credentials_are_told(s3: str, monkeypatch: pytest.MonkeyPatch, user: tuple[str, str]) -> None:
    be_user(monkeypatch, *user)
    with pytest.raises(
        StoreError, match=r"the credentials are not accepted \(.*\); set AWS_PROFILE, or AWS_ACC"
    ):
        open_store(s3).check()


def test_no_credentials_are_told(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(
        StoreError, match=r"the credentials are not accepted \(.*\); set AWS_PROFILE, or AWS_ACC"
    ):
        open_store(s3).check()


def test_what_is_public_is_read_without_credentials(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store(s3).put("a", b"1")
    allow(s3, "*", "s3:GetObject", "s3:ListBucket")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert open_store(s3).get("a") == b"1"


def test_a_user_who_may_not_write_is_found_by_the_check(
    s3: str, account: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(s3).put("a", b"1")
    allow(s3, account[0], "s3:GetObject", "s3:ListBucket")
    be_user(monkeypatch, *account)
    store = open_store(s3)
    assert store.get("a") == b"1"
    with pytest.raises(
        StoreError, match=r"cannot be written: AccessDenied: .*; give the account the right to"
    ):
        store.check()


def test_a_user_who_may_do_nothing_is_told(
    s3: str, account: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    be_user(monkeypatch, *account)
    store = open_store(s3)
    for call in (store.check, lambda: store.get("a"), lambda: store.find("a"), lambda: list(store.list()),
                 lambda: list(store.folders()), lambda: store.delete("a"), lambda: store.put("a", b""),
                 lambda: store.put_if_absent("a", b"")):  # fmt: skip
        with pytest.raises(
            StoreError, match="give the account the right to list, read, write and delete there"
        ):
            call()


def test_a_wrong_clock_is_told(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is real; the client's clock is set by what botocore takes for the time."""
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: an_hour_ago.replace(tzinfo=None))
    with pytest.raises(
        StoreError, match=r"this machine's clock is wrong \(RequestTimeTooSkewed.*\); set it, as"
    ):
        open_store(s3).check()


def test_a_server_that_nobody_reaches_is_told(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setattr(patience, "ATTEMPTS", 1)
    for call in (open_store(s3).check, lambda: open_store(s3).get("a")):
        with pytest.raises(
            StoreError, match=r"http://127.0.0.1:1\S* does not answer \(.*\); see whether that name"
        ):
            call()


def test_an_endpoint_that_is_no_url_is_told(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "nowhere")
    with pytest.raises(StoreError, match="Invalid endpoint: nowhere"):
        open_store(s3).check()


def test_a_server_that_has_no_time_is_told(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a real server says when it is overrun is faked: none can be made to say it."""
    busy = b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
    with answering(503, busy, "application/xml") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
        monkeypatch.setattr(patience, "ATTEMPTS", 1)
        with pytest.raises(
            StoreError, match=r"the server refuses \(SlowDown: Reduce your request rate\); try again"
        ):
            open_store(s3).check()


def test_a_write_whose_answer_was_lost_is_known_for_ours(
    s3: str, s3_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Losing(s3_server.url) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        assert open_store(s3).put_if_absent("lease", b"mine")
        assert proxy.lost == 1
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_server.url)
    assert open_store(s3).metadata("lease") == {}


def test_a_log_is_not_told_where_the_client_found_what_it_needs(
    s3: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    open_store(s3).check()
    assert caplog.text == ""


def test_what_is_large_goes_in_parts_and_comes_back(s3: str) -> None:
    content = os.urandom(20 << 20)
    store = open_store(s3)
    store.put("large.bin", Once(content))  # type: ignore[arg-type]
    assert store.get("large.bin") == content
    head = s3_client().head_object(Bucket=bucket(s3), Key="large.bin")
    assert head["ETag"].strip('"').endswith("-3")  # so many parts


def test_logs_are_plain_text_that_a_browser_shows_and_asks_for_anew(s3: str, tmp_path: Path) -> None:
    open_store(s3).put("build-log.txt", b"a line\n" * 10_000)
    head = s3_client().head_object(Bucket=bucket(s3), Key="build-log.txt")
    assert head["ContentType"] == "text/plain; charset=utf-8"
    assert head["CacheControl"] == "no-cache"
    assert "ContentEncoding" not in head


def test_what_others_have_packed_is_unpacked(s3: str) -> None:
    packed = gzip.compress(b"a log")
    s3_client().put_object(Bucket=bucket(s3), Key="log", Body=packed, ContentEncoding="gzip")
    assert open_store(s3).get("log") == b"a log"


def test_names_that_no_folder_keeps_are_not_listed(s3: str) -> None:
    for key in ("a/file", "a/file:1", "b"):
        s3_client().put_object(Bucket=bucket(s3), Key=key, Body=b"")
    s3_client().put_object(Bucket=bucket(s3), Key="c/")
    assert [item.name for item in open_store(s3).list()] == ["a/file", "a/file:1", "b"]


def allow(url: str, user: str, *actions: str) -> None:
    """Let a user do this and nothing else in a bucket."""
    places = [f"arn:aws:s3:::{bucket(url)}", f"arn:aws:s3:::{bucket(url)}/*"]
    grants = [
        {"Effect": "Allow", "Principal": {"AWS": [user]}, "Action": action, "Resource": place}
        for action, place in zip(actions, reversed(places), strict=True)
    ]
    s3_client().put_bucket_policy(
        Bucket=bucket(url), Policy=json.dumps({"Version": "2012-10-17", "Statement": grants})
    )
