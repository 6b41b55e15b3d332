"""The manifests as they are rendered, and what a linter has to say of them.

python -m tests.deployment.manifests     no output, and exit code 0: there is nothing to find
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from py.clusters.host import programs
from py.tools import folders
from py.tools.folders import ROOT

SETTINGS = ROOT / "deploy/kube-score.yaml"
LAST = "deploy/kubernetes_executor"  # it changes what the others bring
WRITTEN = "registry.example/windtunnel:v20260101-0123456"
_SECRET = re.compile(
    "TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY|FERNET_KEY|PRIVATE_KEY|CREDENTIAL|CONN$", re.IGNORECASE
)
_IN_URL = re.compile(r"://[^\s/:@]*:[^\s/@]+@")
_PEM = re.compile("-----BEGIN [A-Z ]*PRIVATE KEY")


def kubectl() -> str:
    """kubectl: that of `host://` clusters, or the machine's own."""
    ours = programs.folder() / "kubectl"
    return str(ours) if ours.exists() else shutil.which("kubectl") or str(ours)


def program(name: str) -> str:
    """A linter's program: the machine's own, or the one that `scripts/setup manifests` has built."""
    return shutil.which(name) or str(folders.cache() / "manifests" / name)


def components() -> list[str]:
    """Every component; one within another goes with it."""
    found = [str(file.parent.relative_to(ROOT)) for file in ROOT.glob("deploy/**/kustomization.yaml")]
    return sorted(found, key=lambda name: (name.startswith(LAST), name))


def alone(component: str) -> list[str]:
    """What to name to have a component: the one that it is within, too."""
    parent = str(Path(component).parent)
    return [name for name in components() if name in (parent, component)]


def variants() -> dict[str, list[str]]:
    """What is looked at, by name: nothing added, each component alone, and all that go together."""
    single = {name.removeprefix("deploy/"): alone(name) for name in components()}
    together = {
        f"all but {other}": [name for name in components() if other not in name]
        for other in ("results_gcs", "results_s3")  # results go to one bucket
    }
    return {"base": [], **single, **together}


def render(named: Sequence[str], folder: Path, image: str = WRITTEN) -> str:
    """What `kubectl kustomize` makes of these components, with the line that `make image` writes."""
    text = (ROOT / "deployment.yaml").read_text()
    line = re.search(r"image: &image (\S+)", text)
    assert line, "deployment.yaml has no line `image: &image …`"
    (folder / "deployment.yaml").write_text(text.replace(line[0], f"image: &image {image}"))
    shutil.copytree(ROOT / "deploy", folder / "deploy", dirs_exist_ok=True)
    whole = yaml.safe_load((ROOT / "kustomization.yaml").read_text()) | {"components": list(named)}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(whole))
    return _run(kubectl(), "kustomize", str(folder))


def objects(rendered: str) -> list[dict[str, Any]]:
    """The objects of a rendering, and the pods that are to be made of a ConfigMap."""
    named = [it for it in yaml.load_all(rendered, Loader=yaml.CSafeLoader) if it]
    return [*named, *(pod for it in named if it["kind"] == "ConfigMap" for pod in _pods(it))]


def _pods(configuration: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, text in configuration["data"].items():
        if name.endswith(".yaml") and (it := yaml.safe_load(text)).get("kind") == "Pod":
            it["metadata"] |= {key: configuration["metadata"][key] for key in ("name", "namespace")}
            for container in it["spec"]["containers"]:
                container.setdefault("image", WRITTEN)  # whoever makes the pod says it
            yield it


def find(rendered: str) -> list[str]:
    """What is wrong with a rendering: a line for each finding of kube-score, and for each secret in clear."""
    settings = yaml.safe_load(SETTINGS.read_text())
    everything = objects(rendered)
    for it in everything:
        if passed := settings["objects"].get(f"{it['kind']} {it['metadata']['name']}"):
            it["metadata"].setdefault("annotations", {})["kube-score/ignore"] = ", ".join(passed)
    argv = [program("kube-score"), "score", "--output-format=ci", *settings["flags"], "-"]
    done = subprocess.run(
        argv,
        input=yaml.dump_all(everything, Dumper=yaml.CSafeDumper),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1) or not done.stdout:
        raise OSError(f"kube-score: {done.stderr.strip()}")
    said = [line for line in done.stdout.splitlines() if not line.startswith(("[OK]", "[SKIPPED]"))]
    return [*said, *(line for it in everything for line in _in_clear(it))]


def _in_clear(it: dict[str, Any]) -> Iterator[str]:
    where = f"{it['kind']} {it['metadata']['name']}"
    if it["kind"] == "Secret":
        yield f"{where}: a Secret is made by `make secrets`"
    for name, text in _settings(it):
        if _SECRET.search(name) and not text.startswith("/"):  # a path is where a secret is, not what it is
            yield f"{where}: {name} is a secret in clear"
    if _IN_URL.search(text := json.dumps(it)) or _PEM.search(text):
        yield f"{where}: a secret is in clear within a text"


def _settings(it: Any) -> Iterator[tuple[str, str]]:
    """The variables of containers, and the entries of ConfigMaps."""
    if isinstance(it, list):
        for part in it:
            yield from _settings(part)
    elif isinstance(it, dict):
        if it.get("kind") == "ConfigMap":
            yield from it.get("data", {}).items()
        elif "name" in it and isinstance(it.get("value"), str):
            yield it["name"], it["value"]
        else:
            for part in it.values():
                yield from _settings(part)


def _run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def main() -> int:
    """Look at all variants; 1 if there is something to find."""
    found = 0
    for name, named in variants().items():
        with tempfile.TemporaryDirectory() as folder:
            lines = find(render(named, Path(folder)))
        print(*(f"{name}: {line}" for line in lines), sep=os.linesep, end=os.linesep if lines else "")
        found += len(lines)
    return int(found > 0)


if __name__ == "__main__":
    if sys.argv[1:] == ["--can"]:
        sys.exit(not all(shutil.which(name) for name in (kubectl(), program("kube-score"))))
    sys.exit(main())
