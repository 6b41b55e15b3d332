"""The system under test in a real cluster: what is refused, waited for and said, and what is left."""

import json
import secrets
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from kubernetes.dynamic.exceptions import NotFoundError

from py.clusters import Cluster
from py.deploy import Deploy
from py.kube.client import dynamic
from py.tools import cli, dryrun
from py.tools.errors import UsageError

NEVER = {"exec": {"command": ["false"]}, "periodSeconds": 1}
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {a: b}\n"
DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: PLURAL.deploy.windtunnel.dev, creationTimestamp: null}
spec:
  group: deploy.windtunnel.dev
  scope: Namespaced
  names: {plural: PLURAL, singular: PLURAL, kind: KIND}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties: {spec: {type: object, properties: {size: {type: integer, minimum: 1}}}}
"""


RESOURCE = "apiVersion: deploy.windtunnel.dev/v1\nkind: KIND\nmetadata: {name: a}\nspec: {size: SIZE}\n"
BARE_POD = """\
apiVersion: v1
kind: Pod
metadata: {name: bare}
spec:
  serviceAccountName: web
  terminationGracePeriodSeconds: 0
  containers: [{name: c, image: "IMAGE", command: [sleep, "600"], imagePullPolicy: IfNotPresent}]
"""
REST = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: disk}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: web}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: web}
subjects: [{kind: ServiceAccount, name: web}]
"""


class Ended(NamedTuple):
    """How the binary ended."""

    code: int
    out: str
    err: str


class Run(NamedTuple):
    """A namespace of the shared cluster, and the binary aimed at it."""

    place: str
    name: str
    src: Path
    client: Any

    def write(self, *documents: str) -> None:
        (self.src / "manifests" / "m.yaml").write_text("---\n".join(documents))

    def deploy(self, command: str, *flags: str) -> Ended:
        return deploy(command, f"--cluster={self.place}", f"--name={self.name}", *flags, cwd=self.src)

    def setup(self, *flags: str) -> Ended:
        return self.deploy("setup", f"--src_dir={self.src}", *flags)

    def objects(self, kind: str, api: str = "v1") -> dict[str, dict[str, Any]]:
        found = (
            self.client.resources.get(api_version=api, kind=kind).get(namespace=self.name).to_dict()["items"]
        )
        return {item["metadata"]["name"]: item for item in found}


def deploy(*words: str, cwd: Path) -> Ended:
    """The binary, in this process: what it prints and how it ends are the same."""
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        patch.setenv("ARTIFACTS", str(cwd / "artifacts"))
        patch.setenv("XDG_STATE_HOME", str(cwd / "state"))
        patch.delenv("STEP_OUTPUTS", raising=False)
        patch.setattr(dryrun, "enabled", False)
        with pytest.raises(SystemExit) as ended:
            cli.main(Deploy, words)
        out.seek(0)
        err.seek(0)
        return Ended(int(ended.value.code or 0), out.read(), err.read())


@pytest.fixture
def run(cluster: Cluster, tmp_path: Path) -> Iterator[Run]:
    (tmp_path / "manifests").mkdir()
    name = f"deploy-{secrets.token_hex(3)}"
    kubeconfig = cluster.kubeconfig()
    made = Run(f"kubeconfig://{kubeconfig}", name, tmp_path, dynamic(kubeconfig))
    ended = made.deploy("create_cluster")
    assert ended.code == 0, ended
    yield made
    # Not waited for: the shared cluster ends anyhow, and teardown has tests of its own.
    namespaces = made.client.resources.get(api_version="v1", kind="Namespace")
    with suppress(NotFoundError):
        namespaces.delete(name=name)


def workload(kind: str, name: str, image: str, command: str, **more: Any) -> str:
    container = {
        "name": "main",
        "image": image,
        "command": ["sh", "-c", command],
        "imagePullPolicy": "IfNotPresent",
    }
    container |= more.pop("container", {})
    pod = {"containers": [container], "terminationGracePeriodSeconds": 0, **more}
    spec: dict[str, Any] = {"template": {"metadata": {"labels": {"app": name}}, "spec": pod}}
    if kind == "Job":
        spec |= {"backoffLimit": 0}
        pod["restartPolicy"] = "Never"
    else:
        spec |= {"selector": {"matchLabels": {"app": name}}}
    api = "batch/v1" if kind == "Job" else "apps/v1"
    return yaml.safe_dump({"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": spec})


# What is asked wrongly


@pytest.mark.parametrize("name", ["", "Upper", "a_b", "-a", "a-", "a" * 64, "a.b", "../a"])
@pytest.mark.parametrize("command", ["create_cluster", "setup", "dump_logs", "teardown"])
def test_a_name_that_is_no_dns_label_is_refused_by_every_command(
    command: str, name: str, tmp_path: Path
) -> None:
    flags = {"src_dir": str(tmp_path)} if command == "setup" else {}
    with pytest.raises(UsageError, match="no DNS label"):
        getattr(Deploy(), command)(cluster="host://", name=name, **flags)


