"""The peers: other programs that run steps, each in an environment of its own, made when first needed."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from py.tools import folders

PINS = Path(__file__).with_name("peers.txt")


class NotInstalled(Exception):
    """A peer could not be installed; the text says why."""


def pinned() -> dict[str, list[str]]:
    """The peers by name, each with what has to be installed."""
    lines = [line.split() for line in PINS.read_text().splitlines() if not line.startswith("#")]
    return {name: wanted for name, *wanted in lines}


def python_of(name: str) -> Path:
    """The interpreter of a peer's environment, which is made first if it is not there or has other pins."""
    wanted = pinned()[name]
    folder = folders.cache() / "bench" / f"{name}-{hashlib.sha256(' '.join(wanted).encode()).hexdigest()[:8]}"
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if not ready.exists():
        print(f"installing {' '.join(wanted)} into {folder} …", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _uv("venv", "--python", sys.executable, str(folder))
        _uv("pip", "install", "--compile-bytecode", "--python", str(python), *wanted)
        ready.touch()
    return python


def _uv(*words: str) -> None:
    # Where scripts/setup leaves it when the machine has none, and where else it may be.
    beside, ours = Path(sys.executable).parent, folders.cache() / "uv" / "bin"
    uv = shutil.which("uv", path=os.pathsep.join([str(beside), str(ours), os.environ.get("PATH", "")]))
    if not uv:
        raise NotInstalled("there is no uv: run scripts/setup python, or leave the peers out with --no-peers")
    done = subprocess.run([uv, "--quiet", *words], stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise NotInstalled(f"uv {words[0]} failed: {done.stderr.strip()[-500:]}")
