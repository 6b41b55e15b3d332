"""Where the code comes from: a URL, a path, or OWNER/NAME at github.com."""

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from py.tools.errors import UsageError
from py.tools.folders import expanded

_SCHEMES = ("https", "http", "ssh", "git", "file")
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_TOKEN = 16  # a user's name in a URL that is this long is a token, and kept out of every log


class Repository(NamedTuple):
    """A repository that can be asked: its URL without credentials, and these, as `user:password`."""

    url: str
    org: str
    name: str
    credentials: str = ""

    @property
    def local(self) -> bool:
        """Whether it is a folder of this machine."""
        return self.url.startswith("file:")

    @property
    def settings(self) -> dict[str, str]:
        """What git must be told so that it logs in; kept out of argv and out of the checkout."""
        if not self.credentials:
            return {}
        scheme, _, rest = self.url.partition("://")
        host = rest.partition("/")[0]
        return {f"url.{scheme}://{self.credentials}@{host}/.insteadOf": f"{scheme}://{host}/"}

    @property
    def secrets(self) -> dict[str, str]:
        """What must not appear in a log, by the name that stands for it."""
        user, _, password = self.credentials.partition(":")
        return {
            "CREDENTIALS": self.credentials and self.credentials + "@",
            "PASSWORD": password if len(password) >= 4 else "",
            "USER": user if len(user) >= _TOKEN else "",
        }


def locate(repo: str, owner: str = "", name: str = "") -> Repository:
    """The repository that the flags name; `repo` wins over `owner` and `name`."""
    if repo:
        return _located(repo)
    if owner and name:
        return _located(f"{owner}/{name}")
    raise UsageError("which repository? give --repo=URL, --repo=PATH, or --owner and --name")


def _located(repo: str) -> Repository:
    if "\0" in repo:
        raise UsageError(f"--repo={repo!r} holds a character that no path and no URL can have")
    if re.match(r"[./~]", repo):
        path = expanded(repo).resolve()
        return Repository(f"file://{quote(str(path))}", path.parent.name, path.name.removesuffix(".git"))
    if re.fullmatch(f"{_NAME}/{_NAME}", repo):
        if Path(repo).exists():
            raise UsageError(
                f"--repo={repo} is at github.com, and a folder here; for the folder write ./{repo}"
            )
        org, name = _org_and_name(repo)
        return Repository(f"https://github.com/{org}/{name}.git", org, name)
    if re.search(r"[\x00-\x20\x7f]", repo):
        raise UsageError(f"--repo={repo!r} holds a blank or a control character")
    if re.fullmatch(rf"({_NAME}@)?{_NAME}:[^/:][^:]*", repo):  # ssh in scp's spelling
        return Repository(repo, *_org_and_name(repo.partition(":")[2]))
    scheme, _, rest = repo.partition("://")
    if scheme not in _SCHEMES or not rest or rest.startswith("-"):
        raise UsageError(
            f"--repo={repo!r} is no repository; give OWNER/NAME, a path that begins with / or ./,"
            f" or a URL ({', '.join(_SCHEMES)})"
        )
    if scheme == "file":
        return Repository(repo, *_org_and_name(rest))
    credentials, at, _ = urlsplit(repo).netloc.rpartition("@")
    if not at or scheme == "ssh":
        return Repository(repo, *_org_and_name(rest.partition("/")[2]))
    bare = f"{scheme}://{rest[len(credentials) + 1 :]}"
    return Repository(bare, *_org_and_name(rest.partition("/")[2]), credentials)


def _org_and_name(path: str) -> tuple[str, str]:
    parts = [part for part in path.strip("/").split("/") if part] or [""]
    return (parts[-2] if len(parts) > 1 else ""), parts[-1].removesuffix(".git")