@pytest.mark.parametrize(
    "place", ["kind://", "gke://project/zone", "hots://", "host", "kubeconfig:///nosuch", "local://x"]
)
def test_a_place_that_there_is_not_is_refused_in_one_line(place: str, tmp_path: Path) -> None:
    ended = deploy("create_cluster", f"--cluster={place}", "--name=a", cwd=tmp_path)
    assert ended.code == 2
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("timeout", ["0", "-1", "soon"])
def test_a_timeout_that_is_no_time_is_refused(timeout: str, tmp_path: Path) -> None:
    flags = ("--cluster=host://", "--name=a", f"--src_dir={tmp_path}", f"--timeout={timeout}")
    ended = deploy("setup", *flags, cwd=tmp_path)
    assert (ended.code, ended.err.count("\n")) == (2, 1)


def test_setup_of_a_cluster_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "m.yaml").write_text(CONFIG)
    ended = deploy("setup", "--cluster=host://", "--name=nosuch", f"--src_dir={tmp_path}", cwd=tmp_path)
    assert ended.code == 1
    assert "create_cluster" in ended.err


def test_the_plan_lists_every_object_and_image(tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    documents = [CONFIG.replace("NAME", "c"), workload("Deployment", "web", "team/web:v0", "true")]
    (tmp_path / "manifests" / "m.yaml").write_text("---\n".join(documents))
    flags = ("--cluster=host://", "--name=a", f"--src_dir={tmp_path}", "--image=web:v1", "--dryrun")
    ended = deploy("setup", *flags, cwd=tmp_path)
    assert ended.code == 0
    assert "(web:v1)" in ended.out
    assert "would apply ConfigMap c" in ended.out
    assert "would apply Deployment web" in ended.out


# What the server refuses


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            CONFIG.replace("kind: ConfigMap", "kind: ConfigMop"),
            "knows no ConfigMop in v1; did you mean ConfigMap?",
        ),
        (CONFIG.replace("v1", "apps/v1beta1"), "knows no ConfigMap in apps/v1beta1; it serves apps/v1"),
        (CONFIG.replace("v1", "app/v1"), "knows no ConfigMap in app/v1; did you mean apps"),
        (CONFIG.replace("NAME", "No_Name"), 'ConfigMap No_Name: ConfigMap "No_Name" is invalid'),
        (CONFIG.replace("\ndata", "\ndota"), ".dota: field not declared in schema"),
        (CONFIG.replace("a: b", "a: 1"), ".data.a: expected string"),
        (CONFIG.replace("{name: NAME}", "{name: a, namespace: kube-system}"), "is in namespace kube-system"),
        (
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: beside}\n",
            "would be a namespace beside the run's",
        ),
        (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {}\n",
            "spec.selector: Required value",
        ),
        (DEFINITION.replace("KIND", "Odd").replace("PLURAL", "Odds"), "Odds.deploy.windtunnel.dev"),
        (
            DEFINITION.replace("minimum", "minimun").replace("KIND", "Odd").replace("PLURAL", "odds"),
            "minimun",
        ),
    ],
)
def test_a_manifest_that_the_server_refuses_is_named_and_nothing_is_applied(
    run: Run, document: str, said: str
) -> None:
    run.write(CONFIG.replace("NAME", "good"), document.replace("NAME", "bad"))
    ended = run.setup()
    assert ended.code == 2
    assert said in ended.err
    assert f"{run.src}/manifests/m.yaml:6: " in ended.err
    assert "good" not in run.objects("ConfigMap")


def test_all_that_the_server_refuses_is_told_at_once_in_the_order_it_is_written(run: Run) -> None:
    run.write(
        workload("Deployment", "UPPER", "x", "true"),
        CONFIG.replace("NAME", "A_B"),
        CONFIG.replace("a: b", "a: 1").replace("NAME", "c"),
    )
    ended = run.setup()
    assert ended.code == 2
    assert "3 mistakes in the manifests" in ended.err
    assert ended.err.index("UPPER") < ended.err.index("A_B") < ended.err.index("expected string")


def test_a_custom_resource_that_breaks_its_new_definition_is_refused_before_the_rest(run: Run) -> None:
    plural = f"x{secrets.token_hex(3)}"
    run.write(
        CONFIG.replace("NAME", "good"),
        DEFINITION.replace("PLURAL", plural).replace("KIND", plural.upper()),
        RESOURCE.replace("KIND", plural.upper()).replace("SIZE", "0"),
    )
    ended = run.setup()
    assert ended.code == 2
    assert "spec.size" in ended.err
    assert "good" not in run.objects("ConfigMap")


