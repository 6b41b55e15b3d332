"""Clones of a real repository: what fails says why and loses nothing, what works works twice."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from py.release import Release
from py.tools import dryrun
from py.tools.errors import UsageError, WindtunnelError
from py.tools.folders import ROOT
from tests.http_git import serving
from tests.repositories import Server, git


def clone(server: Server, **flags: str) -> str:
    return Release().clone(**{"repo": str(server.bare), **flags})["commit"]


def program(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "py.release", "clone", *words],
        cwd=ROOT, env=os.environ | env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def record() -> dict[str, object]:
    (found,) = json.loads(Path(os.environ["ARTIFACTS"], "clone-records.json").read_text())
    assert isinstance(found, dict)
    return found


# What fails


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"pull": "99"}, "no pull request 99"),
        ({"branch": "mian"}, "did you mean main"),
        ({"commit": "1" * 40}, "commit 1111111111111111111111111111111111111111 is not in"),
        ({"pull": "12", "commit": "1" * 40}, "1 \\(pull request 12\\) is not in"),
        ({"base_commit": "1234567"}, "commit 1234567 is not in"),
    ],
)
def test_what_the_server_does_not_have_is_named_in_one_line(
    server: Server, flags: dict[str, str], words: str
) -> None:
    with pytest.raises(WindtunnelError, match=words) as error:
        clone(server, **flags)
    assert error.value.exit_code == 1
    assert "\n" not in str(error.value)
    assert record()["failed"] is True


def test_a_repository_that_is_not_there_is_named_in_one_line(tmp_path: Path) -> None:
    done = program(f"--repo={tmp_path}/nowhere")
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: there is no git repository at file://{tmp_path}/nowhere")
    assert done.stderr.count("\n") == 1


def test_an_empty_repository_is_named_in_one_line(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "empty")
    with pytest.raises(WindtunnelError, match="no default branch"):
        Release().clone(repo=f"{tmp_path}/empty")


def test_a_conflict_names_the_files_and_the_pull_requests(server: Server) -> None:
    server.pull(16, {"menu": "salad\nbread\ncheese\n", "prices": "3\n"})
    with pytest.raises(
        WindtunnelError, match="pull request 16 .* conflicts with main and pull request 12 in menu;"
    ) as error:
        clone(server, branch="main", pull="12,16")
    assert error.value.exit_code == 1
    assert clone(server, pull="12") == clone(server, pull="12")


def test_pull_requests_without_common_history_are_refused(server: Server) -> None:
    git(server.copy, "checkout", "--quiet", "--orphan", "other")
    server.commit({"other": "x"}, "refs/pull/20/head")
    with pytest.raises(WindtunnelError, match="pull request 20 .* shares no history"):
        clone(server, pull="20")


@pytest.mark.parametrize("content", ["a file", "a checkout", "a file in its place"])
def test_a_folder_that_clone_did_not_make_is_left_alone(server: Server, place: Path, content: str) -> None:
    target = place / "src"
    if content == "a file in its place":
        target.write_text("mine")
    else:
        target.mkdir()
        (target / "notes").write_text("mine")
    if content == "a checkout":
        git(target, "init", "--quiet")
    before = {path: path.read_bytes() for path in [target, *target.rglob("*")] if path.is_file()}
    with pytest.raises(UsageError, match="--src_dir"):
        clone(server)
    assert {path: path.read_bytes() for path in [target, *target.rglob("*")] if path.is_file()} == before


def test_two_clones_at_once_into_one_folder_do_not_mix(server: Server, place: Path) -> None:
    from py.sources.folder import hold

    with hold(place / "src"), pytest.raises(UsageError, match="another clone is at work"):
        clone(server)


def test_an_option_in_a_name_reaches_nobody(server: Server, tmp_path: Path) -> None:
    done = program(f"--repo={server.bare}", f"--branch=--upload-pack=touch {tmp_path}/pwned")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("credentials", ["", "robot:sesame99@"])
def test_a_server_that_wants_another_login_is_an_answer_and_no_prompt(
    credentials: str, tmp_path: Path
) -> None:
    asks = tmp_path / "asks"
    asks.write_text("#!/bin/sh\nsleep 600\n")
    asks.chmod(0o755)
    with serving(tmp_path, login="cook:salt") as address:
        began = time.monotonic()
        done = program(
            f"--repo=http://{credentials}{address}/a/b", GIT_ASKPASS=str(asks), SSH_ASKPASS=str(asks)
        )
    assert time.monotonic() - began < 20
    assert done.returncode == 1
    assert "does not let us in" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "sesame99" not in done.stdout + done.stderr
    assert "sesame99" not in json.dumps(record())
    assert "sesame99" not in Path(os.environ["WORKSPACE"], "src/.git/config").read_text()


# What works


def test_credentials_in_the_url_open_the_door_and_are_kept_nowhere(
    server: Server, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    server.pull(16, {"menu": "x\n"})
    with serving(server.bare.parent, login="robot:sesame99") as address:
        given = Release().clone(repo=f"http://robot:sesame99@{address}/kitchen.git", pull="12")
        with pytest.raises(WindtunnelError) as error:
            Release().clone(repo=f"http://robot:sesame99@{address}/kitchen.git", pull="12,16")
    assert given["commit"] == clone(server, pull="12")
    assert "sesame99" not in str(error.value) + json.dumps(record()) + "".join(capfd.readouterr())
    texts = [file.read_bytes() for file in place.rglob("*") if file.is_file()]
    assert not any(b"sesame99" in text for text in texts)


def test_the_newest_commit_of_the_default_branch_is_checked_out(server: Server, place: Path) -> None:
    given = Release().clone(repo=str(server.bare))
    assert given == {"src_dir": str(place / "src"), "commit": server.sha("main")}
    assert (place / "src/opened").read_text() == "yes\n"
    assert git(place / "src", "rev-list", "--count", "HEAD") == "1", "the clone is shallow"
    assert git(place / "src", "status", "--porcelain") == ""


def test_a_branch_a_tag_and_a_commit_are_found(server: Server) -> None:
    old = server.sha("main~1")
    new = server.commit({"menu": "fish\n"}, "refs/heads/release/1", old)
    git(server.bare, "tag", "v1", old)
    assert clone(server, branch="release/1") == new
    assert clone(server, branch="v1") == old
    assert clone(server, commit=old) == old
    assert clone(server, commit=old[:9]) == old
    assert clone(server, refs=f"main:{old}") == old


def test_a_branch_wins_over_a_tag_of_the_same_name(server: Server) -> None:
    git(server.bare, "tag", "main", server.sha("main~1"))
    assert clone(server, branch="main") == server.sha("refs/heads/main")


def test_pull_requests_are_merged_onto_the_base(server: Server, place: Path) -> None:
    base, first, second = server.sha("main"), server.sha("refs/pull/12/head"), server.sha("refs/pull/15/head")
    commit = clone(server, pull="12,15")
    source = place / "src"
    assert (source / "menu").read_text().startswith("stew")
    assert (source / "prices").read_text() == "2\n"
    assert (source / "opened").exists()
    assert (
        git(source, "log", "-2", "--first-parent", "--format=%P")
        == f"{git(source, 'rev-parse', 'HEAD~1')} {second}\n{base} {first}"
    )
    assert commit == clone(server, refs=f"main:{base},12:{first},15:{second}")


def test_the_commit_of_a_pull_request_stays_when_a_newer_one_is_pushed(server: Server, place: Path) -> None:
    old = server.sha("refs/pull/12/head")
    server.pull(12, {"menu": "newer\n"})
    clone(server, pull="12", commit=old)
    assert (place / "src/menu").read_text().startswith("stew")


def test_the_same_refs_give_the_same_sha_whoever_clones(
    server: Server, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = clone(server, pull="12,15", src_dir=str(place / "one"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "somebody else")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.sleep(1.1)
    assert clone(server, pull="12,15", src_dir=str(place / "two")) == first


def test_settings_and_hooks_of_the_user_change_nothing(server: Server, place: Path, tmp_path: Path) -> None:
    first = clone(server, pull="12,15", src_dir=str(place / "one"))
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-checkout", "pre-merge-commit", "commit-msg", "post-merge", "reference-transaction"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        (hooks / hook).chmod(0o755)
    (Path(os.environ["HOME"]) / ".gitconfig").write_text(
        f"[core]\n hooksPath = {hooks}\n autocrlf = true\n[commit]\n gpgSign = true\n"
        f"[gpg]\n program = /bin/false\n[merge]\n log = 10\n ff = only\n"
        f"[init]\n templateDir = {tmp_path}\n"
        "[i18n]\n commitEncoding = latin1\n[fetch]\n prune = true\n[rerere]\n enabled = true\n"
    )
    assert clone(server, pull="12,15", src_dir=str(place / "two")) == first
    assert (place / "two/menu").read_bytes() == (place / "one/menu").read_bytes()
    assert not (tmp_path / "ran").exists()


def test_a_git_environment_around_us_is_not_taken_for_ours(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "--quiet", "outer")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "outer/.git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "outer/index"))
    before = sorted(tmp_path.joinpath("outer").rglob("*"))
    assert clone(server) == server.sha("main")
    assert sorted(tmp_path.joinpath("outer").rglob("*")) == before


def test_more_history_is_fetched_until_a_merge_finds_its_base(server: Server) -> None:
    server.pull(30, {"late": "x\n"})
    head = server.sha("main")
    stream = "".join(
        f"commit refs/heads/main\ncommitter t <t@t> {1_700_000_000 + n} +0000\ndata 1\nx\n"
        + (f"from {head}\n" if n == 0 else "")
        for n in range(150)
    )
    subprocess.run(["git", "fast-import", "--quiet"], cwd=server.bare, input=stream.encode(), check=True)
    clone(server, pull="30")
    depths = [word for done in record()["commands"] for word in done["command"].split() if "--depth=" in word]  # type: ignore[attr-defined]
    assert depths == ["--depth=100", "--depth=2000"]


def test_a_nearer_ancestor_beyond_the_fetched_history_is_found_before_a_conflict_is_told(
    server: Server, place: Path
) -> None:
    def commit(ref: str, first: str = "", second: str = "", **files: str) -> str:
        who = "committer t <t@t> 1700000000 +0000\ndata 0\n"
        parents = (f"from {first}\n" if first else "") + (f"merge {second}\n" if second else "")
        written = "".join(f"M 644 inline {name}\ndata {len(text)}\n{text}\n" for name, text in files.items())
        return f"commit {ref}\n{who}{parents}{written}\n"

    # Both sides lead to `far` in one step, and to `near`, which came after it, in 150.
    stream = commit("refs/heads/far", menu="0") + commit("refs/heads/near", "refs/heads/far", menu="1")
    for ref, change in (("refs/heads/main", {"menu": "2"}), ("refs/pull/40/head", {"prices": "2"})):
        stream += (
            f"reset {ref}\nfrom refs/heads/near\n\n"
            + commit(ref) * 150
            + commit(ref, "", "refs/heads/far", **change)
        )
    subprocess.run(
        ["git", "fast-import", "--quiet", "--force"], cwd=server.bare, input=stream.encode(), check=True
    )
    clone(server, pull="40")
    assert [(place / "src" / name).read_text() for name in ("menu", "prices")] == ["2", "2"]


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest protocol, in which a server hands out the ends of its branches and no other commit."""
    for name, value in (("COUNT", "1"), ("KEY_0", "protocol.version"), ("VALUE_0", "0")):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)


