"""Files that others have left, after secrets were taken out of them: all else is as it was."""

import gzip
import os
from pathlib import Path

import pytest

from py.tools import censored
from py.tools.censor import Censor

SECRET = "hunter2-and-more"


def cleaned(folder: Path, since: float = 0.0, but: tuple[str, ...] = ()) -> None:
    censored.clean(folder, Censor({"T": SECRET}), since=since, but=but)


def test_a_file_keeps_its_rights_and_times_and_another_link_to_it_what_it_holds(tmp_path: Path) -> None:
    elsewhere, kept = tmp_path / "elsewhere", tmp_path / "kept"
    kept.mkdir()
    elsewhere.write_text(f"a {SECRET} b")
    elsewhere.chmod(0o750)
    os.utime(elsewhere, (7, 7))
    (kept / "file").hardlink_to(elsewhere)
    cleaned(kept)
    assert (kept / "file").read_text() == "a $T b"
    told = (kept / "file").stat()
    assert (told.st_mode & 0o777, told.st_mtime) == (0o750, 7)
    assert elsewhere.read_text() == f"a {SECRET} b"
    assert [path.name for path in kept.iterdir()] == ["file"]


@pytest.mark.parametrize("parts", [1, 3])
def test_what_is_packed_is_packed_again_without_it(tmp_path: Path, parts: int) -> None:
    big = os.urandom(3_000_000).hex().encode()
    whole = b"".join(gzip.compress(big + SECRET.encode()) for _ in range(parts))
    (tmp_path / "log.gz").write_bytes(whole)
    cleaned(tmp_path)
    assert gzip.decompress((tmp_path / "log.gz").read_bytes()) == (big + b"$T") * parts


def test_what_is_packed_without_a_secret_is_not_touched(tmp_path: Path) -> None:
    whole = gzip.compress(b"nothing of it")
    (tmp_path / "log.gz").write_bytes(whole)
    inode = (tmp_path / "log.gz").stat().st_ino
    cleaned(tmp_path)
    assert ((tmp_path / "log.gz").read_bytes(), (tmp_path / "log.gz").stat().st_ino) == (whole, inode)


@pytest.mark.parametrize("rest", [b"", b"\x1f\x8b", b"\x1f\x8b no gzip at all"])
def test_what_only_looks_packed_is_read_as_it_is(tmp_path: Path, rest: bytes) -> None:
    (tmp_path / "odd.gz").write_bytes(rest + SECRET.encode())
    cleaned(tmp_path)
    assert (tmp_path / "odd.gz").read_bytes() == rest + b"$T"


def test_links_lead_nowhere_and_pipes_are_not_waited_for(tmp_path: Path) -> None:
    kept, elsewhere = tmp_path / "kept", tmp_path / "elsewhere"
    kept.mkdir()
    elsewhere.write_text(SECRET)
    (kept / "link").symlink_to(elsewhere)
    (kept / "folder").symlink_to(tmp_path)
    os.mkfifo(kept / "pipe")
    cleaned(kept)
    assert elsewhere.read_text() == SECRET


def test_names_of_files_and_of_folders_are_cleaned_too(tmp_path: Path) -> None:
    deep = tmp_path / f"of {SECRET}" / "in" / f"{SECRET}.txt"
    deep.parent.mkdir(parents=True)
    deep.write_text("x")
    (tmp_path / SECRET).symlink_to("nowhere")
    cleaned(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["$T", "of $T"]
    assert (tmp_path / "of $T" / "in" / "$T.txt").read_text() == "x"


def test_what_has_not_changed_since_and_what_is_left_out_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(SECRET)
    cleaned(tmp_path, but=("log.txt",))
    cleaned(tmp_path, since=(tmp_path / "log.txt").stat().st_mtime + 60)
    assert (tmp_path / "log.txt").read_text() == SECRET
    os.utime(tmp_path / "log.txt", (0, 0))  # its owner can say that it is old, but not when he said so
    cleaned(tmp_path, since=(tmp_path / "log.txt").stat().st_ctime)
    assert (tmp_path / "log.txt").read_text() == "$T"
