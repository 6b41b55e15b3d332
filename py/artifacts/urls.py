"""What a store's URL says, and what a file in a store may be called. Nothing in either is ever decoded."""

import re
from collections.abc import Iterable

from py.tools.errors import UsageError, near
from py.tools.folders import expanded

RESERVED = ".windtunnel."  # how a folder names what it keeps for itself
LONGEST_NAME = 1024  # bytes; a bucket takes no more, its folder included
_LONGEST_PART = 255  # bytes; a folder takes no more
_LONGEST_PATH = 3000  # bytes; a system takes 4095, with the name of a file
_BUCKET = re.compile("[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_NEARLY_A_URL = re.compile("([A-Za-z0-9+-]+)(:|//)")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")  # no listing in XML can hold them
# Nearly all names, known for good at one look: a tenth of what it takes to write a small file.
_USUAL = re.compile(r"(?!.{256})[0-9A-Za-z_][0-9A-Za-z_.-]*(/[0-9A-Za-z_][0-9A-Za-z_.-]*)*")


def split(url: str, schemes: Iterable[str]) -> tuple[str, str, str]:
    """The scheme, bucket and folder of a store's URL; of file:// the bucket is "" and the folder absolute."""
    if unprintable := _UNPRINTABLE.search(url):
        raise UsageError(f"{url!a}: the character {unprintable[0]!a} cannot be in a store's URL")
    scheme, separator, rest = url.partition("://")
    typed = _NEARLY_A_URL.match(url)
    if not separator and not typed:
        return "file", "", _path(url and str(expanded(url).resolve()), url)
    if not separator or scheme not in schemes:
        closest = near(typed[1] if typed else scheme, schemes, "stores")
        raise UsageError(f"{url} is no store, which is SCHEME://…, or a path; {closest}")
    if scheme == "file":
        return scheme, "", _path(rest, url)
    bucket, _, folder = rest.partition("/")
    if "?" in rest or "#" in rest:
        raise UsageError(f"{url}: a store's URL ends with its folder; leave out what begins with ? or #")
    if not _BUCKET.fullmatch(bucket):
        what = f"{bucket!r} is no name of a bucket" if bucket else "the bucket is missing"
        raise UsageError(f"{url}: {what}; write {scheme}://BUCKET or {scheme}://BUCKET/FOLDER")
    return scheme, bucket, folder.strip("/") and checked(folder.rstrip("/"), url)


def checked(name: str, given: str = "", longest: int = LONGEST_NAME) -> str:
    """The name of a file or folder; UsageError for one that leads elsewhere, or that not all stores keep."""
    if not _USUAL.fullmatch(name) and (fault := _fault(name, longest)):
        raise UsageError(f"{given or repr(name)}: {fault}")
    return name


def is_kept(name: str) -> bool:
    """Whether a file or folder may have this name."""
    return not _fault(name, LONGEST_NAME)


def _fault(name: str, longest: int) -> str:
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "a part between two slashes is empty, . or .."
    if unprintable := _UNPRINTABLE.search(name):
        return f"the character {unprintable[0]!a} cannot be in a name"
    if any(part.startswith(RESERVED) for part in parts):
        return f"names that begin with {RESERVED} are kept for the store itself"
    size, part = len(name.encode()), max(len(part.encode()) for part in parts)
    if size > longest:
        return f"the name is too long: {size} bytes of {longest}"
    if part > _LONGEST_PART:
        return f"a part between two slashes is too long: {part} bytes of {_LONGEST_PART}"
    return ""


def _path(path: str, url: str) -> str:
    if not path.strip("/"):
        raise UsageError(f"{url!r} names no folder; write file:///FOLDER, or a path")
    if not path.startswith("/"):
        raise UsageError(f"{url}: file:// and a path that is not absolute; write file:///{path}, or {path}")
    return "/" + checked(path.strip("/"), url, _LONGEST_PATH)
