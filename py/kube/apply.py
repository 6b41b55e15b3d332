"""Apply manifests by server-side apply: all of them checked first, then in an order that works."""

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from py.kube import placing
from py.kube.client import message, reporting
from py.kube.manifests import Manifest, ManifestError
from py.kube.wait import Item, until_ready
from py.tools.errors import ClusterError, near

if TYPE_CHECKING:
    from kubernetes.dynamic import DynamicClient, Resource

PATIENCE = 30.0  # seconds for what is only too early
# What the server says of a pod whose account or priority is among the manifests, or is made with a namespace.
DEPENDS = ("error looking up service account", "no PriorityClass with name")
EARLY = ("failed calling webhook", *DEPENDS)
UNTRIED = ("does not support dry run", *EARLY)


class Application:
    """Manifests on their way into a cluster: `check`, then `apply`, then `wait`.

    Nothing is changed before the server has checked all that it can check: only custom resources whose
    definition, and objects whose namespace, are among the manifests must wait until these are there.
    """

    def __init__(
        self,
        client: "DynamicClient",
        manifests: Sequence[Manifest],
        *,
        namespace: str,
        run: str,
        deadline: float,
    ) -> None:
        self.client = client
        self.namespace = namespace
        self.run = run
        self.deadline = deadline
        self._written = [manifest.origin for manifest in manifests]
        self._manifests = placing.ordered(manifests)
        self._items: list[Item] = []
        self._unchecked: set[str] = set()
        self._kinds: dict[tuple[str, str], Resource | None] = {}

    def check(self) -> None:
        """Let the server try all of it without keeping anything; ManifestError holds every mistake."""
        self._unchecked = {m.origin for m in self._try(self._placed())}

    def apply(self) -> None:
        """Make namespaces and definitions, check what needed them, and apply the rest."""
        firsts = [self._apply(m) for m in self._placed() if placing.is_first(m)]
        until_ready(self.client, firsts, run=self.run, deadline=self.deadline)
        self._meet_new_kinds()
        rest = [m for m in self._placed() if not placing.is_first(m)]
        self._try([m for m in rest if m.origin in self._unchecked])
        self._items = [self._apply(m) for m in rest]

    def wait(self) -> None:
        """Wait until everything is ready; ClusterError names what is not, and why."""
        until_ready(self.client, self._items, run=self.run, deadline=self.deadline)

    def _placed(self) -> list[Manifest]:
        """The manifests as they will be applied; ManifestError for kinds that the cluster does not know."""
        coming = placing.defined(self._manifests)
        accounts = placing.accounts(self._manifests)
        placed, mistakes = [], []
        for manifest in self._manifests:
            resource = self._kind(manifest)
            kind = (manifest.api_version, manifest.kind)
            if resource is None and kind not in coming:
                mistakes.append(f"{manifest.origin}: {self._unknown(manifest)}")
                continue
            namespaced = bool(resource.namespaced) if resource else coming[kind]
            placed.append(
                placing.put(
                    manifest, namespaced=namespaced, namespace=self.namespace, run=self.run, accounts=accounts
                )
            )
        if mistakes:
            raise ManifestError(mistakes)
        return placed

    def _meet_new_kinds(self) -> None:
        """Wait until the server serves the kinds that it has just accepted: a moment later."""
        self._kinds.clear()
        coming = placing.defined(self._manifests)
        for manifest in self._manifests:
            while (manifest.api_version, manifest.kind) in coming and not self._kind(manifest):
                if time.monotonic() > self.deadline:
                    raise ClusterError(
                        f"{manifest.origin}: {self._unknown(manifest)}, though its definition is there"
                    )
                time.sleep(0.1)
                self._kinds.clear()

    def _try(self, placed: Sequence[Manifest]) -> list[Manifest]:
        """Let the server try each manifest without keeping it; return those that it cannot try yet."""
        from kubernetes.client import ApiException

        unchecked = []
        mistakes: dict[str, str] = {}
        for manifest in placed:
            if self._kind(manifest) is None or not self._has_namespace(manifest):
                unchecked.append(manifest)
                continue
            try:
                self._send(manifest, dry_run="All")
            except ApiException as error:
                said = message(error)
                if any(sign in said for sign in UNTRIED):
                    unchecked.append(manifest)
                else:
                    mistakes[manifest.origin] = f"{manifest.origin}: {manifest}: {said}"
        if mistakes:
            raise ManifestError([mistakes[origin] for origin in self._written if origin in mistakes])
        return unchecked

    def _apply(self, manifest: Manifest) -> Item:
        from kubernetes.client import ApiException
        from tenacity import retry, retry_if_exception, stop_after_delay, wait_fixed

        def early(error: BaseException) -> bool:
            return isinstance(error, ApiException) and any(sign in message(error) for sign in EARLY)

        patience = min(PATIENCE, max(0.0, self.deadline - time.monotonic()))
        send = retry(
            retry=retry_if_exception(early),
            stop=stop_after_delay(patience),
            wait=wait_fixed(0.5),
            reraise=True,
        )(self._send)
        with reporting(f"{manifest.origin}: {manifest} could not be applied"):
            send(manifest)
        resource = self._kind(manifest)
        assert resource is not None
        return Item(resource, manifest.kind, manifest.namespace, manifest.name)

    def _send(self, manifest: Manifest, dry_run: str | None = None) -> None:
        resource = self._kind(manifest)
        self.client.server_side_apply(  # type: ignore[no-untyped-call]
            resource,
            body=manifest.body,
            name=manifest.name,
            namespace=manifest.namespace or None,
            field_manager=placing.MANAGER,
            force_conflicts=True,
            dry_run=dry_run,
            query_params=[("fieldValidation", "Strict")],
            serialize=False,
        )

    def _has_namespace(self, manifest: Manifest) -> bool:
        from kubernetes.client import ApiException

        if not manifest.namespace:
            return True
        if not any(m.kind == "Namespace" and m.name == manifest.namespace for m in self._manifests):
            return True  # the server will say so if it is not there
        try:
            self.client.request("get", f"/api/v1/namespaces/{manifest.namespace}", serialize=False)
        except ApiException as error:
            if error.status == 404:
                return False
            raise
        return True

    def _kind(self, manifest: Manifest) -> "Resource | None":
        """How the server calls this kind, or None if it does not know it."""
        key = (manifest.api_version, manifest.kind)
        if key not in self._kinds:
            self._kinds[key] = find(self.client, *key)
        return self._kinds[key]

    def _unknown(self, manifest: Manifest) -> str:
        text = f"the cluster knows no {manifest.kind} in {manifest.api_version}"
        served = _served(self.client)
        versions = served.get(manifest.group, [])
        if manifest.api_version in versions:
            return f"{text}; {near(manifest.kind, _kinds(self.client, manifest.api_version), 'it knows')}"
        if versions:
            return f"{text}; it serves {', '.join(versions)}"
        return f"{text}; {near(manifest.group, filter(None, served), 'it has the groups')}"


def find(client: "DynamicClient", api_version: str, kind: str) -> "Resource | None":
    """The resource of a kind, or None where the server has no such kind."""
    from kubernetes.dynamic.exceptions import ResourceNotFoundError

    group, _, version = api_version.rpartition("/")
    where = {"prefix": "apis", "group": group} if group else {"prefix": "api"}
    try:
        found: Resource = client.resources.get(**where, api_version=version, kind=kind)
        return found
    except ResourceNotFoundError:
        return None


def listable(client: "DynamicClient") -> Iterator["Resource"]:
    """Every kind of which the server can list the objects."""
    for resources in client.resources:
        yield from (found for found in resources if "list" in (getattr(found, "verbs", None) or ()))


def _served(client: "DynamicClient") -> dict[str, list[str]]:
    """The versions of each API group that the server has."""
    groups: Any = client.request("get", "/apis").to_dict()["groups"]
    return {"": ["v1"]} | {g["name"]: [v["groupVersion"] for v in g["versions"]] for g in groups}


def _kinds(client: "DynamicClient", api_version: str) -> list[str]:
    path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    listed: Any = client.request("get", path).to_dict()
    return sorted({r["kind"] for r in listed.get("resources", []) if "/" not in r["name"]})
