"""`make secrets` prints a Secret or nothing: what it prints is applied at once."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from py.clusters import Cluster
from py.clusters.host import programs
from py.tools.folders import ROOT


def secrets(kubeconfig: Path | str, **env: str) -> "subprocess.CompletedProcess[str]":
    path = f"{programs.folder()}:{os.environ['PATH']}"
    return subprocess.run(
        [ROOT / "scripts/secrets"],
        env={**os.environ, "PATH": path, "KUBECONFIG": str(kubeconfig), **env},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_cluster_that_cannot_be_asked_gets_nothing(tmp_path: Path) -> None:
    settings = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {}}],
    }
    (tmp_path / "config").write_text(yaml.safe_dump(settings))
    done = secrets(tmp_path / "config")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "the cluster cannot be asked for the secrets it has" in done.stderr


@pytest.mark.parametrize("url", ["", "postgresql+psycopg2://a:p%40\"'\\:$x@db:5432/airflow?x=#y"])
def test_each_secret_is_random_and_the_namespace_is_that_of_the_deployment(
    cluster: Cluster, url: str
) -> None:
    both = [
        list(yaml.safe_load_all(secrets(cluster.kubeconfig(), DATABASE_URL=url).stdout)) for _ in range(2)
    ]
    whole = list(yaml.safe_load_all((ROOT / "deployment.yaml").read_text()))
    (namespace, one), (_, other) = both
    assert namespace == whole[0]
    for key, value in one["stringData"].items():
        assert (value == other["stringData"][key]) == bool(url and key == "database-url")
    password = one["stringData"]["postgres-password"]
    wanted = url or f"postgresql+psycopg2://airflow:{password}@postgres:5432/airflow"
    assert one["stringData"]["database-url"] == wanted
