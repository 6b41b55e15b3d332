"""What it takes to put artifacts into a store, beside the store's own clients; and the memory for a long log.

The servers run on this machine: what is compared is what each client costs, not a network. A client is made,
and ours has seen that it may write, before the clock starts.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import NotMeasured, Program, Taken, memory, rounds
from benchmarks.stores import SERVING, New
from benchmarks.table import Row, missing
from py.artifacts import open_store
from py.tools import folders

FILES, SIZE = 1000, 10_000  # of artifacts, each in bytes
FEW = 50  # where there is nobody to compare with
TIMES = {"file": 5}  # more rounds where one is short
AT_ONCE = 8  # as many as we send
LIMIT = 1.2  # times the fastest client
ENOUGH = 1000  # megabytes; a tenth of it is more than the parts that are on their way
GROWTH = 1.1  # times the memory for a file a tenth as long
OURS = "Windtunnel"
GO = Path(__file__).with_name("put_all")
LONG = """
import sys
from py.artifacts import open_store
url, megabytes = sys.argv[1], int(sys.argv[2])
line = b"2026-01-01T00:00:00Z a line of a log, which says something or other\\n"
class Log:
    left = megabytes << 20
    def read(self, size=-1):
        size = min(size, self.left)
        self.left -= size
        return (line * (size // len(line) + 1))[:size]
store = open_store(url)
store.put("build-log.txt", Log())
with store.open("build-log.txt") as log:
    while log.read(1 << 20):
        pass
"""
Files = Mapping[str, Path]
Put = Callable[[str, Path, Files], float | None]  # may say itself how many seconds it took


def rows(n: int, peers: bool, megabytes: int) -> list[Row]:
    """For each kind of store a row for us, and one for each of its own clients."""
    made = []
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "artifacts")
        files = _fill(source, FILES if peers else FEW)
        for kind, serving in SERVING.items():
            clients: dict[str, Put] = {OURS: _windtunnel} | (CLIENTS[kind] if peers else {})
            with serving(Path(scratch)) as new:
                taken = rounds(
                    f"artifacts in {kind}://",
                    {name: partial(_taken, put, new, source, files) for name, put in clients.items()},
                    n * TIMES.get(kind, 1) if n > 1 else n,
                )  # fmt: skip
                made += [_row(f"{kind}: {name}, {len(files)} files", name, taken) for name in clients]
                made += _memory(kind, new(), megabytes)
    return made


def _fill(folder: Path, count: int) -> dict[str, Path]:
    files = {f"step-{n % 20:02}/{n}.bin": folder / f"step-{n % 20:02}/{n}.bin" for n in range(count)}
    for path in files.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(SIZE))
    return files


def _taken(put: Put, new: New, source: Path, files: Files) -> Taken:
    """The seconds for all files into a new store: that of the tests grows slow with what it has."""
    url = new()
    began = time.perf_counter()
    try:
        seconds = put(url, source, files)
    except subprocess.CalledProcessError as error:
        raise NotMeasured(str(error)) from None
    return Taken(seconds or time.perf_counter() - began)


def _row(what: str, name: str, taken: dict[str, list[Taken]]) -> Row:
    if name not in taken:
        return missing(what)
    mine = [each.seconds for each in taken[name]]
    figure = f"{median(mine) * 1000:.0f} ms"
    others = {other: [each.seconds for each in found] for other, found in taken.items() if other != OURS}
    if name != OURS or not others:
        return Row(what, figure)
    fastest = min(others, key=lambda other: median(others[other]))
    ratio = median(a / b for a, b in zip(mine, others[fastest], strict=True))
    return Row(what, figure, f"{ratio:.2f} × {fastest}", f"≤ {LIMIT:g} × the fastest", ratio <= LIMIT)


def _windtunnel(url: str, _source: Path, files: Files) -> float:
    store = open_store(url)
    store.check()  # as before each run
    return _seconds(lambda: store.put_all(files))


def _cp(url: str, source: Path, _files: Files) -> None:
    subprocess.run(["cp", "-r", source, url.removeprefix("file://")], check=True)


def _copytree(url: str, source: Path, _files: Files) -> None:
    shutil.copytree(source, url.removeprefix("file://"))


def _go(url: str, source: Path, _files: Files) -> float:
    """Seconds of the client that the store's makers wrote in Go, without its start."""
    program = folders.cache() / "bench" / "put_all"
    written = max(file.stat().st_mtime for file in GO.iterdir())
    if not program.exists() or program.stat().st_mtime < written:
        env = os.environ | {"CGO_ENABLED": "0"}
        subprocess.run([_go_itself(), "build", "-o", program, "."], cwd=GO, check=True, env=env)
    kind, _, bucket = url.partition("://")
    done = subprocess.run(
        [program, kind, bucket, "artifacts", source, str(AT_ONCE)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return float(done.stdout)


def _go_itself() -> str:
    places = (os.environ["PATH"], "/usr/local/go/bin", str(folders.cache() / "go/bin"))
    found = shutil.which("go", path=os.pathsep.join(places))  # where scripts/setup looks, too
    if not found:
        raise NotMeasured("there is no Go: run scripts/setup go")
    return found


def _s3transfer(url: str, _source: Path, files: Files) -> float:
    import boto3
    from s3transfer.manager import TransferManager

    bucket = url.removeprefix("s3://")
    with TransferManager(boto3.Session().client("s3")) as manager:

        def put() -> None:
            for each in [manager.upload(str(path), bucket, name) for name, path in files.items()]:
                each.result()

        return _seconds(put)


def _transfer_manager(url: str, source: Path, files: Files) -> float:
    from google.cloud import storage
    from google.cloud.storage import transfer_manager

    bucket = storage.Client(project="none").bucket(url.removeprefix("gs://"))

    def put() -> None:
        results: list[Any] = transfer_manager.upload_many_from_filenames(
            bucket, list(files),
            source_directory=str(source), worker_type=transfer_manager.THREAD, max_workers=AT_ONCE,
        )  # fmt: skip
        assert not any(results), results

    return _seconds(put)


def _seconds(deed: Callable[[], None]) -> float:
    began = time.perf_counter()
    deed()
    return time.perf_counter() - began


CLIENTS: dict[str, dict[str, Put]] = {
    "file": {"cp -r": _cp, "shutil.copytree": _copytree},
    "s3": {f"Go SDK, {AT_ONCE} at once": _go, "s3transfer": _s3transfer},
    "gs": {f"Go SDK, {AT_ONCE} at once": _go, f"transfer_manager, {AT_ONCE} threads": _transfer_manager},
}


def _memory(kind: str, url: str, megabytes: int) -> list[Row]:
    """What putting and reading a log takes; whether it grows is seen beside a tenth, if that is long too."""

    def peak(size: int) -> float:
        return memory(Program([sys.executable, "-c", LONG, url, str(size)])).largest

    what = f"{kind}: memory, {megabytes} MB put and read"
    try:
        long = peak(megabytes)
        if megabytes < ENOUGH:
            return [Row(what, f"{long:.0f} MiB")]
        ratio = long / peak(megabytes // 10)
    except NotMeasured:
        return [missing(what)]
    against = f"{ratio:.2f} × {megabytes // 10} MB"
    return [Row(what, f"{long:.0f} MiB", against, f"≤ {GROWTH:g} ×", ratio <= GROWTH)]
