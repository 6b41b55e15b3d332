"""Which pods are a workload's: pure functions of what the API says about both."""

from py.kube.readiness import Body


def has(workload: Body, pod: Body) -> bool:
    """Whether a living pod belongs to a workload as it is now, not to what it was before."""
    return _selects(workload, pod) and _is_current(workload, pod)


def _selects(workload: Body, pod: Body) -> bool:
    """Whether a pod is one of a workload's, by its selector; a pod on its way out is nobody's."""
    if pod["metadata"].get("deletionTimestamp"):
        return False
    selector = workload.get("spec", {}).get("selector") or {}
    plain = selector.get("matchLabels", {} if "matchExpressions" in selector else selector)
    own = pod["metadata"].get("labels") or {}
    wanted = [own.get(key) == value for key, value in plain.items()]
    wanted += [_expression(own, each) for each in selector.get("matchExpressions") or []]
    return bool(wanted) and all(wanted)


def _expression(labels: dict[str, str], wanted: Body) -> bool:
    key, values = wanted["key"], wanted.get("values") or []
    return {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }[wanted["operator"]]


def _is_current(workload: Body, pod: Body) -> bool:
    """Whether a pod was made from the workload's present template, as far as its labels tell."""
    own = pod["metadata"].get("labels") or {}
    if workload["kind"] == "StatefulSet":
        return bool(own.get("controller-revision-hash") == workload.get("status", {}).get("updateRevision"))
    if workload["kind"] == "DaemonSet":
        notes = workload["metadata"].get("annotations") or {}
        wanted = notes.get("deprecated.daemonset.template.generation")
        return wanted is None or own.get("pod-template-generation") == wanted
    if workload["kind"] == "Deployment":
        images = {c["name"]: c.get("image") for c in workload["spec"]["template"]["spec"]["containers"]}
        return all(images.get(c["name"]) == c.get("image") for c in pod["spec"]["containers"])
    return True
