"""Somebody's cluster: a run gets a namespace of it; what it leaves, shares and must not touch."""

import importlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from py.clusters import Cluster, open_cluster
from py.kube import kubeconfig, placing, sharing
from py.kube.apply import Application
from py.kube.client import api_client, dynamic
from py.kube.manifests import Manifest, ManifestError
from py.tools.errors import ClusterError, UsageError

FILE = {
    "current-context": "dev",
    "contexts": [
        {"name": "dev", "context": {"cluster": "c", "user": "u"}},
        {"name": "prod", "context": {"cluster": "c", "user": "gone", "namespace": "theirs"}},
        {"name": "broken", "context": {"cluster": "nosuch", "user": "u"}},
    ],
    "clusters": [
        {"name": "c", "cluster": {"server": "https://127.0.0.1:1", "certificate-authority": "ca.crt"}}
    ],
    "users": [{"name": "u", "user": {"tokenFile": "/abs/token", "exec": {"command": "./login"}}}],
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of the person who runs the tests is read or written."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(FILE))
    return path


def settings(place: str) -> Any:
    return yaml.safe_load(open_cluster(place, "run-1").kubeconfig().read_text())


# The file


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        ("{", "is no kubeconfig"),
        ("- a\n", "is no kubeconfig"),
        ("contexts: [{}]\n", "is no kubeconfig"),
        ("contexts: []\n", "has no current-context"),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_refused_in_one_line(
    tmp_path: Path, text: str | None, said: str
) -> None:
    path = tmp_path / "odd.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=said) as caught:
        settings(f"kubeconfig://{path}")
    assert "\n" not in str(caught.value)


def test_an_unknown_context_is_answered_with_the_near_ones(file: Path) -> None:
    with pytest.raises(UsageError, match=r"has no context 'pord'; did you mean prod\?"):
        settings(f"kubeconfig://{file}?context=pord")


def test_a_context_without_its_cluster_is_refused(file: Path) -> None:
    with pytest.raises(UsageError, match="context broken names cluster 'nosuch'"):
        settings(f"kubeconfig://{file}?context=broken")


def test_an_unknown_option_is_refused_before_the_file_is_looked_at() -> None:
    with pytest.raises(UsageError, match="no option 'contxt'"):
        open_cluster("kubeconfig:///nosuch?contxt=a", "run-1")


def test_clients_get_one_context_with_the_namespace_of_the_run(file: Path) -> None:
    for context in ("dev", "prod"):
        got = settings(f"kubeconfig://{file}?context={context}")
        assert got["current-context"] == context
        assert [c["name"] for c in got["contexts"]] == [context]
        assert got["contexts"][0]["context"]["namespace"] == "run-1"


def test_paths_in_the_file_hold_from_anywhere(file: Path, tmp_path: Path) -> None:
    got = settings(f"kubeconfig://{file}")
    assert got["clusters"][0]["cluster"]["certificate-authority"] == str(tmp_path / "ca.crt")
    assert got["users"][0]["user"]["tokenFile"] == "/abs/token"
    assert got["users"][0]["user"]["exec"]["command"] == str(tmp_path / "login")


def test_the_file_for_clients_is_ours_alone_and_is_made_again_when_it_is_lost(file: Path) -> None:
    opened = open_cluster(f"kubeconfig://{file}", "run-1")
    path = opened.kubeconfig()
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()
    assert opened.kubeconfig().exists()


def test_without_a_path_the_files_of_kubeconfig_are_merged(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = tmp_path / "more.yaml"
    more.write_text(
        yaml.safe_dump({"contexts": [{"name": "more", "context": {"cluster": "c", "user": "u"}}]})
    )
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["/nosuch", str(more), str(file)]))
    assert settings("kubeconfig://")["current-context"] == "dev"
    assert settings("kubeconfig://?context=more")["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:1"


def test_without_anything_the_file_of_the_home_folder_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"home/\.kube/config cannot be read"):
        settings("kubeconfig://")


def test_in_cluster_outside_of_a_pod_is_refused() -> None:
    with pytest.raises(UsageError, match="this is no pod"):
        settings("kubeconfig://in-cluster")


