"""Images of a checkout: built, tagged and pushed for real, and what is wrong said in one line."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from py.release import Release
from py.tools import dryrun
from py.tools.errors import CommandFailed, DefinitionError, Missing, UsageError, WindtunnelError
from py.tools.folders import ROOT
from tests.airflows import free_port
from tests.registries import REGISTRY, registry_at
from tests.repositories import git, place

__all__ = ["place"]


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


def docker_answers() -> bool:
    return (
        bool(shutil.which("docker"))
        and not subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    )


needs_docker = pytest.mark.skipif(
    not docker_answers(), reason="Docker does not run; scripts/setup docker starts it"
)
needs_registry = pytest.mark.skipif(
    not REGISTRY, reason="docker-registry is missing; scripts/setup registry brings it"
)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A checkout with one Dockerfile, whose name no other image has; its images are removed."""
    folder = tmp_path / f"wt-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    git(folder, "init", "--quiet")
    # Its own file comes first: tests that run side by side, and clean up, must not share a layer.
    (folder / "Dockerfile").write_text(
        "FROM scratch AS first\nCOPY f /f\nARG WHO=nobody\nLABEL who=$WHO\nFROM first AS last\n"
    )
    (folder / "f").write_text(folder.name)
    commit(folder)
    yield folder
    if docker_answers():
        names = docker("images", "--format={{.Repository}}:{{.Tag}}").split()
        if ours := [name for name in names if folder.name in name]:
            docker("rmi", "--force", *ours)


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=a", "--date=2026-01-02T03:04:05Z")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """A registry of our own, on a port of this machine."""
    with registry_at(f"127.0.0.1:{free_port()}", tmp_path) as address:
        yield address


def digest_at(registry: str, name: str, tag: str) -> str:
    """The digest by which the registry itself knows an image."""
    kinds = "application/vnd.docker.distribution.manifest.v2+json,application/vnd.oci.image.manifest.v1+json"
    request = urllib.request.Request(
        f"http://{registry}/v2/{name}/manifests/{tag}", headers={"Accept": kinds}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.headers["Docker-Content-Digest"])


def program(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "py.release", *words],
        cwd=ROOT, env=os.environ | env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


# What is wrong


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        ({"registry": "https://registry.example"}, "without https"),
        ({"registry": "-x"}, "no registry"),
        ({"registry": "registry.example/Upper"}, "no registry"),
        ({"tag": "a b"}, "no tag"),
        ({"tag": "-x"}, "no tag"),
        ({"src_dir": "/nowhere"}, "no folder"),
    ],
)
def test_a_wrong_flag_of_build_is_refused(project: Path, flags: dict[str, str], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        Release().build(**{"src_dir": str(project), **flags})


def test_a_checkout_without_a_dockerfile_is_refused_in_one_line(project: Path) -> None:
    (project / "Dockerfile").unlink()
    done = program("build", f"--src_dir={project}")
    assert done.returncode == 2
    assert (
        done.stderr
        == f"error: {project} has neither a build.yaml nor a Dockerfile, so there is nothing to build\n"
    )


def test_flags_from_the_environment_that_no_shell_could_read_are_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINDTUNNEL_DOCKER_BUILD_FLAGS", "--label='x")
    with pytest.raises(UsageError, match="WINDTUNNEL_DOCKER_BUILD_FLAGS"):
        Release().build(src_dir=str(project))


@pytest.mark.parametrize(
    ("path", "env", "word"),
    [
        ("{bin}", {}, "install Docker"),
        ("{path}", {"DOCKER_HOST": "unix:///nowhere/docker.sock"}, "does not run; start it"),
    ],
)
def test_without_docker_people_are_told_what_to_do(
    project: Path, tmp_path: Path, path: str, env: dict[str, str], word: str
) -> None:
    if "{path}" in path and not shutil.which("docker"):
        pytest.skip("the docker command is missing; scripts/setup docker installs it")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(str(shutil.which("git")))
    path = path.format(bin=tmp_path / "bin", path=os.environ["PATH"])
    done = program("build", f"--src_dir={project}", PATH=path, **env)
    assert done.returncode == Missing.exit_code == 2
    assert word in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("image", ["", ",", "a b", "--x", "a:b:c d", "name@sha256:00"])
def test_what_is_no_local_image_is_not_pushed(image: str) -> None:
    with pytest.raises(UsageError):
        Release().push(image=image, registry="registry.invalid")


@needs_docker
def test_an_image_that_was_never_built_is_not_pushed() -> None:
    with pytest.raises(WindtunnelError, match="there is no local image wt-nobody:v1; build it first"):
        Release().push(image="wt-nobody:v1", registry="127.0.0.1:1")


@needs_docker
def test_a_build_that_fails_fails_with_what_docker_said(project: Path) -> None:
    (project / "Dockerfile").write_text("FROM scratch\nCOPY nothing /\n")
    with pytest.raises(CommandFailed, match="nothing"):
        Release().build(src_dir=str(project))


@needs_docker
def test_when_one_image_fails_none_is_pushed(project: Path) -> None:
    (project / "bad").write_text("FROM scratch\nCOPY nothing /\n")
    (project / "build.yaml").write_text(
        f"images: [{{name: {project.name}}}, {{name: {project.name}-bad, dockerfile: bad}}]\n"
    )
    with pytest.raises(CommandFailed, match="nothing"):  # and not: the registry cannot be reached
        Release().build(src_dir=str(project), registry="127.0.0.1:1")


@needs_docker
def test_a_registry_that_cannot_be_reached_is_named(project: Path) -> None:
    with pytest.raises(WindtunnelError, match="127.0.0.1:1/wt-.* cannot be reached"):
        Release().build(src_dir=str(project), registry="127.0.0.1:1")


# What works


@needs_docker
def test_one_dockerfile_gives_an_image_that_says_where_it_came_from(project: Path) -> None:
    git(project, "remote", "add", "origin", f"https://robot:sesame@git.example/Org/{project.name}.git")
    sha = git(project, "rev-parse", "HEAD")
    day = time.strftime("%Y%m%d", time.gmtime(int(git(project, "log", "-1", "--format=%ct"))))
    given = Release().build(src_dir=str(project))
    assert given["image"] == f"{project.name}:v{day}-{sha[:7]}"
    (found,) = json.loads(docker("image", "inspect", given["image"]))
    assert given["digest"] == found["Id"]
    assert found["Config"]["Labels"]["org.opencontainers.image.revision"] == sha
    assert (
        found["Config"]["Labels"]["org.opencontainers.image.source"]
        == f"https://git.example/Org/{project.name}.git"
    )
    assert Release().build(src_dir=str(project)) == given


@needs_docker
def test_the_same_commit_is_the_same_image_in_whatever_folder_it_was_cloned_from(project: Path) -> None:
    git(project, "remote", "add", "origin", "file:///a/folder")
    first = Release().build(src_dir=str(project))
    git(project, "remote", "set-url", "origin", "file:///another/folder")
    assert Release().build(src_dir=str(project), tag=first["image"].partition(":")[2]) == first


@needs_docker
def test_images_are_built_in_the_order_of_the_build_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = project.name
    (project / "build.yaml").write_text(
        f"images:\n- name: team/{name}-z\n  target: first\n  args: {{WHO: 'the cook'}}\n- name: {name}-a\n"
    )
    monkeypatch.setenv("WINDTUNNEL_DOCKER_BUILD_FLAGS", "--label 'more=than one'")
    given = Release().build(src_dir=str(project), tag="v1")
    assert given["image"] == f"team/{name}-z:v1,{name}-a:v1"
    labels = [
        json.loads(docker("image", "inspect", "--format={{json .Config.Labels}}", image))
        for image in given["image"].split(",")
    ]
    assert [each["who"] for each in labels] == ["the cook", "nobody"]
    assert all(each["more"] == "than one" for each in labels)


@needs_docker
@needs_registry
def test_a_registry_gets_the_images_and_names_their_digests(project: Path, registry: str) -> None:
    (project / "build.yaml").write_text(
        f"images: [{{name: {project.name}}}, {{name: team/{project.name}, args: {{WHO: x}}}}]\n"
    )
    given = Release().build(src_dir=str(project), registry=f"{registry}/e2e/", tag="v1")
    assert given["image"] == f"{registry}/e2e/{project.name}:v1,{registry}/e2e/team/{project.name}:v1"
    first, second = given["digest"].split(",")
    assert first == digest_at(registry, f"e2e/{project.name}", "v1")
    assert second == digest_at(registry, f"e2e/team/{project.name}", "v1")
    assert first != second


@needs_docker
@needs_registry
def test_local_images_are_pushed_under_their_own_names(project: Path, registry: str) -> None:
    local = Release().build(src_dir=str(project), tag="v1")["image"]
    given = Release().push(image=local, registry=registry)
    assert given == {"image": f"{registry}/{local}", "digest": digest_at(registry, project.name, "v1")}
    assert Release().push(image=given["image"], registry=registry) == given
    elsewhere = Release().push(image=given["image"], registry=f"{registry}/copy")
    assert elsewhere["image"] == f"{registry}/copy/{local}"


def test_a_dry_run_starts_nothing_and_still_checks(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dryrun, "enabled", True)
    monkeypatch.setenv("PATH", "/nowhere")
    given = Release().build(src_dir=str(project), registry="registry.example")
    assert given == {"image": "registry.example/<name>:<tag>", "digest": "<digest>"}
    assert "would run: docker push 'registry.example/<name>:<tag>'" in capfd.readouterr().out
    pushed = Release().push(image="<build_images.image>", registry="registry.example")
    assert pushed["digest"] == "<digest>"
    (project / "build.yaml").write_text("images: 3\n")
    with pytest.raises(DefinitionError):
        Release().build(src_dir=str(project))


def test_the_programs_start_without_what_they_do_not_need() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, py.release; print(*sys.modules)"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert not {"yaml", "psutil", "fire", "hashlib", "py.sources.clone"} & set(done.stdout.split())


# Releases


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store for the record, and a `docker` that notes what it is asked; where `broken` is it fails."""
    bin_, log = tmp_path / "bin", tmp_path / "docker.log"
    bin_.mkdir()
    (bin_ / "docker").write_text(
        f'#!/bin/sh\necho "$*" >> {log}\ncase $1 in image) echo sha256:0 ;;\n'
        f"build) [ ! -e {tmp_path}/broken ] && sh {tmp_path}/meanwhile ;; esac\n"
    )
    (bin_ / "docker").chmod(0o755)
    (tmp_path / "meanwhile").write_text("")  # what happens while an image is built
    monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
    return tmp_path / "releases"


