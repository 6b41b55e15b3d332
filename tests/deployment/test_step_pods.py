"""deploy/step_pods: a pod for a step in an image, which has the folders of its run and nothing else."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from py.pipeline.container import POD
from tests.deployment.test_kubernetes_executor import Rendered, egress, pod, rendered, settings


@pytest.fixture
def alone(tmp_path: Path) -> Rendered:
    return rendered(tmp_path, "step_pods")


def template(objects: Rendered) -> Any:
    return yaml.safe_load(objects["ConfigMap", "step"]["data"]["pod.yaml"])


def test_the_file_of_the_pod_is_where_steps_look_for_it(alone: Rendered) -> None:
    file = Path(settings(alone)[POD])
    scheduler = next(each for each in pod(alone)["containers"] if each["name"] == "scheduler")
    (mount,) = [each for each in scheduler["volumeMounts"] if each["mountPath"] == str(file.parent)]
    (volume,) = [each for each in pod(alone)["volumes"] if each["name"] == mount["name"]]
    assert file.name in alone["ConfigMap", volume["configMap"]["name"]]["data"]


def test_the_pod_is_what_the_restricted_namespace_takes(alone: Rendered) -> None:
    spec, base = template(alone)["spec"], pod(alone)
    (container,) = spec["containers"]
    assert spec["securityContext"] == base["securityContext"], "so it may write what Airflow has made"
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"]["memory"]


def test_the_pod_has_no_secret_and_no_token(alone: Rendered) -> None:
    spec = template(alone)["spec"]
    assert not {"env", "envFrom"} & spec["containers"][0].keys()
    assert not [volume for volume in spec["volumes"] if "secret" in volume]
    assert spec["automountServiceAccountToken"] is False
    assert ("ServiceAccount", spec["serviceAccountName"]) in alone
    bound = [each for (kind, _), each in alone.items() if kind.endswith("RoleBinding")]
    assert spec["serviceAccountName"] not in {who["name"] for each in bound for who in each["subjects"]}


def test_its_volume_is_airflows_at_the_same_path(alone: Rendered) -> None:
    spec, base = template(alone)["spec"], pod(alone)
    (files,) = [each for each in spec["volumes"] if "persistentVolumeClaim" in each]
    assert files in base["volumes"]
    (mount,) = [each for each in spec["containers"][0]["volumeMounts"] if each["name"] == files["name"]]
    assert mount in next(each for each in base["containers"] if each["name"] == "scheduler")["volumeMounts"]


def test_steps_may_make_pods_of_their_namespace_and_no_more(alone: Rendered) -> None:
    rules = alone["Role", "steps"]["rules"]
    assert [(each["resources"], set(each["verbs"])) for each in rules] == [
        (["pods"], {"create", "get", "delete"}),
        (["pods/log"], {"get"}),
    ]
    assert not [name for kind, name in alone if kind.startswith("ClusterRole")]


def test_the_pod_reaches_the_outside_and_names_and_nothing_in_here(alone: Rendered) -> None:
    assert egress(alone, "step") == {53, 80, 443, 22}
    assert not {5432, 8080, 6443} & egress(alone, "step")
    assert template(alone)["metadata"]["labels"]["app.kubernetes.io/name"] == "step"
