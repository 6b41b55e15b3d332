"""What the benchmarks of a cluster simulate: workers' pods elsewhere, and what a worker would say."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.in_cluster import hands, kwok, scale
from py.tools.folders import ROOT
from tests.deployment.manifests import kubectl
from tests.web import serving

Said = list[tuple[str, str, str, dict[str, Any]]]


@contextmanager
def execution_api(answers: list[int]) -> Iterator[tuple[tuple[str, int], Said]]:
    """A server that notes what it is told, by which token, and gives another one with each answer."""
    said: Said = []

    class Api(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def note(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said.append((self.command, self.path.rpartition("/")[2], self.headers["Authorization"], body))
            self.send_response(answers.pop(0) if answers else 204)
            self.send_header("Refreshed-API-Token", f"token-{len(said)}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_PATCH = do_PUT = note  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with serving(Api) as address:
        host, _, port = address.partition(":")
        yield (host, int(port)), said


def pod(task: str = "s1") -> dict[str, Any]:
    workload = {"token": "token-0", "ti": {"id": "7", "task_id": task}}
    args = [
        "python",
        "-m",
        "airflow.sdk.execution_time.execute_workload",
        "--json-string",
        json.dumps(workload),
    ]
    return {"metadata": {"name": "wide-s1"}, "spec": {"containers": [{"args": args}]}}


def work(monkeypatch: pytest.MonkeyPatch, answers: list[int]) -> tuple[Said, dict[str, Any]]:
    counts = hands.Counts()
    with execution_api(answers) as (address, said):
        monkeypatch.setattr(hands, "AIRFLOW", address)
        monkeypatch.setattr(hands, "HEARTBEAT", 0.05)
        monkeypatch.setattr(hands, "LONGEST", 0.01)
        hands.Worker(pod(), 0.12, counts).work()
    return said, json.loads(counts.told())


def test_a_worker_begins_says_that_it_is_alive_and_ends_by_the_token_it_was_given_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said, counts = work(monkeypatch, [])
    first, *between, last = [what for _, what, _, _ in said]
    assert (first, set(between), last) == ("run", {"heartbeat"}, "state")
    assert [token for _, _, token, _ in said] == [f"Bearer token-{number}" for number in range(len(said))]
    assert (said[0][3]["state"], said[-1][3]["state"]) == ("running", "success")
    assert (counts["said"], counts["running"]) == (len(said), 0)


def test_a_worker_says_it_again_where_the_server_has_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    said, counts = work(monkeypatch, [503])
    assert [what for _, what, _, _ in said][:2] == ["run", "run"]
    assert counts["again"] == 1


def test_a_worker_whose_task_is_somebody_elses_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match="run: 409"):
        work(monkeypatch, [409])


def test_simulated_workers_need_no_volume_of_the_real_node_and_have_the_deployments_image(
    tmp_path: Path,
) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    image = "registry.example/team/windtunnel@sha256:" + "a" * 64
    (tmp_path / "deployment.yaml").write_text(
        (ROOT / "deployment.yaml").read_text().replace("&image windtunnel:latest", f"&image {image}")
    )
    whole = {"resources": ["deployment.yaml"], "components": [scale.EXECUTOR]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(whole))
    file = tmp_path / scale.EXECUTOR / "pod.yaml"
    file.write_text(scale.elsewhere(file.read_text()))
    said = subprocess.run(
        [kubectl(), "kustomize", tmp_path], capture_output=True, text=True, check=True
    ).stdout
    worker = next(
        yaml.safe_load(each["data"]["pod.yaml"])["spec"]
        for each in yaml.safe_load_all(said)
        if (each["kind"], each["metadata"]["name"]) == ("ConfigMap", "worker")
    )
    assert worker["containers"][0]["image"] == image
    assert not [each for each in worker["volumes"] if "persistentVolumeClaim" in each]
    mounted = {each["name"] for each in worker["containers"][0]["volumeMounts"]}
    assert mounted == {each["name"] for each in worker["volumes"]}
    assert (worker["nodeSelector"], worker["tolerations"]) == (kwok.LABEL, [kwok.TAINT])
