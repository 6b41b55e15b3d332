"""The usual causes of a failed clone, and what a person does about each."""

import re

from py.sources.git import GitFailed
from py.sources.repository import Repository
from py.tools.errors import WindtunnelError

_CAUSES = [
    (
        r"could not read (Username|Password)|Authentication failed|Permission denied \(|prompts disabled"
        r"|returned error: 40[13]|Write access",
        "{url} does not let us in, or does not exist: check --repo, or log in by a credential helper,"
        " an ssh key or a token in the URL",
    ),
    (r"Host key verification failed", "the host of {url} is not known to ssh; add it to known_hosts"),
    (r"dubious ownership", "{url} belongs to another user; allow it by git's setting safe.directory"),
    (
        r"not found|does not appear to be a git repository|does not exist|not a git repository",
        "there is no git repository at {url}; check --repo",
    ),
    (
        r"Could not resolve host|Connection (refused|reset|timed out)|Failed to connect|Operation too slow",
        "{url} cannot be reached; check the address and the network",
    ),
    (r"No space left", "the disk is full, so {url} was not cloned; make room and clone again"),
]


def explained(error: GitFailed, repository: Repository) -> WindtunnelError | None:
    """The error in a person's words, with git's own at the end; None if its cause is not a usual one."""
    for pattern, text in _CAUSES:
        if re.search(pattern, error.output, re.IGNORECASE):
            return WindtunnelError(f"{text.format(url=repository.url)} (git: {error.last_word})")
    return None
