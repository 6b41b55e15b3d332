"""Write a file whole or not at all."""

import os
from pathlib import Path


def write_whole(path: Path, content: str | bytes, mode: int = 0o666) -> None:
    """Write a file, and its folder if need be; who looks meanwhile finds the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")  # several may write the same file
    part.touch(mode)
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    part.replace(path)
