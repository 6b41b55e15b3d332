"""Each object goes where it belongs and comes when it can: namespaces, labels, accounts, order."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from py.kube import placing
from py.kube.manifests import Manifest

RBAC = "rbac.authorization.k8s.io/v1"
GROUP = {
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
    "Deployment": "apps/v1",
    "Job": "batch/v1",
    "ClusterRole": RBAC,
    "ClusterRoleBinding": RBAC,
    "RoleBinding": RBAC,
}
NEEDED = ["Namespace", "CustomResourceDefinition", "ServiceAccount", "ClusterRole", "Service", "Deployment"]


def an(kind: str, name: str = "a", namespace: str = "", **more: Any) -> Manifest:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    body = {"apiVersion": GROUP.get(kind, "v1"), "kind": kind, "metadata": metadata, **more}
    return Manifest(body, f"{kind}/{name}.yaml:1")


def put(manifest: Manifest, *, namespaced: bool = True, accounts: set[str] | None = None) -> dict[str, Any]:
    marks = placing.labels("run-1")
    placed = placing.put(
        manifest, namespaced=namespaced, namespace="ours", marks=marks, accounts=accounts or set()
    )
    return placed.body


@given(
    st.permutations(
        ["Namespace", "CustomResourceDefinition", "ServiceAccount", "ClusterRole", "Service", "Deployment"]
    )
)
def test_what_others_need_comes_first_however_it_is_written(kinds: list[str]) -> None:
    assert [m.kind for m in placing.ordered([an(kind) for kind in kinds])] == NEEDED


@given(st.lists(st.sampled_from(["Deployment", "Job", "Pod", "TFJob"])))
def test_what_needs_nobody_stays_in_the_order_it_is_written(kinds: list[str]) -> None:
    manifests = [an(kind, str(number)) for number, kind in enumerate(kinds)]
    assert placing.ordered(manifests) == manifests


def test_a_kind_of_another_group_is_not_taken_for_kubernetes_own() -> None:
    other = Manifest({"apiVersion": "example.com/v1", "kind": "Namespace", "metadata": {"name": "a"}}, "a:1")
    assert not placing.is_first(other)


def test_an_object_without_a_namespace_goes_to_ours_and_others_stay() -> None:
    assert put(an("Pod"))["metadata"]["namespace"] == "ours"
    assert put(an("Pod", namespace="theirs"))["metadata"]["namespace"] == "theirs"
    assert "namespace" not in put(an("ClusterRole"), namespaced=False)["metadata"]


def test_every_object_gets_the_labels_of_the_run_beside_its_own() -> None:
    manifest = an("Pod")
    manifest.metadata["labels"] = {"app": "web", placing.MANAGED: "Helm"}
    assert put(manifest)["metadata"]["labels"] == {
        "app": "web", placing.MANAGED: "windtunnel", placing.RUN: "run-1",
    }  # fmt: skip
    assert manifest.metadata["labels"][placing.MANAGED] == "Helm"


def test_a_binding_means_the_account_that_was_placed_here() -> None:
    subjects = [
        {"kind": "ServiceAccount", "name": "moved", "namespace": "default"},
        {"kind": "ServiceAccount", "name": "bare"},
        {"kind": "ServiceAccount", "name": "theirs", "namespace": "kube-system"},
        {"kind": "User", "name": "someone"},
    ]
    body = put(an("ClusterRoleBinding", subjects=subjects), namespaced=False, accounts={"moved"})
    assert [subject.get("namespace") for subject in body["subjects"]] == ["ours", "ours", "kube-system", None]


def test_an_account_with_a_namespace_of_its_own_is_not_moved() -> None:
    manifests = [an("ServiceAccount", "a"), an("ServiceAccount", "b"), an("ServiceAccount", "b", "theirs")]
    assert placing.accounts(manifests) == {"a"}


def test_each_run_has_cluster_roles_of_its_own_where_runs_share_a_cluster() -> None:
    ours = {"kind": "ClusterRole", "name": "op"}
    manifests = [
        an("ClusterRole", "op"),
        an("ClusterRoleBinding", "op", roleRef=ours),
        an("RoleBinding", "op", roleRef=ours),
        an("ClusterRoleBinding", "viewer", roleRef={"kind": "ClusterRole", "name": "view"}),
    ]
    changed = placing.own_roles(manifests, "r1")
    assert [m.name for m in changed] == ["op-r1", "op-r1", "op", "viewer-r1"]
    assert [m.body["roleRef"]["name"] for m in changed[1:]] == ["op-r1", "op-r1", "view"]


def test_the_kinds_that_a_definition_brings_are_known_before_it_is_applied() -> None:
    spec = {
        "group": "x.io",
        "scope": "Cluster",
        "names": {"kind": "Job"},
        "versions": [{"name": "v1"}, {"name": "v2"}],
    }
    found = placing.defined(
        [an("CustomResourceDefinition", spec=spec), an("CustomResourceDefinition", spec="odd")]
    )
    assert found == {("x.io/v1", "Job"): False, ("x.io/v2", "Job"): False}