def released(releases: Path) -> dict[str, str]:
    record = releases / "latest_release.json"
    return dict(json.loads(record.read_text())) if record.exists() else {}


def builds(releases: Path) -> int:
    log = releases.with_name("docker.log")
    return log.read_text().count("build ") if log.exists() else 0


def test_a_commit_is_released_once(project: Path, releases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sha = git(project, "rev-parse", "HEAD")
    first = Release().build_new_release(src_dir=str(project), releases=str(releases))
    assert f"released {sha[:10]}: {first['image']}" in capsys.readouterr().out
    assert first["commit"] == sha
    assert first["digest"] == "sha256:0"
    assert released(releases) == {"sha": sha, "target": first["image"], "digest": "sha256:0"}
    assert Release().build_new_release(src_dir=str(project), releases=str(releases)) == first
    assert "is the newest release already" in capsys.readouterr().out
    assert builds(releases) == 1
    (project / "f").write_text("new")
    new = commit(project)
    Release().build_new_release(src_dir=str(project), releases=str(releases))
    assert released(releases)["sha"] == new != sha


def test_a_build_that_fails_releases_nothing(project: Path, releases: Path) -> None:
    releases.with_name("broken").touch()
    with pytest.raises(CommandFailed):
        Release().build_new_release(src_dir=str(project), releases=str(releases))
    assert released(releases) == {}


def test_a_checkout_with_changes_is_not_released(project: Path, releases: Path) -> None:
    (project / "g").touch()
    with pytest.raises(UsageError, match="has changes that are in no commit"):
        Release().build_new_release(src_dir=str(project), releases=str(releases))
    assert builds(releases) == 0


@pytest.mark.parametrize("same", [True, False])
def test_of_two_who_release_at_once_one_wins_and_the_other_says_so(
    project: Path, releases: Path, capsys: pytest.CaptureFixture[str], same: bool
) -> None:
    sha = git(project, "rev-parse", "HEAD") if same else "0123456789abcdef"
    theirs = json.dumps({"sha": sha, "target": "theirs:v1", "digest": "sha256:1"})
    record = releases / "latest_release.json"
    releases.with_name("meanwhile").write_text(f"mkdir -p {releases}; echo '{theirs}' > {record}")
    if same:
        given = Release().build_new_release(src_dir=str(project), releases=str(releases))
        assert given == {"commit": sha, "image": "theirs:v1", "digest": "sha256:1"}
        assert f"somebody else has released {sha[:10]} meanwhile" in capsys.readouterr().out
    else:
        with pytest.raises(WindtunnelError, match=r"meanwhile somebody has released 0123"):
            Release().build_new_release(src_dir=str(project), releases=str(releases))
    assert released(releases)["target"] == "theirs:v1"


def test_where_no_release_could_be_noted_none_is_built(project: Path, releases: Path) -> None:
    releases.write_text("a file, where the store's folder should be")
    with pytest.raises(WindtunnelError):
        Release().build_new_release(src_dir=str(project), releases=str(releases))
    assert builds(releases) == 0


def test_the_newest_green_commit_is_given_to_the_steps_that_want_it(tmp_path: Path) -> None:
    green = tmp_path / "logs/nightly/latest_green.json"
    done = program("latest_green", "--job=nightly", f"--results={tmp_path}")
    assert done.returncode == 1
    assert "knows no green run of nightly: there is no logs/nightly/latest_green.json\n" in done.stderr
    green.parent.mkdir(parents=True)
    green.write_text('{"status": "passing", "job": "nightly", "sha": "c0ffee", "build": "17"}')
    done = program("latest_green", "--job=nightly", WINDTUNNEL_RESULTS=str(tmp_path))
    assert done.stdout == "commit: c0ffee\nbuild: 17\n"
    done = program("latest_green", "--job=nightly", WINDTUNNEL_RESULTS="")
    assert done.returncode == 2
    assert "needs --results=URL" in done.stderr
    assert "would read" in program("latest_green", "--job=n", "--results=gs://bucket", "--dryrun").stdout


def test_a_dry_run_of_a_release_writes_and_builds_nothing(project: Path, releases: Path) -> None:
    done = program("build_new_release", f"--src_dir={project}", f"--releases={releases}", "--dryrun")
    assert done.returncode == 0, done.stderr
    assert f"would write file://{releases}/latest_release.json" in done.stdout
    assert not releases.exists()
    assert builds(releases) == 0