def test_an_image_that_no_container_names_is_refused_before_a_server_is_asked(run: Run) -> None:
    run.write(workload("Deployment", "web", "web:v0", "true"))
    ended = run.setup("--image=wob:v1")
    assert ended.code == 2
    assert "did you mean web?" in ended.err


def test_an_image_without_a_registry_cannot_reach_somebodys_cluster(run: Run) -> None:
    run.write(workload("Deployment", "web", "web:v0", "true"))
    ended = run.setup("--image=web:v1")
    assert ended.code == 2
    assert "REGISTRY" in ended.err
    assert not run.objects("Deployment", "apps/v1")


# What does not become ready


def test_a_crash_loop_ends_the_wait_with_its_last_words_and_its_logs_are_kept(
    run: Run, node_image: str
) -> None:
    run.write(
        workload("Deployment", "web", node_image, "echo the last words; exit 3"),
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2}\n",
    )
    ended = run.setup("--timeout=180")
    assert ended.code == 1
    assert "Deployment web" in ended.err
    assert "CrashLoopBackOff after 3 restarts, last exit code 3" in ended.err
    assert "event: BackOff" in ended.err
    assert "log of main: the last words" in ended.err

    ended = run.deploy("dump_logs")
    assert ended.code == 0, ended
    folder = run.src / "artifacts" / "cluster"
    # Of the attempt before, or of the one that has ended this very moment.
    kept_logs = folder.glob(f"logs/{run.name}/web-*/main*.log")
    assert {log.read_text() for log in kept_logs} == {"the last words\n"}
    assert f"{run.name}/web-" in (folder / "pods.txt").read_text()
    assert "BackOff" in (folder / "events.txt").read_text()
    assert "Ready" in (folder / "nodes.yaml").read_text()
    assert "name: web" in (folder / "objects" / "Deployment.apps.yaml").read_text()
    kept = (folder / "objects" / "Secret.yaml").read_text()
    assert "password" in kept
    assert "hunter2" not in kept
    assert "aHVudGVyMg" not in kept


@pytest.mark.parametrize(
    ("container", "said"),
    [
        ({"image": "nosuch:v1", "imagePullPolicy": "Never"}, "ErrImageNeverPull"),
        ({"image": "UPPER:v1"}, "InvalidImageName"),
        ({"envFrom": [{"configMapRef": {"name": "nosuch"}}]}, 'configmap "nosuch" not found'),
    ],
)
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Job"])
def test_what_can_never_start_ends_the_wait_at_once(
    run: Run, node_image: str, kind: str, container: dict[str, Any], said: str
) -> None:
    run.write(workload(kind, "web", node_image, "sleep 60", container=container))
    ended = run.setup("--timeout=100")
    assert ended.code == 1
    assert said in ended.err
    assert f"{kind} web: cannot become ready" in ended.err


def test_a_job_that_failed_ends_the_wait_with_its_log(run: Run, node_image: str) -> None:
    run.write(workload("Job", "tidy", node_image, "echo could not tidy; exit 4"))
    ended = run.setup("--timeout=100")
    assert ended.code == 1
    assert "Job tidy: BackoffLimitExceeded" in ended.err
    assert "ended with exit code 4" in ended.err
    assert "log of main: could not tidy" in ended.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"nodeSelector": {"no": "such"}}, "Unschedulable: 0/1 nodes are available"),
        ({"serviceAccountName": "nosuch"}, 'serviceaccount "nosuch" not found'),
        ({"container": {"readinessProbe": NEVER}}, "containers with unready status"),
        ({"container": {"image": "localhost:1/nosuch:v1"}}, "connection refused"),
    ],
)
def test_what_is_not_ready_in_time_is_named_with_its_reason(
    run: Run, node_image: str, more: dict[str, Any], said: str
) -> None:
    run.write(workload("Deployment", "web", node_image, "sleep 60", **more), CONFIG.replace("NAME", "c"))
    ended = run.setup("--timeout=8")
    assert ended.code == 1
    assert "Deployment web: not ready after" in ended.err
    assert said in ended.err


# What becomes ready


