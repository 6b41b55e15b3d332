"""Artifacts in a bucket of Google Cloud Storage, or of a server that STORAGE_EMULATOR_HOST names.

Texts are stored packed, as `Content-Encoding: gzip`: the server unpacks them for whoever cannot. A version is
an object's generation.
"""

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any, BinaryIO

import google.auth
import google.auth.transport.requests
import requests
from google.api_core import exceptions as answers
from google.auth import exceptions as credentials
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
from google.cloud.storage.retry import DEFAULT_RETRY
from requests.adapters import HTTPAdapter

from py.artifacts import patience
from py.artifacts.base import Item
from py.artifacts.bucket import ABSENT, CACHING, SENDERS, Bucket
from py.artifacts.content import LARGE, Upload
from py.artifacts.direct import Direct, Request
from py.artifacts.refusals import denied, failing, no_bucket, not_accepted, root, unreachable, wrong_clock
from py.tools.errors import Absent, StoreError

_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
_FILE = "GOOGLE_APPLICATION_CREDENTIALS"
_EMULATOR = "STORAGE_EMULATOR_HOST"
_LOG_IN = f"run `gcloud auth application-default login`, or name a file of credentials in {_FILE}"
# Unasked, the client looks up where a bucket is, for traces that nobody takes: it needs a right of its own.
os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
_FIELDS = "items(name,size,updated,generation),nextPageToken"


def open_store(bucket: str, folder: str) -> "Gcs":
    """The store in a bucket."""
    return Gcs("gs", bucket, folder)


class Gcs(Bucket):
    """Artifacts as Google's objects."""

    pack = True

    def connect(self) -> storage.Bucket:
        """The bucket, as nobody where there are no credentials: what is public can be read."""
        return self._bucket

    def direct(self) -> Direct:
        """Requests with what is said of a file and the file itself, as the client makes them."""
        return Direct(self._server, self._request)

    def write(self, key: str, upload: Upload, metadata: Mapping[str, str], version: str = "") -> bool:
        """Write an object, in parts if it is large."""
        only = {"if_generation_match": 0 if version == ABSENT else _generation(version)} if version else {}
        if None in only.values():
            return False
        with self._told("written", key):
            blob = self.connect().blob(key, chunk_size=LARGE if upload.size is None else None)
            blob.cache_control = CACHING
            blob.content_encoding = upload.encoding
            blob.metadata = dict(metadata) or None
            try:
                blob.upload_from_file(
                    upload.stream, size=upload.size, content_type=upload.type, **only, **_patience()
                )
            except answers.PreconditionFailed:
                return False
        return True

    def read(self, key: str, to: BinaryIO) -> None:
        """Copy what an object holds."""
        with self._told("read", key):
            self.connect().blob(key).download_to_file(to, **_patience())

    def look(self, key: str) -> Item | None:
        """An object's size, time and generation."""
        with self._told("read", key):
            blob = self.connect().get_blob(key, **_patience())
            return blob and _item(blob)

    def said(self, key: str) -> dict[str, str]:
        """An object's metadata."""
        with self._told("read", key):
            blob = self.connect().get_blob(key, **_patience())
        if blob is None:
            raise self.absent(key)
        return dict(blob.metadata or {})

    def items(self, prefix: str) -> Iterator[Item]:
        """All objects whose key begins so."""
        with self._told("listed"):
            for blob in self.connect().list_blobs(prefix=prefix, fields=_FIELDS, **_patience()):
                yield _item(blob)

    def prefixes(self, prefix: str) -> Iterator[str]:
        """What keys that begin so go on with, up to the next slash."""
        with self._told("listed"):
            found = self.connect().list_blobs(
                prefix=prefix, delimiter="/", fields="prefixes,nextPageToken", **_patience()
            )
            for page in found.pages:
                yield from page.prefixes

    def remove(self, key: str) -> None:
        """Delete an object if it is there."""
        with suppress(Absent), self._told("removed", key):
            self.connect().blob(key).delete(**_patience())

    @cached_property
    def _bucket(self) -> storage.Bucket:
        # A project is asked of who makes buckets; without one the client looks for it in many places.
        client = storage.Client(project="none", credentials=_credentials())
        client._http.mount("https://", HTTPAdapter(pool_maxsize=2 * SENDERS))
        client._http.mount("http://", HTTPAdapter(pool_maxsize=2 * SENDERS))
        return client.bucket(self.bucket)

    @cached_property
    def _server(self) -> str:
        return str(self.connect().client._connection.API_BASE_URL)

    @cached_property
    def _ask(self) -> Any:
        return google.auth.transport.requests.Request()  # for credentials that have to be renewed

    def _request(self, key: str, upload: Upload, body: bytes) -> Request:
        url = f"{self._server}/upload/storage/v1/b/{self.bucket}/o?uploadType=multipart"
        digest = hashlib.md5(body, usedforsecurity=False).digest()  # what arrives otherwise is refused
        about = {
            "name": key,
            "contentType": upload.type,
            "contentEncoding": upload.encoding,
            "cacheControl": CACHING,
            "md5Hash": base64.b64encode(digest).decode(),
        }
        mark = secrets.token_hex(16)
        whole = "\r\n".join([
            f"--{mark}", "Content-Type: application/json", "", json.dumps(about),
            f"--{mark}", f"Content-Type: {upload.type}", "", "",
        ]).encode() + body + f"\r\n--{mark}--\r\n".encode()  # fmt: skip
        headers = {"Content-Type": f"multipart/related; boundary={mark}"}
        self.connect().client._credentials.before_request(self._ask, "POST", url, headers)
        return Request("POST", url, headers, whole)

    @contextmanager
    def _told(self, what: str, key: str = "") -> Iterator[None]:
        """Say in one line what has failed, and what to do."""
        try:
            yield
        except answers.NotFound as error:
            if what != "written" and key and "bucket does not exist" not in _said(error):
                raise self.absent(key) from None
            raise StoreError(f"{self.place(key)}: {no_bucket(self.bucket)}") from None
        except tuple(_ERRORS) as error:
            last = error.cause if isinstance(error, answers.RetryError) else error
            explain = next((text for kind, text in _ERRORS.items() if isinstance(last, kind)), _unreachable)
            raise StoreError(f"{self.place(key)} cannot be {what}: {explain(last)}") from None


