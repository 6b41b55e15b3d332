"""What a step has written can lead nobody out of its run's folder."""

import os
from pathlib import Path

import pytest

from py.provider import inert


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder beside a secret, with every kind of thing that a step can leave."""
    (tmp_path / "secret").write_text("s3cret")
    run = tmp_path / "run"
    (run / "deep").mkdir(parents=True)
    (run / "deep" / "file.txt").write_text("text")
    (run / "to_file").symlink_to(tmp_path / "secret")
    (run / "to_folder").symlink_to(tmp_path)
    (run / "inside").symlink_to(run / "deep")
    os.mkfifo(run / "pipe")
    (run / os.fsdecode(b"no\xffutf8")).write_text("x")
    return run


@pytest.mark.parametrize("path", ["deep/file.txt", "/deep//file.txt"])
def test_a_file_is_read(folder: Path, path: str) -> None:
    assert b"".join(inert.blocks(inert.opened(folder, path))) == b"text"


@pytest.mark.parametrize(
    "path",
    [
        "../secret", "deep/../../secret", "deep/..", "./deep", "to_file", "to_folder/secret", "to_folder",
        "inside/file.txt", "pipe", "none", "deep/file.txt/more", "a\0b", "x" * 5000, "\ud800",
    ],
)  # fmt: skip
def test_nothing_else_is_opened(folder: Path, path: str) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(FileNotFoundError):
        inert.opened(folder, path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_folder_tells_what_can_be_opened(folder: Path) -> None:
    found = inert.entries(inert.opened(folder, "")) or []
    assert {each.name: each.kind for each in found} == {
        "deep": "folder", "inside": "other", "no�utf8": "other", "pipe": "other", "to_file": "other",
        "to_folder": "other",
    }  # fmt: skip


def test_a_file_that_grows_is_read_to_where_it_was(folder: Path) -> None:
    descriptor = inert.opened(folder, "deep/file.txt")
    reading = inert.blocks(descriptor)
    assert next(reading) == b"text"
    (folder / "deep" / "file.txt").write_text("text and more")
    assert list(reading) == []
