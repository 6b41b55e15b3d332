"""Objects of a custom resource in a real cluster, with a thread of the test as their operator."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from py.clusters import Cluster
from py.custom_resource import trial
from py.kube import client as kube
from py.results import junit
from py.results.junit import Case
from py.test_runner import TestRunner
from py.tools import dryrun
from py.tools.errors import UsageError
from py.tools.folders import ROOT

GROUP, VERSION, KIND, PLURAL = "tests.windtunnel.dev", "v1", "Task", "tasks"
SPEC = """\
apiVersion: tests.windtunnel.dev/v1
kind: Task
metadata:
  name: {{ name }}
spec:
  test: {{ test }}
  image: {{ image }}
  types:
    Chief: {replicas: 1}
    Worker: {replicas: 2}
"""
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{PLURAL}.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"kind": KIND, "plural": PLURAL, "singular": "task"},
        "versions": [
            {
                "name": VERSION,
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                        "properties": {
                            "spec": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": True,
                                "properties": {"test": {"type": "string"}},
                            }
                        },
                    }
                },
            }
        ],
    },
}


class Operator:
    """What an operator may do to one object; a play of the test calls it."""

    def __init__(self, cluster: Cluster, image: str) -> None:
        self.client = kube.dynamic(cluster.kubeconfig())
        self.namespace = cluster.namespace
        self.image = image
        self.pods = self.client.resources.get(api_version="v1", kind="Pod")
        self.tasks = self.client.resources.get(api_version=f"{GROUP}/{VERSION}", kind=KIND)
        self.body: Any = None
        self.over = threading.Event()

    def find(self, test: str) -> bool:
        """Wait for the object of a test; False if there was none."""
        while not self.over.wait(0.05):
            for task in self.tasks.get(namespace=self.namespace).items:
                if task.spec.test == test:
                    self.body = task
                    return True
        return False

    def pod(self, suffix: str, command: str, **more: Any) -> str:
        """Make a pod that the object owns."""
        name = f"{self.body.metadata.name}-{suffix}"
        owner = {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, "name": self.body.metadata.name}
        container = {"name": "main", "image": self.image, "command": ["sh", "-c", command]}
        body = {
            "metadata": {"name": name, "ownerReferences": [{**owner, "uid": self.body.metadata.uid}]},
            "spec": {
                "restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
                "automountServiceAccountToken": False,
                "containers": [{**container, "imagePullPolicy": "IfNotPresent", **more}],
            },
        }  # fmt: skip
        self.pods.create(body=body, namespace=self.namespace)
        return name

    def until(self, phase: str, *names: str, seconds: float = 30) -> None:
        """Wait until pods are in a phase."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = {pod.metadata.name: pod for pod in self.pods.get(namespace=self.namespace).items}
            if all(found[name].status.phase == phase for name in names):
                return
            time.sleep(0.05)

    def delete(self, *names: str) -> None:
        for name in names:
            self.pods.delete(name=name, namespace=self.namespace)

    def say(self, kind: str, status: str = "True", reason: str = "", message: str = "") -> None:
        """Set the only condition."""
        self.status(conditions=[{"type": kind, "status": status, "reason": reason, "message": message}])

    def status(self, **status: Any) -> None:
        self.tasks.patch(
            name=self.body.metadata.name, namespace=self.namespace, body={"status": status},
            content_type="application/merge-patch+json",
        )  # fmt: skip


Play = Callable[[Operator], object]
Run = Callable[..., int]


