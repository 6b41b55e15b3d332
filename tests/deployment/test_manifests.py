"""The manifests as `kubectl apply -k .` takes them: the base, each component, all that go together."""

import functools
import json
import re
import secrets
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from py.clusters import Cluster
from py.pipeline import load
from py.tools.folders import ROOT
from tests.deployment import manifests

VARIANTS = manifests.variants()
INITIAL = (
    "metrics",
    "migrate",
    "api-server",
)  # sidecars run on; what has to be over before others is not one

ALL_WELL = 10  # as kube-score grades

each_variant = pytest.mark.parametrize("variant", VARIANTS)
Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@functools.cache
def rendering(variant: str, image: str = manifests.WRITTEN) -> str:
    """A variant, rendered."""
    with tempfile.TemporaryDirectory() as folder:
        return manifests.render(VARIANTS[variant], Path(folder), image)


@pytest.fixture
def rendered(variant: str) -> str:
    """The variant that the test is about, rendered."""
    return rendering(variant)


@pytest.fixture
def base() -> str:
    """The base, rendered."""
    return rendering("base")


@pytest.fixture
def linter() -> None:
    """kube-score."""
    needs("kube-score")


def needs(name: str) -> str:
    """A program that set-up brings for these tests."""
    program = manifests.program(name)
    if not Path(program).exists():
        pytest.skip(f"{name} is missing: scripts/setup manifests")
    return program


