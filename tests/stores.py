"""Stores of every kind for tests: a folder, and buckets of real servers that this machine runs for them.

`gcs` speaks as Google's does (fake-gcs-server), `s3` speaks S3 (versitygw); both are seen by child processes.
"""

import functools
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from py.tools import folders
from tests.airflows import free_port
from tests.projects import wait_until

KINDS = ("folder", "gcs", "s3")
ROOT_USER = ("root", "not-a-secret-of-anybody")
_SLOW = 30.0  # seconds after which a server never answers


class Server(NamedTuple):
    """A server that answers at a URL, and the folder where it may keep things."""

    url: str
    folder: Path


def program(name: str) -> str:
    """A server's program: the machine's own, or the one that `scripts/setup stores` has built."""
    return shutil.which(name) or str(folders.cache() / "stores" / name)


@contextmanager
def serving(argv: Callable[[int, Path], Sequence[str | Path]], path: str) -> Iterator[Server]:
    """Run a server on a free port until the block ends; it is up when it answers, whatever it says."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="store-") as made, tempfile.TemporaryFile() as log:
        server = Server(f"http://127.0.0.1:{port}", Path(made))
        # It ends with us, even where nobody can end it.
        command = ["setpriv", "--pdeathsig=KILL", "--", *argv(port, server.folder)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_until(lambda: _answers(server.url + path) or process.poll() is not None, _SLOW)
            log.seek(0)
            assert process.poll() is None, log.read().decode(errors="replace")
            yield server
        finally:
            process.terminate()
            process.wait()


def serving_gcs() -> AbstractContextManager[Server]:
    """Run a server that speaks as Google's does; what it has is in memory."""

    def argv(port: int, _folder: Path) -> Sequence[str | Path]:
        return [
            program("fake-gcs-server"), "-scheme=http", "-host=127.0.0.1", f"-port={port}", "-backend=memory",
            f"-external-url=http://127.0.0.1:{port}", f"-public-host=127.0.0.1:{port}", "-log-level=error",
        ]  # fmt: skip

    return serving(argv, "/storage/v1/b?project=none")


def serving_s3() -> AbstractContextManager[Server]:
    """Run a server that speaks S3, with accounts and rights; what it has is in a folder."""

    def argv(port: int, folder: Path) -> Sequence[str | Path]:
        for name in ("data", "accounts"):
            (folder / name).mkdir()
        # What it tells of an object it keeps in the file's attributes, so that both change at once.
        return [
            program("versitygw"), f"--port=127.0.0.1:{port}", f"--access={ROOT_USER[0]}",
            f"--secret={ROOT_USER[1]}", f"--iam-dir={folder}/accounts", "--iam-cache-disable", "--quiet",
            "posix", folder / "data",
        ]  # fmt: skip

    return serving(argv, "/")


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@pytest.fixture(scope="session")
def gcs_server() -> Iterator[Server]:
    """A server that speaks as Google's does."""
    with serving_gcs() as server:
        yield server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Server]:
    """A server that speaks S3."""
    with serving_s3() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """The URL of a folder that is not there yet."""
    return f"file://{tmp_path}/store"


@pytest.fixture
def gcs(gcs_server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a new bucket of Google's kind."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_server.url)
    return new_gcs_bucket(gcs_server)


@pytest.fixture
def s3(s3_server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a new bucket that speaks S3; the environment names its server, and a user who may do all."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in s3_settings(s3_server).items():
        monkeypatch.setenv(name, value)
    return new_s3_bucket()


def new_gcs_bucket(server: Server) -> str:
    """The URL of a new bucket on a server that speaks as Google's does."""
    bucket = _new_name()
    body = json.dumps({"name": bucket}).encode()
    request = urllib.request.Request(f"{server.url}/storage/v1/b?project=none", body)
    urllib.request.urlopen(request, timeout=_SLOW).close()
    return f"gs://{bucket}"


def new_s3_bucket() -> str:
    """The URL of a new bucket on the server that the environment names."""
    bucket = _new_name()
    s3_client().create_bucket(Bucket=bucket)
    return f"s3://{bucket}"


def s3_settings(server: Server) -> dict[str, str]:
    """An environment in which Amazon's clients speak to a server, and not as whoever runs the tests."""
    return {
        "AWS_ACCESS_KEY_ID": ROOT_USER[0],
        "AWS_SECRET_ACCESS_KEY": ROOT_USER[1],
        "AWS_ENDPOINT_URL_S3": server.url,
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def be_user(monkeypatch: pytest.MonkeyPatch, access: str, secret: str) -> None:
    """Speak S3 as this account from now on."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)


def s3_client() -> Any:
    """Amazon's own client on the server that the environment names, for what a store does not do."""
    return _client_of(os.environ["AWS_ENDPOINT_URL_S3"])


@functools.cache
def _client_of(server: str) -> Any:
    import boto3

    access, secret = ROOT_USER
    return boto3.client(
        "s3", region_name="us-east-1", endpoint_url=server,
        aws_access_key_id=access, aws_secret_access_key=secret,
    )  # fmt: skip


def _new_name() -> str:
    return f"test-{secrets.token_hex(6)}"


@pytest.fixture(params=KINDS)
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of a new store: the test runs once for each kind."""
    return str(request.getfixturevalue(request.param))
