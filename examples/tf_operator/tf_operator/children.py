"""The pod and the service of a replica, as the operator sends them to Kubernetes."""

import json
from copy import deepcopy

from tf_operator.tf_config import tf_config
from tf_operator.tfjob import (
    CONTAINER,
    GROUP,
    INDEX_LABEL,
    JOB_LABEL,
    KIND,
    PORT,
    TYPE_LABEL,
    VERSION,
    Object,
    Replica,
    name_of,
    replica_specs,
    restart_policy,
)


def labels(replica: Replica) -> dict[str, str]:
    """The labels that tell a replica from all others."""
    return {JOB_LABEL: replica.job, TYPE_LABEL: replica.type.lower(), INDEX_LABEL: str(replica.index)}


def pod(tfjob: Object, replica: Replica) -> Object:
    """The pod that the replica's template describes, with TF_CONFIG in its TensorFlow container."""
    template = deepcopy(replica_specs(tfjob)[replica.type]["template"])
    spec = template["spec"]
    # Kubernetes can restart in place on any failure; it cannot tell exit codes apart, so the operator does.
    spec["restartPolicy"] = "OnFailure" if restart_policy(tfjob, replica) == "OnFailure" else "Never"
    variable = {"name": "TF_CONFIG", "value": json.dumps(tf_config(tfjob, replica))}
    for container in spec["containers"]:
        if container["name"] == CONTAINER:
            container["env"] = [*container.get("env", []), variable]
    metadata = template.get("metadata", {})
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(tfjob, replica, metadata.get("labels"), metadata.get("annotations")),
        "spec": spec,
    }


def service(tfjob: Object, replica: Replica) -> Object:
    """A headless service: a DNS name for one pod, whichever address the pod has at the moment."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(tfjob, replica),
        "spec": {
            "clusterIP": "None",
            "selector": labels(replica),
            "ports": [{"name": "tensorflow", "port": PORT, "targetPort": PORT}],
            # Replicas wait for each other before they are ready to work.
            "publishNotReadyAddresses": True,
        },
    }


def _metadata(
    tfjob: Object,
    replica: Replica,
    more_labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
) -> Object:
    return {
        "name": replica.name,
        "namespace": tfjob["metadata"]["namespace"],
        "labels": {**(more_labels or {}), **labels(replica)},
        "annotations": annotations or {},
        # With the job goes all that was made for it: Kubernetes collects what has lost its owner.
        "ownerReferences": [
            {
                "apiVersion": f"{GROUP}/{VERSION}",
                "kind": KIND,
                "name": name_of(tfjob),
                "uid": tfjob["metadata"]["uid"],
                "controller": True,
            }
        ],
    }
