"""The NetworkPolicies of deployment.yaml and deploy/ where they count: who reaches whom, and who not.

Pods that do nothing stand for the true ones: with the labels and ports of what is rendered, and a network of
their own. Each knocks at each door of each other.
"""

import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployment import enforced, manifests
from tests.deployment.enforced import Enforced, Pod

NAMESPACE = "windtunnel"
OURS = ("airflow", "postgres", "worker", "step", "stranger")
DOORS = [
    *(f"{port}/tcp" for port in (22, 53, 80, 443, 988, 2376, 5432, 6443, 8080, 8974, 9000, 9102)),
    "53/udp",
]
WORLD = {
    "outside": "203.0.113.7",
    "ten": "10.99.0.7",  # what is private is the cluster's, or the site's
    "hundred": "100.64.0.7",
    "one-seven-two": "172.16.0.7",
    "one-nine-two": "192.168.0.7",
    "metadata": "169.254.169.254",  # who asks there may get the node's own rights
    "tokens": "169.254.169.252",
}
API = "10.96.0.1"
PATIENCE = 60.0  # seconds for a change to be minded on a machine that has much to do

# What opens, and nothing else does. `*` is everything that is not in our namespace.
STEPS = {"dns": "53 53/udp", "outside": "22 80 443"}
Table = dict[str, dict[str, str]]
TABLES: dict[str, tuple[list[str], Table]] = {
    "the base": ([], {"airflow": {"postgres": "5432", **STEPS}}),
    "who asks for pages and metrics": (
        ["deploy/ingress", "deploy/metrics"],
        {
            "airflow": {"postgres": "5432", **STEPS},
            "controller": {"airflow": "8080"},
            "prometheus": {"airflow": "9102"},
        },
    ),
    "runs in this cluster": (
        ["deploy/in_cluster"],
        {"airflow": {"postgres": "5432", **STEPS, "*": "443 6443"}},
    ),
    "an engine and a bucket elsewhere": (
        ["deploy/builder", "deploy/results_s3", "deploy/results_s3/endpoint"],
        {"airflow": {"postgres": "5432", **STEPS, "*": "2376 9000"}},
    ),
    "Google's bucket": (
        ["deploy/results_gcs"],
        {"airflow": {"postgres": "5432", **STEPS, "metadata": "80", "tokens": "988"}},
    ),
    "a database elsewhere": (["deploy/external_postgres"], {"airflow": {**STEPS, "*": "5432"}}),
    "pods for steps": (
        ["deploy/step_pods"],
        {"airflow": {"postgres": "5432", **STEPS, "*": "443 6443"}, "step": STEPS},
    ),
    "pods for tasks": (
        ["deploy/kubernetes_executor"],
        {
            "airflow": {"postgres": "5432", **STEPS, "*": "443 6443"},
            "worker": {"airflow": "8080", **STEPS},
        },
    ),
    "pods for tasks, and a database elsewhere": (
        ["deploy/external_postgres", "deploy/kubernetes_executor"],
        {"airflow": {**STEPS, "*": "443 5432 6443"}, "worker": {"airflow": "8080", **STEPS}},
    ),
    "all that goes together": (
        [name for name in manifests.components() if "results_s3" not in name],
        {
            "airflow": {**STEPS, "*": "443 2376 5432 6443", "metadata": "80", "tokens": "988"},
            "worker": {"airflow": "8080", **STEPS, "*": "443 2376 6443", "metadata": "80", "tokens": "988"},
            "step": STEPS,
            "controller": {"airflow": "8080"},
            "prometheus": {"airflow": "9102"},
        },
    ),
}


@cache
def rendered(*components: str) -> list[dict[str, Any]]:
    """What these components make."""
    with tempfile.TemporaryDirectory() as folder:
        return manifests.objects(manifests.render(components, Path(folder)))


def policies(*components: str) -> list[dict[str, Any]]:
    """The NetworkPolicies alone."""
    return [it for it in rendered(*components) if it["kind"] == "NetworkPolicy"]


def stand_ins() -> Iterator[Pod]:
    """A pod for each that is rendered, with its labels, and its containers' names and ports."""
    together = [name for name in manifests.components() if "external" not in name]
    for it in rendered(*together):
        template = it if it["kind"] == "Pod" else it.get("spec", {}).get("template")
        if template and (spec := template["spec"]):
            labels = template["metadata"]["labels"]
            sidecars = [each for each in spec.get("initContainers", []) if "restartPolicy" in each]
            yield Pod(
                labels["app.kubernetes.io/name"],
                NAMESPACE,
                labels,
                tuple(_declared(each) for each in spec["containers"]),
                tuple(_declared(each) for each in sidecars),
            )


