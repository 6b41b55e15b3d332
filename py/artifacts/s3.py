"""Artifacts in a bucket of Amazon's S3, or of a server that speaks as it does, named by AWS_ENDPOINT_URL_S3.

Nothing is packed: no server of this kind unpacks, and Prow's client does not either. A version is an object's
ETag, which is that of its content: to write the same again is no change.
"""

import gzip
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit

import boto3
from boto3.s3.transfer import TransferConfig
from botocore import UNSIGNED
from botocore import exceptions as failures
from botocore.config import Config
from botocore.handlers import add_expect_header
from tenacity import retry, retry_if_exception, retry_if_exception_type, stop_after_attempt, wait_random

from py.artifacts import patience
from py.artifacts.base import Item
from py.artifacts.bucket import ABSENT, CACHING, SENDERS, Bucket
from py.artifacts.content import LARGE, Upload
from py.artifacts.direct import Direct, Request
from py.artifacts.refusals import denied, failing, no_bucket, not_accepted, root, unreachable, wrong_clock
from py.artifacts.sigv4 import signed
from py.tools.errors import Absent, StoreError

_REGION = "us-east-1"  # where none is named: servers that are not Amazon's ask for some region
_AMAZON = ("amazonaws.com", "amazonaws.com.cn")
_PARTS_AT_ONCE = 4
_LOG_IN = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_MISSING = ("404", "NoSuchKey", "NotFound")
_NO_BUCKET = ("NoSuchBucket", "InvalidBucketName")
_PAUSE = wait_random(0.02, 0.2)  # seconds
_OTHER_VERSION = ("412", "PreconditionFailed")
_CHATTY = ("botocore.configprovider", "botocore.credentials")  # say at each client where they found what
_BROKEN_OFF = (failures.IncompleteReadError, failures.ReadTimeoutError, failures.ResponseStreamingError)


def open_store(bucket: str, folder: str) -> "S3":
    """The store in a bucket."""
    return S3("s3", bucket, folder)


def _code(error: failures.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _is_conflict(error: BaseException) -> bool:
    """Whether S3 says that somebody else writes at this moment, and that one shall try again."""
    return isinstance(error, failures.ClientError) and _code(error) == "ConditionalRequestConflict"


class S3(Bucket):
    """Artifacts as Amazon's objects."""

    pack = False
    _credentials: Any = None

    def connect(self) -> Any:
        """The client, as nobody where there are no credentials: what is public can be read."""
        return self._client

    def direct(self) -> Direct:
        """Requests signed as the client signs them."""
        return Direct(self.connect().meta.endpoint_url, self._request)

    def write(self, key: str, upload: Upload, metadata: Mapping[str, str], version: str = "") -> bool:
        """Write an object, in parts if it is large."""
        only = {"IfNoneMatch": "*"} if version == ABSENT else {"IfMatch": version} if version else {}
        about = {"ContentType": upload.type, "CacheControl": CACHING, "Metadata": dict(metadata)}
        where = {"Bucket": self.bucket, "Key": key}
        with self._told("written", key):
            if upload.size is None:
                self.connect().upload_fileobj(upload.stream, **where, ExtraArgs=about, Config=_in_parts())
                return True
            try:
                self._put_object(**where, **about, **only, Body=upload.stream.read())
            except failures.ClientError as error:
                if only and _code(error) in (*_OTHER_VERSION, *_MISSING):
                    return False
                raise
        return True

    def read(self, key: str, to: BinaryIO) -> None:
        """Copy what an object holds."""
        with self._told("read", key):
            self._copy(key, to)

    def look(self, key: str) -> Item | None:
        """An object's size, time and ETag."""
        try:
            found = self._head(key)
        except Absent:
            return None
        return Item(key, found["ContentLength"], found["LastModified"].timestamp(), found["ETag"])

    def said(self, key: str) -> dict[str, str]:
        """An object's metadata."""
        return dict(self._head(key)["Metadata"])

    def items(self, prefix: str) -> Iterator[Item]:
        """All objects whose key begins so."""
        for page in self._pages(prefix):
            for found in page.get("Contents", ()):
                yield Item(found["Key"], found["Size"], found["LastModified"].timestamp(), found["ETag"])

    def prefixes(self, prefix: str) -> Iterator[str]:
        """What keys that begin so go on with, up to the next slash."""
        for page in self._pages(prefix, Delimiter="/"):
            for found in page.get("CommonPrefixes", ()):
                yield found["Prefix"]

    def remove(self, key: str) -> None:
        """Delete an object if it is there."""
        with suppress(Absent), self._told("removed", key):
            self.connect().delete_object(Bucket=self.bucket, Key=key)

    @cached_property
    def _client(self) -> Any:
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)
        with self._told("reached"):
            session = boto3.Session()
            self._credentials = session.get_credentials()
            how = {} if self._credentials else {"signature_version": UNSIGNED}
            client = _client(session, **how)
            if str(urlsplit(client.meta.endpoint_url).hostname).endswith(_AMAZON):
                return client
            # Few servers of others answer to a name for each bucket.
            return _client(session, **how, s3={"addressing_style": "path"})

    def _head(self, key: str) -> Any:
        with self._told("read", key):
            return self.connect().head_object(Bucket=self.bucket, Key=key)

    def _pages(self, prefix: str, **how: str) -> Iterator[Any]:
        with self._told("listed"):
            yield from (
                self.connect()
                .get_paginator("list_objects_v2")
                .paginate(Bucket=self.bucket, Prefix=prefix, **how)
            )

    def _request(self, key: str, upload: Upload, body: bytes) -> Request:
        meta, who = self.connect().meta, self._credentials.get_frozen_credentials()
        url = f"{meta.endpoint_url.rstrip('/')}/{self.bucket}/{quote(key, safe='/~')}"
        headers = {"content-type": upload.type, "cache-control": CACHING}
        return Request("PUT", url, signed("PUT", url, headers, body, who, meta.region_name), body)

    @retry(retry=retry_if_exception(_is_conflict), stop=stop_after_attempt(20), wait=_PAUSE, reraise=True)
    def _put_object(self, **what: Any) -> None:
        self.connect().put_object(**what)

    @retry(retry=retry_if_exception_type(_BROKEN_OFF), stop=stop_after_attempt(4), reraise=True)
    def _copy(self, key: str, to: BinaryIO) -> None:
        found = self.connect().get_object(Bucket=self.bucket, Key=key)
        to.seek(0)
        to.truncate()
        packed = found.get("ContentEncoding") == "gzip"  # by others
        with found["Body"] as body:
            shutil.copyfileobj(gzip.GzipFile(fileobj=body) if packed else body, to, LARGE)

    @contextmanager
    def _told(self, what: str, key: str = "") -> Iterator[None]:
        """Say in one line what has failed, and what to do."""
        try:
            yield
        except failures.ClientError as error:
            code = _code(error)
            if what != "written" and key and code in _MISSING:
                raise self.absent(key) from None
            if code in _NO_BUCKET:
                raise StoreError(f"{self.place(key)}: {no_bucket(self.bucket)}") from None
            explain = _ANSWERS.get(code, failing)
            if explain is denied and not self._credentials:
                explain = _not_accepted
            raise StoreError(f"{self.place(key)} cannot be {what}: {explain(_said(error))}") from None
        except tuple(_ERRORS) as error:
            kind = next(kind for kind in _ERRORS if isinstance(error, kind))
            raise StoreError(f"{self.place(key)} cannot be {what}: {_ERRORS[kind](error)}") from None