def templates(rendered: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything that pods are made of, with its kind."""
    for it in manifests.objects(rendered):
        if it["kind"] == "Pod":
            yield "Pod", it["spec"]
        elif "template" in it.get("spec", {}):
            pod = it["spec"]["template"]["spec"]
            claims = it["spec"].get("volumeClaimTemplates", [])
            pod["volumes"] += [{"name": claim["metadata"]["name"], "emptyDir": {}} for claim in claims]
            yield it["kind"], pod


def containers(rendered: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every container, with the pod that it is of."""
    for _, pod in templates(rendered):
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            yield pod, container


def test_every_component_is_told_of_in_the_kustomization_and_in_the_guide() -> None:
    named = (ROOT / "kustomization.yaml").read_text()
    guide = (ROOT / "docs/deploy.md").read_text()
    for component in manifests.components():
        assert re.search(rf"#  - {component} ", named), component
        assert component in guide, component


@each_variant
def test_a_linter_finds_nothing(linter: None, rendered: str) -> None:
    assert manifests.find(rendered) == []


@pytest.mark.parametrize(
    ("place", "bad", "found"),
    [
        ("readOnlyRootFilesystem: true", "privileged: true", "The container is privileged"),
        ("image: postgres:16", "image: postgres:latest", "Image with latest tag"),
        ("image: postgres:16", "image: postgres", "Image with latest tag"),
        ("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "writable root filesystem"),
        ("memory: 512Mi", "memory: 0", "Memory limit is not set"),
        ("value: airflow", "value: airflow\n        - name: X_TOKEN\n          value: x", "X_TOKEN"),
        ("  PYTHONWARNINGS: ignore", "  some-token: sesame", "some-token"),
        ("  PYTHONWARNINGS: ignore", "  INDEX: https://robot:sesame@pypi.example", "ConfigMap airflow"),
        ("  PYTHONWARNINGS: ignore", "  k: '-----BEGIN RSA PRIVATE KEY-----'", "ConfigMap airflow"),
        ("kind: ConfigMap", "kind: Secret", "make secrets"),
    ],
)  # fmt: skip
def test_a_linter_finds_what_is_bad(linter: None, base: str, place: str, bad: str, found: str) -> None:
    assert place in base
    findings = manifests.find(base.replace(place, bad, 1))
    assert any(found in line for line in findings), findings


def test_the_linter_passes_over_nothing_that_is_not_there_to_be_passed_over(linter: None) -> None:
    argv = [manifests.program("kube-score"), "score", "--output-format=json", "-"]
    done = subprocess.run(argv, input=rendering("base"), capture_output=True, text=True, check=False)
    checks = [check for it in json.loads(done.stdout) for check in it["checks"] if not check["skipped"]]
    bad = {check["check"]["id"] for check in checks if check["grade"] < ALL_WELL}
    told = yaml.safe_load(manifests.SETTINGS.read_text())
    assert {flag.partition("=")[2] for flag in told["flags"] if flag.startswith("--ignore-test=")} <= bad
    reasons = [*told["flags"].values(), *(why for it in told["objects"].values() for why in it.values())]
    assert all(reasons), "an exclusion without a reason"


@each_variant
def test_no_container_may_more_than_it_has_to(rendered: str) -> None:
    found = list(containers(rendered))
    assert found
    for pod, container in found:
        own, of_all = container["securityContext"], pod["securityContext"]
        assert of_all["runAsNonRoot"] is True
        assert own.get("runAsUser", of_all["runAsUser"]) > 0
        assert of_all["seccompProfile"] == {"type": "RuntimeDefault"}
        assert own.get("readOnlyRootFilesystem") is (None if container["name"] == "step" else True)
        assert own["allowPrivilegeEscalation"] is False
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert not any(pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC"))
        assert not any("hostPath" in volume for volume in pod["volumes"])


@each_variant
def test_no_pod_has_a_token_unless_its_steps_are_to_speak_to_the_cluster(variant: str, rendered: str) -> None:
    found = manifests.objects(rendered)
    accounts = {it["metadata"]["name"]: it for it in found if it["kind"] == "ServiceAccount"}
    for _, pod in templates(rendered):
        account = accounts[pod["serviceAccountName"]]
        asked = pod.get("automountServiceAccountToken", account.get("automountServiceAccountToken", True))
        assert not asked or "deploy/kubernetes_executor/in_cluster" in VARIANTS[variant], account


@each_variant
def test_every_container_says_what_it_takes(rendered: str) -> None:
    for _, container in containers(rendered):
        resources = container["resources"]
        assert resources["requests"].keys() >= {"cpu", "memory"}, container["name"]
        assert "memory" in resources["limits"], container["name"]


@each_variant
def test_every_container_that_stays_is_asked_how_it_is(rendered: str) -> None:
    for kind, pod in templates(rendered):
        sidecars = [it for it in pod.get("initContainers", []) if it.get("restartPolicy") == "Always"]
        for container in [*sidecars, *pod["containers"]] if kind != "Pod" else []:
            assert "livenessProbe" in container, container["name"]
            serves = container["name"] in ("api-server", "postgres", "metrics")
            assert serves == ("readinessProbe" in container), container["name"]


@each_variant
def test_nobody_ends_a_step_before_its_time(rendered: str) -> None:
    """Liveness and grace period of who runs steps are longer than the longest of them."""
    steps = [step for found in load.all_of()[0].values() for step in found.pipeline.steps.values()]
    longest = max(step.timeout for step in steps)
    (airflow,) = (pod for kind, pod in templates(rendered) if kind == "Deployment")
    (scheduler,) = (it for it in airflow["containers"] if it["name"] == "scheduler")
    liveness = scheduler["livenessProbe"]
    assert liveness["periodSeconds"] * liveness["failureThreshold"] > longest
    assert airflow["terminationGracePeriodSeconds"] > longest


@each_variant
def test_the_migration_is_over_before_anything_else_of_airflow_begins(rendered: str) -> None:
    """A patch that names the second of two containers alone would make it the first."""
    (airflow,) = (pod for kind, pod in templates(rendered) if kind == "Deployment")
    found = [it["name"] for it in airflow["initContainers"]]
    assert found == [name for name in INITIAL if name in found]
    assert airflow["containers"][0]["name"] == "scheduler"


@each_variant
def test_our_image_is_named_in_one_line(variant: str) -> None:
    one, other = ("registry.example/windtunnel:v1", "elsewhere.example/windtunnel:v2")
    rendered = rendering(variant, one)
    assert rendered.replace(one, other) == rendering(variant, other)
    ours = re.findall(r"image: \"?(\S*windtunnel:[^\s\"]+)", rendered)
    assert len(ours) >= 4
    assert set(ours) == {one}


@each_variant
def test_no_step_is_given_what_the_manifest_has_from_a_secret(
    rendered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from py.pipeline import environment

    given = [
        variable["name"]
        for pod, container in containers(rendered)
        if container["name"] in ("scheduler", "base")
        for variable in container.get("env", [])
        if "secretKeyRef" in variable.get("valueFrom", {})
    ]
    for name in given:
        monkeypatch.setenv(name, "sesame")
    environment._scrubbed.cache_clear()
    assert "sesame" not in environment._scrubbed().values()
    environment._scrubbed.cache_clear()


# On a real server.


@pytest.fixture
def kubectl(cluster: Cluster) -> Kubectl:
    """kubectl, speaking to the shared cluster."""

    def run(*words: str, manifest: str = "") -> subprocess.CompletedProcess[str]:
        argv = [manifests.kubectl(), f"--kubeconfig={cluster.kubeconfig()}", *words]
        return subprocess.run(argv, input=manifest, capture_output=True, text=True, timeout=120, check=False)

    return run


@pytest.fixture
def name(kubectl: Kubectl) -> Iterator[str]:
    """What stands for `windtunnel` here: other tests have that one. All that was made by it goes."""
    name = f"manifests-{secrets.token_hex(3)}"
    yield name
    made = kubectl("get", "clusterroles,clusterrolebindings", "--output=name").stdout.split()
    mine = [it for it in made if f"/{name}" in it]
    kubectl("delete", "--ignore-not-found", "--wait=false", f"namespace/{name}", *mine)


def called(rendered: str, name: str) -> str:
    """The same under another name, with nothing that starts."""
    return rendered.replace("windtunnel", name).replace("replicas: 1", "replicas: 0")


def namespace_of(rendered: str) -> str:
    """The namespace alone: without it no server looks at what is in it."""
    return yaml.safe_dump(next(it for it in manifests.objects(rendered) if it["kind"] == "Namespace"))


@each_variant
def test_a_server_accepts_all_without_a_warning(rendered: str, kubectl: Kubectl, name: str) -> None:
    here = called(rendered, name)
    assert kubectl("apply", "-f", "-", manifest=namespace_of(here)).returncode == 0
    done = kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", manifest=here)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len([it for it in manifests.objects(here) if it["kind"] != "Pod"])


@pytest.mark.parametrize("variant", ["base", "all but results_gcs", "all but results_s3"])
def test_a_second_apply_changes_nothing(rendered: str, kubectl: Kubectl, name: str) -> None:
    here = called(rendered, name)
    first, second = (kubectl("apply", "-f", "-", manifest=here) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert [line for line in second.stdout.splitlines() if not line.endswith(" unchanged")] == []


@pytest.mark.parametrize("variant", ["base", "all but results_gcs", "all but results_s3"])
def test_the_restricted_namespace_takes_every_pod_and_no_privileged_one(
    rendered: str, kubectl: Kubectl, name: str
) -> None:
    here = called(rendered, name)
    assert kubectl("apply", "-f", "-", manifest=namespace_of(here)).returncode == 0
    accounts = yaml.safe_dump_all(it for it in manifests.objects(here) if it["kind"] == "ServiceAccount")
    assert kubectl("apply", "-f", "-", manifest=accounts).returncode == 0

    def create(spec: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        meta = {"name": "trial", "namespace": name}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
        return kubectl("create", "--dry-run=server", "-f", "-", manifest=json.dumps(pod))

    for _, spec in templates(here):
        done = create(spec)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            before = container["securityContext"]
            container["securityContext"] = before | {"privileged": True, "allowPrivilegeEscalation": True}
            done = create(spec)
            assert done.returncode == 1
            assert 'violates PodSecurity "restricted' in done.stderr
            assert f'privileged (container "{container["name"]}" must not' in done.stderr
            container["securityContext"] = before


def test_what_is_forbidden_is_warned_of_before_a_pod_is_made(base: str, kubectl: Kubectl, name: str) -> None:
    here = called(base, name).replace("readOnlyRootFilesystem: true", "privileged: true")
    here = here.replace("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true")
    assert kubectl("apply", "-f", "-", manifest=namespace_of(here)).returncode == 0
    done = kubectl("apply", "--dry-run=server", "-f", "-", manifest=here)
    assert "Warning: would violate PodSecurity" in done.stderr
