"""Conditions and counts."""

from tf_operator.status import condition, count_replicas, holds, is_finished, set_condition
from tf_operator.tfjob import Object, Replica

from .conftest import LATER, NOW, make_pod


def test_a_condition_that_says_the_same_again_keeps_its_times() -> None:
    status: Object = {}
    set_condition(status, "Running", True, "TFJobRunning", "Chief 0 is running", NOW)
    set_condition(status, "Running", True, "TFJobRunning", "Chief 0 is running", LATER)
    assert status["conditions"] == [
        {
            "type": "Running",
            "status": "True",
            "reason": "TFJobRunning",
            "message": "Chief 0 is running",
            "lastTransitionTime": "2026-01-02T03:04:05Z",
            "lastUpdateTime": "2026-01-02T03:04:05Z",
        }
    ]


def test_only_a_turn_from_true_to_false_is_a_transition() -> None:
    status: Object = {}
    set_condition(status, "Running", True, "TFJobRunning", "first words", NOW)
    set_condition(status, "Running", True, "TFJobRunning", "other words", LATER)
    (running,) = status["conditions"]
    assert running["lastTransitionTime"] == "2026-01-02T03:04:05Z"
    assert running["lastUpdateTime"] == "2026-01-02T03:04:09Z"
    set_condition(status, "Running", False, "TFJobWaiting", "other words", LATER)
    assert running["lastTransitionTime"] == "2026-01-02T03:04:09Z"


def test_a_condition_can_be_there_without_holding() -> None:
    status: Object = {}
    set_condition(status, "Failed", False, "None", "", NOW)
    assert condition(status, "Failed") is not None
    assert not holds(status, "Failed")
    assert not is_finished(status)


def test_replicas_are_counted_by_type_and_phase(tfjob: Object) -> None:
    pods = [
        make_pod(tfjob, "Chief", 0, "Succeeded"),
        make_pod(tfjob, "PS", 0, "Running", leaving=True),
        make_pod(tfjob, "Worker", 0, "Pending"),
        make_pod(tfjob, "Worker", 1, "Failed"),
    ]
    assert count_replicas(tfjob, pods, []) == {
        "Chief": {"active": 0, "succeeded": 1, "failed": 0, "restarts": 0},
        "PS": {"active": 0, "succeeded": 0, "failed": 0, "restarts": 0},
        "Worker": {"active": 1, "succeeded": 0, "failed": 1, "restarts": 0},
    }


def test_restarts_add_to_those_before(tfjob: Object) -> None:
    tfjob["status"] = {"replicaStatuses": {"Worker": {"restarts": 2}}}
    assert count_replicas(tfjob, [], [Replica("mnist", "Worker", 0)])["Worker"]["restarts"] == 3
