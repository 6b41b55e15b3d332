"""A registry for images, of the tests' own."""

import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from py.tools import folders

REGISTRY = shutil.which("docker-registry", path=f"{os.environ['PATH']}:{folders.cache()}/registry/usr/bin")


@contextmanager
def registry_at(address: str, folder: Path) -> Iterator[str]:
    """A registry that answers at HOST:PORT; those of one folder have the same images."""
    settings = folder / f"registry-{address.partition(':')[0]}.yml"
    settings.write_text(
        f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {folder}/registry\n"
        f"http:\n  addr: {address}\nlog:\n  level: error\n"
    )
    said = settings.with_suffix(".log")
    with said.open("wb") as log:
        child = subprocess.Popen([str(REGISTRY), "serve", str(settings)], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 30
        while not answers(address):
            assert child.poll() is None, said.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield address
    finally:
        child.terminate()
        child.wait()


def answers(address: str) -> bool:
    """Whether a registry answers there."""
    try:
        return bool(urllib.request.urlopen(f"http://{address}/v2/", timeout=2).status == 200)
    except OSError:
        return False