@pytest.mark.usefixtures("strict")
def test_a_server_that_hands_out_no_single_commits_is_asked_for_its_branches(server: Server) -> None:
    old, head = server.sha("main~1"), server.sha("refs/pull/12/head")
    assert clone(server, commit=old) == old
    assert any("unadvertised" in done.get("output", "") for done in record()["commands"])  # type: ignore[attr-defined]
    newer = server.commit({"menu": "newest\n"}, "refs/pull/12/head", head)
    merged = clone(server, refs=f"main:{old},12:{head}")
    assert newer not in git(Path(os.environ["WORKSPACE"]) / "src", "log", "--format=%H", merged)
    with pytest.raises(WindtunnelError, match="is not in"):
        clone(server, commit="1" * 40)


def test_prow_can_read_the_record(server: Server) -> None:
    commit = clone(server, branch="main", pull="12")
    found = record()
    assert found["final_sha"] == commit
    assert found["failed"] is False
    assert isinstance(found["duration"], int)
    assert found["refs"] == {
        "org": "server", "repo": "kitchen", "base_ref": "main", "clone_uri": f"file://{server.bare}",
        "base_sha": server.sha("main"),
        "pulls": [{"number": 12, "author": "", "sha": server.sha("refs/pull/12/head")}],
    }  # fmt: skip
    commands = found["commands"]
    assert isinstance(commands, list)
    assert all({"command", "duration"} <= set(command) for command in commands)
    assert any(" merge " in command["command"] for command in commands)


