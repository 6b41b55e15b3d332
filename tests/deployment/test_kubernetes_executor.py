"""deploy/kubernetes_executor: every task in a pod of its own, which has no right and no secret to spare."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from py.tools.folders import ROOT
from tests.deployment.manifests import kubectl

IMAGE = "registry.example:5000/team/windtunnel@sha256:" + "a" * 64
Rendered = dict[tuple[str, str], Any]


def rendered(folder: Path, *components: str, image: str = IMAGE) -> Rendered:
    """What `kubectl apply -k` would send for these components, by kind and name."""
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    text = (ROOT / "deployment.yaml").read_text()
    objects = list(yaml.safe_load_all(text))
    written = next(each for each in objects if each["kind"] == "Deployment")["spec"]["template"]["spec"]
    (folder / "deployment.yaml").write_text(text.replace(written["containers"][0]["image"], image))
    whole = {"resources": ["deployment.yaml"], "components": [f"deploy/{each}" for each in components]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(whole))
    done = subprocess.run([kubectl(), "kustomize", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(done.stdout)}


def worker(objects: Rendered) -> Any:
    return yaml.safe_load(objects["ConfigMap", "worker"]["data"]["pod.yaml"])


def pod(objects: Rendered) -> Any:
    return objects["Deployment", "airflow"]["spec"]["template"]["spec"]


def egress(objects: Rendered, app: str) -> set[int]:
    """The ports that the policies let pods of this name connect to."""
    found = set()
    for (kind, _), each in objects.items():
        if kind == "NetworkPolicy" and "Egress" in each["spec"]["policyTypes"]:
            chosen = each["spec"]["podSelector"]
            names = [chosen.get("matchLabels", {}).get("app.kubernetes.io/name")]
            names += [name for one in chosen.get("matchExpressions", []) for name in one["values"]]
            rules = each["spec"].get("egress", []) if app in names else []
            found |= {port["port"] for rule in rules for port in rule["ports"]}
    return found


@pytest.fixture
def alone(tmp_path: Path) -> Rendered:
    return rendered(tmp_path, "kubernetes_executor")


def test_pods_run_the_image_of_the_scheduler(alone: Rendered) -> None:
    (container,) = worker(alone)["spec"]["containers"]
    assert container["image"] == IMAGE
    assert container["name"] == "base", "the name by which Airflow knows its container"


def test_pods_have_no_secret_of_airflow_and_no_token(alone: Rendered) -> None:
    spec = worker(alone)["spec"]
    (container,) = spec["containers"]
    assert container["envFrom"] == [{"configMapRef": {"name": "airflow"}}]
    assert "env" not in container
    named = [volume["secret"]["secretName"] for volume in spec["volumes"] if "secret" in volume]
    assert named == ["builder"]
    assert alone["ServiceAccount", spec["serviceAccountName"]]["automountServiceAccountToken"] is False
    assert not any("secret" in key.lower() or "token" in key.lower() for key in settings(alone))


def settings(objects: Rendered) -> dict[str, str]:
    found: dict[str, str] = objects["ConfigMap", "airflow"]["data"]
    return found


def test_pods_are_what_the_restricted_namespace_takes(alone: Rendered) -> None:
    spec = worker(alone)["spec"]
    base = pod(alone)
    (container,) = spec["containers"]
    scheduler = next(each for each in base["containers"] if each["name"] == "scheduler")
    assert spec["securityContext"] == base["securityContext"]
    assert container["securityContext"] == scheduler["securityContext"]
    assert container["resources"]["limits"]["memory"]


def test_pods_find_runs_and_logs_where_airflow_does(alone: Rendered) -> None:
    """Every mount of Airflow's own containers, whose volume is the same or as empty."""
    spec, base = worker(alone)["spec"], pod(alone)
    mounts = {each["name"]: each for each in spec["containers"][0]["volumeMounts"]}
    volumes = {each["name"]: each for each in spec["volumes"]}
    for mount in next(each for each in base["containers"] if each["name"] == "dag-processor")["volumeMounts"]:
        assert mounts[mount["name"]] == mount
        assert volumes[mount["name"]] in base["volumes"]
    assert alone["PersistentVolumeClaim", "airflow-files"]["spec"]["accessModes"] == ["ReadWriteMany"]


