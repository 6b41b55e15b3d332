"""What is put into a store: as a stream, with its type, and packed where that serves its readers."""

import gzip
import io
import mimetypes
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple, cast

from py.artifacts.base import Content
from py.tools.errors import StoreError, UsageError

LARGE = 8 << 20  # bytes above which something is sent in parts of this size, and never held whole
_WORTH_PACKING = 16 << 10  # bytes
_LEVEL = 1  # of 9: the higher make a log a third smaller, in many times the time
_LONGEST_METADATA = 2000  # bytes; S3 takes 2048, and a mark of ours is among them
_KEY, _VALUE = re.compile("[a-z0-9][a-z0-9-]*"), re.compile("[!-~]([ -~]*[!-~])?|")
_PIECE = 1 << 18  # bytes
_UNKNOWN = "application/octet-stream"
_TEXT = "text/plain"
_TYPES = mimetypes.MimeTypes(())  # without the files of this machine: the same everywhere
_TYPES_OF_OURS = dict.fromkeys((".log", ".yaml", ".yml", ".md", ".sh", ".diff", ".go", ".toml"), _TEXT)
_TEXTS = ("application/json", "application/javascript", "application/xml", "image/svg+xml")


class Upload(NamedTuple):
    """A stream, its size if it may be sent at once, its type, and how it is packed."""

    stream: BinaryIO
    size: int | None
    type: str
    encoding: str | None


@contextmanager
def reading(content: Content) -> Iterator[BinaryIO]:
    """A stream of the content; StoreError if it is a file that cannot be read."""
    if isinstance(content, bytes):
        yield io.BytesIO(content)
    elif isinstance(content, Path):
        try:
            stream = content.open("rb", buffering=0)  # whoever reads takes large pieces
        except OSError as error:
            raise StoreError(f"{content}, which is to be stored, cannot be read ({error.strerror})") from None
        with stream:
            yield cast(BinaryIO, stream)
    else:
        yield content


def upload(name: str, source: BinaryIO, pack: bool) -> Upload:
    """What is to be sent, and how: texts are packed (gzip) if they may be and it is worth it."""
    pieces = iter(lambda: source.read(_PIECE), b"")
    head = _up_to(LARGE, pieces)
    type_ = content_type(name, head)
    packed = pack and _is_text(type_) and len(head) > _WORTH_PACKING
    encoding = "gzip" if packed else None
    if len(head) < LARGE:
        body = gzip.compress(head, _LEVEL, mtime=0) if packed else head
        return Upload(io.BytesIO(body), len(body), type_, encoding)
    whole = chain([head], pieces)
    return Upload(cast(BinaryIO, _Stream(_gzipped(whole) if packed else whole)), None, type_, encoding)


def noted(metadata: Mapping[str, str] | None) -> dict[str, str]:
    """Metadata as every store can keep it; UsageError for what S3 would lose."""
    said = dict(metadata or {})
    for key, value in said.items():
        if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            raise UsageError(f"metadata {key}={value!a}: keys are of a-z 0-9 -, values of ASCII")
    if sum(map(len, chain(said, said.values()))) > _LONGEST_METADATA:
        raise UsageError(f"metadata is too long: it may have {_LONGEST_METADATA} bytes")
    return said


def content_type(name: str, head: bytes) -> str:
    """The type of a file by its name, or by how it begins."""
    guessed = _TYPES_OF_OURS.get(PurePosixPath(name).suffix) or _TYPES.guess_type(name)
    type_, encoding = (guessed, None) if isinstance(guessed, str) else guessed
    if encoding:
        return "application/gzip" if encoding == "gzip" else _UNKNOWN
    type_ = type_ or (_TEXT if _reads_as_text(head[:_PIECE]) else _UNKNOWN)
    return f"{type_}; charset=utf-8" if type_.startswith("text/") else type_


def _is_text(type_: str) -> bool:
    return type_.startswith("text/") or type_ in _TEXTS


def _reads_as_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return len(head) - error.start < 4 and error.reason == "unexpected end of data"
    return True


def _up_to(size: int, pieces: Iterator[bytes]) -> bytes:
    head = bytearray()
    for piece in pieces:
        head += piece
        if len(head) >= size:
            break
    return bytes(head)


def _gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)  # 16: with gzip's header
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


class _Stream(io.RawIOBase):
    """Pieces as a stream that is read once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = bytearray()
        self._given = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._given

    def read(self, size: int | None = -1) -> bytes:
        """As many bytes as are asked for; fewer only at the end."""
        wanted = -1 if size is None else size
        while wanted < 0 or len(self._rest) < wanted:
            piece = next(self._pieces, None)
            if piece is None:
                wanted = len(self._rest)
            else:
                self._rest += piece
        given = bytes(memoryview(self._rest)[:wanted])
        del self._rest[:wanted]
        self._given += wanted
        return given
