"""Where the built programs are: the user's cache folder, by version, or the folder that the user names.

A version's folder holds the programs, the pause image and a manifest; it appears whole or not at all.
"""

import hashlib
import json
import os
import platform
from functools import cache
from pathlib import Path

from py.clusters.host.modules import KUBERNETES, MODULES, PROGRAMS, SOURCES
from py.tools import folders

OVERRIDE = "WINDTUNNEL_KUBERNETES_BIN"
PAUSE_IMAGE = "pause.tar"
MANIFEST = "manifest.json"


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