def test_workers_and_scheduler_read_the_same_settings(alone: Rendered) -> None:
    said = settings(alone)
    assert said["AIRFLOW__CORE__EXECUTOR"] == "KubernetesExecutor"
    assert said["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"].startswith("http://airflow:8080/")
    assert ("Service", "airflow") in alone
    for container in pod(alone)["containers"]:
        assert container["envFrom"] == [{"configMapRef": {"name": "airflow"}}]
        executor = [each for each in container["env"] if each["name"] == "AIRFLOW__CORE__EXECUTOR"]
        assert not executor, "it would hide what workers read"


def test_the_api_server_has_a_connection_for_each_thread_that_answers_workers(alone: Rendered) -> None:
    """Airflow's own are 5 and 10 more, and 40 threads."""
    assert 5 + int(settings(alone)["AIRFLOW__DATABASE__SQL_ALCHEMY_MAX_OVERFLOW"]) > 40


def test_the_template_is_where_the_scheduler_looks_for_it(alone: Rendered) -> None:
    file = Path(settings(alone)["AIRFLOW__KUBERNETES_EXECUTOR__POD_TEMPLATE_FILE"])
    scheduler = next(each for each in pod(alone)["containers"] if each["name"] == "scheduler")
    (mount,) = [each for each in scheduler["volumeMounts"] if each["mountPath"] == str(file.parent)]
    (volume,) = [each for each in pod(alone)["volumes"] if each["name"] == mount["name"]]
    assert volume["configMap"]["name"] == "worker"
    assert file.name in alone["ConfigMap", "worker"]["data"]


def test_only_the_scheduler_has_a_token_and_it_may_touch_pods_of_its_namespace_alone(alone: Rendered) -> None:
    holders = [
        container["name"]
        for container in pod(alone)["containers"] + pod(alone)["initContainers"]
        if any("serviceaccount" in mount["mountPath"] for mount in container["volumeMounts"])
    ]
    assert holders == ["scheduler"]
    (rule,) = alone["Role", "workers"]["rules"]
    assert (rule["apiGroups"], rule["resources"]) == ([""], ["pods"])
    assert set(rule["verbs"]) == {"create", "get", "list", "watch", "patch", "delete"}
    assert not [name for kind, name in alone if kind.startswith("ClusterRole")]


def test_workers_reach_the_api_server_and_what_steps_reach_and_nothing_else(alone: Rendered) -> None:
    assert egress(alone, "worker") - egress(alone, "airflow") == {8080}
    assert 6443 not in egress(alone, "worker")
    ingress = alone["NetworkPolicy", "api-server"]["spec"]["ingress"]
    assert ingress == [
        {
            "from": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "worker"}}}],
            "ports": [{"port": 8080, "protocol": "TCP"}],
        }
    ]
    database = alone["NetworkPolicy", "postgres"]["spec"]["ingress"][0]["from"]
    assert database == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "airflow"}}}]
    assert worker(alone)["metadata"]["labels"]["app.kubernetes.io/name"] == "worker"


def test_what_other_components_open_for_steps_is_open_for_their_pods(tmp_path: Path) -> None:
    both = rendered(
        tmp_path, "in_cluster", "builder", "kubernetes_executor", "kubernetes_executor/in_cluster"
    )
    assert {6443, 2376} <= egress(both, "worker")
    mounts = {each["mountPath"] for each in worker(both)["spec"]["containers"][0]["volumeMounts"]}
    assert settings(both)["DOCKER_CERT_PATH"] in mounts


def test_rights_in_the_cluster_go_from_the_scheduler_to_the_workers(tmp_path: Path) -> None:
    objects = rendered(tmp_path, "in_cluster", "kubernetes_executor", "kubernetes_executor/in_cluster")
    bound = [each for (kind, _), each in objects.items() if kind == "ClusterRoleBinding"]
    assert bound
    assert {subject["name"] for each in bound for subject in each["subjects"]} == {"worker"}
    assert objects["ServiceAccount", "worker"]["automountServiceAccountToken"] is True
    (account,) = [each for each in pod(objects)["volumes"] if each["name"] == "account"]
    assert len(account["projected"]["sources"]) == 2


@pytest.mark.parametrize("image", ["windtunnel:latest", "localhost:5000/windtunnel:v20260101-abcdef0"])
def test_an_image_may_be_named_by_a_tag(tmp_path: Path, image: str) -> None:
    assert (
        worker(rendered(tmp_path, "kubernetes_executor", image=image))["spec"]["containers"][0]["image"]
        == image
    )
