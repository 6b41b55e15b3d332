"""What a checkout is called: the tag of the images that are built from it, and where it came from."""

import hashlib
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from py.sources.git import environment
from py.tools import dryrun, process
from py.tools.errors import CommandFailed, UsageError
from py.tools.names import slug


class Version(NamedTuple):
    """The `tag`, the commit it stands for, and the URL of its repository (empty: never cloned)."""

    tag: str
    revision: str
    source: str


def of(src_dir: Path, tag: str = "") -> Version:
    """The version of a checkout, under the tag that is given; without one, UsageError if there is no commit.

    Our own tag is `vYYYYMMDD-` and 7 digits of the commit. The day is the commit's, in UTC, not today: the
    same commit has the same tag tomorrow, so that what was built is found again. A checkout with changes gets
    `-dirty-` and 7 digits of the hash of these changes.
    """
    try:
        day, revision = _git(src_dir, "log", "-1", "--format=%cd %H", "--date=format-local:%Y%m%d").split()
    except CommandFailed as error:
        if tag:
            return Version(tag, "", "")
        raise UsageError(
            f"{src_dir} has no commit to name images after ({_last(error)}); give --tag"
        ) from None
    except ValueError:  # a dry run has no answer
        return Version(tag or "<tag>", "<commit>", "<repository>")
    if tag:
        return Version(tag, revision, source(src_dir))
    tag = f"v{day}-{revision[:7]}"
    changes = _changes(src_dir)
    return Version(f"{tag}-dirty-{changes}" if changes else tag, revision, source(src_dir))


def clean(src_dir: Path) -> str:
    """The commit of a checkout; UsageError if it has changes, since nobody else could build what it is."""
    commit = of(src_dir).revision
    if _changes(src_dir):
        raise UsageError(f"{src_dir} has changes that are in no commit; commit them, or clone it anew")
    return commit


def source(src_dir: Path) -> str:
    """The URL that a checkout was cloned from, without credentials; empty if there is none."""
    try:
        url = _git(src_dir, "config", "--get", "remote.origin.url")
    except CommandFailed:
        return ""
    if "://" not in url:
        return url
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.removeprefix(urlsplit(url).netloc.rpartition('@')[0] + '@')}"


def name(src_dir: Path) -> str:
    """What an image of this checkout is called: as its repository, else as its folder."""
    if dryrun.enabled:
        return "<name>"
    last = re.split("[/:]", source(src_dir).rstrip("/"))[-1].removesuffix(".git") or src_dir.resolve().name
    return slug(last) or "image"


def _changes(src_dir: Path) -> str:
    """7 digits of the hash of what was changed since the commit; empty if nothing was."""
    status = _git(src_dir, "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--", ".")
    if not status:
        return ""
    found = hashlib.sha256()
    found.update(
        _git(src_dir, "diff-index", "--patch", "--binary", "--full-index", "HEAD", "--", ".").encode()
    )
    top = Path(_git(src_dir, "rev-parse", "--show-toplevel"))
    for entry in status.split("\0"):
        if entry.startswith("?? ") and (top / entry[3:]).is_file():
            found.update(entry.encode() + b"\0" + (top / entry[3:]).read_bytes())
    return found.hexdigest()[:7]


def _git(src_dir: Path, *words: str) -> str:
    return process.capture(("git", "-C", src_dir, *words), env=environment() | {"TZ": "UTC"})


def _last(error: CommandFailed) -> str:
    return (error.result.tail.splitlines() or ["git said nothing"])[-1]
