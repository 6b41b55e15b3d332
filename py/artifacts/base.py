"""What a place that keeps files can do: the same in a folder, in a bucket of Google's, and by S3."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

Content = bytes | Path | BinaryIO


class Item(NamedTuple):
    """A file in a store: its name, bytes as stored, seconds since 1970, and what changes with its content."""

    name: str
    size: int
    modified: float
    version: str


class Store(Protocol):
    """Files by name, below the URL at which the store was opened; a name has `/` between its parts.

    Whoever looks finds a file whole or not at all. Every error is a StoreError in one line that says which
    URL and what to do; transient ones were retried before.
    """

    url: str  # without a slash at its end

    def check(self) -> None:
        """Say now, and not after an hour, that nothing can be written here."""

    def put(self, name: str, content: Content, *, metadata: Mapping[str, str] | None = None) -> None:
        """Write a file, or write it anew; text is stored so that a browser shows it.

        Content in memory, a path, or a stream that is read in pieces; `metadata` is kept beside it where the
        store has room for that, and read back by `metadata`.
        """

    def put_all(self, files: Mapping[str, Path]) -> None:
        """Write many files side by side."""

    def put_if_absent(self, name: str, content: bytes) -> bool:
        """Write a file unless there is one; of several who try at once, one is told true."""
        ...

    def swap(self, name: str, content: bytes, version: str) -> bool:
        """Write a file anew if it still has that version; false, and nothing written, if not."""
        ...

    def get(self, name: str) -> bytes:
        """What a file holds, as it was put; Absent if there is none."""
        ...

    def open(self, name: str) -> BinaryIO:
        """The same as a stream, for what may be long."""
        ...

    def find(self, name: str) -> Item | None:
        """A file's size, time and version, if it is there."""
        ...

    def metadata(self, name: str) -> dict[str, str]:
        """What was said of a file when it was put; Absent if there is none."""
        ...

    def list(self, folder: str = "") -> Iterator[Item]:
        """All files in a folder and in its folders, by name."""
        ...

    def folders(self, folder: str = "") -> Iterable[str]:
        """The names of the folders in a folder, without what is in them."""
        ...

    def delete(self, name: str) -> None:
        """Take a file away; nothing happens if it is not there."""
