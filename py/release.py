"""Binary: clone, build and push the code under test."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from py.tools import cli, dryrun, outputs
from py.tools.errors import StoreError, UsageError

if TYPE_CHECKING:
    from py.results import records


class Cloned(TypedDict):
    """What `clone` gives."""

    src_dir: str
    commit: str


class Built(TypedDict):
    """What `build` and `push` give: comma-separated, in the order in which the images are declared."""

    image: str
    digest: str


class Green(TypedDict):
    """What `latest_green` gives."""

    commit: str
    build: str


class NewRelease(TypedDict):
    """What `build_new_release` gives: the release that is the newest now, built here or before."""

    commit: str
    image: str
    digest: str


class Release:
    """Get the code under test, build its images and push them."""

    def clone(
        self,
        *,
        repo: str = "",
        owner: str = "",
        name: str = "",
        refs: str = "",
        pull: str = "",
        commit: str = "",
        branch: str = "",
        base_commit: str = "",
        src_dir: str = "",
    ) -> Cloned:
        """Check out a commit, or pull requests merged onto a base as Prow's clonerefs does.

        Cloning twice into the same folder gives the same, and the same pull requests on the same base the
        same merge: `commit` is the sha of what is checked out. Writes clone-records.json and change.json
        into ARTIFACTS.

        Args:
            repo: A URL, a path (/… or ./…), or OWNER/NAME at github.com.
            owner: Owner at github.com, where there is no --repo.
            name: Repository of that owner; tf_operator without an owner is the bundled sample.
            refs: All of what to check out, as Prow's PULL_REFS: main:SHA,12:SHA,15:SHA.
            pull: Pull requests to merge onto the base, in this order: 12 or 12:SHA,15:SHA.
            commit: Head of the one pull request; without --pull the commit to check out.
            branch: Branch or tag to check out or to merge onto; empty: the default branch.
            base_commit: Commit of that branch; empty: its newest.
            src_dir: Folder to make, or to put right if clone made it; empty: src in WORKSPACE.
        """
        from py.sources import change, folder, records, repository, sample
        from py.sources import refs as references
        from py.sources.clone import clone
        from py.sources.git import Git

        wanted = references.parse(refs, pull=pull, commit=commit, base_commit=base_commit, branch=branch)
        if not repo and not owner and name == sample.NAME:
            repo = sample.repository(outputs.workspace())
        source = repository.locate(repo, owner, name)
        target = Path(src_dir or outputs.workspace() / "src").absolute()
        began = time.monotonic()
        checkout = None
        with folder.hold(target) as held:
            git = Git(target, source)
            try:
                checkout = clone(git, source, wanted, held)
            finally:
                found, made_of = checkout or ("", wanted)
                record = outputs.artifacts() / records.NAME
                if not dryrun.would(f"write {record}"):
                    records.write(record, source, made_of, git.done, found, time.monotonic() - began)
            changed = outputs.artifacts() / change.NAME
            if not dryrun.would(f"write {changed}"):
                change.write(changed, git, checkout)
        return {"src_dir": str(target), "commit": checkout.commit}

    def build(self, *, src_dir: str, registry: str = "", tag: str = "") -> Built:
        """Build the images that a checkout declares in build.yaml, or the one of its Dockerfile.

        The tag is vYYYYMMDD-COMMIT, with the day of the commit (not today), so that the same commit has the
        same tag; changed or untracked files add -dirty-HASH. `digest` is the registry's, or the image's id
        where nothing is pushed. WINDTUNNEL_DOCKER_BUILD_FLAGS adds flags to `docker build`.

        Args:
            src_dir: The checkout.
            registry: HOST[:PORT][/FOLDER] to push to once all are built; empty: keep the images here.
            tag: Tag of the images, instead of one made from the commit.
        """
        from py.images import declared, docker
        from py.sources import version

        source = _checkout(src_dir)
        prefix = f"{host}/" if (host := docker.check_registry(registry)) else ""
        docker.check_tag(tag)
        docker.extra_flags()
        images = declared.images(source, version.name)
        built = version.of(source, tag)
        names = [f"{prefix}{image.name}:{built.tag}" for image in images]
        labels = {
            "org.opencontainers.image.revision": built.revision,
            # A folder of this machine says nothing elsewhere, and would make each run's image another one.
            "org.opencontainers.image.source": "" if built.source.startswith("file:") else built.source,
            "org.opencontainers.image.version": built.tag,
        }
        ids = [docker.build(image, name, labels) for image, name in zip(images, names, strict=True)]
        return {"image": ",".join(names), "digest": ",".join(docker.push(names) if host else ids)}

    def latest_green(self, *, job: str, results: str = "") -> Green:
        """Find the commit of a job's newest green run, as postsubmit or periodic.

        Args:
            job: Name of the job, which is the pipeline's.
            results: Store with the runs, such as gs://BUCKET; empty: WINDTUNNEL_RESULTS.
        """
        from py.artifacts import open_store
        from py.results import records

        url = results or os.environ.get("WINDTUNNEL_RESULTS", "")
        if not url:
            raise UsageError("latest_green needs --results=URL: the store with the runs")
        store = open_store(url)
        if dryrun.would(f"read {store.url}/{records.green_file(job)}"):
            return {"commit": "<commit>", "build": "<build>"}
        found = records.read_green(store, job)
        return {"commit": found.commit, "build": found.build}

    def build_new_release(
        self, *, src_dir: str, releases: str, registry: str = "", tag: str = ""
    ) -> NewRelease:
        """Build the images of a checkout, and push them, if its commit is not the newest release yet.

        The newest release is in latest_release.json, with its commit and images. It is written once all is
        built and pushed, and only if nobody else has written it meanwhile.

        Args:
            src_dir: The checkout, without changes.
            releases: Store with the record, such as gs://BUCKET/FOLDER.
            registry: HOST[:PORT][/FOLDER] to push to once all are built; empty: keep the images here.
            tag: Tag of the images, instead of one made from the commit.
        """
        from py.artifacts import open_store
        from py.results import records
        from py.sources import version

        commit = version.clean(_checkout(src_dir))
        store = open_store(releases)
        record = f"{store.url}/{records.RELEASE}"
        newest = records.Released() if dryrun.would(f"read {record}") else records.read_release(store)
        if newest.commit == commit:
            print(f"{commit[:10]} is the newest release already: {newest.target}")
            return _released(newest)
        if not dryrun.enabled:
            store.check()  # before an hour is spent on what could not be noted
        built = self.build(src_dir=src_dir, registry=registry, tag=tag)
        ours = records.Released(commit, built["image"], built["digest"], newest.version)
        if dryrun.would(f"write {record}"):
            return _released(ours)
        if records.write_release(store, ours):
            print(f"released {commit[:10]}: {ours.target}")
            return _released(ours)
        theirs = records.read_release(store)
        if theirs.commit != commit:
            raise StoreError(
                f"{commit[:10]} is built, but not the newest release: meanwhile somebody has released "
                f"{theirs.commit[:10]} ({record}); release again if it should be"
            )
        print(f"somebody else has released {commit[:10]} meanwhile: {theirs.target}")
        return _released(theirs)

    def push(self, *, image: str, registry: str) -> Built:
        """Push local images to a registry, under their own names and tags.

        Args:
            image: Images, with commas between; a host in front of a name is replaced by the registry.
            registry: HOST[:PORT][/FOLDER] to push to.
        """
        from py.images import docker

        names = docker.retag(image, docker.check_registry(registry))
        return {"image": ",".join(names), "digest": ",".join(docker.push(names))}


def _checkout(src_dir: str) -> Path:
    source = Path(src_dir).absolute()
    if not source.is_dir():
        raise UsageError(f"--src_dir: there is no folder {source}; clone first")
    return source


def _released(release: "records.Released") -> NewRelease:
    return {"commit": release.commit, "image": release.target, "digest": release.digest}


if __name__ == "__main__":
    cli.main(Release)
