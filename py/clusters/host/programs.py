"""Where the built programs are: the user's cache folder, by version, or the folder that the user names.

A version's folder holds the programs, the pause image and a manifest; it appears whole or not at all.
"""

import hashlib
import json
import os
import platform
import shutil
import time
from functools import cache
from pathlib import Path

from py.clusters.host.modules import KUBERNETES, MODULES, PROGRAMS, SOURCES
from py.tools import folders
from py.tools.errors import Missing

OVERRIDE = "WINDTUNNEL_KUBERNETES_BIN"
PAUSE_IMAGE = "pause.tar"
MANIFEST = "manifest.json"
FORGOTTEN = 30 * 24 * 3600.0  # seconds


@cache
def version() -> str:
    """Kubernetes' version, and a digest of everything that a build depends on."""
    digest = hashlib.sha256(repr((MODULES, platform.machine())).encode())
    for file in sorted(SOURCES.rglob("*")):
        if file.is_file():
            digest.update(f"{file.relative_to(SOURCES)}\n".encode() + file.read_bytes())
    return f"{KUBERNETES}-{digest.hexdigest()[:12]}"


def cache_folder() -> Path:
    """Where builds are kept, a folder per version."""
    return folders.cache() / "kubernetes"


def folder() -> Path:
    """The folder with the programs; it need not be there yet."""
    named = os.environ.get(OVERRIDE)
    return Path(named).absolute() if named else cache_folder() / version()


def ensure() -> Path:
    """The folder with the programs; they are built first if not there or damaged (minutes, with progress)."""
    where = folder()
    if os.environ.get(OVERRIDE):
        lacking = [name for name in (*PROGRAMS, PAUSE_IMAGE) if not (where / name).is_file()]
        if lacking:
            raise Missing(
                f"{OVERRIDE}={where} lacks {', '.join(lacking)}: "
                "name a folder that `python -m py.clusters.host build` made, or unset it"
            )
    elif intact(where):
        os.utime(where)  # `prune` looks at it
    else:
        from py.clusters.host import build

        build.build(where)
        prune()
    return where


def prune() -> None:
    """Remove builds that nobody made or used for a month."""
    for other in cache_folder().iterdir():
        if other.is_dir() and time.time() - other.stat().st_mtime > FORGOTTEN:
            shutil.rmtree(other, ignore_errors=True)


def intact(where: Path) -> bool:
    """Whether every file that the build made is there as it was made.

    The size and the time are looked at; the content only where the time differs (after a copy, or a repair).
    """
    try:
        manifest: dict[str, dict[str, int | str]] = json.loads((where / MANIFEST).read_text())
        return manifest.keys() >= {*PROGRAMS, PAUSE_IMAGE} and all(
            _unchanged(where / name, expected) for name, expected in manifest.items()
        )
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return False


def _unchanged(file: Path, expected: dict[str, int | str]) -> bool:
    found = file.stat()
    if found.st_size != expected["size"]:
        return False
    return found.st_mtime_ns == expected["mtime_ns"] or sha256(file) == expected["sha256"]


def sha256(file: Path) -> str:
    """The digest of a file's content."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def write_manifest(where: Path) -> None:
    """Note what is in the folder, as `intact` will want to find it."""
    manifest = {
        file.name: {"size": file.stat().st_size, "mtime_ns": file.stat().st_mtime_ns, "sha256": sha256(file)}
        for file in sorted(where.iterdir())
    }
    (where / MANIFEST).write_text(json.dumps(manifest, indent=1))
