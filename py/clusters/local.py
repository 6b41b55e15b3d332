"""`local://`: the best place for clusters that this machine has."""

from py.clusters import host
from py.clusters.base import Cluster
from py.tools.errors import UsageError


def open_cluster(rest: str, name: str) -> Cluster:
    """A cluster of this machine; what would have to be installed is said when it is made."""
    if rest:
        raise UsageError(f"--cluster=local://{rest}: nothing may follow local://")
    return host.open_cluster("", name)
