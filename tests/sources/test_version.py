"""The tag of a checkout: the same for the same files, another for others."""

import re
import time
from pathlib import Path

import pytest

from py.sources import version
from py.tools.errors import UsageError
from tests.repositories import git


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "Tf_Operator"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "a").write_text("1\n")
    (folder / ".gitignore").write_text("cache/\n")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "one", "--date=2020-01-01T00:00:00Z")
    return folder


def test_a_folder_without_a_commit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--tag"):
        version.of(tmp_path)
    assert version.of(tmp_path, "v1").tag == "v1"


def test_the_tag_is_the_day_and_the_commit(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sha = git(checkout, "rev-parse", "HEAD")
    today = time.strftime("%Y%m%d", time.gmtime(int(git(checkout, "log", "-1", "--format=%ct"))))
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    assert version.of(checkout) == (f"v{today}-{sha[:7]}", sha, "")


def test_every_kind_of_change_gets_a_tag_of_its_own(checkout: Path) -> None:
    def tag() -> str:
        return version.of(checkout).tag

    clean = tag()
    (checkout / "cache").mkdir()
    (checkout / "cache/ignored").write_text("x")
    (checkout / "a").touch()
    assert tag() == clean
    tags = []
    for name, text in [("a", "2\n"), ("a", "3\n"), ("b c", "1\n"), ("b c", "2\n")]:
        (checkout / name).write_text(text)
        tags.append(tag())
        assert tag() == tags[-1]
    (checkout / "a").unlink()
    tags.append(tag())
    assert all(re.fullmatch(rf"{clean}-dirty-[0-9a-f]{{7}}", each) for each in tags)
    assert len({*tags}) == len(tags)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("", "tf-operator"),
        ("https://robot:sesame@git.example/Kube/My_Operator.git", "my-operator"),
        ("git@git.example:operator", "operator"),
        ("file:///srv/x/y.git/", "y"),
    ],
)
def test_images_are_called_as_their_repository_and_credentials_stay_out(
    checkout: Path, url: str, name: str
) -> None:
    if url:
        git(checkout, "remote", "add", "origin", url)
    assert version.name(checkout) == name
    assert "sesame" not in version.source(checkout)
    assert version.source(checkout).endswith(url.partition("@")[2])
