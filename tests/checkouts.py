"""A copy of the checkout with a git history of its own: images are made of commits."""

import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import NamedTuple

from py.tools.folders import ROOT
from tests.repositories import WHO
from tests.sharing import held
from tests.test_release import docker

COPIED = (
    ".dockerignore", ".gitignore", "Dockerfile", "LICENSE", "Makefile", "README.md", "airflow", "dags",
    "deployment.yaml", "examples", "py", "pyproject.toml", "requirements", "scripts",
)  # fmt: skip
WHEN = "2026-01-02T03:04:05Z"


def tag(commit: str) -> str:
    """What `make image` calls the image of a commit."""
    return f"v20260102-{commit[:7]}"


class Ran(NamedTuple):
    code: int
    out: str
    said: str


class Checkout:
    """A copy of the checkout, as somebody has cloned it: what lies here is its one commit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commits: list[str] = []
        listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *COPIED)
        for name in subprocess.check_output(listed, cwd=ROOT, text=True).split("\0")[:-1]:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_file():
                shutil.copy2(ROOT / name, folder / name)
        self.git("init", "--quiet")
        self.git("remote", "add", "origin", "https://somebody:s3cret@git.example/team/windtunnel.git")
        self.commit()

    def git(self, *words: str) -> str:
        env = os.environ | WHO | {"GIT_AUTHOR_DATE": WHEN, "GIT_COMMITTER_DATE": WHEN}
        return subprocess.check_output(["git", *words], cwd=self.folder, env=env, text=True).strip()

    def commit(self) -> str:
        self.git("add", "--all")
        # No other test run makes images of this name.
        self.git("commit", "--quiet", f"--message={uuid.uuid4()}")
        self.commits.append(self.git("rev-parse", "HEAD"))
        return self.commits[-1]

    def image(self, **env: str) -> Ran:
        asked = {"REGISTRY": "", "DIRTY": "", **env}  # whatever they are to whoever runs the tests
        alone = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL")}
        with held(ROOT / "Dockerfile"):  # who builds next finds the layers of who came first
            done = subprocess.run(
                ["make", "image"], cwd=self.folder, env=alone | asked,
                capture_output=True, text=True, timeout=850, check=False,
            )  # fmt: skip
        return Ran(done.returncode, done.stdout.strip(), done.stderr)

    def references(self) -> list[str]:
        """The images that deployment.yaml names: Postgres, then Airflow."""
        return re.findall(r"image: (?:&image )?([^*\s]+)", (self.folder / "deployment.yaml").read_text())

    def forget(self) -> None:
        """Remove the images of its commits, by all their names; their layers stay for the next time."""
        names = docker("images", "--format={{.Repository}}:{{.Tag}}").split()
        tags = tuple(tag(commit) for commit in self.commits)
        if ours := [name for name in names if name.rpartition(":")[2].startswith(tags)]:
            docker("rmi", "--force", "--no-prune", *ours)
