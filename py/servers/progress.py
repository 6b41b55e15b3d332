"""Say what has been done, and how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def told(what: str) -> Iterator[None]:
    """Print a line when the block has ended well."""
    began = time.monotonic()
    yield
    print(f"{time.monotonic() - began:7.1f} s  {what}", flush=True)