def _declared(container: dict[str, Any]) -> dict[str, Any]:
    return {key: container[key] for key in ("name", "ports", "restartPolicy") if key in container}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enforced]:
    """The cluster, with everybody in it, and no policy yet."""
    lacking = [name for name in ("ipset", "ip") if not shutil.which(name)]
    if lacking or not (enforced.PROGRAMS / enforced.FELIX).exists():
        pytest.skip(f"{', '.join(lacking) or enforced.FELIX} is missing: scripts/setup policies")
    ours = list(stand_ins())
    airflow = next(pod for pod in ours if pod.name == "airflow")
    pods = [
        *ours,
        Pod("stranger", NAMESPACE, airflow.labels | {"app.kubernetes.io/name": "stranger"}),
        Pod("namesake", "elsewhere", airflow.labels),
        Pod("controller", "ingress-nginx", {}),
        Pod("prometheus", "monitoring", {}),
        Pod("dns", "kube-system", {"k8s-app": "kube-dns"}),
    ]
    world = Pod("world", "world", {})
    name, folder = f"policies-{secrets.token_hex(2)}", tmp_path_factory.mktemp("policies")
    with enforced.enforced(name, folder, [*pods, world]) as site:
        site.give_addresses("world", list(WORLD.values()))
        for pod in pods:
            site.hand_over(pod)
            site.listen(pod.name, [f"{site.addresses[pod.name]}:{door}" for door in DOORS])
        site.listen("world", [f"{address}:{door}" for address in WORLD.values() for door in DOORS])
        yield site


def asked(site: Enforced) -> dict[str, dict[str, str]]:
    """Who knocks where: each door's name and address. Who is not of our namespace knocks at ours alone."""
    pods = {name: address for name, address in site.addresses.items() if name != "world"}
    doors = {
        f"{name} {door}": f"{address}:{door}" for name, address in (pods | WORLD).items() for door in DOORS
    }
    doors |= {
        "api 443/tcp": f"{API}:443/tcp",
        "node 6443/tcp": f"{site.node}:6443/tcp",
        "node 10250/tcp": f"{site.node}:10250/tcp",
    }
    return {
        source: {
            door: where
            for door, where in doors.items()
            if owner(door) != source and (source in OURS or owner(door) in OURS)
        }
        for source in pods
    }


def owner(door: str) -> str:
    """Whose a door is."""
    return door.partition(" ")[0]


def everything(site: Enforced) -> set[str]:
    """Every way that is asked about."""
    return {f"{source} → {door}" for source, doors in asked(site).items() for door in doors}


def written(site: Enforced, table: Table) -> set[str]:
    """The ways that a table names."""

    def named(way: str) -> bool:
        source, _, door = way.split(maxsplit=2)
        whose, port = door.split()
        row = table.get(source, {})
        ports = row.get(whose, "").split() + (row.get("*", "").split() if whose not in OURS else [])
        return port.removesuffix("/tcp") in ports

    # The address of the API is a name for a port of the node: the policies see that one.
    api = {f"{source} → api 443/tcp" for source, row in table.items() if "6443" in row.get("*", "")}
    return {way for way in everything(site) if named(way)} | api


def found(site: Enforced) -> set[str]:
    """The ways that are open now."""
    doors = asked(site)
    opened = site.opened({source: list(its.values()) for source, its in doors.items()})
    return {
        f"{source} → {door}"
        for source, its in doors.items()
        for door, where in its.items()
        if where in opened[source]
    }


def settled(site: Enforced, expected: set[str]) -> set[str]:
    """The ways that are open when Felix has done what it was told: what is expected, seen twice in a row."""
    end = time.monotonic() + PATIENCE
    looks = [found(site)]
    while looks[-2:] != [expected, expected] and time.monotonic() < end:
        looks.append(found(site))
    return looks[-1]


def apply(site: Enforced, objects: list[dict[str, Any]]) -> None:
    """These policies, and no others."""
    ours = f"--namespace={NAMESPACE}"
    site.site.kubectl("delete", "networkpolicy", "--all", ours)
    if objects:
        site.site.kubectl("apply", "-f", "-", input=yaml.safe_dump_all(objects))


def test_everybody_is_there(site: Enforced) -> None:
    assert {*OURS, "namesake", "controller", "prometheus", "dns", "world"} == set(site.addresses)


def test_without_policies_everybody_reaches_everybody(site: Enforced) -> None:
    apply(site, [])
    assert settled(site, everything(site)) == everything(site)


@pytest.mark.parametrize("name", TABLES)
def test_what_is_needed_is_open_and_nothing_else(site: Enforced, name: str) -> None:
    components, table = TABLES[name]
    apply(site, policies(*components))
    expected = written(site, table)
    assert settled(site, expected) == expected


def test_a_policy_that_is_missing_is_seen(site: Enforced) -> None:
    """Without the one that closes all, a stranger goes everywhere; the database's own still keeps it out."""
    apply(site, [it for it in policies() if it["metadata"]["name"] != "nothing"])
    free = {way for way in everything(site) if way.startswith("stranger →") and "postgres" not in way}
    end = time.monotonic() + PATIENCE
    while (now := {way for way in found(site) if way.startswith("stranger →")}) != free:
        assert time.monotonic() < end, now ^ free
