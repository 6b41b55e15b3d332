"""An object to wait for, and the list of the API in which it is seen."""

from typing import NamedTuple

from py.kube import placing
from py.kube.client import Resource


class Source(NamedTuple):
    """A list to watch, narrowed to what is ours."""

    path: str
    labels: str = ""
    fields: str = ""


class Item(NamedTuple):
    """An object to wait for."""

    resource: Resource
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    def source(self, run: str) -> Source:
        """The list in which it appears. What belongs to no namespace may not bear the run's label."""
        namespace = self.namespace or None
        path = str(self.resource.path(namespace=namespace))
        if namespace:
            return Source(path, labels=f"{placing.RUN}={run}")
        return Source(path, fields=f"metadata.name={self.name}")
