"""Make a folder hold a base commit with pull requests merged onto it, as Prow's clonerefs does.

Clones are shallow, and deepen step by step where a merge needs more history. Merges have a fixed author and
the date of the pull request's head: the same commits give the same merge, with the same sha, everywhere.
"""

from typing import NamedTuple

from py.sources.causes import explained
from py.sources.fetch import DEPTHS, Fetch, base_of, head_of
from py.sources.folder import DONE, WORKING, Folder
from py.sources.git import Git, GitFailed, progress
from py.sources.repository import Repository
from py.tools.errors import WindtunnelError
from py.tools.refs import Refs

MERGER = "Windtunnel"


class Checkout(NamedTuple):
    """What is there now: its sha, and what it was made of, each with its commit."""

    commit: str
    refs: Refs


def clone(git: Git, repository: Repository, refs: Refs, folder: Folder) -> Checkout:
    """Check out `refs` into a folder that we hold.

    A folder where an earlier clone did not come to its end is begun anew, and so is one that turns out to be
    damaged. A finished one is put back into the state that a fresh clone has.
    """
    again = folder.state == DONE
    if folder.state == WORKING:
        print(f"an earlier clone into {folder.path} did not come to its end; beginning anew", flush=True)
        git.end_orphans()
        folder.empty()
    folder.state = WORKING
    try:
        try:
            checkout = _check_out(git, repository, refs)
        except GitFailed as error:
            if not again or explained(error, repository):
                raise
            print(f"the checkout in {folder.path} is damaged ({error.last_word}); beginning anew", flush=True)
            folder.empty()
            checkout = _check_out(git, repository, refs)
    except GitFailed as error:
        raise (explained(error, repository) or error) from None
    folder.state = DONE
    return checkout


def _check_out(git: Git, repository: Repository, refs: Refs) -> Checkout:
    git.do("init", "--quiet", "--template=")
    git.do("config", "remote.origin.url", repository.url)
    git.do("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    onto, *pulls = wanted = [base_of(refs), *map(head_of, refs.pulls)]
    fetch = Fetch(git, repository, wanted)
    base, *heads = fetch.bring(DEPTHS[0] if pulls else 1)
    if (git.folder / ".git/modules").is_dir():
        git.do("submodule", "--quiet", "deinit", "--force", "--all")
    git.do("checkout", "--quiet", "--force", "--detach", base)
    git.do("clean", "-ffdxq")
    names = onto.what
    for pull, head in zip(pulls, heads, strict=True):
        _merge(git, fetch, pull.what, head, names)
        names += f" and {pull.what}"
    _update_submodules(git, repository)
    pinned = tuple(pull._replace(sha=head) for pull, head in zip(refs.pulls, heads, strict=True))
    return Checkout(git.ask("rev-parse", "HEAD", placeholder="<commit>"), Refs(refs.base_ref, base, pinned))


def _merge(git: Git, fetch: Fetch, what: str, head: str, onto: str) -> None:
    while not git.holds("merge-base", "HEAD", head):
        if not fetch.deepen():
            raise WindtunnelError(f"{what} ({head[:12]}) shares no history with {onto}; it cannot be merged")
    date = git.ask("show", "--no-patch", "--format=%ct", head, placeholder="0")
    who = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", MERGER), ("EMAIL", "windtunnel@localhost"), ("DATE", f"@{date} +0000"))
    }
    try:
        git.do("merge", "--no-ff", "--no-stat", "-m", f"Merge {what} at {head}", head, env=who)
    except GitFailed:
        files = [name for name in git.ask("diff", "--name-only", "--diff-filter=U", "-z").split("\0") if name]
        if not files:
            raise
        if fetch.deepen():  # a nearer common ancestor may lie beyond the history that was here
            git.do("merge", "--abort")
            return _merge(git, fetch, what, head, onto)
        shown = ", ".join(files[:10]) + (f" and {len(files) - 10} more" if len(files) > 10 else "")
        raise WindtunnelError(f"{what} ({head[:12]}) conflicts with {onto} in {shown}; rebase it") from None


def _update_submodules(git: Git, repository: Repository) -> None:
    if not (git.folder / ".gitmodules").is_file():
        return
    git.do("submodule", "--quiet", "sync", "--recursive")
    update = ("submodule", "update", *progress(), "--init", "--recursive", "--force")
    try:
        git.do(*update, "--depth=1")
    except GitFailed:  # not every server hands out the one commit that is recorded
        try:
            git.over_the_network(*update)
        except GitFailed as error:
            raise WindtunnelError(
                f"a submodule of {repository.url} cannot be had: {error.last_word}"
            ) from None
