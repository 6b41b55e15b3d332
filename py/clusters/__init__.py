"""Where clusters come from: a place is a URL, and its scheme picks the module that opens it.

A new place is a module with `open_cluster(rest, name)`, a line in PLACES and a test.
"""

from importlib import import_module

from py.clusters.base import Cluster
from py.tools.errors import Missing, UsageError, near
from py.tools.names import is_dns_label

PLACES = {
    "host": "py.clusters.host",  # real Kubernetes as processes of this Linux machine
    "kubeconfig": "py.clusters.kubeconfig",  # somebody's cluster: a namespace in it
    "local": "py.clusters.local",  # the best of this machine
}
LATER = ("kind", "gke")  # reserved, not built yet

__all__ = ["PLACES", "Cluster", "open_cluster"]


def open_cluster(place: str, name: str) -> Cluster:
    """The cluster `name` at a place such as `host://` or `kubeconfig://PATH`; nothing is made yet.

    UsageError for a place that there is not, and for a name that is no DNS label.
    """
    if not is_dns_label(name):
        raise UsageError(
            f"--name={name} is no DNS label: up to 63 of a-z, 0-9 and -, a letter or digit at each end"
        )
    scheme, separator, rest = place.partition("://")
    if scheme in LATER and separator:
        raise Missing(f"--cluster={place}: {scheme}:// is not built yet; use local://, host:// or kubeconfig://PATH")
    if not separator or scheme not in PLACES:
        places = [f"{known}://" for known in PLACES]
        raise UsageError(f"--cluster={place} is no place for clusters; {near(place, places, 'places')}")
    return import_module(PLACES[scheme]).open_cluster(rest, name)  # type: ignore[no-any-return]
