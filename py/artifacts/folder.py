"""Artifacts in a folder, of this machine or mounted there.

Each write makes a new file and moves it to its name, so whoever looks finds it whole. While it is moved the
folder that it is in is locked: what several programs do to a file comes one after another, and what is asked
of it before (that there is none, that it is as it was) still holds. Metadata is in a hidden file beside.

A version is the file's time, set by us so that each write has a later one, to the nanosecond; inode and size
tell what others wrote.
"""

import builtins
import errno
import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from py.artifacts.base import Content, Item
from py.artifacts.content import noted, reading
from py.artifacts.urls import RESERVED, checked, is_kept
from py.tools.errors import Absent, StoreError, UsageError

_NOT_THERE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
_ATTEMPTS = 100  # at a folder that others take away whenever it is empty
_NO_LOCK = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.EOPNOTSUPP)  # NFS locks files, but no folder
_PIECE = 1 << 20  # bytes
_ROOM = "make room there, or name another store"
_RIGHT = "give this user the right to, or name another store"
_NEXT = {
    errno.EACCES: _RIGHT,
    errno.EDQUOT: _ROOM,
    errno.EEXIST: "a file is where a folder should be; remove it, or take another name",
    errno.EISDIR: "a folder is where the file should be; remove it, or take another name",
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
        with self._told("written"), _new(self._root, BytesIO(b"?")):
            pass

    def put(self, name: str, content: Content, *, metadata: Mapping[str, str] | None = None) -> None:
        """Write a file, or write it anew."""
        self._write(name, content, lambda path: True, noted(metadata))

    def put_all(self, files: Mapping[str, Path]) -> None:
        """Write one file after another: side by side is no faster on a disk."""
        for name, path in files.items():
            self.put(name, path)

    def put_if_absent(self, name: str, content: bytes) -> bool:
        """Write a file unless there is one."""
        return self._write(name, content, lambda path: _item(name, path) is None)

    def swap(self, name: str, content: bytes, version: str) -> bool:
        """Write a file anew if it still has that version."""

        def is_unchanged(path: Path) -> bool:
            item = _item(name, path)
            return item is not None and item.version == version

        # Asked before as well, or else a folder would be made for nothing.
        return is_unchanged(self._path(name)) and self._write(name, content, is_unchanged)

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
            with _locked(path.parent):
                path.unlink()
                _beside(path).unlink(missing_ok=True)
            _remove_empty(path.parent, self._root)

    def _write(
        self,
        name: str,
        content: Content,
        may: Callable[[Path], bool],
        metadata: Mapping[str, str] | None = None,
    ) -> bool:
        """Write a file if it may be written, which is asked while nobody else can write it."""
        path = self._path(name)
        with (
            reading(content) as source,
            self._told("written", name),
            _new(path.parent, source) as new,
            _locked(path.parent),
        ):
            if not may(path):
                return False
            _make_later(new, path)
            _note(path, metadata)
            new.replace(path)
        return True

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
            if error.errno == errno.ENAMETOOLONG:
                raise UsageError(f"{where} is too long for the file system there") from None
            then = _NEXT.get(error.errno or 0, "see whether its disk is well")
            raise StoreError(f"{where} cannot be {what} ({error.strerror}); {then}") from None


@contextmanager
def _new(folder: Path, source: BinaryIO) -> Iterator[Path]:
    """A new file under a hidden name, gone afterwards unless it was moved."""
    new = folder / f"{RESERVED}{secrets.token_hex(8)}.part"
    try:
        with _created(new) as file:
            shutil.copyfileobj(source, file, _PIECE)
        yield new
    finally:
        with suppress(*_NOT_THERE):
            new.unlink()


def _created(new: Path) -> BinaryIO:
    for _ in range(_ATTEMPTS):
        with suppress(FileNotFoundError):
            return new.open("xb")
        new.parent.mkdir(parents=True, exist_ok=True)
    return new.open("xb")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, for which every program waits that moves a file there."""
    handle = _lock(folder, os.O_RDONLY | os.O_DIRECTORY)
    if handle is None:
        handle = _lock(folder / f"{RESERVED}lock", os.O_RDWR | os.O_CREAT)
    if handle is None:
        raise StoreError(f"file://{folder}: its file system knows no locks; name another store")
    try:
        yield
    finally:
        os.close(handle)


def _lock(path: Path, how: int) -> int | None:
    handle = os.open(path, how, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:
        os.close(handle)
        if error.errno in _NO_LOCK:
            return None
        raise
    return handle


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


def _make_later(new: Path, old: Path) -> None:
    """Set a file's time to now, and after that of the file whose place it takes."""
    now = time.time_ns()
    with suppress(FileNotFoundError):
        now = max(now, old.stat().st_mtime_ns + 1)
    os.utime(new, ns=(now, now))


def _note(path: Path, metadata: Mapping[str, str] | None) -> None:
    beside = _beside(path)
    if metadata:
        with _new(path.parent, BytesIO(json.dumps(dict(metadata)).encode())) as new:
            new.replace(beside)
    else:
        beside.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f"{RESERVED}{path.name}.json")


def _remove_empty(folder: Path, top: Path) -> None:
    """Remove a folder and those around it, up to the top, as long as they are empty."""
    with suppress(OSError):
        while folder != top:
            folder.rmdir()
            folder = folder.parent
