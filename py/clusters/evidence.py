"""Keep what a cluster knows, as its own programs and its API tell it, for as long as there is time."""

import threading
import time
from pathlib import Path

from py.clusters.base import Cluster
from py.tools.errors import Mistake, WindtunnelError


def keep_evidence(target: Cluster, folder: Path, seconds: float) -> None:
    """Write what the cluster knows into `folder`; whatever goes wrong is printed and fails nothing."""
    deadline = time.monotonic() + seconds
    try:
        if not target.exists():
            print(f"there is no {target.name}: no logs to keep", flush=True)
            return
        folder.mkdir(parents=True, exist_ok=True)
        lacking = _from_both(target, folder, deadline)
        print(f"logs are in {folder}", flush=True)
    except Mistake:
        raise
    except (WindtunnelError, OSError) as error:
        lacking = [str(error)]
    if lacking:
        print("could not keep:\n  " + "\n  ".join(lacking), flush=True)


def _from_both(target: Cluster, folder: Path, deadline: float) -> list[str]:
    """Ask the cluster's own programs and its API at once: either may be silent."""
    lacking: list[str] = []

    def own() -> None:
        try:
            target.dump_logs(folder)
        except Exception as error:
            lacking.append(f"the cluster's own logs: {error}")

    def api() -> None:
        from py.kube.client import dynamic
        from py.kube.evidence import dump

        try:
            client = dynamic(target.kubeconfig())
            namespace = target.namespace if target.shared else None
            lacking.extend(dump(client, folder, run=target.name, namespace=namespace, deadline=deadline))
        except Exception as error:
            lacking.append(f"what the API knows: {error}")

    parts = [threading.Thread(target=part, daemon=True) for part in (own, api)]
    for part in parts:
        part.start()
    for part in parts:
        part.join(max(0.0, deadline - time.monotonic()))
    slow = ["time was up before all was written"] if any(part.is_alive() for part in parts) else []
    return [*lacking, *slow]
