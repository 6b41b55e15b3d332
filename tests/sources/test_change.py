"""What pull requests change is told for people, of a real repository."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from py.release import Release
from py.sources import change
from py.tools.errors import WindtunnelError
from tests.repositories import Server


def cloned(server: Server, **flags: str) -> Any:
    """What change.json says of a clone."""
    Release().clone(repo=str(server.bare), **flags)
    return json.loads(path().read_text())


def path() -> Path:
    return Path(os.environ["ARTIFACTS"], change.NAME)


def test_a_clone_that_fails_leaves_none(server: Server) -> None:
    server.pull(16, {"menu": "salad\nbread\ncheese\n"})
    with pytest.raises(WindtunnelError, match="conflicts"):
        Release().clone(repo=str(server.bare), pull="12,16")
    assert not path().exists()


def test_what_git_cannot_tell_fails_no_clone(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ill = tmp_path / "bin" / "git"
    ill.parent.mkdir()
    ill.write_text(f'#!/bin/sh\n[ "$3" != diff ] || exit 7\nexec {shutil.which("git")} "$@"\n')
    ill.chmod(0o755)
    monkeypatch.setenv("PATH", str(ill.parent), prepend=os.pathsep)
    Release().clone(repo=str(server.bare), pull="12")
    assert "change.json is not written: " in capsys.readouterr().out
    assert not path().exists()


def test_pull_requests_are_told_by_their_commits_and_files_and_not_by_what_the_base_has(
    server: Server,
) -> None:
    head = server.pull(21, {"a file\twith ☃": "1\n2\n", "photo.png": "\0\1"})
    server.commit({"menu later": "x\n"})  # on the base, after both
    told = cloned(server, pull="12,21")
    assert told["base"] == server.sha("main")
    assert {each["title"] for each in told["commits"]} == {"change menu", "change a file\twith ☃, photo.png"}
    assert head in {each["sha"] for each in told["commits"]}
    assert {each["path"]: (each["insertions"], each["deletions"]) for each in told["files"]} == {
        "menu": (1, 1), "a file\twith ☃": (2, 0), "photo.png": (None, None),
    }  # fmt: skip
    assert (told["file_count"], told["insertions"], told["deletions"]) == (3, 3, 1)


def test_without_a_pull_request_the_newest_commit_is_told(server: Server) -> None:
    told = cloned(server)
    assert told["commits"] == [{"sha": server.sha("main"), "title": "change opened"}]
    assert (told["commit"], told["files"], told["file_count"]) == (server.sha("main"), [], 0)
