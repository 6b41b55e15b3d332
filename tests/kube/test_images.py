"""The built image reaches every container that means it, whatever tag the manifest names, and no other."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py.kube import images
from py.kube.manifests import Manifest
from py.tools.errors import UsageError

PART = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)
REGISTRY = st.sampled_from(["", "gcr.io/", "registry.example:5000/", "localhost/", "localhost:5000/"])
PATH = st.lists(PART, max_size=2).map(lambda parts: "".join(f"{part}/" for part in parts))
TAG = st.sampled_from(["", ":v1", ":latest", "@sha256:" + "0" * 64, ":v1@sha256:" + "0" * 64])


def pod(*names: str, **more: Any) -> Manifest:
    spec = {"containers": [{"name": f"c{n}", "image": name} for n, name in enumerate(names)], **more}
    return Manifest({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}, "p.yaml:1")


def used(manifest: Manifest) -> list[str]:
    return [container["image"] for container in images.containers(manifest.body)]


@given(REGISTRY, PATH, PART, TAG, TAG)
def test_an_image_of_the_same_repository_is_replaced_whatever_its_tag(
    registry: str, path: str, name: str, built_tag: str, written_tag: str
) -> None:
    built = f"{registry}{path}{name}{built_tag}"
    (changed,) = images.put([pod(f"{registry}{path}{name}{written_tag}")], [built])
    assert used(changed) == [built]


@given(REGISTRY, REGISTRY, PATH, PATH, PART)
def test_a_ref_goes_to_an_image_with_the_same_last_part(
    registry: str, other: str, path: str, elsewhere: str, name: str
) -> None:
    (changed,) = images.put([pod(f"{registry}{path}{name}:old")], [f"{other}{elsewhere}{name}:new"])
    assert used(changed) == [f"{other}{elsewhere}{name}:new"]


@given(st.lists(PART, min_size=1, max_size=4, unique=True), st.data())
def test_every_ref_lands_or_is_an_error(names: list[str], data: st.DataObject) -> None:
    built = data.draw(st.lists(st.sampled_from([*names, "stranger"]), unique=True))
    manifest = pod(*(f"{name}:old" for name in names))
    if "stranger" in set(built) - set(names):
        with pytest.raises(UsageError, match="stranger"):
            images.put([manifest], [f"{name}:new" for name in built])
    else:
        (changed,) = images.put([manifest], [f"{name}:new" for name in built])
        assert used(changed) == [f"{name}:{'new' if name in built else 'old'}" for name in names]


def test_a_ref_that_no_container_names_is_an_error_with_the_near_names() -> None:
    with pytest.raises(UsageError, match=r"'tf-operater'; did you mean tf-operator\?"):
        images.put([pod("tf-operator:v1")], ["tf-operater:v2"])


def test_the_same_repository_goes_before_the_same_last_part() -> None:
    (changed,) = images.put([pod("a/web:1", "b/web:1")], ["b/web:2", "a/web:2"])
    assert used(changed) == ["a/web:2", "b/web:2"]


def test_a_container_that_could_be_either_of_two_refs_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"p\.yaml:1: Pod p has image c/web:1, which is any of"):
        images.put([pod("c/web:1")], ["a/web:2", "b/web:2"])


def test_containers_in_templates_of_any_kind_count() -> None:
    template = {"spec": pod("web:1", initContainers=[{"name": "i", "image": "web"}]).body["spec"]}
    body = {"kind": "TFJob", "spec": {"tfReplicaSpecs": {"Worker": {"template": template}}}}
    (changed,) = images.put([Manifest(body, "j.yaml:1")], ["web:2"])
    assert used(changed) == ["web:2", "web:2"]


def test_a_schema_with_a_field_called_containers_is_no_container() -> None:
    schema = {
        "properties": {
            "containers": {"type": "array", "items": {"properties": {"image": {"type": "string"}}}}
        }
    }
    assert list(images.containers(schema)) == []


def test_only_loaded_images_are_kept_from_being_pulled() -> None:
    (changed,) = images.put([pod("web:1", "r.io/job:1")], ["web:2", "r.io/job:2"], loaded=["web:2"])
    policies = [container.get("imagePullPolicy") for container in images.containers(changed.body)]
    assert policies == ["IfNotPresent", None]


def test_what_was_read_is_not_changed() -> None:
    manifest = pod("web:1")
    images.put([manifest], ["web:2"])
    assert used(manifest) == ["web:1"]
