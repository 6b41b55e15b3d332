"""Where code may come from: what is understood, what is refused, and that credentials stay out of sight."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py.sources.repository import locate
from py.tools.errors import UsageError


@pytest.mark.parametrize(
    ("repo", "url", "org", "name"),
    [
        ("kubeflow/tf-operator", "https://github.com/kubeflow/tf-operator.git", "kubeflow", "tf-operator"),
        ("https://git.example/a/b.git", "https://git.example/a/b.git", "a", "b"),
        ("git@git.example:a/b.git", "git@git.example:a/b.git", "a", "b"),
        ("ssh://git@git.example:22/a/b", "ssh://git@git.example:22/a/b", "a", "b"),
        ("/srv/a/b c%.git", "file:///srv/a/b%20c%25.git", "a", "b c%"),
        ("file:///srv/a/b.git", "file:///srv/a/b.git", "a", "b"),
    ],
)
def test_a_repository_is_a_url_a_path_or_a_name_at_github(repo: str, url: str, org: str, name: str) -> None:
    found = locate(repo)
    assert (found.url, found.org, found.name) == (url, org, name)
    assert found.local == url.startswith("file:")


@pytest.mark.parametrize(
    "repo",
    ["ext::sh -c x", "fd::3", "-u/bin/sh", "--upload-pack=x", "ssh://-oProxyCommand=x/a", "a/b/c", "kubeflow",
     "http://", "-x@host:a", "git@host:a\nb", "javascript://x/y", "https://a b/c"],
)  # fmt: skip
def test_what_is_no_repository_or_runs_a_program_is_refused(repo: str) -> None:
    with pytest.raises(UsageError):
        locate(repo)


def test_nothing_named_is_refused() -> None:
    with pytest.raises(UsageError, match="which repository"):
        locate("", "", "tf-operator")


def test_a_name_that_is_a_folder_too_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"\./a/b"):
        locate("a/b")
    assert locate("./a/b").url == f"file://{tmp_path}/a/b"


def test_a_url_wins_over_owner_and_name() -> None:
    assert locate("x/y", "a", "b").org == "x"
    assert locate("", "a", "b").url == "https://github.com/a/b.git"


def test_a_home_is_found_as_a_shell_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert locate("~/src").url == "file:///home/me/src"
    assert locate("~nobody-of-that-name/src").url == f"file://{Path.cwd()}/~nobody-of-that-name/src"


def test_credentials_leave_the_url() -> None:
    found = locate("https://robot:sesame@git.example:8443/a/b")
    assert found.url == "https://git.example:8443/a/b"
    assert found.settings == {
        "url.https://robot:sesame@git.example:8443/.insteadOf": "https://git.example:8443/"
    }


@given(
    st.text(max_size=30)
    | st.from_regex(r"[./~].{0,20}")
    | st.from_regex(r"[-a-z:/@.+]{1,20}", fullmatch=True)
)
def test_no_text_becomes_an_option_or_an_unknown_transport(repo: str) -> None:
    try:
        found = locate(repo)
    except UsageError:
        return
    assert not found.url.startswith("-")
    assert "::" not in found.url.partition("/")[0]
