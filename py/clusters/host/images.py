"""Bring an image from this machine's Docker into a cluster's containerd."""

from py.clusters.host import config
from py.tools import process
from py.tools.errors import ClusterError, CommandFailed
from py.tools.image_ref import has_registry, repository


def load(image: str, first_process: int) -> None:
    """Import an image unless the node has it under that name."""
    try:
        wanted = process.capture(["docker", "image", "inspect", "--format={{.Id}}", image])
    except CommandFailed as error:
        raise ClusterError(f"image {image} is not in this machine's Docker: {error.result.tail}") from None
    # A box's files are seen through its first process: its socket needs no other way in, and its programs
    # are those that it was made with.
    box = f"/proc/{first_process}/root"
    ctr = [f"{box}{config.BIN}/ctr", f"--address={box}{config.SOCKET}", "--namespace=k8s.io"]
    if _has(_images(ctr), full_name(image), wanted):
        print(f"{image} is in the cluster already", flush=True)
        return
    pipe = 'docker save "$1" | "${@:2}" images import --local -'
    process.run(["bash", "-euo", "pipefail", "-c", pipe, "load", image, *ctr])


def _images(ctr: list[str]) -> dict[str, str]:
    """The images of the node: name to digest."""
    rows = [line.split() for line in process.capture([*ctr, "images", "ls"]).splitlines()[1:]]
    return {name: digest for name, _, digest, *_ in rows}


def _has(images: dict[str, str], name: str, wanted: str) -> bool:
    """Docker's id of an image is its config's digest, or its manifest's where containerd keeps its images.

    Kubernetes' part of containerd also lists each image under the digest of its config.
    """
    return name in images and images[name] in (wanted, images.get(wanted))


def full_name(image: str) -> str:
    """An image's name with its registry and its tag, as containerd keeps it."""
    tagged = f"{image}:latest" if image == repository(image) else image
    if has_registry(image):
        return tagged
    return f"docker.io/{tagged}" if "/" in image else f"docker.io/library/{tagged}"