def test_a_pod_reaches_its_own_cluster_by_its_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("t")
    monkeypatch.setattr(kubeconfig, "ACCOUNT", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    for place in ("kubeconfig://", "kubeconfig://in-cluster", "local://"):
        got = settings(place)
        assert got["clusters"][0]["cluster"]["server"] == "https://[fd00::1]:6443"
        assert got["users"][0]["user"] == {"tokenFile": str(tmp_path / "token")}


@pytest.mark.parametrize("deed", ["create", "exists", "delete"])
def test_a_cluster_that_does_not_answer_is_given_up_in_one_line_within_ten_seconds(
    file: Path, deed: str
) -> None:
    file.write_text(
        file.read_text().replace("certificate-authority: ca.crt", "insecure-skip-tls-verify: true")
    )
    file.write_text(
        file.read_text().replace("exec:", "unknown:").replace("tokenFile: /abs/token", "token: t")
    )
    importlib.import_module("kubernetes.config")  # not what is measured
    began = time.monotonic()
    with pytest.raises(ClusterError, match="does not answer") as caught:
        getattr(open_cluster(f"kubeconfig://{file}", "run-1"), deed)()
    assert "\n" not in str(caught.value)
    assert time.monotonic() - began < 10


def test_an_image_cannot_be_loaded_and_the_way_to_do_it_is_said(file: Path) -> None:
    with pytest.raises(UsageError, match="push it to a REGISTRY"):
        open_cluster(f"kubeconfig://{file}", "run-1").load("web:v1")


# The namespace


@pytest.fixture
def make(cluster: Cluster) -> Iterator[Callable[[], Cluster]]:
    """Opens a namespace of a new name in the cluster that the tests share."""
    opened: list[Cluster] = []

    def one() -> Cluster:
        opened.append(open_cluster(f"kubeconfig://{cluster.kubeconfig()}", f"ns-{secrets.token_hex(3)}"))
        return opened[-1]

    yield one
    for each in opened:
        each.delete()


@pytest.fixture
def client(cluster: Cluster) -> Any:
    return dynamic(cluster.kubeconfig())


def test_a_namespace_is_made_once_found_again_and_removed(make: Callable[[], Cluster], client: Any) -> None:
    run = make()
    assert not run.exists()
    run.delete()
    run.create()
    run.create()
    assert run.exists()
    namespaces = client.resources.get(api_version="v1", kind="Namespace")
    assert (
        placing.labels(run.name).items()
        <= namespaces.get(name=run.name).to_dict()["metadata"]["labels"].items()
    )
    path = run.kubeconfig()
    run.delete()
    assert not run.exists()
    assert not path.exists()


@pytest.mark.parametrize("deed", ["create", "exists", "delete"])
@pytest.mark.parametrize("name", ["default", "kube-system"])
def test_somebodys_namespace_is_never_touched(cluster: Cluster, client: Any, deed: str, name: str) -> None:
    with pytest.raises(ClusterError, match="was not made by this run"):
        getattr(open_cluster(f"kubeconfig://{cluster.kubeconfig()}", name), deed)()
    found = client.resources.get(api_version="v1", kind="Namespace").get(name=name).to_dict()
    assert "deletionTimestamp" not in found["metadata"]


# What is outside of any namespace


def apply(run: Cluster, *bodies: dict[str, Any]) -> None:
    manifests = [Manifest(body, f"m.yaml:{number}") for number, body in enumerate(bodies)]
    application = Application(
        dynamic(run.kubeconfig()),
        manifests,
        namespace=run.namespace,
        run=run.name,
        deadline=time.monotonic() + 30,
        shared=True,
    )
    application.check()
    application.apply()
    application.wait()


def definition(plural: str, **field: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"a": field}}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": plural, "singular": plural, "kind": plural.upper()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.share.windtunnel.dev"},
        "spec": {
            "group": "share.windtunnel.dev",
            "scope": "Namespaced",
            "names": names,
            "versions": [version],
        },
    }


@pytest.fixture
def plural() -> str:
    return f"x{secrets.token_hex(3)}"


