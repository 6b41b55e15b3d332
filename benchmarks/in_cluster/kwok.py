"""Nodes that nobody has to own: kwok says of them, and of their pods, what kubelets would say."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measure import NotMeasured, progress
from py.tools import folders

MODULE, VERSION = "sigs.k8s.io/kwok", "v0.8.0"
STAGES = (
    "node/fast/node-initialize.yaml", "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml", "pod/fast/pod-delete.yaml",
)  # fmt: skip
MARK = {"kwok.x-k8s.io/node": "fake"}
LABEL = {"type": "kwok"}
TAINT = {"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}
ROOM = {"cpu": "64", "memory": "256Gi", "pods": "110"}  # of each node; 110 is what a kubelet takes


def nodes(count: int) -> list[dict[str, Any]]:
    """So many of them, which only pods come onto that say so."""
    return [
        {
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": f"kwok-{number}", "labels": LABEL, "annotations": MARK},
            "spec": {"taints": [TAINT]},
            "status": {"capacity": ROOM, "allocatable": ROOM},
        }
        for number in range(count)
    ]  # fmt: skip


def there(pod: dict[str, Any]) -> dict[str, Any]:
    """A worker's pod, as it is on such a node: the volume of files is on another one."""
    spec = pod["spec"]
    spec |= {"nodeSelector": LABEL, "tolerations": [TAINT]}
    spec["volumes"] = [each for each in spec["volumes"] if each["name"] != "files"]
    for container in spec["containers"]:
        container["volumeMounts"] = [each for each in container["volumeMounts"] if each["name"] != "files"]
    return pod


@contextmanager
def simulating(env: Mapping[str, str], log: Path) -> Iterator[int]:
    """Kwok runs, for the cluster of $KUBECONFIG; its process."""
    folder = _built()
    (mark,) = MARK.items()
    argv = [
        str(folder / "kwok"), f"--kubeconfig={env['KUBECONFIG']}", f"--config={folder / 'stages.yaml'}",
        f"--manage-nodes-with-annotation-selector={mark[0]}={mark[1]}", "--node-lease-duration-seconds=40",
    ]  # fmt: skip
    with log.open("wb") as said:
        child = subprocess.Popen(argv, env=dict(env), stdout=said, stderr=said)
    try:
        yield child.pid
    finally:
        child.terminate()
        child.wait()


def _built() -> Path:
    """The folder with kwok, built from its Go module when first needed (some minutes), and its own stages."""
    folder = folders.cache() / "bench" / f"kwok-{VERSION}"
    stages = folder / "stages.yaml"
    if not stages.exists():
        progress(f"building {MODULE} {VERSION}, once\n")
        _go("install", "-trimpath", "-ldflags=-s -w", f"{MODULE}/cmd/kwok@{VERSION}", into=folder)
        told = json.loads(_go("mod", "download", "-json", f"{MODULE}@{VERSION}", into=folder))
        stages.write_text(
            "---\n".join(Path(told["Dir"], "kustomize/stage", each).read_text() for each in STAGES)
        )
    return folder


def _go(*words: str, into: Path) -> str:
    places = (os.environ["PATH"], "/usr/local/go/bin", str(folders.cache() / "go/bin"))
    go = shutil.which("go", path=os.pathsep.join(places))  # where scripts/setup looks, too
    if not go:
        raise NotMeasured("there is no Go: run scripts/setup go")
    env = os.environ | {"CGO_ENABLED": "0", "GOBIN": str(into)}
    done = subprocess.run([go, *words], env=env, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise NotMeasured(f"go {' '.join(words)} ended with {done.returncode}")
    return done.stdout
