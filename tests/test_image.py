"""The image as `make image` builds it: small, nobody's root, named after its commit, pushed by digest.

All of it happens in a copy of the checkout, so that deployment.yaml stays as it is.
"""

import json
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from py.tools.folders import ROOT
from tests.airflows import free_port
from tests.checkouts import WHEN, Checkout, Ran, tag
from tests.clusters.host.machine import IMAGE
from tests.registries import registry_at
from tests.test_release import digest_at, docker, needs_docker, needs_registry

pytestmark = [needs_docker, pytest.mark.timeout(900)]  # the first build takes minutes

READ_ONLY = ("--read-only", "--tmpfs=/tmp", "--tmpfs=/opt/airflow:mode=1777", "--cap-drop=ALL")
PROGRAMS = ("checks", "deploy", "e2e", "prow", "release", "test_runner")


class Built(NamedTuple):
    checkout: Checkout
    commit: str
    ran: Ran

    @property
    def name(self) -> str:
        return f"windtunnel:{tag(self.commit)}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """What `make image` has built."""
    checkout = Checkout(tmp_path_factory.mktemp("checkout"))
    for file in (".airflow/passwords.json", "runs/hello/log", ".venv/pyvenv.cfg", "py/__pycache__/x.pyc"):
        (checkout.folder / file).parent.mkdir(parents=True, exist_ok=True)
        (checkout.folder / file).write_text("nobody's business")
    yield Built(checkout, checkout.commits[0], checkout.image())
    checkout.forget()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """A registry of our own, on a port of this machine."""
    with registry_at(f"127.0.0.1:{free_port()}", tmp_path) as address:
        yield address


def inspect(name: str) -> dict[str, Any]:
    return dict(json.loads(docker("image", "inspect", name))[0])


def run(built: Built, *words: str, flags: tuple[str, ...] = ()) -> Ran:
    done = subprocess.run(
        ["docker", "run", "--rm", "--network=none", *flags, built.name, *words],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout.strip(), done.stderr)


def test_it_says_what_it_has_made_and_what_is_next(built: Built) -> None:
    code, out, said = built.ran
    assert code == 0, said
    assert out == built.name == built.checkout.references()[1]
    assert "MB" in said
    assert "make secrets | kubectl apply -f -" in said
    # What the builder says is for terminals, and for when it fails; a log gets its last line now and then.
    assert all(re.match(r" +\d+ s: ", line) for line in said.splitlines() if "Step" in line)


def test_it_is_small(built: Built) -> None:
    assert inspect(built.name)["Size"] < 600e6


def test_it_runs_what_it_is_told_as_nobody_special(built: Built) -> None:
    config = inspect(built.name)["Config"]
    assert not config["Entrypoint"]
    assert config["User"] == "50000:0"
    assert run(built, "id", "-u").out == "50000"
    assert run(built, "bash", "-c", "find / -xdev -perm /6000 -user root -writable").out == ""


def test_its_labels_say_what_it_is_made_of(built: Built) -> None:
    labels = inspect(built.name)["Config"]["Labels"]
    about = {key.removeprefix("org.opencontainers.image."): value for key, value in labels.items()}
    assert about == {
        "title": "windtunnel",
        "description": "Airflow with Windtunnel's pipelines",
        "licenses": "Apache-2.0",
        "version": tag(built.commit),
        "revision": built.commit,
        "created": WHEN,
        "source": "https://git.example/team/windtunnel.git",
    }


@pytest.mark.parametrize(
    "flags", [(), READ_ONLY, ("--user=12345:0",)], ids=["plain", "read-only", "any user"]
)
def test_the_smallest_pipeline_runs_in_it(built: Built, flags: tuple[str, ...]) -> None:
    code, out, said = run(built, "e2e", "run", "hello", flags=flags)
    assert (code, "SUCCESS: hello" in out) == (0, True), said


def test_airflow_and_the_programs_are_in_it_under_their_names(built: Built) -> None:
    assert run(built, "airflow", "version", flags=READ_ONLY).out == "3.3.2"
    script = (
        'for p in "$@"; do $p --help >/tmp/a; python -m py.$p --help | cmp /tmp/a; grep ^usage /tmp/a; done'
    )
    code, out, said = run(built, "sh", "-ec", script, "sh", *PROGRAMS)
    assert (code, said) == (0, "")
    assert re.findall(r"py\.(\w+)", out) == list(PROGRAMS)


def test_airflow_loads_the_dags_that_are_baked_in(built: Built) -> None:
    script = (
        "from airflow.configuration import conf; from airflow.dag_processing.dagbag import DagBag; "
        "bag = DagBag(conf.get('core', 'dags_folder')); print(*sorted(bag.dags), bag.import_errors)"
    )
    code, out, said = run(built, "python", "-c", script, flags=READ_ONLY)
    assert code == 0, said
    assert out.splitlines()[-1] == "hello janitor tf_k8s_tests {}"


def test_what_steps_need_is_in_it(built: Built) -> None:
    script = """
        /opt/windtunnel/scripts/sample_repo /tmp/a
        git clone --quiet --no-local /tmp/a /tmp/b && git -C /tmp/b log --oneline
        uv venv --quiet --python=/opt/venv/bin/python /tmp/c && /tmp/c/bin/python -c 'import ssl, sqlite3'
        python -m venv /tmp/d
        docker --version
        """
    code, out, said = run(built, "bash", "-ec", script)
    assert code == 0, said
    assert "refs/pull/1/head" in out


def test_kubernetes_and_its_provider_work_without_their_sources(built: Built) -> None:
    script = """
        from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
        from airflow.providers.docker.operators.docker import DockerOperator
        from kubernetes import client, dynamic, watch
        import kubernetes_asyncio.client
        pod = {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "b", "image": "c"}]}}
        class Answer: data = __import__("json").dumps(pod)
        read = client.ApiClient().deserialize(Answer, "V1Pod")
        assert client.ApiClient().sanitize_for_serialization(read) == pod, read
        # Read from a docstring; KubernetesExecutor's watcher dies of a pod that is a dict.
        assert watch.Watch().get_return_type(client.CoreV1Api().list_namespaced_pod) == "V1Pod"
        """
    program = re.sub(r"^ {8}", "", script, flags=re.MULTILINE)
    code, _, said = run(built, "python", "-c", program, flags=READ_ONLY)
    assert code == 0, said


def test_nothing_is_in_it_that_it_does_not_need(built: Built) -> None:
    found = run(built, "sh", "-c", "ls -A /opt/windtunnel /opt/windtunnel/scripts /opt/airflow").out
    assert found.split() == [
        "/opt/airflow:", ".bash_logout", ".bashrc", ".profile",
        "/opt/windtunnel:", "airflow", "dags", "examples", "py", "scripts",
        "/opt/windtunnel/scripts:", "sample_repo",
    ]  # fmt: skip
    planted = 'grep -rl "nobody.s business" /opt/windtunnel /opt/airflow'
    left = "find /var/lib/apt/lists /var/cache/apt /var/log -type f; command -v gcc strip perl5.36"
    assert run(built, "sh", "-c", f"{planted}; {left}").out == ""


@needs_registry
def test_deployment_yaml_names_what_the_registry_has_and_is_otherwise_the_same(
    tmp_path: Path, registry: str
) -> None:
    checkout = Checkout(tmp_path / "checkout")
    deployment = checkout.folder / "deployment.yaml"
    # To push the real one takes minutes where others work too.
    python = "RUN printf '#!/bin/sh\\necho {}' >/usr/bin/python && chmod +x /usr/bin/python\n"
    (checkout.folder / "Dockerfile").write_text(f"FROM {IMAGE}\n{python}")
    (checkout.folder / "airflow/postgres/Dockerfile").write_text(f"FROM {IMAGE}\nCOPY entrypoint /\n")
    commit = checkout.commit()
    before = deployment.read_text().splitlines()
    code, out, said = checkout.image(REGISTRY=f"{registry}/team/")
    assert code == 0, said
    postgres, airflow = checkout.references()
    digest = digest_at(registry, "team/windtunnel", tag(commit))
    assert out == airflow == f"{registry}/team/windtunnel:{tag(commit)}@{digest}"
    assert "@sha256:" in postgres
    assert docker("pull", airflow)
    assert docker("pull", postgres)
    changed = [
        line for line, was in zip(deployment.read_text().splitlines(), before, strict=True) if line != was
    ]
    assert len(changed) == 2
    assert changed[1].endswith("# written by `make image`")
    assert checkout.image(REGISTRY=f"{registry}/team").out == out
    checkout.forget()


def test_the_bill_names_python_s_packages_and_debian_s(built: Built) -> None:
    bill = json.loads((built.checkout.folder / "build/sbom.json").read_text())
    assert bill["metadata"]["component"] == {
        "type": "container",
        "name": "windtunnel",
        "version": tag(built.commit),
    }
    versions = {part["name"]: part["version"] for part in bill["components"]}
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements/airflow.txt").read_text(), re.M))
    assert {
        name: versions[name] for name in ("apache-airflow", "cryptography", "kubernetes", "uv")
    }.items() <= (pinned.items())
    assert {"docker.io", "git", "libssl3", "windtunnel"} <= versions.keys()
    assert all(part["purl"].startswith(("pkg:pypi/", "pkg:deb/debian/")) for part in bill["components"])


def test_what_is_not_in_the_image_makes_no_other_one(built: Built) -> None:
    folder = built.checkout.folder
    (folder / "docs").mkdir(exist_ok=True)
    (folder / "docs/more.md").write_text("more")
    with (folder / "deployment.yaml").open("a") as file:
        file.write("# mine\n")
    built.checkout.commit()
    (folder / "docs/more.md").write_text("still more")
    id_before = inspect(built.name)["Id"]
    code, out, said = built.checkout.image()
    assert (code, out) == (0, built.name), said
    assert built.checkout.references()[1] == built.name
    assert inspect(built.name)["Id"] == id_before


def test_a_change_of_a_dag_is_a_change_of_the_last_layer(built: Built) -> None:
    with (built.checkout.folder / "dags/hello.py").open("a") as file:
        file.write("\n# a change\n")
    commit = built.checkout.commit()
    code, out, said = built.checkout.image()
    assert (code, out) == (0, f"windtunnel:{tag(commit)}"), said
    layers, older = (inspect(name)["RootFS"]["Layers"] for name in (out, built.name))
    assert layers[:-1] == older[:-1]
    assert layers[-1] != older[-1]


def test_changes_in_no_commit_are_refused_unless_asked_for(built: Built) -> None:
    folder = built.checkout.folder
    (folder / "dags/new.py").write_text("from dags import hello\n")
    (folder / "dags/janitor.py").unlink()
    before = built.checkout.references()
    try:
        code, out, said = built.checkout.image()
        assert (code, out) == (2, ""), said
        line, of_make = said.splitlines()
        assert line.startswith("in no commit: dags/janitor.py dags/new.py; commit that, or DIRTY=1 ")
        assert of_make.startswith("make: ***")
        assert built.checkout.references() == before
        code, out, said = built.checkout.image(DIRTY="1")
        assert code == 0, said
        assert re.fullmatch(r"windtunnel:v20260102-[0-9a-f]{7}-dirty-[0-9a-f]{7}", out)
        listed = docker("run", "--rm", "--network=none", out, "ls", "/opt/windtunnel/dags").split()
        assert listed == ["hello.py", "new.py", "tf_k8s_tests.py"]
        status = built.checkout.git("status", "--porcelain", "dags").splitlines()
        assert status == ["D dags/janitor.py", "?? dags/new.py"]  # as it was: nothing has been staged
    finally:
        (folder / "dags/new.py").unlink()
        built.checkout.git("checkout", "--", "dags")


def test_a_build_that_fails_says_why_and_leaves_deployment_yaml_alone(built: Built) -> None:
    dockerfile = built.checkout.folder / "Dockerfile"
    with dockerfile.open("a") as file:
        file.write("RUN echo the disk is made of cheese && false\n")
    before = built.checkout.references()
    try:
        code, out, said = built.checkout.image(DIRTY="1")
        assert (code, out) == (2, "")  # make's own code
        assert "the disk is made of cheese" in said
        assert re.search(r"^building windtunnel:\S+: failed$", said, re.MULTILINE)
        assert built.checkout.references() == before
    finally:
        built.checkout.git("checkout", "--", "Dockerfile")


def test_the_stand_in_for_postgres_is_used_as_the_official_image_is(tmp_path: Path) -> None:
    image = docker("build", "--quiet", str(ROOT / "airflow/postgres")).splitlines()[-1]
    data = tmp_path / "data"
    data.mkdir()
    shutil.chown(data, group=999)  # what a kubelet makes of fsGroup
    data.chmod(0o2775)
    name = f"postgres-{uuid.uuid4().hex[:8]}"
    options = (
        "--network=none", "--read-only", "--user=999:999", "--cap-drop=ALL", "--tmpfs=/tmp",
        "--tmpfs=/var/run/postgresql:size=1m,mode=1777", f"--volume={data}:/var/lib/postgresql/data",
        "--env=PGDATA=/var/lib/postgresql/data/pgdata", "--env=POSTGRES_USER=airflow",
        "--env=POSTGRES_PASSWORD=s3'c\"ret", "--env=POSTGRES_DB=meta data",
    )  # fmt: skip
    sql = (
        "exec", "--env=PGPASSWORD=s3'c\"ret", name,
        "psql", "--host=127.0.0.1", "--username=airflow", "--dbname=meta data", "-qAtc",
    )  # fmt: skip
    docker("run", "--detach", f"--name={name}", *options, image)
    try:
        wait_for_postgres(name)
        docker(*sql, "CREATE TABLE kept AS SELECT 1 AS one")
        assert docker(*sql, "SELECT datname FROM pg_database WHERE NOT datistemplate").split("\n") == [
            "postgres", "meta data",
        ]  # fmt: skip
        docker("restart", name)
        wait_for_postgres(name)
        assert docker(*sql, "SELECT one FROM kept") == "1"
    finally:
        docker("rm", "--force", name)


def wait_for_postgres(name: str) -> None:
    ask = ["docker", "exec", name, "pg_isready", "--host=127.0.0.1", "--quiet"]
    for _ in range(150):
        if subprocess.run(ask, check=False, capture_output=True).returncode == 0:
            return
        time.sleep(0.2)
    raise AssertionError(docker("logs", name))
