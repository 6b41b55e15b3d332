"""What is put into a store, as a stream."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from py.artifacts.base import Content
from py.tools.errors import StoreError


@contextmanager
def reading(content: Content) -> Iterator[BinaryIO]:
    """A stream of the content; StoreError if it is a file that cannot be read."""
    if isinstance(content, bytes):
        yield io.BytesIO(content)
    elif isinstance(content, Path):
        try:
            stream = content.open("rb")
        except OSError as error:
            raise StoreError(f"{content}, which is to be stored, cannot be read ({error.strerror})") from None
        with stream:
            yield stream
    else:
        yield content
