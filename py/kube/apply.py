"""Apply manifests by server-side apply: all of them checked first, then in an order that works."""

import time
from collections.abc import Sequence

from py.kube import kinds, placing, sharing
from py.kube.client import Client, Resource, message, reporting
from py.kube.item import Item
from py.kube.manifests import Manifest, ManifestError
from py.kube.wait import until_ready
from py.tools.errors import ClusterError

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
        client: Client,
        manifests: Sequence[Manifest],
        *,
        namespace: str,
        run: str,
        deadline: float,
        shared: bool = False,
    ) -> None:
        """Get ready to apply `manifests` for `run`; `shared` says that others use the cluster as well."""
        self.client = client
        self.namespace = namespace
        self.run = run
        self.deadline = deadline
        self._written = [manifest.origin for manifest in manifests]
        self._manifests = placing.ordered(placing.own_roles(manifests, run) if shared else manifests)
        self._shared = shared
        self._foreign: set[str] = set()  # what is there, is not ours and is used as it is
        self._items: list[Item] = []
        self._unchecked: set[str] = set()
        self._kinds: dict[tuple[str, str], Resource] = {}

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
                mistakes.append(f"{manifest.origin}: {kinds.unknown(self.client, manifest)}")
                continue
            if self._shared and (why := sharing.elsewhere(manifest, self.namespace)):
                mistakes.append(f"{manifest.origin}: {why}")
                continue
            namespaced = bool(resource.namespaced) if resource else coming[kind]
            common = self._shared and not namespaced
            placed.append(
                placing.put(
                    manifest,
                    namespaced=namespaced,
                    namespace=self.namespace,
                    marks=sharing.labels(self.run) if common else placing.labels(self.run),
                    accounts=accounts,
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
                    why = kinds.unknown(self.client, manifest)
                    raise ClusterError(f"{manifest.origin}: {why}, though its definition is there")
                time.sleep(0.1)
                self._kinds.clear()

    def _try(self, placed: Sequence[Manifest]) -> list[Manifest]:
        """Let the server try each manifest without keeping it; return those that it cannot try yet."""
        from kubernetes.client import ApiException

        unchecked = []
        # Who may not give everything away is asked what a role allows, and it is not there yet.
        coming = {(manifest.kind, manifest.name) for manifest in self._manifests}
        mistakes: dict[str, str] = {}
        for manifest in placed:
            if self._kind(manifest) is None or not self._has_namespace(manifest):
                unchecked.append(manifest)
                continue
            try:
                why = self._differs(manifest)
                if manifest.origin not in self._foreign:
                    self._send(manifest, dry_run="All")
                elif why:
                    mistakes[manifest.origin] = f"{manifest.origin}: {manifest}: {why}"
            except ApiException as error:
                said = message(error)
                unbound = error.status == 404 and placing.role_of(manifest) in coming
                if unbound or any(sign in said for sign in UNTRIED):
                    unchecked.append(manifest)
                else:
                    mistakes[manifest.origin] = f"{manifest.origin}: {manifest}: {said}"
        if mistakes:
            raise ManifestError([mistakes[origin] for origin in self._written if origin in mistakes])
        return unchecked

    def _differs(self, manifest: Manifest) -> str:
        """Note that an object is somebody else's, and say why it cannot be used as it is, if so."""
        resource = self._kind(manifest)
        if not self._shared or manifest.namespace or not sharing.is_foreign(self.client, resource, manifest):
            return ""
        self._foreign.add(manifest.origin)
        return sharing.difference(self.client, resource, manifest, self.run)

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
            if manifest.origin not in self._foreign:
                send(manifest)
        resource = self._kind(manifest)
        assert resource is not None
        return Item(resource, manifest.kind, manifest.namespace, manifest.name)

    def _send(self, manifest: Manifest, dry_run: str | None = None) -> None:
        resource = self._kind(manifest)
        common = self._shared and not manifest.namespace
        self.client.server_side_apply(
            resource,
            body=manifest.body,
            name=manifest.name,
            namespace=manifest.namespace or None,
            field_manager=sharing.manager(self.run) if common else placing.MANAGER,
            force_conflicts=not common,
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

    def _kind(self, manifest: Manifest) -> Resource:
        """How the server calls this kind, or None if it does not know it."""
        key = (manifest.api_version, manifest.kind)
        if key not in self._kinds:
            self._kinds[key] = kinds.find(self.client, *key)
        return self._kinds[key]
