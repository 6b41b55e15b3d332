"""`host://`: real Kubernetes as processes of this Linux machine, one box of namespaces per cluster."""

from py.clusters.host.cluster import HostCluster
from py.tools.errors import UsageError

__all__ = ["HostCluster", "open_cluster"]


def open_cluster(rest: str, name: str) -> HostCluster:
    """A cluster of this machine; nothing may follow `host://`."""
    if rest:
        raise UsageError(f"--cluster=host://{rest}: nothing may follow host://")
    return HostCluster(name)
