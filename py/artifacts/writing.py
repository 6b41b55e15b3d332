"""How a folder's file is written: whole or not at all, and one writer after another where there is one."""

import errno
import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Self, TypeVar

from py.artifacts.urls import RESERVED
from py.tools.errors import StoreError

_Result = TypeVar("_Result")
_PIECE = 1 << 18  # bytes
_SMALL = 1 << 16  # bytes; room for much more than a file has is new from the kernel each time
_ATTEMPTS = 100  # at a folder that others take away whenever it is empty
_UNNAMED = getattr(os, "O_TMPFILE", 0)
_NOT_UNNAMED = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL)  # what NFS says, and old kernels
_NO_LOCK = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.EOPNOTSUPP)  # NFS locks files, but no folder


class New:
    """A file that has no name yet, in a folder that is made if need be; gone at the end if it got none.

    Where the file system knows no such files, it has a hidden name: a program that is killed leaves it there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.unnamed = bool(_UNNAMED)
        self._handle = in_folder(folder, self._open)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)
        if not self.unnamed:
            with suppress(FileNotFoundError):
                self._hidden.unlink()

    def fill(self, source: BinaryIO) -> None:
        """Write what the stream holds."""
        while piece := source.read(_PIECE):
            while piece:
                piece = piece[os.write(self._handle, piece) :]

    def become(self, path: Path) -> bool:
        """Give it its name; false if there is a file of that name. Only for one without a name."""
        now = time.time_ns()
        os.utime(self._handle, ns=(now, now))
        with suppress(FileExistsError):
            _link(self._handle, path)
            return True
        return False

    def replace(self, path: Path) -> None:
        """Take the place of the file of that name, and a later time than it had."""
        now = time.time_ns()
        with suppress(FileNotFoundError):
            now = max(now, path.stat().st_mtime_ns + 1)
        os.utime(self._handle, ns=(now, now))
        if self.unnamed:
            _link(self._handle, self._hidden)
        try:
            self._hidden.replace(path)
        except OSError:
            self._hidden.unlink()
            raise

    @cached_property
    def _hidden(self) -> Path:
        return self._folder / f"{RESERVED}{secrets.token_hex(8)}.part"

    def _open(self) -> int:
        how = os.O_WRONLY | os.O_CLOEXEC
        if self.unnamed:
            try:
                return os.open(self._folder, how | _UNNAMED, 0o666)
            except OSError as error:
                if error.errno not in _NOT_UNNAMED:
                    raise
                self.unnamed = False
        return os.open(self._hidden, how | os.O_CREAT | os.O_EXCL, 0o666)


def copied(source: Path, path: str) -> bool:
    """Whether a small file went at once to a name that no file had; New knows what to do where it did not.

    Its time is the kernel's, and not set: there is no file that it has to be later than.
    """
    try:
        content = _small(source)
        if content is None:
            return False
        handle = os.open(path.rpartition("/")[0], os.O_WRONLY | os.O_CLOEXEC | _UNNAMED, 0o666)
        try:
            whole = os.write(handle, content) == len(content)
            if whole:
                _link(handle, path)
        finally:
            os.close(handle)
    except OSError:
        return False
    return whole


def in_folder(folder: Path, deed: Callable[[], _Result]) -> _Result:
    """What a deed gives that needs a folder, which is made whenever it is not there."""
    for _ in range(_ATTEMPTS):
        with suppress(FileNotFoundError):
            return deed()
        folder.mkdir(parents=True, exist_ok=True)
    return deed()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, for which everybody waits who puts a file in place of another, or removes one."""
    handle = _lock(folder, os.O_RDONLY | os.O_DIRECTORY)
    if handle is None:
        handle = _lock(folder / f"{RESERVED}lock", os.O_RDWR | os.O_CREAT)
    if handle is None:
        raise StoreError(f"file://{folder}: its file system knows no locks; name another store")
    try:
        if not os.fstat(handle).st_nlink:  # it was removed while we waited, and may have been made anew
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))
        yield
    finally:
        os.close(handle)


def _link(handle: int, path: Path | str) -> None:
    # A folder's handle, of no use beside an absolute path, makes the kernel follow the link in /proc.
    os.link(f"/proc/self/fd/{handle}", path, src_dir_fd=handle, follow_symlinks=True)


def _small(path: Path) -> bytes | None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        content = os.read(handle, _SMALL)
        return None if os.read(handle, 1) else content
    finally:
        os.close(handle)


def _lock(path: Path, how: int) -> int | None:
    handle = os.open(path, how | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:
        os.close(handle)
        if error.errno in _NO_LOCK:
            return None
        raise
    return handle


def remove_empty(folder: Path, top: Path) -> None:
    """Remove a folder and those around it, up to the top, as long as they are empty."""
    with suppress(OSError):
        while folder != top:
            folder.rmdir()
            folder = folder.parent
