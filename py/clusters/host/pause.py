"""The pause image, as the archive that `docker save` would write, made without Docker or a registry."""

import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path

PAUSE = "windtunnel.local/pause:1"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def write(archive: Path, program: Path) -> None:
    """Write the image `PAUSE`, whose only file is the program."""
    layer = _tar({"pause": program.read_bytes()})
    config = json.dumps(
        {
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    named = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = json.dumps([{"Config": named, "RepoTags": [PAUSE], "Layers": ["layer.tar"]}]).encode()
    archive.write_bytes(_tar({named: config, "layer.tar": layer, "manifest.json": manifest}))


def _tar(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o755
            tar.addfile(entry, io.BytesIO(data))
    return content.getvalue()
