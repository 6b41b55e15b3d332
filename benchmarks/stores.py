"""A store of each kind on this machine, and how its clients are told of it."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.stores import new_gcs_bucket, new_s3_bucket, s3_settings, serving_gcs, serving_s3

New = Callable[[], str]  # gives the URL of a new store


@contextmanager
def _folder(scratch: Path) -> Iterator[New]:
    yield lambda: f"file://{scratch}/{secrets.token_hex(4)}"


@contextmanager
def _s3(_scratch: Path) -> Iterator[New]:
    os.environ["VGW_KEEP_ALIVE"] = "true"  # connections, as Amazon's servers do
    with serving_s3() as server:
        os.environ.update(s3_settings(server))
        yield new_s3_bucket


@contextmanager
def _gcs(_scratch: Path) -> Iterator[New]:
    with serving_gcs() as server:
        os.environ["STORAGE_EMULATOR_HOST"] = server.url
        yield partial(new_gcs_bucket, server)


SERVING = {"file": _folder, "s3": _s3, "gs": _gcs}
