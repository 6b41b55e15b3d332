"""Files that a stranger's programs have written, opened so that they lead nobody anywhere.

No link is followed, at no place of a path and at no time: each part is opened from the folder before it.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

BLOCK = 1 << 18
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Entry(NamedTuple):
    """A name in a folder, with the bytes of a file; `kind` is folder, file, or other, which nobody opens."""

    name: str
    kind: str
    size: int


def opened(folder: Path, path: str) -> int:
    """The descriptor of a file or folder below a trusted one; FileNotFoundError if it is nothing of these."""
    here = os.open(folder, READ | os.O_DIRECTORY)
    try:
        for part in [part for part in path.split("/") if part]:
            below = _below(here, part)
            os.close(here)
            here = below
        if _kind(os.fstat(here)) == "other":
            raise FileNotFoundError(path)
    except (OSError, ValueError):
        os.close(here)
        raise FileNotFoundError(path) from None
    return here


def entries(descriptor: int) -> list[Entry] | None:
    """What is in an open folder, which is closed then; nothing said of a file, which stays open."""
    if _kind(os.fstat(descriptor)) == "file":
        return None
    try:
        found = [
            (name, os.stat(name, dir_fd=descriptor, follow_symlinks=False))
            for name in sorted(os.listdir(descriptor))
        ]
        return [Entry(*_told(name, _kind(about)), about.st_size) for name, about in found]
    finally:
        os.close(descriptor)


def blocks(descriptor: int) -> Iterator[bytes]:
    """What is in an open file now, in blocks; it is closed then."""
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        left = os.fstat(descriptor).st_size
        while left > 0 and (block := file.read(min(BLOCK, left))):
            left -= len(block)
            yield block


def is_text(descriptor: int) -> bool:
    """Whether an open file looks like text to a browser."""
    return b"\0" not in os.pread(descriptor, 8192, 0)


def _below(folder: int, part: str) -> int:
    if part in (".", ".."):
        raise FileNotFoundError(part)
    return os.open(part, READ, dir_fd=folder)


def _told(name: str, kind: str) -> tuple[str, str]:
    """A name that is no UTF-8 has no address, and bytes of it are shown as question marks."""
    text = os.fsencode(name).decode(errors="replace")
    return (text, kind) if text == name else (text, "other")


def _kind(about: os.stat_result) -> str:
    if stat.S_ISDIR(about.st_mode):
        return "folder"
    return "file" if stat.S_ISREG(about.st_mode) else "other"
