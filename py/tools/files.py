"""Write a file whole or not at all; read one that somebody else may have put something else in place of."""

import os
import re
import stat
from pathlib import Path
from typing import BinaryIO


def write_whole(path: Path, content: str | bytes, mode: int = 0o666) -> None:
    """Write a file, and its folder if need be; who looks meanwhile finds the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")  # several may write the same file
    part.touch(mode)
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    part.replace(path)


def is_part(path: Path) -> bool:
    """Whether a file is one that is being written whole, or was until its writer was killed."""
    return bool(re.fullmatch(r"\..+\.[0-9]+\.part", path.name))


def sweep(*folders: Path) -> None:
    """Take away what killed writers have left half-written; nobody may write there meanwhile."""
    for folder in folders:
        for path in filter(is_part, folder.rglob(".*.part")):
            path.unlink(missing_ok=True)


def is_plain(path: Path) -> bool:
    """Whether it is a file, and no link to one, which may lead anywhere."""
    return path.is_file() and not path.is_symlink()


def plain(path: Path) -> BinaryIO:
    """Open a file to read; OSError for a link, which may lead anywhere, and a pipe, which may never end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path} is no file")
    return os.fdopen(descriptor, "rb")
