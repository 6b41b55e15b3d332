"""What the operator decides, step by step."""

from collections.abc import Sequence
from copy import deepcopy

import pytest

from tf_operator.reconcile import Action, Create, Plan, reconcile, reject
from tf_operator.status import condition, holds
from tf_operator.tfjob import Object, name_of

from .conftest import LATER, NOW, make_pod, make_pods, make_services, make_tfjob


def told(actions: Sequence[Action]) -> list[str]:
    """Actions as words: `create Pod mnist-chief-0`."""
    return [
        f"create {action.body['kind']} {name_of(action.body)}"
        if isinstance(action, Create)
        else f"delete {action.kind} {name_of(action.target)}"
        for action in actions
    ]


def finished(tfjob: Object, *others: Object) -> Plan:
    """The plan for a job that ends with these pods, the rest running."""
    plan = reconcile(tfjob, make_pods(tfjob, *others), make_services(tfjob), NOW)
    assert "completionTime" in plan.status
    return plan


def message(plan: Plan, kind: str) -> str:
    """What a condition that holds says."""
    assert holds(plan.status, kind)
    return (condition(plan.status, kind) or {})["message"]


def test_a_new_job_gets_its_services_then_its_pods(tfjob: Object) -> None:
    plan = reconcile(tfjob, [], [], NOW)
    replicas = ["mnist-chief-0", "mnist-ps-0", "mnist-worker-0", "mnist-worker-1"]
    assert told(plan.actions) == [f"create {kind} {name}" for kind in ("Service", "Pod") for name in replicas]
    assert [found["type"] for found in plan.status["conditions"]] == ["Created"]
    assert plan.status["startTime"] == "2026-01-02T03:04:05Z"


def test_what_is_there_is_not_made_again(tfjob: Object) -> None:
    pods = make_pods(tfjob, phase="Pending")[1:]
    assert told(reconcile(tfjob, pods, make_services(tfjob), NOW).actions) == ["create Pod mnist-chief-0"]


def test_pods_of_a_former_job_of_the_same_name_are_somebody_elses(tfjob: Object) -> None:
    pods = make_pods(tfjob, phase="Succeeded")
    for pod in pods:
        pod["metadata"]["ownerReferences"][0]["uid"] = "job-0"
    plan = reconcile(tfjob, pods, make_services(tfjob), NOW)
    assert not holds(plan.status, "Succeeded")
    assert len(plan.actions) == len(pods)


def test_a_job_runs_when_its_chief_does(tfjob: Object) -> None:
    pods = make_pods(tfjob, make_pod(tfjob, "Chief", 0, "Running"), phase="Pending")
    assert holds(reconcile(tfjob, pods, [], NOW).status, "Running")


def test_a_job_without_its_chief_is_not_running_any_more(tfjob: Object) -> None:
    tfjob["status"] = reconcile(tfjob, make_pods(tfjob), [], NOW).status
    status = reconcile(tfjob, make_pods(tfjob)[1:], [], LATER).status
    assert condition(status, "Running") is not None
    assert not holds(status, "Running")


def test_a_second_look_at_the_same_things_changes_nothing(tfjob: Object) -> None:
    pods, services = make_pods(tfjob), make_services(tfjob)
    tfjob["status"] = reconcile(tfjob, pods, services, NOW).status
    assert reconcile(tfjob, pods, services, LATER) == Plan(tfjob["status"], [])


def test_a_decision_leaves_its_input_alone(tfjob: Object) -> None:
    tfjob["status"] = reconcile(tfjob, [], [], NOW).status
    before = deepcopy(tfjob)
    reconcile(tfjob, make_pods(tfjob), [], LATER)
    assert tfjob == before


def test_the_chiefs_success_is_the_jobs(tfjob: Object) -> None:
    plan = finished(tfjob, make_pod(tfjob, "Chief", 0, "Succeeded"))
    assert message(plan, "Succeeded") == "Chief 0 succeeded"


def test_without_a_chief_the_first_worker_decides() -> None:
    tfjob = make_tfjob(PS=1, Worker=2)
    plan = finished(tfjob, make_pod(tfjob, "Worker", 0, "Succeeded"))
    assert message(plan, "Succeeded") == "Worker 0 succeeded"


def test_a_worker_that_succeeds_does_not_end_a_job_with_a_chief(tfjob: Object) -> None:
    pods = make_pods(tfjob, make_pod(tfjob, "Worker", 0, "Succeeded"))
    assert "completionTime" not in reconcile(tfjob, pods, [], NOW).status


def test_a_failure_at_the_moment_of_success_is_forgiven(tfjob: Object) -> None:
    chief = make_pod(tfjob, "Chief", 0, "Succeeded")
    worker = make_pod(tfjob, "Worker", 1, "Failed", exit_code=1)
    assert holds(finished(tfjob, chief, worker).status, "Succeeded")


