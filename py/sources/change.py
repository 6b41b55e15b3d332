"""Write `change.json`: what pull requests change against their base, for people who look at the run."""

import json
from pathlib import Path
from typing import Any

from py.sources.clone import Checkout
from py.sources.git import Git
from py.tools.errors import CommandFailed
from py.tools.files import write_whole

NAME = "change.json"
FILES = 1000  # that are listed; all are counted
COMMITS = 100  # that are listed


def write(path: Path, git: Git, checkout: Checkout) -> None:
    """Write what a checkout changes: its commits by their titles, and the lines of each file.

    One without pull requests is its newest commit: what that changes, a shallow clone cannot tell. This is
    news for people, no part of the clone: that git cannot tell it is said, and fails nothing.
    """
    try:
        told = _told(git, checkout)
    except CommandFailed as error:
        print(f"{path} is not written: {error}", flush=True)
        return
    write_whole(path, json.dumps(told, indent=1) + "\n")


def _told(git: Git, checkout: Checkout) -> dict[str, Any]:
    commit, refs = checkout
    new = ["--no-merges", f"{refs.base_sha}..{commit}"] if refs.pulls else ["--max-count=1", commit]
    log = git.ask("log", "--no-show-signature", f"--max-count={COMMITS}", "--format=%H %s", *new)
    files = []
    if refs.pulls:
        listed = git.ask("diff", "--no-ext-diff", "--numstat", "--no-renames", "-z", refs.base_sha, commit)
        files = [_file(*entry.split("\t", 2)) for entry in listed.split("\0") if entry]
    lines = [line.partition(" ") for line in log.split("\n") if line]
    return {
        "commit": commit,
        "base": refs.base_sha,
        "commits": [{"sha": sha, "title": title} for sha, _, title in lines],
        "files": files[:FILES],
        "file_count": len(files),
        **{key: sum(file[key] or 0 for file in files) for key in ("insertions", "deletions")},
    }  # fmt: skip


def _file(insertions: str, deletions: str, path: str) -> dict[str, Any]:
    """A file as git counts it: of a binary one there are no lines."""
    lines = {"insertions": insertions, "deletions": deletions}
    return {"path": path} | {key: None if count == "-" else int(count) for key, count in lines.items()}
