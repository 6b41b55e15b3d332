"""Binary: clone, build and push the code under test."""

import time
from pathlib import Path
from typing import TypedDict

from py.tools import cli, dryrun, outputs
from py.tools.errors import UsageError


class Cloned(TypedDict):
    """What `clone` gives."""

    src_dir: str
    commit: str


class Built(TypedDict):
    """What `build` and `push` give: comma-separated, in the order in which the images are declared."""

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
        same merge: `commit` is the sha of what is checked out. Writes clone-records.json into ARTIFACTS.

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
        from py.sources import folder, records, repository, sample
        from py.sources import refs as references
        from py.sources.clone import clone
        from py.sources.git import Git

        wanted = references.parse(refs, pull=pull, commit=commit, base_commit=base_commit, branch=branch)
        if not repo and not owner and name == sample.NAME:
            repo = sample.repository(outputs.workspace())
        source = repository.locate(repo, owner, name)
        target = Path(src_dir or outputs.workspace() / "src").absolute()
        began = time.monotonic()
        found = ""
        with folder.hold(target) as held:
            git = Git(target, source)
            try:
                found, wanted = clone(git, source, wanted, held)
            finally:
                record = outputs.artifacts() / records.NAME
                if not dryrun.would(f"write {record}"):
                    records.write(record, source, wanted, git.done, found, time.monotonic() - began)
        return {"src_dir": str(target), "commit": found}

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

        source = Path(src_dir).absolute()
        if not source.is_dir():
            raise UsageError(f"--src_dir: there is no folder {source}; clone first")
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

    def push(self, *, image: str, registry: str) -> Built:
        """Push local images to a registry, under their own names and tags.

        Args:
            image: Images, with commas between; a host in front of a name is replaced by the registry.
            registry: HOST[:PORT][/FOLDER] to push to.
        """
        from py.images import docker

        names = docker.retag(image, docker.check_registry(registry))
        return {"image": ",".join(names), "digest": ",".join(docker.push(names))}


if __name__ == "__main__":
    cli.main(Release)
