"""The words of a TFJob: its names, its labels, and how to read its spec."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

GROUP = "kubeflow.org"
VERSION = "v1"
PLURAL = "tfjobs"
KIND = "TFJob"

JOB_LABEL = "training.kubeflow.org/job-name"
TYPE_LABEL = "training.kubeflow.org/replica-type"
INDEX_LABEL = "training.kubeflow.org/replica-index"

# The container that gets TF_CONFIG, and the port its TensorFlow server listens on.
CONTAINER = "tensorflow"
PORT = 2222

# Also the order in which replicas are made: whoever decides the job's end comes first.
REPLICA_TYPES = ("Chief", "PS", "Worker")

# A Kubernetes object as JSON has it.
Object = dict[str, Any]


@dataclass(frozen=True)
class Replica:
    """One process of a job: it has a pod and a service of the same name."""

    job: str
    type: str
    index: int

    @property
    def name(self) -> str:
        """The same for every incarnation, so that two attempts to make it cannot make two."""
        return f"{self.job}-{self.type.lower()}-{self.index}"

    def __str__(self) -> str:
        return f"{self.type} {self.index}"


def name_of(obj: Object) -> str:
    """An object's name."""
    return str(obj["metadata"]["name"])


def replica_specs(tfjob: Object) -> Object:
    """What the job says about each type of replica."""
    return tfjob["spec"]["tfReplicaSpecs"]


def replicas(tfjob: Object) -> Iterator[Replica]:
    """Every replica that the job asks for."""
    specs = replica_specs(tfjob)
    for replica_type in REPLICA_TYPES:
        for index in range(specs.get(replica_type, {"replicas": 0}).get("replicas", 1)):
            yield Replica(name_of(tfjob), replica_type, index)


def deciding_replica(tfjob: Object) -> Replica:
    """The replica whose success is the job's: the chief, or the first worker where there is no chief."""
    replica_type = "Chief" if "Chief" in replica_specs(tfjob) else "Worker"
    return Replica(name_of(tfjob), replica_type, 0)


def restart_policy(tfjob: Object, replica: Replica) -> str:
    """Never, OnFailure or ExitCode."""
    return str(replica_specs(tfjob)[replica.type].get("restartPolicy", "Never"))


def clean_pod_policy(tfjob: Object) -> str:
    """Running, All or None: which pods go when the job has ended."""
    return str(tfjob["spec"].get("runPolicy", {}).get("cleanPodPolicy", "Running"))


def backoff_limit(tfjob: Object) -> int:
    """How many restarts the job may have, over all its replicas."""
    return int(tfjob["spec"].get("runPolicy", {}).get("backoffLimit", 6))