def test_every_kind_of_object_is_applied_and_waited_for_and_twice_is_as_once(
    run: Run, node_image: str
) -> None:
    plural = f"x{secrets.token_hex(3)}"
    kind = plural.upper()
    probe = {"readinessProbe": {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1}}
    serve = "sleep 2; touch /tmp/ready; sleep 600"
    run.write(
        RESOURCE.replace("KIND", kind).replace("SIZE", "2"),
        workload("Deployment", "web", node_image, serve, container=probe, serviceAccountName="web"),
        workload("StatefulSet", "db", node_image, "sleep 600"),
        workload("DaemonSet", "agent", node_image, "sleep 600"),
        workload("Job", "once", node_image, "true"),
        BARE_POD.replace("IMAGE", node_image),
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n",
        REST,
        DEFINITION.replace("PLURAL", plural).replace("KIND", kind),
    )
    first = run.setup("--timeout=90")
    assert first.code == 0, first
    for slow in (
        "Deployment web",
        "StatefulSet db",
        "DaemonSet agent",
        "Job once",
        "Pod bare",
        "PersistentVolumeClaim disk",
    ):
        assert f"ready    {slow}" in first.out
    web = run.objects("Deployment", "apps/v1")["web"]
    assert web["status"]["availableReplicas"] == 1
    assert web["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "windtunnel",
        "windtunnel/run": run.name,
    }
    binding = run.client.resources.get(api_version="rbac.authorization.k8s.io/v1", kind="ClusterRoleBinding")
    assert binding.get(name=f"web-{run.name}").to_dict()["subjects"][0]["namespace"] == run.name

    second = run.setup("--timeout=30")
    assert second.code == 0, second
    again = run.objects("Deployment", "apps/v1")["web"]["metadata"]
    assert (again["uid"], again["generation"]) == (web["metadata"]["uid"], web["metadata"]["generation"])


def test_a_mended_manifest_is_not_blamed_for_the_pods_of_the_broken_one(run: Run, node_image: str) -> None:
    run.write(
        workload(
            "Deployment",
            "web",
            node_image,
            "true",
            container={"image": "nosuch:v1", "imagePullPolicy": "Never"},
        )
    )
    assert run.setup("--timeout=60").code == 1
    run.write(workload("Deployment", "web", node_image, "sleep 600"))
    ended = run.setup("--timeout=60")
    assert ended.code == 0, ended


def test_a_built_image_is_loaded_and_put_into_the_manifests(
    cluster: Cluster, node_image: str, tmp_path: Path
) -> None:
    name = f"built-{secrets.token_hex(3)}"
    subprocess.run(["docker", "tag", node_image, f"{name}:v2"], check=True)
    (tmp_path / "manifests").mkdir()
    body = yaml.safe_load(workload("Deployment", name, f"gcr.io/team/{name}:v1", "sleep 600"))
    del body["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"]
    (tmp_path / "manifests" / "m.json").write_text(json.dumps(body))
    flags = ("--cluster=host://", f"--name={cluster.name}", f"--src_dir={tmp_path}", f"--image={name}:v2")
    try:
        ended = deploy("setup", *flags, cwd=tmp_path)
        assert ended.code == 0, ended
    finally:
        subprocess.run(["docker", "rmi", f"{name}:v2"], check=True)
        deployments = dynamic(cluster.kubeconfig()).resources.get(api_version="apps/v1", kind="Deployment")
        with suppress(NotFoundError):
            deployments.delete(name=name, namespace=cluster.namespace)


# What is left


def test_a_cluster_that_cannot_be_reached_costs_no_more_than_its_time_and_fails_nothing(
    tmp_path: Path, unreachable: Path
) -> None:
    began = time.monotonic()
    ended = deploy("dump_logs", f"--cluster=kubeconfig://{unreachable}", "--name=a", cwd=tmp_path)
    assert ended.code == 0
    assert "does not answer" in ended.out
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    "place", [lambda cluster: "host://", lambda cluster: f"kubeconfig://{cluster.kubeconfig()}"]
)
@pytest.mark.parametrize("command", ["dump_logs", "teardown"])
def test_nothing_there_is_content(
    cluster: Cluster, tmp_path: Path, command: str, place: Callable[[Cluster], str]
) -> None:
    ended = deploy(command, f"--cluster={place(cluster)}", "--name=nosuch", cwd=tmp_path)
    assert ended.code == 0, ended
    assert "there is no nosuch" in ended.out
    assert not (tmp_path / "artifacts").exists()


def test_teardown_keeps_evidence_before_all_is_gone(run: Run, node_image: str) -> None:
    run.write(workload("Deployment", "web", node_image, "echo hello; sleep 600"))
    assert run.setup("--timeout=60").code == 0
    ended = run.deploy("teardown")
    assert ended.code == 0, ended
    assert list((run.src / "artifacts" / "cluster").glob(f"logs/{run.name}/web-*/main.log"))
    assert run.deploy("dump_logs").out.startswith("there is no ")


def test_a_teardown_that_cannot_remove_it_fails(tmp_path: Path, unreachable: Path) -> None:
    ended = deploy("teardown", f"--cluster=kubeconfig://{unreachable}", "--name=a", cwd=tmp_path)
    assert ended.code == 1
    assert ended.err.count("\n") == 1


@pytest.fixture
def unreachable(tmp_path: Path) -> Path:
    path = tmp_path / "unreachable.yaml"
    settings = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {}}],
    }
    path.write_text(yaml.safe_dump(settings))
    return path
