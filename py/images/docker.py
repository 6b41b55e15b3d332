"""Build, tag and push images by the `docker` command; every error says what to do next."""

import json
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from py.images.declared import Image
from py.tools import dryrun, process
from py.tools.errors import CommandFailed, Missing, UsageError, WindtunnelError
from py.tools.image_ref import has_registry, repository

EXTRA_FLAGS = "WINDTUNNEL_DOCKER_BUILD_FLAGS"
_REGISTRY = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\])(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?")


def check_registry(registry: str) -> str:
    """The registry without a last slash; UsageError if it cannot be one."""
    plain = registry.rstrip("/")
    if plain and not _REGISTRY.fullmatch(plain):
        raise UsageError(
            f"--registry: {registry!r} is no registry; write HOST, HOST:PORT or HOST/FOLDER, without https://"
        )
    return plain


def check_tag(tag: str) -> str:
    """The tag; UsageError if docker could not take it."""
    if tag and not _TAG.fullmatch(tag):
        raise UsageError(
            f"--tag: {tag!r} is no tag: 128 letters, digits, dots, dashes at most, not dots or dashes first"
        )
    return tag


def build(image: Image, reference: str, labels: dict[str, str]) -> str:
    """Build an image under a name and return its id, `sha256:…`.

    WINDTUNNEL_DOCKER_BUILD_FLAGS in the environment adds flags, as a shell would part them.
    """
    options = [f"--label={key}={value}" for key, value in labels.items() if value]
    options += [f"--target={image.target}"] if image.target else []
    options += [f"--build-arg={name}={value}" for name, value in image.args]
    with _explained(reference):
        process.run(
            [
                "docker",
                "build",
                f"--file={image.dockerfile}",
                f"--tag={reference}",
                *options,
                *extra_flags(),
                image.context,
            ]
        )
        return process.capture(
            ["docker", "image", "inspect", "--format={{.Id}}", reference], placeholder="<digest>"
        )


def extra_flags() -> list[str]:
    """What the environment adds to `docker build`."""
    try:
        return shlex.split(os.environ.get(EXTRA_FLAGS, ""))
    except ValueError as error:
        raise UsageError(f"{EXTRA_FLAGS} cannot be read as a shell would: {error}") from None


def push(references: Sequence[str]) -> list[str]:
    """Push images and return the digest that the registry knows each by, `sha256:…`."""
    digests = []
    for reference in references:
        with _explained(reference):
            process.run(["docker", "push", reference])
            known = process.capture(
                ["docker", "image", "inspect", "--format={{json .RepoDigests}}", reference], placeholder="[]"
            )
        pushed = f"{repository(reference)}@"
        found = [digest.removeprefix(pushed) for digest in json.loads(known) if digest.startswith(pushed)]
        digests.append(found[-1] if found else "<digest>")
    return digests


def retag(references: str, registry: str) -> list[str]:
    """Give local images, named with commas between, their names in a registry; return these.

    A name keeps all of its path, and loses the host it had. Every name is checked before the first is given.
    """
    sources = [reference for reference in references.split(",") if reference]
    if not sources or not registry:
        raise UsageError("push needs --image=NAME:TAG[,NAME:TAG…] and --registry=HOST")
    for source in sources:
        if not _REFERENCE.fullmatch(source) and not (dryrun.enabled and "<" in source):
            raise UsageError(f"--image: {source!r} is no name of a local image; write NAME:TAG")
    targets = [in_registry(source, registry) for source in sources]
    for source, target in zip(sources, targets, strict=True):
        if source != target:
            with _explained(source):
                process.run(["docker", "tag", source, target])
    return targets


def in_registry(reference: str, registry: str) -> str:
    """What an image is called in a registry."""
    if reference.startswith(f"{registry}/"):
        return reference
    return f"{registry}/{reference.partition('/')[2] if has_registry(reference) else reference}"


@contextmanager
def _explained(reference: str) -> Iterator[None]:
    """Turn docker's usual failures into one line that says what to do."""
    try:
        yield
    except Missing as error:
        raise Missing(f"{error}; install Docker, or run this where it is") from None
    except CommandFailed as error:
        for kind, pattern, text in _CAUSES:
            if found := re.search(pattern, error.result.tail, re.IGNORECASE):
                raise kind(text.format(image=reference, said=found[0])) from None
        raise


_CAUSES: list[tuple[type[WindtunnelError], str, str]] = [
    (
        Missing,
        r"Cannot connect to the Docker daemon|docker daemon is not running|error during connect",
        "Docker is installed but does not run; start it, or point DOCKER_HOST at one that does",
    ),
    (
        Missing,
        r"permission denied while trying to connect",
        "this user may not talk to Docker; add it to the group docker, or run as root",
    ),
    (
        WindtunnelError,
        r"No such image|image does not exist|does not exist locally",
        "there is no local image {image}; build it first",
    ),
    (
        WindtunnelError,
        r"no basic auth credentials|unauthorized|authentication required|access to the resource is denied",
        "the registry does not let us push {image} ({said}); log in by `docker login`",
    ),
    (
        WindtunnelError,
        r"server gave HTTP response to HTTPS client",
        "the registry of {image} speaks plain HTTP; add it to insecure-registries in Docker's daemon.json",
    ),
    (
        WindtunnelError,
        r"connection refused|no such host|i/o timeout|Client\.Timeout",
        "a registry that {image} needs cannot be reached ({said}); check --registry and the network",
    ),
    (
        WindtunnelError,
        r"no space left on device",
        "the disk is full, so {image} was not made; `docker system prune` makes room",
    ),
]