# Twice, half, and by other hands


def test_a_second_clone_is_the_same_as_one(server: Server) -> None:
    assert clone(server, pull="12,15") == clone(server, pull="12,15")
    assert clone(server, branch="main") == server.sha("main")


def test_a_second_clone_of_known_commits_needs_no_server(server: Server) -> None:
    refs = f"main:{server.sha('main')},12:{server.sha('refs/pull/12/head')}"
    first = clone(server, refs=refs)
    server.bare.rename(server.bare.with_name("away"))
    assert clone(server, refs=refs) == first


def test_changes_by_hand_are_put_back(server: Server, place: Path) -> None:
    clone(server)
    source = place / "src"
    (source / "menu").write_text("changed\n")
    (source / "opened").unlink()
    (source / "left").mkdir()
    (source / "left/over").write_text("x")
    git(source, "checkout", "--quiet", "-b", "mine")
    assert clone(server) == server.sha("main")
    assert git(source, "status", "--porcelain", "--ignored") == ""
    assert git(source, "log", "--format=%s", "mine") != "", "what a person committed there is still to be had"


def test_a_damaged_checkout_is_made_anew_and_touches_no_other_repository(server: Server, place: Path) -> None:
    git(place, "init", "--quiet")
    clone(server)
    for damage in ("HEAD", "index", "index.lock", "config"):
        (place / "src/.git" / damage).write_text("damaged")
        assert clone(server) == server.sha("main")
    (place / "src/.git/HEAD").unlink()
    assert clone(server) == server.sha("main")
    assert not (place / ".git/index").exists()