def _client(session: Any, **how: Any) -> Any:
    client = session.client(
        "s3",
        region_name=session.region_name or _REGION,
        config=Config(
            connect_timeout=patience.CONNECT,
            read_timeout=patience.ANSWER,
            retries={"mode": "standard", "total_max_attempts": patience.ATTEMPTS},
            max_pool_connections=max(SENDERS, _PARTS_AT_ONCE),
            # What is newer than MD5 in S3, other servers do not know.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            **how,
        ),
    )
    # Unasked, it asks before each write whether it is wanted, and waits for the answer.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    return client


def _in_parts() -> TransferConfig:
    config = TransferConfig(multipart_chunksize=LARGE, max_concurrency=_PARTS_AT_ONCE)
    config.max_in_memory_upload_chunks = _PARTS_AT_ONCE
    return config


def _said(error: failures.ClientError) -> str:
    said = error.response.get("Error", {})
    return f"{said.get('Code', '')}: {said.get('Message', '')}"


def _unreachable(error: Any) -> str:
    url = urlsplit(error.kwargs.get("endpoint_url") or "")
    return unreachable(f"{url.scheme}://{url.netloc}" if url.netloc else "the server", root(error))


def _not_accepted(words: str) -> str:
    return not_accepted(words, _LOG_IN)


_ANSWERS: dict[str, Callable[[str], str]] = {
    "403": denied,
    "AccessDenied": denied,
    "AllAccessDisabled": denied,
    "ExpiredToken": _not_accepted,
    "InvalidAccessKeyId": _not_accepted,
    "InvalidToken": _not_accepted,
    "SignatureDoesNotMatch": _not_accepted,
    "RequestExpired": wrong_clock,
    "RequestTimeTooSkewed": wrong_clock,
}
_ERRORS: dict[type[Exception], Callable[[Any], str]] = {
    failures.ConnectionError: _unreachable,
    failures.HTTPClientError: _unreachable,
    failures.BotoCoreError: lambda error: _not_accepted(str(error)),
    ValueError: lambda error: failing(str(error)),  # an endpoint that is no URL
}
