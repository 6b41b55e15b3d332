"""TF_CONFIG: how a replica learns who it is and where the others are."""

from tf_operator.tfjob import PORT, Object, Replica, replicas


def address(replica: Replica, namespace: str) -> str:
    """Where a replica is reached: at the name of its own service."""
    return f"{replica.name}.{namespace}.svc:{PORT}"


def tf_config(tfjob: Object, replica: Replica) -> Object:
    """The cluster as TensorFlow wants it described, and the replica's own place in it."""
    cluster: dict[str, list[str]] = {}
    for member in replicas(tfjob):
        cluster.setdefault(member.type.lower(), []).append(address(member, tfjob["metadata"]["namespace"]))
    return {
        "cluster": cluster,
        "task": {"type": replica.type.lower(), "index": replica.index},
        "environment": "cloud",
    }
