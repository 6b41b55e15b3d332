"""Airflow on a real cluster by `make image`, `make secrets` and `kubectl apply`, once for all these tests."""

import json
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from py.clusters import open_cluster
from py.tools.folders import ROOT
from tests.checkouts import Checkout
from tests.deployment.site import Site

HERE = Path(__file__).parent
NAMESPACE = "windtunnel"
RUNS = "/opt/airflow/files/runs"
OVER = ("success", "failed")


class Deployed:
    """Airflow on a cluster, and what a person with kubectl can do with it."""

    def __init__(self, site: Site, checkout: Path) -> None:
        self.site = site
        self.checkout = checkout
        self.times: dict[str, float] = {}
        self.said = ""

    def kubectl(self, *words: str, input: str = "", patience: float = 120) -> str:
        """What `kubectl --namespace=windtunnel …` prints."""
        return self.site.kubectl(f"--namespace={NAMESPACE}", *words, input=input, patience=patience)

    def get(self, *words: str) -> Any:
        """What the API says of objects."""
        return json.loads(self.kubectl("get", *words, "--output=json"))

    def airflow(self, *words: str) -> str:
        """What `airflow …` prints in the pod."""
        return self.kubectl("exec", "deploy/airflow", "--", "airflow", *words)

    def shell(self, script: str) -> str:
        """What a script prints in the pod."""
        return self.kubectl("exec", "deploy/airflow", "--", "bash", "-c", script)

    def apply(self) -> str:
        """`kubectl apply -k .`, as long as it takes until all is available; what it says."""
        said = self.kubectl("apply", "-k", str(self.checkout))
        self.available()
        return said

    def available(self, patience: float = 300) -> None:
        """Return when what was applied last is there."""
        self.kubectl(
            "rollout", "status", "deploy/airflow", f"--timeout={patience:.0f}s", patience=patience + 30
        )

    def trigger(self, pipeline: str, conf: dict[str, Any] | None = None) -> str:
        """Trigger a run by the command of the README; its run id."""
        said = self.airflow("trigger_dag", pipeline, "--conf", json.dumps(conf or {}))
        found = re.search(r"^dag_run_id +(\S+)$", said, re.MULTILINE)
        assert found, said
        return found[1]

    def name(self, run_id: str) -> str:
        """The name of a run's folder, once there is one."""
        script = f'grep -l \'"id": "{run_id}"\' {RUNS}/*/run.json'
        return Path(self.patiently(lambda: self.shell(script), 60)).parent.name

    def result(self, run_id: str, patience: float = 300) -> str:
        """What became of a run, once it is over: its `result`."""
        folder = f"{RUNS}/{self.name(run_id)}"
        said = self.patiently(lambda: self.shell(f"cat {folder}/finished.json"), patience)
        return str(json.loads(said)["result"])

    def read(self, run_id: str, path: str) -> str:
        """A file of a run, as it is now."""
        return self.shell(f"cat {RUNS}/{self.name(run_id)}/{path}")

    def patiently(self, ask: Any, patience: float) -> str:
        """The first answer that is no failure."""
        end = time.monotonic() + patience
        while True:
            try:
                answer: str = ask()
                return answer
            except AssertionError:
                if time.monotonic() > end:
                    raise
                time.sleep(1)


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The three commands, with what a site adds: an engine to build with, a proxy, and a pipeline to try."""
    folder = tmp_path_factory.mktemp("site")
    cluster = open_cluster("host://", f"deployed-{secrets.token_hex(2)}")
    times = {}
    checkout = None

    def took(what: str, began: float) -> float:
        times[what] = time.monotonic() - began
        return time.monotonic()

    try:
        began = time.monotonic()
        cluster.create()
        began = took("cluster", began)
        site = Site(cluster.name, folder)
        with site.with_registry(), site.with_builder() as engine:
            (folder / "checkout").mkdir()
            checkout = Checkout(folder / "checkout")
            for name in ("deploy", "kustomization.yaml"):
                copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
                copy(ROOT / name, checkout.folder / name)
            done = checkout.image(REGISTRY=f"{site.registry}/team")
            assert done.code == 0, done.said
            began = took("image, pushed", began)
            it = Deployed(site, checkout.folder)
            it.times = times
            site.kubectl("apply", "-f", "-", input=site.run(ROOT / "scripts/secrets"))
            took("secrets", began)
            _at_this_site(it, engine)
            yield it
    finally:
        cluster.delete()
        if checkout:
            checkout.forget()


def _at_this_site(it: Deployed, engine: str) -> None:
    """What an administrator writes: kustomization.yaml, a patch, the keys of the engine."""
    keys = it.site.folder / "keys"
    (keys / "config.json").write_text("{}")
    names = ("ca.pem", "cert.pem", "key.pem", "config.json")
    files = [f"--from-file={name}={keys / name}" for name in names]
    it.kubectl("create", "secret", "generic", "builder", *files)
    trial = [f"--from-file={path.name}={path}" for path in sorted((HERE / "trial").iterdir())]
    it.kubectl("create", "configmap", "trial", *trial)
    settings = {
        "DOCKER_HOST": engine,
        # Nodes reach the world through the machine; the API's address is the cluster's own.
        "HTTPS_PROXY": it.site.proxy,
        "NO_PROXY": "localhost,127.0.0.1,10.96.0.1",
        "WINDTUNNEL_DOCKER_BUILD_FLAGS": "",
    }
    patch = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "airflow", "namespace": NAMESPACE}}
    (it.checkout / "site.yaml").write_text(yaml.safe_dump(patch | {"data": settings}))
    shutil.copy2(HERE / "trial.yaml", it.checkout)
    file = it.checkout / "kustomization.yaml"
    whole = yaml.safe_load(file.read_text())
    whole["components"] = ["deploy/in_cluster", "deploy/builder"]
    whole["patches"] = [{"path": "site.yaml"}, {"path": "trial.yaml"}]
    file.write_text(yaml.safe_dump(whole))