def test_a_failure_that_is_not_forgiven_fails_the_job_and_says_why(tfjob: Object) -> None:
    pod = make_pod(tfjob, "Worker", 1, "Failed", exit_code=3, message="no data")
    plan = finished(tfjob, pod)
    assert message(plan, "Failed") == "Worker 1 exited with code 3: no data"
    assert (condition(plan.status, "Failed") or {})["reason"] == "ReplicaFailed"


def test_a_job_that_ends_is_not_running(tfjob: Object) -> None:
    tfjob["status"] = reconcile(tfjob, make_pods(tfjob), [], NOW).status
    plan = finished(tfjob, make_pod(tfjob, "Chief", 0, "Succeeded"))
    assert not holds(plan.status, "Running")
    assert plan.status["conditions"][-1]["type"] == "Succeeded"


def test_a_forgiven_failure_makes_room_for_a_new_pod() -> None:
    tfjob = make_tfjob(restart_policy="ExitCode")
    failed = make_pod(tfjob, "Worker", 1, "Failed", exit_code=137)
    first = reconcile(tfjob, make_pods(tfjob, failed), make_services(tfjob), NOW)
    assert told(first.actions) == ["delete Pod mnist-worker-1"]
    assert first.status["replicaStatuses"]["Worker"]["restarts"] == 1

    tfjob["status"] = first.status
    leaving = make_pod(tfjob, "Worker", 1, "Failed", exit_code=137, leaving=True)
    second = reconcile(tfjob, make_pods(tfjob, leaving), make_services(tfjob), NOW)
    assert told(second.actions) == []
    assert second.status["replicaStatuses"]["Worker"]["restarts"] == 1

    third = reconcile(tfjob, make_pods(tfjob)[:-1], make_services(tfjob), NOW)
    assert told(third.actions) == ["create Pod mnist-worker-1"]


def test_one_restart_too_many_fails_the_job() -> None:
    tfjob = make_tfjob(restart_policy="ExitCode", run_policy={"backoffLimit": 2})
    tfjob["status"] = {"replicaStatuses": {"PS": {"restarts": 2}}}
    plan = finished(tfjob, make_pod(tfjob, "Worker", 1, "Failed", exit_code=137, message="killed"))
    too_many = "it takes more restarts than backoffLimit 2; Worker 1 exited with code 137: killed"
    assert message(plan, "Failed") == too_many


def test_restarts_in_place_count_as_well() -> None:
    tfjob = make_tfjob(restart_policy="OnFailure", run_policy={"backoffLimit": 2})
    plan = finished(tfjob, make_pod(tfjob, "Worker", 1, "Running", restarts=3))
    assert (condition(plan.status, "Failed") or {})["reason"] == "BackoffLimitExceeded"


@pytest.mark.parametrize(
    ("policy", "pods"),
    [
        ("Running", ["mnist-ps-0", "mnist-worker-1"]),
        ("All", ["mnist-chief-0", "mnist-worker-0", "mnist-ps-0", "mnist-worker-1"]),
    ],
)
def test_clean_up_takes_services_and_the_pods_of_the_policy(policy: str, pods: list[str]) -> None:
    tfjob = make_tfjob(run_policy={"cleanPodPolicy": policy})
    chief, worker = make_pod(tfjob, "Chief", 0, "Succeeded"), make_pod(tfjob, "Worker", 0, "Succeeded")
    services = [f"delete Service {name_of(service)}" for service in make_services(tfjob)]
    assert told(finished(tfjob, chief, worker).actions) == [f"delete Pod {name}" for name in pods] + services


def test_clean_up_with_none_leaves_everything() -> None:
    tfjob = make_tfjob(run_policy={"cleanPodPolicy": "None"})
    assert told(finished(tfjob, make_pod(tfjob, "Chief", 0, "Succeeded")).actions) == []


def test_an_interrupted_clean_up_goes_on_and_starts_nothing_again(tfjob: Object) -> None:
    chief = make_pod(tfjob, "Chief", 0, "Succeeded")
    tfjob["status"] = finished(tfjob, chief).status
    worker = make_pod(tfjob, "Worker", 1, "Running")
    leaving = make_pod(tfjob, "PS", 0, "Running", leaving=True)
    plan = reconcile(tfjob, [chief, worker, leaving], [], LATER)
    assert told(plan.actions) == ["delete Pod mnist-worker-1"]
    assert plan.status["completionTime"] == "2026-01-02T03:04:05Z"
    assert plan.status["replicaStatuses"]["Worker"]["active"] == 1


def test_a_job_that_cannot_be_carried_out_fails_with_the_words_of_kubernetes(tfjob: Object) -> None:
    plan = reject(tfjob, [], make_services(tfjob), 'Pod "mnist-chief-0" is invalid', NOW)
    assert message(plan, "Failed") == 'Pod "mnist-chief-0" is invalid'
    assert len(plan.actions) == 4
