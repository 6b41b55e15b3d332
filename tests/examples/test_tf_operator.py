"""The sample operator holds up as a project of its own: its tests, lint, manifests and e2e template."""

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from py.clusters import Cluster
from py.custom_resource import template
from py.tools.errors import UsageError
from py.tools.folders import ROOT

OPERATOR = ROOT / "examples/tf_operator"
TFJOBS = ("kubeflow.org", "v1", "default", "tfjobs")
E2E = {"name": "mnist", "namespace": "lab", "image": "tf-operator:v1"}


def objects() -> Iterator[dict[str, Any]]:
    """Everything in the manifests."""
    for path in sorted((OPERATOR / "manifests").glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text())


def object_of(kind: str) -> dict[str, Any]:
    """The one object of a kind in the manifests."""
    (found,) = (each for each in objects() if each["kind"] == kind)
    return found


def in_the_operators_folder(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a Python tool as the operator's own developers do."""
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=OPERATOR, capture_output=True, text=True, check=False
    )


def test_its_own_unit_tests_pass() -> None:
    done = in_the_operators_folder("pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr


def test_pylint_with_its_own_settings_complains_of_nothing() -> None:
    done = in_the_operators_folder("pylint", "--score=n", "tf_operator", "tests")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_its_manifests_leave_the_namespace_to_whoever_deploys_them() -> None:
    assert [each["metadata"]["name"] for each in objects() if "namespace" in each["metadata"]] == []
    assert not any("namespace" in subject for subject in object_of("RoleBinding")["subjects"])


def test_its_deployment_uses_the_image_that_it_says_is_built() -> None:
    (image,) = yaml.safe_load((OPERATOR / "build.yaml").read_text())["images"]
    (container,) = object_of("Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == image["name"]
    assert (OPERATOR / image["context"] / image["dockerfile"]).is_file()


def test_its_role_gives_no_more_than_a_namespace_and_no_wildcard() -> None:
    assert [each["kind"] for each in objects() if each["kind"].startswith("Cluster")] == []
    rules = object_of("Role")["rules"]
    assert not any("*" in rule[key] for rule in rules for key in ("apiGroups", "resources", "verbs"))


def test_every_replica_of_the_e2e_job_checks_itself_in_the_image_under_test() -> None:
    job = template.render(OPERATOR / "e2e/tf_job.yaml", E2E)
    specs = job["spec"]["tfReplicaSpecs"]
    assert {kind: spec["replicas"] for kind, spec in specs.items()} == {"Chief": 1, "PS": 1, "Worker": 2}
    for spec in specs.values():
        (container,) = spec["template"]["spec"]["containers"]
        assert container["image"] == "tf-operator:v1"
        assert container["command"] == ["python3", "-m", "tf_operator.replica_check"]


@pytest.mark.parametrize("name", ["name", "image"])  # Jinja2 itself knows something called namespace
def test_the_e2e_template_needs_every_name(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        template.render(OPERATOR / "e2e/tf_job.yaml", {key: E2E[key] for key in E2E if key != name})


@pytest.fixture(scope="module")
def api(cluster: Cluster) -> Any:
    """A real API server that knows TFJobs."""
    from kubernetes import client, config

    connect: Any = config.new_client_from_config
    connection = connect(str(cluster.kubeconfig()))
    extensions = client.ApiextensionsV1Api(connection)
    crd: Any = object_of("CustomResourceDefinition")
    try:
        extensions.create_custom_resource_definition(crd)
    except client.ApiException as error:
        assert error.status == 409, error
    custom = client.CustomObjectsApi(connection)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            custom.list_namespaced_custom_object(*TFJOBS)
        except client.ApiException:
            time.sleep(0.1)
        else:
            return custom
    pytest.fail("the API server does not serve TFJobs after 30 s")


def tfjob(
    kinds: str = "Chief", container: str = "tensorflow", name: str = "mnist", **spec: Any
) -> dict[str, Any]:
    """A TFJob with a replica of each kind; `spec` goes to every one of them."""
    replica = {"template": {"spec": {"containers": [{"name": container, "image": "train"}]}}, **spec}
    return {
        "apiVersion": "kubeflow.org/v1",
        "kind": "TFJob",
        "metadata": {"name": name},
        "spec": {"tfReplicaSpecs": dict.fromkeys(kinds.split(), replica)},
    }


def test_kubernetes_fills_in_what_a_job_does_not_say(api: Any) -> None:
    made = api.create_namespaced_custom_object(*TFJOBS, tfjob(), dry_run="All")
    assert made["spec"]["runPolicy"] == {"cleanPodPolicy": "Running", "backoffLimit": 6}
    assert {"replicas": 1, "restartPolicy": "Never"}.items() <= made["spec"]["tfReplicaSpecs"][
        "Chief"
    ].items()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (tfjob("PS"), "a job needs a Chief or a Worker"),
        (tfjob("Chief Evaluator"), "the types of replicas are Chief, PS and Worker"),
        (tfjob("Chief", replicas=2), "there is one Chief"),
        (tfjob("Worker", replicas=0), "should be greater than or equal to 1"),
        (tfjob(restartPolicy="Sometimes"), "Unsupported value"),
        (tfjob(container="main"), "one container must be called tensorflow"),
        (tfjob(name="m" * 51), "at most 50 characters"),
    ],
)
def test_kubernetes_refuses_a_job_that_makes_no_sense(api: Any, wrong: dict[str, Any], reason: str) -> None:
    from kubernetes.client import ApiException

    with pytest.raises(ApiException) as refusal:
        api.create_namespaced_custom_object(*TFJOBS, wrong, dry_run="All")
    assert refusal.value.status == 422
    assert reason in str(refusal.value.body)
