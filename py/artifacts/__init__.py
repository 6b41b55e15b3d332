"""Where artifacts go: a store is a URL, and its scheme picks the module that opens it.

A new store is a module with `open_store(bucket, folder)`, a line in STORES, and a line in tests/stores.py.
"""

from importlib import import_module

from py.artifacts.base import Item, Store
from py.artifacts.urls import split

STORES = {
    "file": "py.artifacts.folder",  # a folder of this machine
    "gs": "py.artifacts.gcs",  # a bucket of Google Cloud Storage
    "s3": "py.artifacts.s3",  # a bucket of Amazon's S3, or of a server that speaks as it does
}

__all__ = ["STORES", "Item", "Store", "check_url", "open_store"]


def check_url(url: str) -> None:
    """UsageError for what cannot be a store's URL; nothing is looked up, so a file of DAGs may ask."""
    split(url, STORES)


def open_store(url: str) -> Store:
    """The store at a URL such as `gs://bucket/folder`, or at a bare path; nothing is made yet."""
    scheme, bucket, folder = split(url, STORES)
    return import_module(STORES[scheme]).open_store(bucket, folder)  # type: ignore[no-any-return]
