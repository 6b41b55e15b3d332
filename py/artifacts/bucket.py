"""What every bucket's store does alike; what a protocol says and how is in a module of its own."""

import builtins
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import closing, nullcontext
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile, gettempdir
from typing import BinaryIO, cast

from py.artifacts.base import Content, Item
from py.artifacts.content import LARGE, Upload, content_type, noted, reading, upload
from py.artifacts.direct import MANY, Direct
from py.artifacts.parallel import for_each
from py.artifacts.urls import RESERVED, checked, is_kept
from py.tools.errors import Absent, StoreError

ABSENT = "absent"  # in place of a version: there must be no such file
CACHING = "no-cache"  # browsers ask whether a log has grown; Google's default is not to ask for an hour
SENDERS = 8  # files on their way at once
_MARK = "windtunnel-write"  # metadata of what was written on a condition: whose write it is


class Bucket(ABC):
    """Artifacts as objects. `pack` says whether texts are stored packed."""

    pack: bool

    def __init__(self, scheme: str, bucket: str, folder: str) -> None:
        self.url = f"{scheme}://{bucket}/{folder}".rstrip("/")
        self.bucket = bucket
        self._prefix = f"{folder}/" if folder else ""

    def check(self) -> None:
        """Write an object that no list shows, and delete it: to write anew needs both rights."""
        key = f"{self._prefix}{RESERVED}{secrets.token_hex(8)}"
        self.write(key, upload(key, BytesIO(b"?"), pack=False), {})
        self.remove(key)

    def put(self, name: str, content: Content, *, metadata: Mapping[str, str] | None = None) -> None:
        """Write a file, or write it anew; what is large goes in parts, each of which is tried again."""
        self._put(name, content, noted(metadata))

    def put_all(self, files: Mapping[str, Path]) -> None:
        """Write many files side by side; the first failure stops what has not begun."""
        self.connect()  # once, and not in each thread
        direct = self.direct() if len(files) >= MANY else None
        with closing(direct) if direct else nullcontext():
            for_each(files, lambda name, path: self._put(name, path, {}, direct), SENDERS)

    def put_if_absent(self, name: str, content: bytes) -> bool:
        """Write a file unless there is one."""
        return self._write_if(ABSENT, name, content)

    def swap(self, name: str, content: bytes, version: str) -> bool:
        """Write a file anew if it still has that version."""
        return self._write_if(version, name, content)

    def get(self, name: str) -> bytes:
        """What a file holds."""
        with self.open(name) as file:
            return file.read()

    def open(self, name: str) -> BinaryIO:
        """What a file holds, as a stream: read to its end before, on disk if it is long."""
        key = self._key(name)
        file = cast(BinaryIO, SpooledTemporaryFile(LARGE))  # noqa: SIM115  # who asked closes it
        try:
            self.read(key, file)
        except OSError as error:
            file.close()
            raise StoreError(f"{self.place(key)} has no room in {gettempdir()} ({error.strerror})") from None
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def find(self, name: str) -> Item | None:
        """A file's size, time and version, if it is there."""
        item = self.look(self._key(name))
        return item and item._replace(name=name)

    def metadata(self, name: str) -> dict[str, str]:
        """What was said of a file when it was put."""
        said = self.said(self._key(name))
        return {key: value for key, value in said.items() if key != _MARK}

    def list(self, folder: str = "") -> Iterator[Item]:
        """All files in a folder and in its folders, by name, but for names that not all stores keep."""
        return self._named(self.items(self._below(folder)))

    def folders(self, folder: str = "") -> "builtins.list[str]":
        """The names of the folders in a folder."""
        found = [prefix.rstrip("/").rpartition("/")[2] for prefix in self.prefixes(self._below(folder))]
        return sorted(name for name in found if is_kept(name))

    def delete(self, name: str) -> None:
        """Take a file away."""
        self.remove(self._key(name))

    @abstractmethod
    def connect(self) -> object:
        """The client, which finds its credentials when it is first asked for."""

    @abstractmethod
    def direct(self) -> Direct:
        """A way past the client, for many small files."""

    @abstractmethod
    def write(self, key: str, upload: Upload, metadata: Mapping[str, str], version: str = "") -> bool:
        """Write an object; if a version is named, only over that, and false if there is another."""

    @abstractmethod
    def read(self, key: str, to: BinaryIO) -> None:
        """Copy what an object holds, unpacked; Absent if there is none."""

    @abstractmethod
    def look(self, key: str) -> Item | None:
        """An object's size, time and version; None if there is none."""

    @abstractmethod
    def said(self, key: str) -> dict[str, str]:
        """An object's metadata; Absent if there is none."""

    @abstractmethod
    def items(self, prefix: str) -> Iterator[Item]:
        """All objects whose key begins so, in order."""

    @abstractmethod
    def prefixes(self, prefix: str) -> Iterator[str]:
        """What keys that begin so go on with, up to the next slash."""

    @abstractmethod
    def remove(self, key: str) -> None:
        """Delete an object if it is there."""

    def absent(self, key: str) -> Absent:
        """The error for an object that is not there."""
        return Absent(f"{self.place(key)}: there is no such file")

    def place(self, key: str) -> str:
        """The URL of an object; that of the store for what is its own."""
        name = key.removeprefix(self._prefix)
        return f"{self.url}/{name}" if name and not name.startswith(RESERVED) else self.url

    def _put(
        self, name: str, content: Content, metadata: Mapping[str, str], direct: Direct | None = None
    ) -> None:
        key = self._key(name)
        with reading(content) as source:
            what = upload(name, source, self.pack)
            if not (direct and direct.put(key, what)):
                self.write(key, what, metadata)

    def _write_if(self, version: str, name: str, content: bytes) -> bool:
        key, mark = self._key(name), secrets.token_hex(8)
        whole = Upload(BytesIO(content), len(content), content_type(name, content), None)
        if self.write(key, whole, {_MARK: mark}, version):
            return True
        # Where only the answer to a write was lost, the next attempt meets what the first one wrote.
        try:
            return self.said(key).get(_MARK) == mark
        except Absent:
            return False

    def _named(self, items: Iterator[Item]) -> Iterator[Item]:
        for item in items:
            name = item.name.removeprefix(self._prefix)
            if is_kept(name):
                yield item._replace(name=name)

    def _key(self, name: str) -> str:
        checked(name)
        return checked(self._prefix + name, repr(name))

    def _below(self, folder: str) -> str:
        return f"{self._key(folder)}/" if folder else self._prefix
