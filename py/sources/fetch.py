"""Bring commits here, shallow where the server allows it, and say in one line what it does not have."""

import re
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from py.sources.git import Git, GitFailed, progress
from py.sources.refs import FULL
from py.sources.repository import Repository
from py.tools.errors import WindtunnelError, near
from py.tools.refs import Pull, Refs

WHOLE = 2147483647  # git's own number for all of the history
DEPTHS = (100, 2000, WHOLE)  # commits of history that a merge may look at, until it finds the common one
_KEPT = "refs/windtunnel"  # what was fetched is named here, so that git does not throw it away


class Wanted(NamedTuple):
    """A commit to fetch: what people call it, its ref at the server, its sha if known, our own ref for it."""

    what: str
    ref: str
    sha: str
    kept: str

    @property
    def exact(self) -> bool:
        """Whether the sha is known in full."""
        return len(self.sha) in FULL


def base_of(refs: Refs) -> Wanted:
    """The base as something to fetch."""
    name, sha = refs.base_ref, refs.base_sha
    what = name or (f"commit {sha[:12]}" if sha else "the default branch")
    ref = name or "HEAD"
    return Wanted(
        what, ref if ref.startswith(("HEAD", "refs/")) else f"refs/heads/{ref}", sha, f"{_KEPT}/base"
    )


def head_of(pull: Pull) -> Wanted:
    """A pull request as something to fetch."""
    return Wanted(f"pull request {pull.number}", pull.remote_ref, pull.sha, f"{_KEPT}/pull/{pull.number}")


class Fetch:
    """What is wanted of one repository, and how much of it is here.

    A commit is asked for by its sha, wherever it is. A server that does not hand out single commits is asked
    for its branches with all their history instead.
    """

    def __init__(self, git: Git, repository: Repository, wanted: Sequence[Wanted]) -> None:
        self._git = git
        self._repository = repository
        self._wanted = list(wanted)
        self._by_sha = all(w.exact or not w.sha for w in wanted)  # servers know no abbreviations
        self._depth = 0

    def bring(self, depth: int) -> list[str]:
        """Fetch what is not here yet, with so many commits of history; return the sha of each."""
        if not all(
            w.exact and self._git.holds("cat-file", "-e", f"{w.sha}^{{commit}}") for w in self._wanted
        ):
            self._fetch(depth)
        # From now on these commits and no newer ones are meant, also when more history is fetched.
        self._wanted = [wanted._replace(sha=self._resolved(wanted)) for wanted in self._wanted]
        return [wanted.sha for wanted in self._wanted]

    def deepen(self) -> bool:
        """Fetch more history; False if all that the server has is here."""
        if self._depth == WHOLE or not (self._git.folder / ".git/shallow").exists():
            return False
        self._fetch(next(depth for depth in DEPTHS if depth > self._depth))
        return True

    def _resolved(self, wanted: Wanted) -> str:
        commit = f"{wanted.sha or wanted.kept}^{{commit}}"
        if not self._git.holds("rev-parse", "--quiet", "--verify", commit):
            self._unknown(wanted, wanted.sha)
        return self._git.ask("rev-parse", "--verify", commit, placeholder=f"<{wanted.what}>")

    def _fetch(self, depth: int) -> None:
        while True:
            self._depth = depth if self._by_sha else WHOLE
            how = (*progress(), "--no-tags", "--force", f"--depth={self._depth}")
            try:
                self._git.over_the_network("fetch", *how, "origin", *self._specs())
            except GitFailed as error:
                self._take_another_way(error)
            else:
                return

    def _specs(self) -> list[str]:
        if self._by_sha:
            return [f"+{w.sha or w.ref}:{w.kept}" for w in self._wanted]
        # A sha may be anywhere behind any branch; pull requests are not behind branches.
        named = [f"+{w.ref}:{w.kept}" for w in self._wanted if not (w.sha and w.ref == "HEAD")]
        return ["+refs/heads/*:refs/remotes/origin/*", *named]

    def _take_another_way(self, error: GitFailed) -> None:
        """Change what the next fetch asks for, or say what the server does not have."""
        if self._by_sha and "unadvertised object" in error.output:
            self._by_sha = False
            return
        if lacks := re.search(r"not our ref ([0-9a-f]+)", error.output):
            self._unknown(next(w for w in self._wanted if w.sha == lacks[1]), lacks[1])
        lacks = re.search(r"couldn't find remote ref (\S+)", error.output)
        if not lacks:
            raise error
        number, wanted = next((n, w) for n, w in enumerate(self._wanted) if w.ref == lacks[1])
        if not wanted.ref.startswith("refs/heads/"):
            self._unknown(wanted)
        self._wanted[number] = wanted._replace(ref=wanted.ref.replace("refs/heads/", "refs/tags/", 1))

    def _unknown(self, wanted: Wanted, sha: str = "") -> NoReturn:
        where = self._repository.url
        if sha:
            whose = "" if wanted.what == f"commit {sha[:12]}" else f" ({wanted.what})"
            raise WindtunnelError(f"commit {sha}{whose} is not in {where}; was it pushed? check the sha")
        if wanted.kept.startswith(f"{_KEPT}/pull/"):
            raise WindtunnelError(f"{where} has no {wanted.what} ({wanted.ref}); check its number")
        if wanted.ref == "HEAD":
            raise WindtunnelError(f"{where} has no default branch; name a branch by --branch")
        lines = self._git.ask("ls-remote", "--heads", "--tags", "--refs", "origin").splitlines()
        names = [re.sub("^.*\trefs/(heads|tags)/", "", line) for line in lines]
        hint = near(wanted.what, names, "it has") if len(names) <= 20 else f"it has {len(names)} others"
        raise WindtunnelError(f"{where} has no branch or tag {wanted.what!r}; {hint}")
