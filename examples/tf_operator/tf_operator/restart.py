"""Why a replica failed, and whether another attempt could end better."""

from dataclasses import dataclass

from tf_operator.tfjob import CONTAINER, Object, Replica

# Exit codes above 127 say that a signal ended the process: the machine's doing rather than the program's.
FIRST_RETRYABLE_EXIT_CODE = 128


@dataclass(frozen=True)
class Failure:
    """A replica whose pod has failed; without an exit code where no container ended, as in an eviction."""

    replica: Replica
    pod: Object
    exit_code: int | None
    message: str

    def __str__(self) -> str:
        how = "failed" if self.exit_code is None else f"exited with code {self.exit_code}"
        return f"{self.replica} {how}" + (f": {self.message}" if self.message else "")


def failure_of(replica: Replica, pod: Object) -> Failure:
    """What is known of a failed pod: how its TensorFlow container ended, else what Kubernetes says."""
    status = pod["status"]
    for container in status.get("containerStatuses", []):
        ended = container.get("state", {}).get("terminated")
        if container["name"] == CONTAINER and ended:
            message = ended.get("message") or ended.get("reason", "")
            return Failure(replica, pod, int(ended["exitCode"]), _last_line(message))
    message = " ".join(filter(None, [status.get("reason"), status.get("message")]))
    return Failure(replica, pod, None, message)


def is_permanent(failure: Failure, policy: str) -> bool:
    """Whether the restart policy gives the replica up: Never always does, ExitCode if the program erred."""
    if policy == "ExitCode":
        return failure.exit_code is not None and failure.exit_code < FIRST_RETRYABLE_EXIT_CODE
    return policy == "Never"


def _last_line(text: str) -> str:
    # A termination message may be the end of the log: what went wrong stands last.
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
