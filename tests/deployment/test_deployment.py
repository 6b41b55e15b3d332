"""A person with a cluster and a registry is on a working Airflow in three commands, and stays on it."""

import base64
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from py.tools.folders import ROOT
from tests.deployment.conftest import COUNT, NAMESPACE, Deployed

pytestmark = pytest.mark.timeout(1500)  # the first image takes minutes
# How long the step takes in whose middle something is killed.
SECONDS = int(os.environ.get("WINDTUNNEL_LONG_STEP", "15"))
LATE = SECONDS + 400
AIRFLOW = "app.kubernetes.io/name=airflow"


@pytest.fixture
def applied(deployed: Deployed) -> Deployed:
    """The deployment, available."""
    deployed.have()
    return deployed


def test_it_is_available_and_its_dry_run_green(applied: Deployed) -> None:
    began = time.monotonic()
    assert applied.result(applied.type_trigger("tf_k8s_tests", {"dryrun": True})) == "SUCCESS"
    applied.times["dry run"] = time.monotonic() - began
    assert "Warning" not in applied.said, "the restricted namespace refuses nothing"


def test_images_are_named_by_their_digests(applied: Deployed) -> None:
    pods = applied.get("pods")["items"]
    for pod in pods:
        for container in pod["spec"]["containers"] + pod["spec"].get("initContainers", []):
            assert re.search(r"@sha256:[0-9a-f]{64}$", container["image"])
    assert len(pods) == 2


def test_secrets_are_made_once_and_stay(applied: Deployed) -> None:
    before = applied.get("secret", "airflow")["data"]
    again = applied.site.run("scripts/secrets")
    assert "kind: Secret" not in again
    applied.site.kubectl("apply", "-f", "-", input=again)
    assert applied.get("secret", "airflow")["data"] == before


def test_applied_again_it_changes_nothing(applied: Deployed) -> None:
    applied.apply()
    assert [line for line in applied.said.splitlines() if not line.endswith(" unchanged")] == []


def test_steps_in_the_pod_build_elsewhere_and_test_on_this_cluster(applied: Deployed) -> None:
    began = time.monotonic()
    run = applied.trigger("tf_k8s_tests", {"REGISTRY": applied.site.registry})
    assert applied.result(run, 400) == "SUCCESS", applied.read(run, "build-log.txt")
    applied.times["tf_k8s_tests"] = time.monotonic() - began
    told = applied.read(run, "artifacts/junit_run-tests.xml")
    assert "<testcase " in told
    left = applied.site.kubectl("get", "namespaces,customresourcedefinitions", "--output=name").split()
    assert not [name for name in left if "tf" in name]


def test_a_scheduler_that_is_killed_runs_the_step_again_when_the_first_is_gone(applied: Deployed) -> None:
    run = applied.begun("trial", {"SECONDS": SECONDS})
    _kill_the_scheduler(applied)
    assert applied.result(run, LATE) == "SUCCESS"
    moments = _moments(applied, run)
    assert [what for what, _ in moments if what != "alive"] == ["began", "began", "ended"]
    assert "begun 2 times" in applied.read(run, "steps/then/log.txt")


def test_a_postgres_that_is_deleted_costs_no_step(applied: Deployed) -> None:
    run = applied.begun("trial", {"SECONDS": SECONDS})
    applied.kubectl("delete", "pod", "postgres-0")
    assert applied.result(run, LATE) == "SUCCESS"
    assert [what for what, _ in _moments(applied, run) if what != "alive"] == ["began", "ended"]


def test_a_roll_out_waits_for_the_step_and_the_run_goes_on(applied: Deployed) -> None:
    run = applied.begun("trial", {"SECONDS": SECONDS})
    before = applied.pods(AIRFLOW)
    applied.kubectl("rollout", "restart", "deploy/airflow")
    applied.available(LATE)
    assert applied.result(run, LATE) == "SUCCESS"
    assert [what for what, _ in _moments(applied, run) if what != "alive"] == ["began", "ended"]
    [now] = applied.pods(AIRFLOW)
    assert now not in before
    # The first user logs in, and reads what a step has logged in a pod that is gone.
    told = applied.ask("GET", f"/dags/trial/dagRuns/{quote(run)}/taskInstances/first/logs/1")
    assert f"slow wait --seconds={SECONDS}" in told
    assert applied.password not in told


