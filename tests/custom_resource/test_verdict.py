"""The verdict about an object and its pods, from what was seen of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py.custom_resource import verdict
from py.custom_resource.observation import Pod

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "status", "x"]), inner)
    ),
)


def pod(name: str, phase: str = "Succeeded", code: int | None = 0, **metadata: Any) -> Pod:
    """A pod with one container, `main`, that has ended with a code."""
    status: dict[str, Any] = {"phase": phase}
    if code is not None:
        ended = {"exitCode": code, "finishedAt": "2030-01-01T00:00:05Z"}
        status["containerStatuses"] = [{"name": "main", "state": {"terminated": ended}}]
    body = {"metadata": {"name": name, **metadata}, "spec": {"restartPolicy": "Never"}, "status": status}
    made = Pod(body)
    made.take(body)
    return made


def conditions(*found: tuple[str, str, str]) -> dict[str, Any]:
    listed = [{"type": kind, "status": status, "reason": reason} for kind, status, reason in found]
    return {"status": {"conditions": listed}}


@pytest.mark.parametrize("body", [None, {}, {"status": None}, {"status": {"conditions": None}}])
def test_an_object_without_a_status_has_not_reached_anything(body: Any) -> None:
    assert not verdict.condition(body, "status.conditions", "Succeeded").true
    assert verdict.conditions(body, "status.conditions") == []


def test_a_condition_that_is_there_but_false_is_not_reached() -> None:
    body = conditions(("Succeeded", "False", "Early"), ("Running", "True", ""))
    assert not verdict.condition(body, "status.conditions", "Succeeded").true
    assert verdict.condition(body, "status.conditions", "Running").true
    assert verdict.conditions(body, "status.conditions") == ["Succeeded=False (Early)", "Running=True"]


@given(JSON)
def test_no_status_whatever_is_in_it_breaks_the_verdict(status: Any) -> None:
    verdict.condition({"status": {"conditions": status}}, "status.conditions", "x")
    verdict.conditions({"status": {"conditions": status}}, "status.conditions")


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        (2, {"": 2}),
        ({"Worker": {"replicas": 3}, "PS": {}}, {"Worker": 3, "PS": 1}),
        ({"Worker": 3}, {"Worker": 3}),
    ],
)
def test_replicas_are_a_number_or_a_mapping_of_types(spec: Any, wanted: dict[str, int]) -> None:
    assert verdict.replicas({"spec": {"of": spec}}, "spec.of") == wanted


@pytest.mark.parametrize("spec", [None, "2", [1], {"Worker": {"replicas": "x"}}, {"Worker": None}, True])
def test_anything_else_is_no_number_of_replicas(spec: Any) -> None:
    with pytest.raises(ValueError, match="there is no number"):
        verdict.replicas({"spec": {"of": spec}}, "spec.of")


def test_too_few_or_too_many_pods_are_wrong() -> None:
    pods = [pod("j-worker-0"), pod("j-worker-1")]
    assert verdict.made(pods, "Worker", 2) == ""
    assert "3 wanted, 2 made: j-worker-0, j-worker-1" in verdict.made(pods, "Worker", 3)
    assert "1 wanted, 2 made" in verdict.made(pods, "Worker", 1)
    assert "1 wanted, 0 made" in verdict.made(pods, "PS", 1)


def test_a_replica_that_failed_may_be_made_once_more() -> None:
    assert verdict.made([pod("a-1", "Failed", 1), pod("a-2")], "", 1) == ""
    assert verdict.made([pod("a-1", "Failed", 1), pod("a-1")], "", 2) != ""


def test_the_type_of_a_pod_is_in_its_labels_or_in_its_name() -> None:
    labelled = pod("x", labels={"replica-type": "worker"}).body
    assert verdict.of_type(labelled, "Worker")
    assert not verdict.of_type(labelled, "PS")
    assert verdict.of_type(pod("job-ps-0").body, "PS")
    assert not verdict.of_type(pod("job-psx-0").body, "PS")


def test_a_container_that_ended_with_another_code_is_wrong() -> None:
    pods = [pod("good"), pod("bad", "Failed", 3)]
    assert verdict.exit_codes(pods, [0]) == "bad: container main ended with exit code 3"
    assert verdict.exit_codes(pods, [0, 3]) == ""


def test_pods_of_which_none_has_ended_are_not_green() -> None:
    assert "none of the 1 pods" in verdict.exit_codes([pod("a", "Running", None)], [0])
    assert verdict.exit_codes([], [0]) == ""


def test_a_container_that_ended_after_its_deletion_was_asked_for_is_not_judged() -> None:
    asked = {"deletionTimestamp": "2030-01-01T00:00:34Z", "deletionGracePeriodSeconds": 30}  # at :04
    assert pod("stopped", "Failed", 137, **asked).codes == {}
    asked["deletionTimestamp"] = "2030-01-01T00:00:40Z"  # at :10
    assert pod("ended before", "Failed", 3, **asked).codes == {"main": 3}


def test_a_container_that_will_be_restarted_has_not_ended() -> None:
    body = pod("a", "Running", 1).body | {"spec": {"restartPolicy": "OnFailure"}}
    again = Pod(body)
    again.take(body)
    assert again.codes == {}


@pytest.mark.parametrize(
    ("cleaned_up", "left"), [("none", []), ("running", ["runs"]), ("all", ["runs", "ended"])]
)
def test_what_must_be_gone_is_what_was_asked_for(cleaned_up: str, left: list[str]) -> None:
    gone = pod("gone", "Running", None)
    gone.gone = True
    text = verdict.left([pod("runs", "Running", None), pod("ended"), gone], cleaned_up)
    assert [name for name in ("runs", "ended", "gone") if f"pod {name} " in text] == left