@pytest.fixture(scope="session")
def definition(cluster: Cluster) -> None:
    """The kind Task, served."""
    client = kube.dynamic(cluster.kubeconfig())
    kinds = client.resources.get(api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition")
    kinds.create(body=DEFINITION)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        conditions = kinds.get(name=f"{PLURAL}.{GROUP}").to_dict().get("status", {}).get("conditions") or []
        if any(each["type"] == "Established" and each["status"] == "True" for each in conditions):
            return
        time.sleep(0.05)


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.delenv("STEP_NAME", raising=False)
    return tmp_path / "artifacts"


@pytest.fixture
def run(
    cluster: Cluster, node_image: str, definition: None, tmp_path: Path, artifacts: Path, request: Any
) -> Iterator[Run]:
    """Run the binary's command on the template while a play is played; gives the exit code."""
    test = request.node.name.replace("[", "-").replace("]", "")[-50:]
    (tmp_path / "task.yaml").write_text(SPEC)
    acting: list[tuple[Operator, threading.Thread]] = []

    def go(play: Play, **flags: Any) -> int:
        operator = Operator(cluster, node_image)

        def act() -> None:
            if operator.find(test):
                play(operator)

        acting.append((operator, threading.Thread(target=act, daemon=True)))
        acting[-1][1].start()
        asked = {"image": node_image, "set": f"test={test}", "timeout": 40, **flags}
        return TestRunner().test(
            cluster="host://", name=cluster.name, src_dir=str(tmp_path), spec="task.yaml", **asked
        )

    yield go
    for operator, thread in acting:
        operator.over.set()
        thread.join(30)


def cases(artifacts: Path) -> dict[str, Case]:
    return {case.name: case for case in junit.read(artifacts / "junit_test-runner.xml")}


def failures(artifacts: Path) -> dict[str, str]:
    return {name: case.failure for name, case in cases(artifacts).items() if case.failure}


def evidence(artifacts: Path) -> dict[str, str]:
    files = artifacts.glob("task-*/**/*")
    return {path.name: path.read_text() for path in files if path.is_file()}


def tasks(cluster: Cluster) -> list[str]:
    client = kube.dynamic(cluster.kubeconfig())
    found = client.resources.get(api_version=f"{GROUP}/{VERSION}", kind=KIND).get(namespace="default")
    return [task.metadata.name for task in found.items]


def test_the_failure_condition_ends_the_wait_with_its_reason_and_the_logs(
    run: Run, artifacts: Path, cluster: Cluster
) -> None:
    def play(operator: Operator) -> None:
        pod = operator.pod("chief-0", "echo the disk is full; exit 3")
        operator.until("Failed", pod)
        operator.delete(pod)
        operator.say("Failed", reason="DiskFull", message="chief-0 gave up")

    began = time.monotonic()
    assert run(play) == 1
    assert time.monotonic() - began < 30
    failed = failures(artifacts)
    assert "Failed: DiskFull: chief-0 gave up" in failed["condition Succeeded"].splitlines()[0]
    assert "exit code 3" in failed["exit codes"]
    kept = evidence(artifacts)
    assert "the disk is full" in kept["main.log"]
    assert "DiskFull" in kept["task.yaml"]
    assert "events.txt" in kept
    assert tasks(cluster) == []


def test_a_timeout_names_the_pods_that_are_not_ready_and_why(run: Run, artifacts: Path) -> None:
    def play(operator: Operator) -> None:
        operator.pod("chief-0", "true", image="no.such/image:ever", imagePullPolicy="Never")

    assert run(play, timeout=4) == 1
    text = failures(artifacts)["condition Succeeded"]
    assert "not Succeeded after 4 s" in text
    assert "chief-0: Pending: container main ErrImageNeverPull" in text
    assert cases(artifacts)["cleaned up"].skipped


def test_a_success_passes_every_check_and_leaves_nothing(run: Run, artifacts: Path, cluster: Cluster) -> None:
    def play(operator: Operator) -> None:
        pods = [operator.pod(suffix, "exit 0") for suffix in ("chief-0", "worker-0", "worker-1")]
        operator.until("Succeeded", *pods)
        operator.say("Running", "False")
        operator.say("Succeeded")

    assert run(play, replicas_path="spec.types") == 0
    found = cases(artifacts)
    assert list(found) == [
        "created",
        "condition Succeeded",
        "pods Chief made",
        "pods Worker made",
        "exit codes",
        "cleaned up",
    ]
    assert {case.classname for case in found.values()} == {"Task.task"}
    assert not any(case.failure or case.skipped for case in found.values())
    assert tasks(cluster) == []
    assert not list(artifacts.glob("task-*"))


def test_pods_that_are_gone_before_the_end_still_count(run: Run, artifacts: Path) -> None:
    def play(operator: Operator) -> None:
        pods = [operator.pod(suffix, "exit 0") for suffix in ("chief-0", "worker-0", "worker-1")]
        operator.until("Succeeded", *pods)
        operator.delete(*pods)
        time.sleep(1)
        operator.say("Succeeded")

    assert run(play, replicas_path="spec.types", cleaned_up="all") == 0


def test_a_wrong_exit_code_fails_though_the_object_says_success(run: Run, artifacts: Path) -> None:
    def play(operator: Operator) -> None:
        operator.until("Failed", operator.pod("chief-0", "exit 7"))
        operator.say("Succeeded")

    assert run(play) == 1
    assert list(failures(artifacts)) == ["exit codes"]
    assert "chief-0: container main ended with exit code 7" in failures(artifacts)["exit codes"]


def test_another_exit_code_can_be_what_is_expected(run: Run, artifacts: Path) -> None:
    def play(operator: Operator) -> None:
        operator.until("Failed", operator.pod("chief-0", "exit 7"))
        operator.say("Succeeded")

    assert run(play, expected_exit_codes="0,7") == 0


def test_too_few_pods_fail(run: Run, artifacts: Path) -> None:
    def play(operator: Operator) -> None:
        pods = [operator.pod(suffix, "exit 0") for suffix in ("chief-0", "worker-0")]
        operator.until("Succeeded", *pods)
        operator.say("Succeeded")

    assert run(play, replicas_path="spec.types") == 1
    assert list(failures(artifacts)) == ["pods Worker made"]
    assert "2 wanted, 1 made" in failures(artifacts)["pods Worker made"]


def test_a_pod_that_still_runs_is_not_cleaned_up(
    run: Run, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "CLEANING", 1.0)

    def play(operator: Operator) -> None:
        pods = [operator.pod("chief-0", "exit 0"), operator.pod("ps-0", "sleep 60")]
        operator.until("Succeeded", pods[0])
        operator.until("Running", pods[1])
        operator.say("Succeeded")

    assert run(play) == 1
    assert list(failures(artifacts)) == ["cleaned up"]
    assert "ps-0 is still there: Running" in failures(artifacts)["cleaned up"]


def test_a_pod_that_is_stopped_by_the_cleaning_is_not_judged_by_its_exit_code(
    run: Run, artifacts: Path
) -> None:
    def play(operator: Operator) -> None:
        pods = [operator.pod("chief-0", "exit 0"), operator.pod("ps-0", "sleep 60 & wait")]
        operator.until("Succeeded", pods[0])
        operator.until("Running", pods[1])
        operator.say("Succeeded")
        operator.delete(pods[1])

    assert run(play) == 0


def test_pods_belong_to_the_object_through_other_owners(run: Run, artifacts: Path) -> None:
    def play(operator: Operator) -> None:
        metadata = operator.body.metadata
        owner = {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, "name": metadata.name, "uid": metadata.uid}
        container = {"name": "main", "image": operator.image, "command": ["sh", "-c", "exit 4"]}
        pod = {"restartPolicy": "Never", "containers": [{**container, "imagePullPolicy": "IfNotPresent"}]}
        jobs = operator.client.resources.get(api_version="batch/v1", kind="Job")
        jobs.create(
            namespace=operator.namespace,
            body={
                "metadata": {"name": metadata.name, "ownerReferences": [owner]},
                "spec": {"backoffLimit": 0, "template": {"spec": pod}},
            },
        )
        time.sleep(4)
        operator.say("Succeeded")

    assert run(play) == 1
    assert "exit code 4" in failures(artifacts)["exit codes"]


def test_pods_can_be_told_by_their_labels(run: Run, artifacts: Path) -> None:
    def play(operator: Operator) -> None:
        operator.pod("owned", "exit 9")
        operator.say("Succeeded")

    assert run(play, pod_selector="job={{ name }}") == 0
    assert cases(artifacts)["exit codes"].skipped == "no pod was made"


def test_a_phase_is_as_good_as_conditions(run: Run, artifacts: Path) -> None:
    assert (
        run(lambda operator: operator.status(phase="Done"), conditions_path="status.phase", condition="Done")
        == 0
    )


def test_an_object_that_somebody_deletes_ends_the_wait(run: Run, artifacts: Path) -> None:
    def play(operator: Operator) -> None:
        operator.tasks.delete(name=operator.body.metadata.name, namespace=operator.namespace)

    assert run(play) == 1
    assert "deleted by somebody else" in failures(artifacts)["condition Succeeded"]


def test_what_the_server_refuses_is_a_failed_case(run: Run, artifacts: Path, tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text(SPEC.replace("{{ test }}", "7"))
    assert run(lambda operator: None) == 1
    assert list(cases(artifacts)) == ["created"]
    assert "spec.test" in failures(artifacts)["created"]


def test_a_kind_that_is_not_installed_is_a_failed_case_of_one_line(
    run: Run, artifacts: Path, tmp_path: Path
) -> None:
    (tmp_path / "task.yaml").write_text(SPEC.replace("Task", "Tusk"))
    assert run(lambda operator: None) == 1
    assert failures(artifacts)["created"] == f"the cluster has no kind Tusk in {GROUP}/v1; set it up first"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_nothing_is_left_when_the_run_is_interrupted(
    cluster: Cluster, definition: None, template: Path, number: signal.Signals, code: int
) -> None:
    flags = [f"--{flag}={value}" for flag, value in asked(template, name=cluster.name).items()]
    argv = [sys.executable, "-m", "py.test_runner", "test", *flags]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        created = next(line for line in child.stdout if line.startswith("created")).split()[2]
        assert created in tasks(cluster)
        child.send_signal(number)
        child.stdout.read()
    assert child.returncode == code
    assert created not in tasks(cluster)


def test_keep_keeps_the_object(run: Run, artifacts: Path, cluster: Cluster) -> None:
    kept: list[Operator] = []

    def play(operator: Operator) -> None:
        kept.append(operator)
        operator.say("Succeeded")

    assert run(play, keep=True) == 0
    name = kept[0].body.metadata.name
    assert name in tasks(cluster)
    kept[0].tasks.delete(name=name, namespace="default")


@pytest.fixture
def template(tmp_path: Path, artifacts: Path) -> Path:
    (tmp_path / "task.yaml").write_text(SPEC)
    return tmp_path / "task.yaml"


def asked(template: Path, **flags: Any) -> dict[str, Any]:
    own = {"cluster": "host://", "name": "nowhere", "src_dir": str(template.parent), "spec": template.name}
    return {**own, "image": "i", "set": "test=t", **flags}


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"image": ""}, "line 7: 'image' is undefined"),
        ({"set": ""}, "'test' is undefined; it may use"),
        ({"set": "test"}, "is no KEY=VALUE"),
        ({"set": "image=x"}, "given already"),
        ({"spec": "gone.yaml"}, "no such file"),
        ({"cluster": "nowhere://"}, "no place"),
        ({"cleaned_up": "some"}, "cleaned_up"),
        ({"expected_exit_codes": "zero"}, "expected_exit_codes"),
        ({"replicas_path": "spec.gone"}, "replicas_path"),
        ({"pod_selector": "job={{ nome }}"}, "did you mean name"),
        ({"timeout": 0}, "timeout"),
    ],
)
def test_a_mistake_is_one_line_and_starts_nothing(
    template: Path, artifacts: Path, flags: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        TestRunner().test(**asked(template, **flags))
    assert "\n" not in str(caught.value)
    assert not artifacts.exists()


@pytest.mark.parametrize("there", [True, False])
def test_a_dry_run_says_what_it_would_do_and_opens_nothing(
    template: Path, artifacts: Path, there: bool, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(dryrun, "enabled", True)
    monkeypatch.setattr(socket.socket, "connect", None)
    if not there:
        template.unlink()
    flags = asked(template, image="<build.image>", replicas_path="spec.types")
    assert TestRunner().test(**flags) == 0
    said = capsys.readouterr().out
    assert "would create" in said
    assert ("image: <build.image>" in said) == there
    assert not artifacts.exists()


def test_a_dry_run_still_finds_mistakes(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dryrun, "enabled", True)
    with pytest.raises(UsageError, match="'image' is undefined"):
        TestRunner().test(**asked(template, image=""))


def test_a_cluster_that_is_not_there_is_said_in_one_line(template: Path, artifacts: Path) -> None:
    from py.tools.errors import ClusterError

    with pytest.raises(ClusterError, match="nowhere"):
        TestRunner().test(**asked(template))


class Line:
    """A TCP line to a server that can be cut: connections end, and new ones are refused."""

    def __init__(self, to: tuple[str, int]) -> None:
        self.to = to
        self.open: list[socket.socket] = []
        self.port = 0
        self.join()

    def join(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def cut(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for each in self.open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self.open.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, far = listener.accept()[0], socket.create_connection(self.to)
                self.open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                sink.sendall(piece)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


def test_an_api_that_goes_away_for_a_while_loses_nothing(
    run: Run, artifacts: Path, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = yaml.safe_load(cluster.kubeconfig().read_text())
    server = config["clusters"][0]["cluster"]
    real = urlsplit(server["server"])
    assert real.hostname
    line = Line((real.hostname, real.port or 443))
    server |= {"server": f"https://127.0.0.1:{line.port}", "tls-server-name": real.hostname}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    place = SimpleNamespace(
        name=cluster.name, namespace=cluster.namespace, kubeconfig=lambda: tmp_path / "kubeconfig"
    )
    monkeypatch.setattr("py.test_runner.open_cluster", lambda *_: place)

    def play(operator: Operator) -> None:
        line.cut()
        pods = [operator.pod(suffix, "exit 0") for suffix in ("chief-0", "worker-0", "worker-1")]
        operator.until("Succeeded", *pods)
        operator.delete(*pods)
        time.sleep(1)
        line.join()
        time.sleep(2)
        line.cut()
        operator.say("Succeeded")
        line.join()

    assert run(play, replicas_path="spec.types", cleaned_up="all") == 0
