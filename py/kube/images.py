"""Put built images into manifests, as kustomize does: by repository, whatever tag the manifest names."""

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from typing import Any

from py.kube.manifests import Manifest
from py.tools.errors import UsageError, near
from py.tools.image_ref import repository

CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def put(manifests: Sequence[Manifest], refs: Iterable[str], loaded: Iterable[str] = ()) -> list[Manifest]:
    """The manifests with each of `refs` in every container that names its repository.

    A container matches the ref of the same repository, else the only one with the same last part. Containers
    of custom resources count. Those with a ref of `loaded` are not pulled when they are on the node already.
    UsageError for a ref that matches nothing, or for a container that matches two.
    """
    built = list(dict.fromkeys(refs))
    at_hand = set(loaded)
    used: set[str] = set()
    changed = [Manifest(deepcopy(m.body), m.origin) for m in manifests]
    for manifest in changed:
        for container in containers(manifest.body):
            ref = _match(container["image"], built, manifest)
            if ref:
                used.add(ref)
                container["image"] = ref
                if ref in at_hand:
                    container["imagePullPolicy"] = "IfNotPresent"
    names = {repository(c["image"]) for m in manifests for c in containers(m.body)}
    for ref in built:
        if ref not in used:
            wanted = repository(ref)
            known = near(wanted, sorted(names), "they have")
            raise UsageError(f"--image={ref}: no container has an image {wanted!r}; {known}")
    return changed


def containers(value: Any) -> Iterator[dict[str, Any]]:
    """Every container with an image, wherever in an object it is."""
    if isinstance(value, list):
        for item in value:
            yield from containers(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in CONTAINERS and isinstance(item, list):
                yield from (c for c in item if isinstance(c, dict) and isinstance(c.get("image"), str))
            else:
                yield from containers(item)


def _match(image: str, refs: Sequence[str], manifest: Manifest) -> str:
    wanted = repository(image)
    same = [ref for ref in refs if repository(ref) == wanted]
    same = same or [ref for ref in refs if _last(ref) == _last(image)]
    if len(same) > 1:
        raise UsageError(
            f"{manifest.origin}: {manifest} has image {image}, which is any of --image={','.join(same)}"
        )
    return same[0] if same else ""


def _last(ref: str) -> str:
    return repository(ref).rpartition("/")[2]