def there(client: Any, plural: str) -> dict[str, Any] | None:
    """The definition in the cluster, or None if it is gone or going."""
    kind = client.resources.get(api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition")
    items = kind.get(field_selector=f"metadata.name={plural}.share.windtunnel.dev").to_dict()["items"]
    return next((item for item in items if "deletionTimestamp" not in item["metadata"]), None)


def test_what_two_runs_share_goes_with_the_last_of_them(
    make: Callable[[], Cluster], client: Any, plural: str
) -> None:
    runs = [make(), make()]
    for run in runs:
        run.create()
        apply(run, definition(plural, type="string"))
    runs[0].delete()
    kept = there(client, plural)
    assert kept
    assert [key for key in kept["metadata"]["labels"] if key.startswith(sharing.MARK)] == [
        f"{sharing.MARK}/{runs[1].name}"
    ]
    runs[1].delete()
    assert there(client, plural) is None


def test_a_run_cannot_change_what_another_run_uses_but_can_when_that_is_over(
    make: Callable[[], Cluster], client: Any, plural: str
) -> None:
    first, second = make(), make()
    for run in (first, second):
        run.create()
    apply(first, definition(plural, type="string"))
    with pytest.raises(ManifestError, match=f"conflict with .*{first.name}"):
        apply(second, definition(plural, type="integer"))
    first.delete()
    apply(second, definition(plural, type="integer"))
    assert there(client, plural)


def test_what_somebody_made_is_used_as_it_is_and_outlives_the_run(
    make: Callable[[], Cluster], client: Any, plural: str
) -> None:
    kind = client.resources.get(api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition")
    kind.create(body=definition(plural, type="string"))
    try:
        run = make()
        run.create()
        apply(run, definition(plural, type="string"))
        with pytest.raises(ManifestError, match="is not a run's, and differs"):
            apply(run, definition(plural, type="string", minLength=1))
        run.delete()
        kept = there(client, plural)
        assert kept
        assert "labels" not in kept["metadata"]
    finally:
        kind.delete(name=f"{plural}.share.windtunnel.dev")


def test_a_definition_stays_while_somebody_has_objects_of_it(
    make: Callable[[], Cluster], client: Any, plural: str
) -> None:
    run = make()
    run.create()
    apply(run, definition(plural, type="string"))
    theirs = client.resources.get(api_version="share.windtunnel.dev/v1", kind=plural.upper())
    body = {"apiVersion": "share.windtunnel.dev/v1", "kind": plural.upper(), "metadata": {"name": "a"}}
    theirs.create(body=body, namespace="default")
    run.delete()
    assert there(client, plural)
    assert theirs.get(name="a", namespace="default")


def test_each_run_has_roles_of_its_own_that_go_with_it(make: Callable[[], Cluster], client: Any) -> None:
    name = f"role-{secrets.token_hex(3)}"
    api = "rbac.authorization.k8s.io/v1"
    role = {"apiVersion": api, "kind": "ClusterRole", "metadata": {"name": name}, "rules": []}
    roles = client.resources.get(api_version=api, kind="ClusterRole")

    def left() -> list[str]:
        return [
            n
            for n in (item["metadata"]["name"] for item in roles.get().to_dict()["items"])
            if n.startswith(name)
        ]

    runs = sorted([make(), make()], key=lambda run: run.name)
    for run in runs:
        run.create()
        apply(run, role)
    assert left() == [f"{name}-{run.name}" for run in runs]
    runs[0].delete()
    assert left() == [f"{name}-{runs[1].name}"]


def test_who_may_not_give_everything_away_can_bind_a_role_that_comes_with_the_binding(
    make: Callable[[], Cluster], client: Any
) -> None:
    run = make()
    run.create()
    rbac = "rbac.authorization.k8s.io"
    bindings = client.resources.get(api_version=f"{rbac}/v1", kind="RoleBinding")

    def binding(kind: str, role: str) -> dict[str, Any]:
        return {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": role},
            "roleRef": {"apiGroup": rbac, "kind": kind, "name": role},
            "subjects": [{"apiGroup": rbac, "kind": "User", "name": "somebody"}],
        }

    bindings.create(body=binding("ClusterRole", "admin"), namespace=run.namespace)
    somebody = api_client(run.kubeconfig())
    somebody.set_default_header("Impersonate-User", "somebody")
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    role = {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": {"name": "look"}, "rules": rules}

    def application(*bodies: dict[str, Any]) -> Application:
        return Application(
            dynamic(api=somebody),
            [Manifest(body, f"m.yaml:{number}") for number, body in enumerate(bodies)],
            namespace=run.namespace,
            run=run.name,
            deadline=time.monotonic() + 30,
            shared=True,
        )

    with pytest.raises(ManifestError, match="not found"):
        application(binding("Role", "nobodys")).check()
    whole = application(binding("Role", "look"), role)
    whole.check()
    whole.apply()
    assert bindings.get(name="look", namespace=run.namespace)
