"""A base and the pull requests on it, in Prow's words: what a checkout is made of, and what a run tests."""

from typing import NamedTuple


class Pull(NamedTuple):
    """A pull request: its number, its commit (empty: the newest), and its ref where that is not GitHub's."""

    number: int
    sha: str = ""
    ref: str = ""

    @property
    def remote_ref(self) -> str:
        """Where the server keeps the newest commit of it."""
        return self.ref or f"refs/pull/{self.number}/head"


class Refs(NamedTuple):
    """A base and what is merged onto it. Empty means the default branch, and its newest commit."""

    base_ref: str = ""
    base_sha: str = ""
    pulls: tuple[Pull, ...] = ()

    @property
    def head(self) -> str:
        """The commit that is tested: the last pull request's, else the base's; empty if not known yet."""
        return self.pulls[-1].sha if self.pulls else self.base_sha

    def __str__(self) -> str:
        """Prow's spelling: `main:SHA,12:SHA,15:SHA`."""
        pulls = [f"{p.number}:{p.sha}:{p.ref}".rstrip(":") for p in self.pulls]
        return ",".join([f"{self.base_ref}:{self.base_sha}".rstrip(":"), *pulls])