@pytest.mark.parametrize("moment", ["init", "fetch", "checkout", "merge"])
def test_a_clone_that_was_killed_is_repaired(
    server: Server, place: Path, tmp_path: Path, moment: str
) -> None:
    shim = tmp_path / "bin"
    shim.mkdir()
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    (shim / "git").write_text(
        f'#!/bin/sh\nif [ "$3" = {moment} ]; then\n'
        f'touch {tmp_path}/reached "$GIT_DIR/index.lock"; exec sleep 600\nfi\n'
        f'exec {real} "$@"\n'
    )
    (shim / "git").chmod(0o755)
    words = [f"--repo={server.bare}", "--pull=12"]
    child = subprocess.Popen(
        [sys.executable, "-m", "py.release", "clone", *words],
        cwd=ROOT, env=os.environ | {"PATH": f"{shim}:{os.environ['PATH']}"}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not (tmp_path / "reached").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    commit = clone(server, pull="12")
    assert commit == clone(server, pull="12", src_dir=str(place / "fresh"))
    assert git(place / "src", "status", "--porcelain") == ""
    assert not [each.pid for each in psutil.process_iter(["environ"]) if of_folder(each, place / "src")]


def of_folder(process: psutil.Process, folder: Path) -> bool:
    return (process.info["environ"] or {}).get("GIT_DIR") == str(folder / ".git")


@pytest.mark.parametrize("left", [[], [".git"], [".git/windtunnel-clone"]])
def test_whatever_the_first_moments_leave_is_taken_over(server: Server, place: Path, left: list[str]) -> None:
    (place / "src").mkdir()
    for name in left:
        path = place / "src" / name
        if name.endswith("clone"):
            path.parent.mkdir()
            path.touch()
        else:
            path.mkdir()
    assert clone(server) == server.sha("main")


# Submodules


@pytest.fixture
def nested(server: Server, tmp_path: Path) -> Server:
    other = Server(tmp_path / "other")
    git(
        server.copy,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        str(other.bare),
        "pantry",
    )
    server.commit({"opened": "nested\n"})
    other.commit({"menu": "a newer one, which nobody recorded\n"})
    return server


def test_submodules_come_with_their_recorded_commit(nested: Server, place: Path) -> None:
    clone(nested)
    assert (place / "src/pantry/menu").read_text().startswith("soup")
    (place / "src/pantry/menu").write_text("changed")
    (place / "src/pantry/left").write_text("x")
    clone(nested)
    assert git(place / "src", "status", "--porcelain", "--ignored") == ""
    assert not (place / "src/pantry/left").exists()


def test_a_submodule_that_went_away_leaves_nothing(nested: Server, place: Path) -> None:
    old = nested.sha("main~1")
    clone(nested)
    clone(nested, commit=old)
    assert not (place / "src/pantry").exists()


def test_a_repository_from_elsewhere_reads_no_files_of_this_machine(nested: Server) -> None:
    with (
        serving(nested.bare.parent) as address,
        pytest.raises(WindtunnelError, match="submodule .* cannot be had: .*transport 'file' not allowed"),
    ):
        Release().clone(repo=f"http://{address}/kitchen.git")


def test_a_submodule_that_is_not_there_is_named(nested: Server, tmp_path: Path) -> None:
    (tmp_path / "other/kitchen.git").rename(tmp_path / "other/away")
    with pytest.raises(WindtunnelError, match="a submodule of .* cannot be had"):
        clone(nested)


# The dry run


def test_a_dry_run_prints_the_commands_and_makes_nothing(
    server: Server, place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dryrun, "enabled", True)
    monkeypatch.setenv("PATH", "/nowhere")
    given = Release().clone(repo=str(server.bare), pull="12")
    assert given == {"src_dir": str(place / "src"), "commit": "<commit>"}
    assert "would run: git" in capfd.readouterr().out
    assert list(place.iterdir()) == []


def test_a_dry_run_of_a_repair_repairs_nothing(
    server: Server, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone(server)
    (place / "src/.git/windtunnel-clone").write_text("working")
    (place / "src/menu").write_text("changed")
    orphan = subprocess.Popen(["sleep", "30"], env=os.environ | {"GIT_DIR": str(place / "src/.git")})
    monkeypatch.setattr(dryrun, "enabled", True)
    try:
        assert clone(server) == "<commit>"
        assert orphan.poll() is None
        assert (place / "src/menu").read_text() == "changed"
    finally:
        orphan.kill()
        orphan.wait()
