"""Binary: make a cluster, put the system under test into it, keep its logs, and remove it.

    python -m py.deploy create_cluster --cluster=host:// --name=my-run
    python -m py.deploy setup --cluster=host:// --name=my-run --src_dir=.
    python -m py.deploy dump_logs --cluster=host:// --name=my-run
    python -m py.deploy teardown --cluster=host:// --name=my-run

Every command may be run again: it finds what is there and does the rest.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from py.clusters import Cluster, open_cluster
from py.clusters.evidence import keep_evidence
from py.tools import cli, dryrun, outputs
from py.tools.errors import ClusterError, UsageError
from py.tools.image_ref import has_registry

if TYPE_CHECKING:
    from py.kube.manifests import Manifest

EVIDENCE = "cluster"  # the folder of ARTIFACTS for what the cluster knows
BRIEF = 20.0  # seconds that a teardown spends on it


class Created(TypedDict):
    """What create_cluster gives to later steps."""

    kubeconfig: str


class Deploy:
    """Make a cluster, put the system under test into it, keep its logs, and remove it."""

    def create_cluster(self, *, cluster: str, name: str) -> Created:
        """Make the cluster NAME, or find it, and return when its API answers and a node is ready.

        A half-made cluster is made anew. Output: kubeconfig, the file with which clients reach it.

        Args:
            cluster: The place: host://, kubeconfig://PATH?context=NAME (a namespace of somebody's cluster) or
                local:// (the best of this machine).
            name: What it is called, computed from the run: a DNS label, up to 63 of a-z, 0-9 and -.
        """
        target = open_cluster(cluster, name)
        if _would(target.describe("create")):
            return Created(kubeconfig="<kubeconfig>")
        began = time.monotonic()
        target.create()
        path = target.kubeconfig()
        print(f"{cluster} has {name} ready after {time.monotonic() - began:.1f} s; to reach it:")
        print(f"  export KUBECONFIG={path}", flush=True)
        return Created(kubeconfig=str(path))

    def setup(
        self,
        *,
        cluster: str,
        name: str,
        src_dir: str,
        manifests: str = "manifests",
        image: str = "",
        timeout: int = 300,
    ) -> None:
        """Apply the manifests of the system under test and wait until all of it is ready.

        All manifests are checked by the server first: with a mistake in one, none is applied. They are
        applied server-side, namespaces and custom resource definitions first. What is not ready in time, or
        cannot become ready, is named with its reason, last events and last log lines.

        Args:
            cluster: The place of the cluster, as in create_cluster.
            name: The cluster's name.
            src_dir: The source of the system under test.
            manifests: A folder of *.yaml, *.yml and *.json, or one such file, in src_dir.
            image: Built images, separated by commas, put into every container that names their repository,
                or its last part. An image without a registry is loaded into the cluster first.
            timeout: Seconds for all of it.
        """
        from py.kube import images
        from py.kube.manifests import read

        target = open_cluster(cluster, name)
        if timeout <= 0:
            raise UsageError(f"--timeout wants seconds above 0, not {timeout}")
        refs = [ref.strip() for ref in image.split(",") if ref.strip()]
        loads = [ref for ref in refs if not has_registry(ref)]
        path = Path(src_dir) / manifests
        if dryrun.enabled and not Path(src_dir).is_dir():
            _would([*_loading(target, loads), f"apply the objects of {path}"])
            return
        wanted = images.put(read(path), refs, loads)
        if _would([*_loading(target, loads), *(f"apply {m} ({m.origin})" for m in wanted)]):
            dryrun.would(f"wait up to {timeout} s until all of it is ready")
            return
        _deploy(target, wanted, loads, time.monotonic() + timeout)

    def dump_logs(self, *, cluster: str, name: str, timeout: int = 60) -> None:
        """Keep what the cluster knows in ARTIFACTS/cluster: pods, logs, events, nodes, the run's objects.

        What cannot be had is named and fails nothing; neither does a cluster that is not there.

        Args:
            cluster: The place of the cluster, as in create_cluster.
            name: The cluster's name.
            timeout: Seconds for all of it; what is not had by then is left out.
        """
        target = open_cluster(cluster, name)
        if not dryrun.would(f"write what {name} at {cluster} knows to {outputs.artifacts() / EVIDENCE}"):
            keep_evidence(target, outputs.artifacts() / EVIDENCE, float(timeout))

    def teardown(self, *, cluster: str, name: str, evidence: bool = True) -> None:
        """Remove the cluster, or what there is of it; fail if something remains.

        Args:
            cluster: The place of the cluster, as in create_cluster.
            name: The cluster's name.
            evidence: Keep its logs first, as dump_logs does, for 20 seconds at most.
        """
        target = open_cluster(cluster, name)
        if evidence:
            dryrun.would(f"write what {name} at {cluster} knows to {outputs.artifacts() / EVIDENCE}")
        if _would(target.describe("delete")):
            return
        if evidence:
            keep_evidence(target, outputs.artifacts() / EVIDENCE, BRIEF)
        began = time.monotonic()
        target.delete()
        if target.exists():
            raise ClusterError(f"{name} at {cluster} is still there after it was deleted; run teardown again")
        print(f"{name} at {cluster} is gone ({time.monotonic() - began:.1f} s)", flush=True)


def _would(deeds: Sequence[str]) -> bool:
    for deed in deeds:
        dryrun.would(deed)
    return dryrun.enabled


def _loading(target: Cluster, refs: Sequence[str]) -> list[str]:
    return [f"{line} ({ref})" for ref in refs for line in target.describe("load")]


def _deploy(target: Cluster, wanted: "Sequence[Manifest]", loads: Sequence[str], deadline: float) -> None:
    """Load images while the server checks the manifests; apply nothing unless both went well."""
    from concurrent.futures import ThreadPoolExecutor

    from py.kube.apply import Application
    from py.kube.client import dynamic

    began = time.monotonic()
    client = dynamic(target.kubeconfig())
    application = Application(
        client,
        wanted,
        namespace=target.namespace,
        run=target.name,
        deadline=deadline,
        shared=target.shared,
    )
    with ThreadPoolExecutor(1) as side:
        loading = [side.submit(target.load, ref) for ref in loads]
        application.check()
        print(f"the server accepts {len(wanted)} objects", flush=True)
        for done in loading:
            done.result()
    application.apply()
    application.wait()
    print(f"{len(wanted)} objects are applied and ready after {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    cli.main(Deploy)
