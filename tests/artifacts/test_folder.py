"""A folder as a store: what only a disk can do wrong, and what people see who look into it."""

import errno
import fcntl
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from py.artifacts import open_store, writing
from py.tools.errors import StoreError

NOBODY = 65534
WRITE_UNTIL_FULL = """
import sys
from pathlib import Path
from py.artifacts import open_store, writing
store = open_store(sys.argv[1])
store.put("small", b"1")
try:
    store.put("large", bytes(1 << 20))
except Exception as error:
    print(type(error).__name__, error)
print([item.name for item in store.list()], [file.name for file in Path(sys.argv[1]).iterdir()])
"""


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder in which one may not write, with a file that one may not read, as one who is not root."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "secret").touch(0)
        folder.chmod(0o555)
        user = os.geteuid()
        if user == 0:
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            os.seteuid(user)
            folder.chmod(0o755)


def test_files_are_files_and_nothing_else_is_seen_of_the_store(tmp_path: Path) -> None:
    store = open_store(f"{tmp_path}/store")
    store.put("logs/1/started.json", b"{}")
    version = store.find("logs/1/started.json")
    assert version and store.swap("logs/1/started.json", b"[]", version.version)
    assert store.put_if_absent("logs/1/finished.json", b"{}")
    found = [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*")) if path.is_file()]
    assert found == ["store/logs/1/finished.json", "store/logs/1/started.json"]
    assert (tmp_path / "store/logs/1/started.json").read_bytes() == b"[]"


def test_a_file_that_others_wrote_has_another_version_and_is_not_swapped(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    store.put("lease", b"1")
    before = store.find("lease")
    assert before
    (tmp_path / "lease").write_bytes(b"2")
    assert not store.swap("lease", b"3", before.version)


def test_each_of_many_quick_writes_has_a_version_of_its_own(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    versions = set()
    for _ in range(300):
        store.put("lease", b"1")
        item = store.find("lease")
        assert item
        versions.add(item.version)
    assert len(versions) == 300


def test_a_file_is_found_whole_while_it_is_written_again_and_again(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    contents = [bytes([number]) * 100_000 for number in range(2)]
    store.put("file", contents[0])

    def write() -> None:
        for number in range(200):
            store.put("file", contents[number % 2])

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        assert store.get("file") in contents
        assert len(list(store.list())) == 1
    writer.join()


def test_where_no_folder_can_be_locked_a_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on NFS, which cannot be mounted here."""
    flock = fcntl.flock

    def as_nfs(handle: int, how: int) -> None:
        if Path(f"/proc/self/fd/{handle}").is_dir():
            raise OSError(errno.EBADF, "Bad file descriptor")
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", as_nfs)
    store = open_store(str(tmp_path))
    assert store.put_if_absent("lease", b"1")
    assert not store.put_if_absent("lease", b"2")
    assert [item.name for item in store.list()] == ["lease"]


def test_a_full_disk_is_told_and_leaves_no_half_of_a_file(tmp_path: Path) -> None:
    small_disk = 'mount -t tmpfs -o size=256k none "$3" && exec "$1" -c "$2" "$3"'
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", small_disk, "sh", sys.executable,
         WRITE_UNTIL_FULL, tmp_path],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        f"StoreError file://{tmp_path}/large cannot be written (No space left on device); "
        "make room there, or name another store",
        "['small'] ['small']",
    ]


def test_a_folder_in_which_one_may_not_write_is_found_by_the_check(closed: Path) -> None:
    for call in (open_store(f"{closed}/store").check, lambda: open_store(str(closed)).put("a", b"")):
        with pytest.raises(StoreError, match=r"cannot be written \(Permission denied\); give this user"):
            call()


def test_a_file_that_one_may_not_read_is_told(closed: Path) -> None:
    with pytest.raises(StoreError, match=r"/secret cannot be read \(Permission denied\); give this user"):
        open_store(str(closed)).get("secret")


def test_a_file_where_a_folder_should_be_is_told(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    store.put("a", b"")
    store.put("b/c", b"")
    with pytest.raises(StoreError, match=r"/a/b cannot be written .*; a file is where a folder should be"):
        store.put("a/b", b"")
    with pytest.raises(StoreError, match=r"/b cannot be written .*; a folder is where the file should be"):
        store.put("b", b"")
    with pytest.raises(StoreError, match=r"/a cannot be written .*; a file is where a folder should be"):
        open_store(f"{tmp_path}/a").check()


def test_links_are_read_but_no_folder_is_entered_by_one(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    store.put("a/file", b"1")
    (tmp_path / "a/again").symlink_to(tmp_path)
    (tmp_path / "a/link").symlink_to("file")
    (tmp_path / "a/nowhere").symlink_to("nothing")
    (tmp_path / "a/itself").symlink_to("itself")
    assert [item.name for item in store.list()] == ["a/file", "a/link"]
    assert store.get("a/link") == b"1"


def test_a_file_with_a_name_that_no_store_keeps_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / "a\nb").touch()
    (tmp_path / os.fsdecode(b"\xff")).touch()
    (tmp_path / "c").touch()
    assert [item.name for item in open_store(str(tmp_path)).list()] == ["c"]


def test_where_a_file_must_have_a_name_a_hidden_one_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on NFS, where a file is made under a name or not at all."""
    monkeypatch.setattr(writing, "_UNNAMED", 0)
    store = open_store(str(tmp_path))
    store.put("a/b", b"1")
    store.put("a/b", b"2", metadata={"link": "x"})
    assert store.get("a/b") == b"2"
    assert store.metadata("a/b") == {"link": "x"}
    assert not store.put_if_absent("a/b", b"3")
    assert store.put_if_absent("a/c", b"3")
    store.delete("a/b")
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "c"]
