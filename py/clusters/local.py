"""`local://`: the best place for clusters that this machine, or this pod, has."""

from py.clusters import host, kubeconfig
from py.clusters.base import Cluster
from py.kube.kubeconfig import IN_CLUSTER, is_pod
from py.tools.errors import UsageError


def open_cluster(rest: str, name: str) -> Cluster:
    """A cluster of this machine; what would have to be installed is said when it is made.

    In a pod that has an account it is a namespace of the pod's own cluster: a pod can make no other.
    """
    if rest:
        raise UsageError(f"--cluster=local://{rest}: nothing may follow local://")
    if is_pod():
        return kubeconfig.open_cluster(IN_CLUSTER, name)
    return host.open_cluster("", name)
