"""A real repository to clone from: a bare one, with pull requests where GitHub keeps them."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

WHO = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "t"), ("EMAIL", "t@t"))
}
BASE = {"menu": "soup\nbread\ncheese\n", "prices": "1\n"}


def git(folder: Path, *words: str) -> str:
    """Run git in a folder, with an author but without the settings of whoever runs the tests."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **WHO}
    return subprocess.run(
        ["git", *words], cwd=folder, env=env, check=True, capture_output=True, text=True
    ).stdout.strip()


class Server:
    """A bare repository, and the working copy from which it is filled."""

    def __init__(self, folder: Path) -> None:
        self.bare = folder / "kitchen.git"
        self.copy = folder / "copy"
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare))
        git(folder, "init", "--quiet", "--initial-branch=main", str(self.copy))
        self.commit(BASE)

    def commit(self, files: Mapping[str, str], ref: str = "refs/heads/main", onto: str = "") -> str:
        """Commit files onto a commit, push that as `ref`, and return its sha."""
        if onto:
            git(self.copy, "checkout", "--quiet", "--detach", onto)
        for name, text in files.items():
            (self.copy / name).parent.mkdir(parents=True, exist_ok=True)
            (self.copy / name).write_text(text)
        git(self.copy, "add", "--all")
        git(self.copy, "commit", "--quiet", "--allow-empty", "-m", f"change {', '.join(files)}")
        git(self.copy, "push", "--quiet", "--force", str(self.bare), f"HEAD:{ref}")
        return git(self.copy, "rev-parse", "HEAD")

    def pull(self, number: int, files: Mapping[str, str], onto: str = "main") -> str:
        """Open a pull request, and return its head."""
        head = self.commit(files, f"refs/pull/{number}/head", git(self.bare, "rev-parse", onto))
        git(self.copy, "checkout", "--quiet", "--detach", git(self.bare, "rev-parse", "main"))
        return head

    def sha(self, ref: str) -> str:
        """The commit that a ref stands for."""
        return git(self.bare, "rev-parse", ref)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """A repository with the branch main, pull request 12 (soup) and 15 (prices), which fit together."""
    server = Server(tmp_path / "server")
    server.pull(12, {"menu": "stew\nbread\ncheese\n"})
    server.pull(15, {"prices": "2\n"})
    server.commit({"opened": "yes\n"})
    return server


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of a run, and a home without settings."""
    for name in ("WORKSPACE", "ARTIFACTS", "HOME"):
        (tmp_path / name.lower()).mkdir()
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    for name in ("STEP_OUTPUTS", "GIT_CONFIG_COUNT", "GIT_CONFIG_GLOBAL", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "workspace"
