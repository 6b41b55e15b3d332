"""Take secrets out of files that others have left: out of what they hold, also by gzip, and their names."""

import gzip
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from py.tools.censor import Censor
from py.tools.files import plain

COARSE = 2.0  # seconds: some file systems keep whole, or even, ones
_PIECE = 1 << 20  # bytes that are in memory at once
_GZIP = b"\x1f\x8b"


def clean(folder: Path, censor: Censor, *, since: float, but: tuple[str, ...] = ()) -> None:
    """Replace secrets in the files of a folder that have changed since then (seconds since 1970).

    Files named in `but` are left out, and those that cannot be read. A file is replaced as a whole, with its
    times and rights: another link to it keeps what it has. OSError if one could not be replaced; it is gone.
    """
    for path in changed(folder, since):
        if path.name not in but:
            with suppress(FileNotFoundError):  # somebody has taken it away
                _clean_file(path, censor)
                _clean_name(path, folder, censor)
    for path in sorted(folder.rglob("*"), reverse=True):  # what is in a folder comes before it
        if path.is_dir() and not path.is_symlink() and _renamed(path, folder, censor) != path:
            with suppress(OSError):  # it is not empty
                path.rmdir()


def changed(folder: Path, since: float) -> list[Path]:
    """The files in a folder, links too, that were made or touched since then: nobody can set that time."""
    found = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    return [path for path in found if max(_times(path)) >= since - COARSE]


def _times(path: Path) -> tuple[float, float]:
    try:
        told = path.lstat()
    except FileNotFoundError:  # somebody has moved it meanwhile
        return (0.0, 0.0)
    return told.st_mtime, told.st_ctime


def _clean_file(path: Path, censor: Censor) -> None:
    try:
        with plain(path) as file:
            packed = file.read(len(_GZIP)) == _GZIP
    except OSError:  # a link, a pipe, or nobody can read it, who keeps it neither
        return
    for unpacked in (False, True) if packed else (False,):
        before = censor.found
        with plain(path) as file:
            for _ in _cleaned(file, censor, unpacked):
                pass
        if censor.found > before:
            try:
                _replace(path, censor, unpacked)
            except OSError:
                path.unlink(missing_ok=True)
                raise


def _cleaned(file: BinaryIO, censor: Censor, packed: bool) -> Iterator[bytes]:
    """What a file holds, without secrets."""
    for piece in _unpacked(file) if packed else _pieces(file):
        yield censor.feed(piece)
    yield censor.flush()


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    """What a file of gzip holds, in one part or several; of a damaged one, what can be read."""
    with suppress(zlib.error):
        rest = file.read(_PIECE)
        while rest.startswith(_GZIP):
            part = zlib.decompressobj(wbits=31)
            while rest and not part.eof:
                yield part.decompress(rest, _PIECE)
                rest = part.unconsumed_tail or part.unused_data or file.read(_PIECE)


def _replace(path: Path, censor: Censor, packed: bool) -> None:
    part = path.with_name(f".{path.name[:200]}.{os.getpid()}.part")
    try:
        with plain(path) as file, part.open("wb") as new:
            target = gzip.GzipFile(fileobj=new, mode="wb", filename="", mtime=0) if packed else new
            for piece in _cleaned(file, censor, packed):
                target.write(piece)
            if packed:
                target.close()
        shutil.copystat(path, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _clean_name(path: Path, folder: Path, censor: Censor) -> None:
    new = _renamed(path, folder, censor)
    if new != path:
        new.parent.mkdir(parents=True, exist_ok=True)
        path.rename(new)


def _renamed(path: Path, folder: Path, censor: Censor) -> Path:
    """A path in a folder with the names of secrets in place of them."""
    return folder / os.fsdecode(censor.clean(os.fsencode(path.relative_to(folder))))
