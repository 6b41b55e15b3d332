"""Every task in a pod of Windtunnel's image, or steps in pods of theirs: on a real cluster, as deployed."""

import json
from typing import NamedTuple
from urllib.parse import quote

import pytest

from tests.deployment.conftest import COUNT, Deployed

pytestmark = pytest.mark.timeout(1500)


class Way(NamedTuple):
    """What is applied, the pipeline that shows it, its conf, and the pods to look at."""

    components: tuple[str, ...]
    pipeline: str
    pods: str


WAYS = {
    "each task in a worker": Way(
        ("kubernetes_executor", "kubernetes_executor/in_cluster"), "trial", "dag_id=trial"
    ),
    "each step in its image": Way(("step_pods",), "trial_in_image", "app.kubernetes.io/name=step"),
}


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest, deployed: Deployed) -> Way:
    """One of them, applied."""
    found = WAYS[request.param]
    deployed.have(*found.components)
    return found


def conf(deployed: Deployed, way: Way, seconds: int) -> dict[str, object]:
    image = deployed.get("deploy/airflow")["spec"]["template"]["spec"]["containers"][0]["image"]
    return {"SECONDS": seconds} | ({"IMAGE": image} if way.pipeline == "trial_in_image" else {})


def test_a_step_runs_in_a_pod_and_its_output_and_log_are_there_when_the_pod_is_gone(
    deployed: Deployed, way: Way
) -> None:
    run = deployed.begun(way.pipeline, conf(deployed, way, 12))
    [pod] = deployed.pods(way.pods, "--field-selector=status.phase=Running")
    assert "first" in pod
    in_scheduler = "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"
    assert "bash /opt/windtunnel/dags/slow" not in deployed.shell(in_scheduler), "not in its pod"
    assert deployed.result(run) == "SUCCESS", deployed.read(run, "build-log.txt")
    assert "begun 1 times" in deployed.read(run, "steps/then/log.txt")
    deployed.patiently(lambda: _gone(deployed, way), 60)
    path = f"/dags/{way.pipeline}/dagRuns/{quote(run)}/taskInstances/then/logs/1"
    assert "begun 1 times" in deployed.ask("GET", path)


def test_cancelling_ends_the_step_in_its_pod_and_undoes(deployed: Deployed, way: Way) -> None:
    run = deployed.begun(way.pipeline, conf(deployed, way, 600))
    path = f"/dags/{way.pipeline}/dagRuns/{quote(run)}"
    deployed.ask("PATCH", path, {"state": "failed"})
    assert deployed.result(run) == "ABORTED"
    assert deployed.read(run, COUNT).splitlines()[-1].startswith("ended ")
    deployed.read(run, "workspace/undone")
    deployed.patiently(lambda: _gone(deployed, way), 60)


@pytest.mark.parametrize("way", ["each task in a worker"], indirect=True)
def test_a_whole_pipeline_builds_and_tests_on_this_cluster(deployed: Deployed, way: Way) -> None:
    run = deployed.trigger("tf_k8s_tests", {"REGISTRY": deployed.site.registry})
    assert deployed.result(run, 600) == "SUCCESS", deployed.read(run, "build-log.txt")
    left = deployed.site.kubectl("get", "namespaces,customresourcedefinitions", "--output=name").split()
    assert not [name for name in left if "tf" in name]


def _gone(deployed: Deployed, way: Way) -> str:
    left = deployed.pods(way.pods)
    assert left == []
    return json.dumps(left)
