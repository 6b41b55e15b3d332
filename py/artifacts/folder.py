"""Artifacts in a folder, of this machine or mounted there.

Content goes to a file without a name, which then gets its own: whoever looks finds it whole, and of several
who make the same file one succeeds. Where it takes the place of another, the folder around it is locked: what
several programs do comes one after another, and what was asked of the file before still holds. Metadata is in
a hidden file beside.

A version is the file's time, set by us so that each write over another has a later one, to the nanosecond;
inode and size tell what others wrote.
"""

import builtins
import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from py.artifacts.base import Content, Item
from py.artifacts.content import noted, reading
from py.artifacts.urls import RESERVED, checked, is_kept
from py.artifacts.writing import New, copied, in_folder, locked, remove_empty
from py.tools.errors import Absent, StoreError

_ANY, _NONE = "any", "none"  # in place of a version
_NOT_THERE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
_ROOM = "make room there, or name another store"
_RIGHT = "give this user the right to, or name another store"
_NEXT = {
    errno.EACCES: _RIGHT,
    errno.EDQUOT: _ROOM,
    errno.EEXIST: "a file is where a folder should be; remove it, or take another name",
    errno.EISDIR: "a folder is where the file should be; remove it, or take another name",
    errno.ENAMETOOLONG: "take a shorter name",
    errno.ENOSPC: _ROOM,
    errno.ENOTDIR: "a file is where a folder should be; remove it, or take another name",
    errno.EPERM: _RIGHT,
    errno.EROFS: "name another store",
}


def open_store(_bucket: str, folder: str) -> "Folder":
    """The store in a folder, which is made when something is first written."""
    return Folder(folder)


class Folder:
    """Artifacts as files."""

    def __init__(self, root: str) -> None:
        self.url = f"file://{root}"
        self._root = Path(root)

    def check(self) -> None:
        """Make the folder; write a hidden file and take it away."""
        with self._told("written"), New(self._root) as new:
            new.fill(BytesIO(b"?"))

    def put(self, name: str, content: Content, *, metadata: Mapping[str, str] | None = None) -> None:
        """Write a file, or write it anew."""
        self._write(name, content, _ANY, noted(metadata))

    def put_all(self, files: Mapping[str, Path]) -> None:
        """Write one file after another: each takes so little that threads would wait for each other."""
        for name, path in files.items():
            if not copied(path, f"{self._root}/{checked(name)}"):
                self._write(name, path, _ANY)

    def put_if_absent(self, name: str, content: bytes) -> bool:
        """Write a file unless there is one."""
        return self._write(name, content, _NONE)

    def swap(self, name: str, content: bytes, version: str) -> bool:
        """Write a file anew if it still has that version."""
        return self._write(name, content, version) if self.find(name) else False

    def get(self, name: str) -> bytes:
        """What a file holds."""
        with self.open(name) as file, self._told("read", name):
            return file.read()

    def open(self, name: str) -> BinaryIO:
        """What a file holds, as a stream."""
        path = self._path(name)
        with self._told("read", name):
            try:
                return path.open("rb")
            except _NOT_THERE:
                raise self._absent(name) from None

    def find(self, name: str) -> Item | None:
        """A file's size, time and version, if it is there."""
        path = self._path(name)
        with self._told("read", name):
            return _item(name, path)

    def metadata(self, name: str) -> dict[str, str]:
        """What was said of a file when it was put."""
        path = self._path(name)
        with self._told("read", name):
            if not path.is_file():
                raise self._absent(name)
            try:
                return dict(json.loads(_beside(path).read_bytes()))
            except FileNotFoundError:
                return {}

    def list(self, folder: str = "") -> Iterator[Item]:
        """All files in a folder and in its folders, by name; no link to a folder is followed."""
        return self._walk(self._folder(folder), f"{folder}/" if folder else "")

    def folders(self, folder: str = "") -> "builtins.list[str]":
        """The names of the folders in a folder."""
        return sorted(entry.name for entry in self._entries(self._folder(folder)) if _is_folder(entry))

    def delete(self, name: str) -> None:
        """Take a file away, and folders that this leaves empty."""
        path = self._path(name)
        with self._told("removed", name), suppress(*_NOT_THERE):
            with locked(path.parent):
                path.unlink()
                _beside(path).unlink(missing_ok=True)
            remove_empty(path.parent, self._root)

    def _write(
        self, name: str, content: Content, version: str, metadata: Mapping[str, str] | None = None
    ) -> bool:
        """Write a file over a version, over any, or over none; false, and nothing written, over another."""
        path = self._path(name)
        folder = path.parent
        with reading(content) as source, self._told("written", name), New(folder) as new:
            new.fill(source)
            return in_folder(folder, lambda: _become(new, path, version, metadata))

    def _walk(self, folder: Path, prefix: str) -> Iterator[Item]:
        for entry in self._entries(folder):
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(folder / entry.name, f"{prefix}{entry.name}/")
            elif item := _item(prefix + entry.name, entry):
                yield item

    def _entries(self, folder: Path) -> "builtins.list[os.DirEntry[str]]":
        """What is in a folder, in the order of whole names: `a-b` comes before `a/b`."""
        with self._told("read"), suppress(*_NOT_THERE), os.scandir(folder) as found:
            entries = [entry for entry in found if is_kept(entry.name)]
            return sorted(entries, key=lambda entry: entry.name + ("/" if _is_folder(entry) else ""))
        return []

    def _path(self, name: str) -> Path:
        return self._root / checked(name)

    def _folder(self, name: str) -> Path:
        return self._path(name) if name else self._root

    def _absent(self, name: str) -> Absent:
        return Absent(f"{self.url}/{name}: there is no such file")

    @contextmanager
    def _told(self, what: str, name: str = "") -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = f"{self.url}/{name}" if name else self.url
            then = _NEXT.get(error.errno or 0, "see whether its disk is well")
            raise StoreError(f"{where} cannot be {what} ({error.strerror}); {then}") from None


def _become(new: New, path: Path, version: str, metadata: Mapping[str, str] | None) -> bool:
    if new.unnamed and not metadata and version in (_ANY, _NONE):
        if new.become(path):
            return True
        if version == _NONE:
            return False
    with locked(path.parent):
        item = _item(path.name, path)
        if version not in (_ANY, item.version if item else _NONE):
            return False
        _note(path, metadata)
        new.replace(path)
    return True


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    """Whether it is one or leads to one; a link that leads to itself leads nowhere."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _item(name: str, path: "Path | os.DirEntry[str]") -> Item | None:
    try:
        found = os.stat(path)  # noqa: PTH116  # the one way that takes both
    except OSError as error:
        if isinstance(error, _NOT_THERE) or error.errno == errno.ELOOP:
            return None
        raise
    if not S_ISREG(found.st_mode):
        return None
    version = f"{found.st_mtime_ns}-{found.st_ino}-{found.st_size}"
    return Item(name, found.st_size, found.st_mtime, version)


def _note(path: Path, metadata: Mapping[str, str] | None) -> None:
    beside = _beside(path)
    if metadata:
        with New(path.parent) as new:
            new.fill(BytesIO(json.dumps(dict(metadata)).encode()))
            new.replace(beside)
    else:
        beside.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f"{RESERVED}{path.name}.json")