def _credentials() -> Any:
    """Those of this machine, or of nobody: what is public can be read by whoever asks."""
    if os.environ.get(_EMULATOR):
        return AnonymousCredentials()
    try:
        found, _ = google.auth.default(scopes=[_SCOPE])
    except credentials.DefaultCredentialsError:
        if os.environ.get(_FILE):
            raise
        return AnonymousCredentials()
    return found


def _patience() -> dict[str, Any]:
    timeout = (patience.CONNECT, patience.ANSWER)
    return {"timeout": timeout, "retry": DEFAULT_RETRY.with_timeout(patience.DEADLINE)}


def _generation(version: str) -> int | None:
    return int(version) if version.isdecimal() and int(version) else None


def _item(blob: storage.Blob) -> Item:
    return Item(blob.name, blob.size, blob.updated.timestamp(), str(blob.generation))


def _said(error: Any) -> str:
    """A server's own words."""
    response = error.response
    try:
        return str(response.json()["error"]["message"])
    except (AttributeError, ValueError, LookupError, TypeError):
        return str(getattr(response, "text", "") or error)


def _forgotten(error: credentials.RefreshError) -> str:
    words = str(error.args[0] if error.args else error)
    return wrong_clock(words) if "iat and exp" in words else not_accepted(words, _LOG_IN)


def _unreachable(error: Exception) -> str:
    return unreachable(os.environ.get(_EMULATOR) or "storage.googleapis.com", root(error))


_ERRORS: dict[type[Exception], Callable[[Any], str]] = {
    answers.Unauthorized: lambda error: not_accepted(_said(error), _LOG_IN),
    answers.Forbidden: lambda error: denied(_said(error)),
    answers.RetryError: _unreachable,
    answers.GoogleAPICallError: lambda error: failing(f"{error.code}: {_said(error)}"),
    InvalidResponse: lambda error: failing(f"{error.response.status_code}: {_said(error)}"),
    credentials.RefreshError: _forgotten,
    credentials.TransportError: _unreachable,
    credentials.GoogleAuthError: lambda error: not_accepted(str(error), _LOG_IN),
    requests.RequestException: _unreachable,
    DataCorruption: lambda error: failing(str(error)),
}