def test_secrets_are_in_no_description_log_or_table(applied: Deployed) -> None:
    held = applied.get("secret", "airflow")["data"]
    values = [base64.b64decode(value).decode() for value in held.values()]
    assert len(values) == 5
    said = applied.kubectl("describe", "pods,deployments,statefulsets,configmaps,secrets")
    for container in ("migrate", "api-server", "scheduler", "dag-processor"):
        said += applied.kubectl("logs", "deploy/airflow", f"--container={container}")
    said += applied.kubectl("logs", "postgres-0")
    said += applied.shell("cat $(find /opt/airflow/files -type f -size -1M)")
    said += applied.kubectl("exec", "postgres-0", "--", "pg_dump", "--username=airflow", "--dbname=airflow")
    assert [value for value in values if value in said] == []


def test_what_is_backed_up_as_the_page_says_can_be_restored(applied: Deployed, tmp_path: Path) -> None:
    page = (ROOT / "docs/deploy.md").read_text().partition("## Backup and restore")[2].partition("\n## ")[0]
    backup, restore = re.findall(r"^```\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[:2]
    kept = applied.trigger("hello")
    assert applied.result(kept) == "SUCCESS"
    _type(applied, backup, tmp_path)
    lost = applied.trigger("hello")
    assert applied.result(lost) == "SUCCESS"
    _type(applied, restore, tmp_path)
    applied.available()
    runs = applied.airflow("dags", "list-runs", "hello", "--output=plain")
    assert kept in runs
    assert lost not in runs
    assert applied.result(applied.trigger("hello")) == "SUCCESS"


def test_deleted_it_leaves_nothing(applied: Deployed) -> None:
    applied.patiently(lambda: _at_rest(applied), 60)  # it would wait for a step, and a step for its database
    began = time.monotonic()
    applied.delete()
    applied.times["deleted"] = time.monotonic() - began
    print("\n" + "\n".join(f"{seconds:6.1f} s  {what}" for what, seconds in applied.times.items()))
    everything = "namespaces,clusterroles,clusterrolebindings,customresourcedefinitions"
    left = applied.site.kubectl("get", everything, "--output=name").split()
    assert not [name for name in left if NAMESPACE in name]
    assert applied.site.kubectl("get", "persistentvolumes", "--output=name") == ""


def _at_rest(deployed: Deployed) -> str:
    """Nothing runs: a run's files are whole before Airflow knows it."""
    count = "select count(*) from task_instance where state in ('scheduled', 'queued', 'running')"
    psql = ("psql", "--username=airflow", "--dbname=airflow", "--tuples-only", "--no-align")
    said = deployed.kubectl("exec", "postgres-0", "--", *psql, f"--command={count}")
    assert said == "0\n"
    return said


def _moments(deployed: Deployed, run: str) -> list[tuple[str, int]]:
    """What the step has told, and when; a next attempt begins after the last word of the one before."""
    told = [line.split() for line in deployed.read(run, COUNT).splitlines()]
    moments = [(what, int(when)) for what, when in told]
    begins = [index for index, (what, _) in enumerate(moments) if what == "began"]
    for index in begins[1:]:
        assert moments[index][1] > moments[index - 1][1]
        assert moments[index - 1][0] in ("alive", "ended")
    alive = [when for what, when in moments[begins[-1] :] if what == "alive"]
    assert len(set(alive)) == len(alive) == SECONDS, "nobody else was alive meanwhile"
    return moments


def _kill_the_scheduler(deployed: Deployed) -> None:
    """End the scheduler and with it the step, and return when its container runs again."""
    pods = deployed.get("pods", f"--selector={AIRFLOW}")["items"]
    states = {each["name"]: each for each in pods[0]["status"]["containerStatuses"]}
    before = states["scheduler"]["restartCount"]
    deployed.site.kill(states["scheduler"]["containerID"].partition("://")[2])

    def restarted() -> str:
        pod = deployed.get("pod", pods[0]["metadata"]["name"])
        states = {each["name"]: each for each in pod["status"]["containerStatuses"]}
        assert states["scheduler"]["restartCount"] > before
        return "yes"

    deployed.patiently(restarted, 60)


def _type(deployed: Deployed, lines: str, folder: Path) -> None:
    """Type the lines of a page in a folder, with the namespace set as the page begins with."""
    own = folder / "kubeconfig"
    shutil.copy(deployed.site.env["KUBECONFIG"], own)
    script = f"kubectl config set-context --current --namespace={NAMESPACE}\n{lines}"
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder, env=deployed.site.env | {"KUBECONFIG": str(own)}, check=True, timeout=300,
    )  # fmt: skip
