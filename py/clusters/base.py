"""What a place does for a cluster: the whole vocabulary, so that a new place is one module."""

from pathlib import Path
from typing import Protocol


class Cluster(Protocol):
    """One cluster, known by its name, at one place. The name is computed from the run and never stored."""

    name: str
    namespace: str
    """Where manifests that name no namespace go."""
    shared: bool
    """Whether others use the cluster as well, so that only its namespace is ours."""

    def create(self) -> None:
        """Find it or make it; return when its API answers and a node is ready. A half is made anew."""

    def exists(self) -> bool:
        """Whether it, or a half of it, is there."""

    def kubeconfig(self) -> Path:
        """The file with which clients reach it; ClusterError if it is not there."""

    def load(self, image: str) -> None:
        """Make an image of this machine's Docker usable by its nodes."""

    def dump_logs(self, folder: Path) -> None:
        """Put what the cluster itself logged into `folder`."""

    def delete(self) -> None:
        """Remove all of it, also a half; a cluster that is not there is already deleted."""

    def describe(self, verb: str) -> list[str]:
        """What create, load or delete would do, for a dry run; starts nothing."""
