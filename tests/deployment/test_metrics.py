"""deploy/metrics: what Airflow counts is what the dashboard and the alerts find, by a real exporter."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from py.tools.folders import ROOT
from tests.airflows import free_port
from tests.deployment import manifests
from tests.projects import wait_until

HERE = ROOT / "deploy/metrics"
FOREIGN = ("kubelet_", "kube_")  # whom the alerts ask, too
# Every metric of Airflow's own list, by its own code, as the settings of the component have it.
COUNT = """
from datetime import timedelta
from airflow._shared.observability.metrics.metrics_registry import MetricsRegistry
from airflow.configuration import conf
from airflow.observability import stats
from airflow.observability.metrics import stats_utils

legacy = conf.getboolean("metrics", "legacy_names_on")
stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=legacy)
tags = {"dag_id": "hello", "task_id": "say", "state": "success", "pool_name": "default_pool", "job_id": "7"}
for name, metric in MetricsRegistry()._metrics.items():
    if "{" not in name:
        match metric["type"]:
            case "counter": stats.incr(name, tags=tags)
            case "gauge": stats.gauge(name, 3, tags=tags)
            case "timer": stats.timing(name, timedelta(seconds=90), tags=tags)
"""


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What Prometheus is told after Airflow has counted each of its metrics once."""
    program = manifests.program("statsd_exporter")
    if not Path(program).exists():
        pytest.skip("statsd_exporter is missing: scripts/setup manifests")
    folder = tmp_path_factory.mktemp("metrics")
    objects = manifests.objects(manifests.render(["deploy/metrics"], folder))
    named = {it["metadata"]["name"]: it["data"] for it in objects if it["kind"] == "ConfigMap"}
    (folder / "mapping.yaml").write_text(named["metrics"]["mapping.yaml"])
    web, statsd = free_port(), free_port()
    url = f"http://127.0.0.1:{web}"
    settings = {name: text for name, text in named["airflow"].items() if "__METRICS__" in name}
    settings |= {"AIRFLOW__METRICS__STATSD_PORT": str(statsd), "AIRFLOW_HOME": str(folder / "home")}
    argv = [
        "setpriv", "--pdeathsig=KILL", "--", program, f"--statsd.listen-udp=127.0.0.1:{statsd}",
        "--statsd.listen-tcp=", f"--web.listen-address=127.0.0.1:{web}",
        f"--statsd.mapping-config={folder}/mapping.yaml",
    ]  # fmt: skip
    exporter = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: _read(f"{url}/-/ready") != "", 30)
        subprocess.run([sys.executable, "-c", COUNT], env=os.environ | settings, check=True, timeout=120)
        wait_until(lambda: "airflow_connection_test_hook_duration" in _read(f"{url}/metrics"), 30)
        yield _read(f"{url}/metrics")
    finally:
        exporter.terminate()
        exporter.wait()


def _read(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def expressions() -> list[str]:
    """All that the dashboard and the alerts ask of Prometheus."""
    dashboard = json.loads((HERE / "dashboard.json").read_text())
    drawn = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    variables = [it["query"]["query"] for it in dashboard["templating"]["list"] if it["type"] == "query"]
    groups = yaml.safe_load((HERE / "alerts.yaml").read_text())["groups"]
    return drawn + variables + [rule["expr"] for group in groups for rule in group["rules"]]


@pytest.mark.parametrize("expression", expressions())
def test_everything_asked_of_prometheus_is_there_to_be_found(expression: str, scraped: str) -> None:
    asked = re.findall(r"\b(?:airflow|kube|kubelet)_\w+", expression)
    assert asked
    for name in asked:
        series = re.findall(rf"^{name}\{{(.*)\}} ", scraped, re.MULTILINE)
        assert series or name.startswith(FOREIGN), name
        for label in re.findall(r"by \(([\w, ]+)\)", expression) if series else []:
            assert all(f"{it}=" in series[0] for it in label.split(", ")), (name, label)


def test_times_are_in_seconds_and_states_are_labels(scraped: str) -> None:
    runs = [line for line in scraped.splitlines() if line.startswith("airflow_dag_run_duration_seconds_sum")]
    assert {re.sub(r".*state=\"(\w+)\".*", r"\1", line) for line in runs} == {"success", "failed"}
    assert {line.rpartition(" ")[2] for line in runs} == {"90"}


def test_nothing_has_a_series_for_each_task_that_ever_ran(scraped: str) -> None:
    assert "local_task_job" not in scraped


def test_every_alert_is_in_the_runbook() -> None:
    guide = (ROOT / "docs/deploy.md").read_text()
    for group in yaml.safe_load((HERE / "alerts.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            assert f"| `{rule['alert']}` |" in guide, rule["alert"]
            assert rule["labels"]["severity"] in ("warning", "critical")
