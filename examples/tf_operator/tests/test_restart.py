"""Which failures are forgiven, and how they are told."""

import pytest

from tf_operator.restart import failure_of, is_permanent
from tf_operator.tfjob import Object, Replica

from .conftest import make_pod

WORKER_1 = Replica("mnist", "Worker", 1)


@pytest.mark.parametrize(
    ("policy", "exit_code", "permanent"),
    [
        ("Never", 1, True),
        ("Never", 137, True),
        ("Never", None, True),
        ("OnFailure", 1, False),
        ("OnFailure", None, False),
        ("ExitCode", 1, True),
        ("ExitCode", 127, True),
        ("ExitCode", 128, False),
        ("ExitCode", 137, False),
        ("ExitCode", None, False),
    ],
)
def test_the_restart_policy_decides(
    tfjob: Object, policy: str, exit_code: int | None, permanent: bool
) -> None:
    failure = failure_of(WORKER_1, make_pod(tfjob, "Worker", 1, "Failed", exit_code=exit_code))
    assert is_permanent(failure, policy) is permanent


def test_a_failure_tells_the_exit_code_and_the_last_line_of_the_message(tfjob: Object) -> None:
    pod = make_pod(tfjob, "Worker", 1, "Failed", exit_code=3, message="loading\nno such file: data\n")
    assert str(failure_of(WORKER_1, pod)) == "Worker 1 exited with code 3: no such file: data"


def test_an_eviction_is_told_as_kubernetes_tells_it(tfjob: Object) -> None:
    pod = make_pod(tfjob, "Worker", 1, "Failed")
    pod["status"] = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."}
    assert str(failure_of(WORKER_1, pod)) == "Worker 1 failed: Evicted The node was low on memory."


def test_only_the_tensorflow_container_counts(tfjob: Object) -> None:
    pod = make_pod(tfjob, "Worker", 1, "Failed", exit_code=137)
    sidecar = {"name": "sidecar", "state": {"terminated": {"exitCode": 1}}}
    pod["status"]["containerStatuses"].insert(0, sidecar)
    assert failure_of(WORKER_1, pod).exit_code == 137
