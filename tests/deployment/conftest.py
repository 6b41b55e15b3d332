"""Airflow on a real cluster by `make image`, `make secrets` and `kubectl apply`, once for all these tests."""

import json
import re
import secrets
import shlex
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

TRIAL = Path(__file__).with_name("trial")  # a pipeline that the image has besides its own
NAMESPACE = "windtunnel"
RUNS = "/opt/airflow/files/runs"
COUNT = "workspace/count"  # of a run of a trial pipeline: what its step says of itself
ADMIN = "admin"
ASK = """
import sys
from urllib.request import Request, urlopen
method, path, body, token = sys.argv[1:]
headers = {"Content-Type": "application/json"} | ({"Authorization": "Bearer " + token} if token else {})
request = Request("http://localhost:8080" + path, body.encode() or None, headers, method=method)
print(urlopen(request).read().decode())
"""


class Deployed:
    """Airflow on a cluster, and what a person with kubectl can do with it."""

    def __init__(self, site: Site, checkout: Path) -> None:
        self.site = site
        self.checkout = checkout
        self.times: dict[str, float] = {}
        self.said = ""
        self._has: tuple[str, ...] | None = None
        self.password = ""
        self._token = ""
        self._names: dict[str, str] = {}

    def kubectl(self, *words: str, input: str = "", patience: float = 120) -> str:
        """What `kubectl --namespace=windtunnel …` prints."""
        return self.site.kubectl(f"--namespace={NAMESPACE}", *words, input=input, patience=patience)

    def get(self, *words: str) -> Any:
        """What the API says of objects."""
        return json.loads(self.kubectl("get", *words, "--output=json"))

    def pods(self, selector: str, *words: str) -> list[str]:
        """The names of the pods with these labels."""
        found = self.get("pods", f"--selector={selector}", *words)["items"]
        return [pod["metadata"]["name"] for pod in found]

    def airflow(self, *words: str) -> str:
        """What `airflow …` prints in the pod."""
        return self.kubectl("exec", "deploy/airflow", "--", "airflow", *words)

    def shell(self, script: str) -> str:
        """What a script prints in the pod."""
        return self.kubectl("exec", "deploy/airflow", "--", "bash", "-c", script)

    def have(self, *components: str) -> None:
        """Have it applied with the components of deploy/ that a site without secrets of its own can name."""
        if self._has is None:
            self.give_secrets()
        if self._has != components:
            file = self.checkout / "kustomization.yaml"
            whole = yaml.safe_load(file.read_text())
            whole["components"] = [f"deploy/{each}" for each in ("in_cluster", "builder", *components)]
            whole["patches"] = [{"path": "site.yaml"}]
            file.write_text(yaml.safe_dump(whole))
            self.apply()
            self._has = components

    def give_secrets(self) -> None:
        """`make secrets`, and the keys of the engine that builds."""
        began = time.monotonic()
        self.site.kubectl("apply", "-f", "-", input=self.site.run(ROOT / "scripts/secrets"))
        self.times.setdefault("secrets", time.monotonic() - began)
        keys = self.site.folder / "keys"
        files = [f"--from-file={name}={keys / name}" for name in ("ca.pem", "cert.pem", "key.pem")]
        self.kubectl("create", "secret", "generic", "builder", "--from-literal=config.json={}", *files)

    def apply(self) -> None:
        """`kubectl apply -k .`, as long as it takes until all is available."""
        began = time.monotonic()
        self.said = self.kubectl("apply", "-k", str(self.checkout))
        self.available()
        self.times.setdefault("applied to available", time.monotonic() - began)

    def delete(self) -> None:
        """`kubectl delete -k .`."""
        self._has = None
        self.password = self._token = ""
        self.site.kubectl("delete", "-k", str(self.checkout), patience=300)

    def available(self, patience: float = 300) -> None:
        """Return when what was applied last is there."""
        self.kubectl(
            "rollout", "status", "deploy/airflow", f"--timeout={patience:.0f}s", patience=patience + 30
        )

    def type_trigger(self, pipeline: str, conf: dict[str, Any]) -> str:
        """Trigger a run by the command of the README; its run id."""
        said = self.airflow("trigger_dag", pipeline, "--conf", json.dumps(conf))
        found = re.search(r"^dag_run_id +(\S+)$", said, re.MULTILINE)
        assert found, said
        return found[1]

    def trigger(self, pipeline: str, conf: dict[str, Any] | None = None) -> str:
        """Trigger a run by REST, which loads no Airflow for it; its run id."""
        body = {"logical_date": None, "conf": conf or {}}
        return str(json.loads(self.ask("POST", f"/dags/{pipeline}/dagRuns", body))["dag_run_id"])

    def begun(self, pipeline: str, conf: dict[str, Any]) -> str:
        """Trigger a run of a trial pipeline; its id, when its first step has been alive for some seconds."""
        run = self.trigger(pipeline, conf)
        self.until(f"grep -c alive {RUNS}/{self.name(run)}/{COUNT}", 90)
        time.sleep(3)
        return run

    def name(self, run_id: str) -> str:
        """The name of a run's folder, once there is one."""
        if run_id not in self._names:
            found = self.until(f"""grep -l '"id": "{run_id}"' {RUNS}/*/run.json""", 60)
            self._names[run_id] = Path(found).parent.name
        return self._names[run_id]

    def result(self, run_id: str, patience: float = 300) -> str:
        """What became of a run, once it is over: its `result`."""
        said = self.until(f"cat {RUNS}/{self.name(run_id)}/finished.json", patience)
        return str(json.loads(said)["result"])

    def until(self, script: str, patience: float) -> str:
        """What a script prints in the pod when it succeeds at last: the pod waits, or the next one."""
        waiting = f'until said=$({script} 2>/dev/null); do sleep 0.5; done; echo "$said"'
        return self.patiently(lambda: self.shell(f"timeout 60 bash -c {shlex.quote(waiting)}"), patience)

    def ask(self, method: str, path: str, body: Any = None) -> str:
        """What Airflow's REST API answers the administrator."""
        if not self._token:
            self.password = self.password or self._make_admin()
            login = {"username": ADMIN, "password": self.password}
            self._token = json.loads(self._request("POST", "/auth/token", login))["access_token"]
        return self._request(method, f"/api/v2{path}", body)

    def _make_admin(self) -> str:
        """Make the first user, as docs/deploy.md says; the password."""
        password = secrets.token_hex(12)
        who = f"--role Admin --username {ADMIN} --firstname A --lastname B --email {ADMIN}@example.org"
        words = ("exec", "-i", "deploy/airflow", "--", "airflow", "users", "create", *who.split())
        self.kubectl(*words, input=f"{password}\n{password}\n")
        return password

    def _request(self, method: str, path: str, body: Any) -> str:
        words = (method, path, json.dumps(body) if body else "", self._token)
        return self.kubectl("exec", "deploy/airflow", "--", "python", "-c", ASK, *words)

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
            for file in TRIAL.iterdir():
                shutil.copy2(file, checkout.folder / "dags")
            checkout.commit()
            done = checkout.image(REGISTRY=f"{site.registry}/team")
            assert done.code == 0, done.said
            took("image, pushed", began)
            it = Deployed(site, checkout.folder)
            it.times = times
            _at_this_site(it, engine)
            yield it
    finally:
        cluster.delete()
        if checkout:
            checkout.forget()


def _at_this_site(it: Deployed, engine: str) -> None:
    """What an administrator writes: site.yaml."""
    settings = {
        "DOCKER_HOST": engine,
        # Nodes reach the world through the machine; the API's address is the cluster's own.
        "HTTPS_PROXY": it.site.proxy,
        "NO_PROXY": "localhost,127.0.0.1,10.96.0.1,airflow",
        "WINDTUNNEL_DOCKER_BUILD_FLAGS": "",
    }
    site = [
        _patch("ConfigMap", "airflow", data=settings),
        # The only node: docs/pods.md says that this claim does there.
        _patch("PersistentVolumeClaim", "airflow-files", spec={"accessModes": ["ReadWriteOnce"]}),
    ]
    (it.checkout / "site.yaml").write_text(yaml.safe_dump_all(site))


def _patch(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, **more}
