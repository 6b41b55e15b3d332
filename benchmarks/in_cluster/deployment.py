"""Windtunnel on a cluster of this machine, as who installs it has it; made when first asked for."""

import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import yaml

from benchmarks.in_airflow.servers import Server
from benchmarks.measure import NotMeasured, progress
from py.clusters import open_cluster
from py.servers.home import USER
from py.tools.folders import ROOT
from tests.airflows import free_port
from tests.checkouts import Checkout
from tests.deployment.conftest import NAMESPACE, Deployed
from tests.deployment.site import Site
from tests.projects import wait_until

DAGS = Path(__file__).with_name("dags")
# The cluster has one node: docs/pods.md says that this claim does there.
ONE_NODE = {
    "apiVersion": "v1", "kind": "PersistentVolumeClaim",
    "metadata": {"name": "airflow-files", "namespace": NAMESPACE}, "spec": {"accessModes": ["ReadWriteOnce"]},
}  # fmt: skip
END = 10  # seconds that Airflow has to end: Airflow 3.3's scheduler may hang as it does


class Deployments:
    """The deployment, once somebody asks for it; nothing of it stays."""

    def __enter__(self) -> Self:
        self._made = ExitStack()
        return self

    @cached_property
    def ready(self) -> "Deployment":
        """Cluster, registry and image; nothing is applied yet."""
        return self._made.enter_context(_deployment())

    def __exit__(self, *_: object) -> None:
        self._made.close()


@contextmanager
def _deployment() -> Iterator["Deployment"]:
    cluster = open_cluster("host://", f"bench-{secrets.token_hex(2)}")
    with tempfile.TemporaryDirectory(prefix="cluster-") as folder, ExitStack() as later:
        later.callback(cluster.delete)
        progress("a cluster\n")
        cluster.create()
        site = Site(cluster.name, Path(folder))
        later.enter_context(site.with_registry())
        checkout = _checkout(Path(folder, "checkout"))
        later.callback(checkout.forget)
        progress("the image\n")
        done = checkout.image(REGISTRY=f"{site.registry}/team")
        if done.code:
            raise NotMeasured(f"`make image` ended with {done.code}: {done.said[-500:]}")
        made = Deployment(cluster.name, site, checkout)
        later.callback(made.close)
        made.fetch_images()
        made.fresh()
        yield made


def _checkout(folder: Path) -> Checkout:
    """A clone of this one, whose image will have our pipelines too."""
    folder.mkdir()
    checkout = Checkout(folder)
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    shutil.copy2(ROOT / "kustomization.yaml", folder)
    for file in DAGS.glob("*.py"):
        shutil.copy2(file, folder / "dags")
    checkout.commit()
    return checkout


class Deployment(Deployed):
    """What is applied, and its Airflow as a client of its API has it."""

    def __init__(self, cluster: str, site: Site, checkout: Checkout) -> None:
        super().__init__(site, checkout.folder)
        self.cluster = cluster
        self.images = tuple(checkout.references()[:2])  # Postgres', then Airflow's
        self.api = Remote()
        self._forward: subprocess.Popen[bytes] | None = None

    def fetch_images(self) -> None:
        """Have the node fetch the images: what is measured is not its network."""
        progress("the image onto the node\n")
        for number, image in enumerate(self.images):
            name = f"pod/fetch-{number}"
            self.site.kubectl(
                "run", f"fetch-{number}", f"--image={image}", "--restart=Never", "--command", "--", "true"
            )
            self.site.kubectl(
                "wait", name, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=300s", patience=310
            )
            self.site.kubectl("delete", name)

    def fresh(self) -> None:
        """Nothing is there, and then the Secret."""
        self.close()
        if self._there("namespace", NAMESPACE):
            # Pods first: a namespace whose pods may take their time is not looked at again for half of that.
            self.kubectl("delete", "deployment,statefulset", "--all", "--wait=false")
            self._end("pods", "--all")
            wait_until(lambda: not self._there("pods"), 120)
            self.site.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
            wait_until(lambda: not self._there("namespace", NAMESPACE), 60)
        self.site.kubectl("apply", "-f", "-", input=self.site.run(ROOT / "scripts/secrets"))

    def _there(self, *objects: str) -> str:
        """The names of what is there of these; asked seldom."""
        time.sleep(0.5)
        return self.kubectl("get", *objects, "--ignore-not-found", "--output=name")

    def _end(self, *pods: str) -> None:
        """Have pods ended soon, whatever time they are given."""
        self.kubectl("delete", *pods, "--ignore-not-found", f"--grace-period={END}", "--wait=false")

    def choose(self, *components: str, patches: Sequence[Mapping[str, Any]] = ()) -> None:
        """Write kustomization.yaml as docs/deploy.md says."""
        file = self.checkout / "kustomization.yaml"
        whole = yaml.safe_load(file.read_text())
        whole["components"] = list(components)
        whole["patches"] = [{"patch": yaml.safe_dump(each)} for each in (ONE_NODE, *patches)]
        file.write_text(yaml.safe_dump(whole))

    def switch(self, *components: str, patches: Sequence[Mapping[str, Any]] = ()) -> None:
        """Apply other components, and return when Airflow is there with them and can be asked."""
        progress(f"applying {', '.join(components) or 'no component'}\n")
        self.close()
        self.choose(*components, patches=patches)
        before = self._there("pods", "--selector=app.kubernetes.io/name=airflow").split()
        self.kubectl("apply", "-k", str(self.checkout))
        if before:
            self._end(*before)
        self.available()
        self.open()

    def open(self) -> None:
        """Reach the API, as a user who is made if need be."""
        who = f"--role Admin --username {USER} --firstname A --lastname B --email a@example.org"
        password = self.api.home.password()
        self.kubectl(
            "exec", "-i", "deploy/airflow", "--", "airflow", "users", "create", *who.split(),
            input=f"{password}\n{password}\n",
        )  # fmt: skip
        port = self.api.home.port()
        argv = ["kubectl", f"--namespace={NAMESPACE}", "port-forward", "svc/airflow", f"{port}:8080"]
        self._forward = subprocess.Popen(argv, env=self.site.env, stdout=subprocess.DEVNULL)
        self.api.ready()

    def close(self) -> None:
        """Reach it no more."""
        if self._forward:
            self._forward.terminate()
            self._forward.wait()
            self._forward = None


class Door:
    """Where a forwarded port is, and the password there."""

    def __init__(self) -> None:
        self._port, self._password = free_port(), secrets.token_hex(12)

    def port(self) -> int:
        """Of this machine."""
        return self._port

    def password(self) -> str:
        """Of the user."""
        return self._password


class Remote(Server):
    """The Airflow behind a forwarded port."""

    name = "in the cluster"
    files = ()

    def __init__(self) -> None:
        self.home = Door()  # type: ignore[assignment]
        self._token = ""

    def ready(self) -> None:
        """Return when it answers, to a token of its own."""
        self._token = ""
        wait_until(self._answers, 60)

    def _answers(self) -> bool:
        try:
            return bool(self.api("/dags/chain"))
        except OSError:
            time.sleep(0.2)
            return False
