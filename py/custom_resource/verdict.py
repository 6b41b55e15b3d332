"""What is right and wrong with an object and its pods: pure functions of what was seen."""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from py.custom_resource.observation import Pod
from py.custom_resource.template import value_at
from py.kube import readiness
from py.kube.readiness import Body

CLEANED_UP = ("none", "running", "all")  # what must be gone when the object has ended


class Condition(NamedTuple):
    """Whether a condition is true, and what was said about it."""

    true: bool
    text: str


def condition(body: Body | None, path: str, wanted: str) -> Condition:
    """A condition in the list at `path`, or in a plain text there, as a phase is; false without a status."""
    found = value_at(body, path)
    if isinstance(found, str):
        return Condition(found == wanted, found)
    for each in found if isinstance(found, list) else []:
        if isinstance(each, dict) and each.get("type") == wanted:
            said = ": ".join(str(each[key]) for key in ("reason", "message") if each.get(key))
            return Condition(each.get("status") == "True", said)
    return Condition(False, "")


def conditions(body: Body | None, path: str) -> list[str]:
    """All conditions for people; nothing where there are none yet."""
    found = value_at(body, path)
    if isinstance(found, list):
        return [_spelled(each) for each in found if isinstance(each, dict)]
    return [str(found)] if found else []


def replicas(body: Body, path: str) -> dict[str, int]:
    """How many pods are wanted: by type from a mapping of types, or under "" from a plain number."""
    found = value_at(body, path)
    if type(found) is int:  # True is no number
        return {"": found}
    if not isinstance(found, dict):
        raise ValueError(f"there is no number and no mapping of types at {path}")
    wanted = {}
    for name, each in found.items():
        count = each.get("replicas", 1) if isinstance(each, dict) else each
        if type(count) is not int:
            raise ValueError(f"there is no number at {path}.{name}.replicas")
        wanted[str(name)] = count
    return wanted


def made(pods: Iterable[Pod], name: str, wanted: int) -> str:
    """What is wrong with the number of pods of a type; each that failed may have been made once more."""
    mine = [pod for pod in pods if of_type(pod.body, name)]
    names = sorted({pod.name for pod in mine})
    spare = sum(pod.phase == "Failed" for pod in mine)
    if wanted <= len(names) <= wanted + spare:
        return ""
    return f"{wanted} wanted, {len(names)} made{': ' * bool(names)}{', '.join(names)}"


def of_type(pod: Body, name: str) -> bool:
    """Whether a pod is of a type: one of its labels says so, or else a part of its name."""
    labels = (pod["metadata"].get("labels") or {}).values()
    wanted = name.lower()
    return not name or any(value.lower() == wanted for value in labels) or _in_name(pod, wanted)


def exit_codes(pods: Collection[Pod], expected: Iterable[int]) -> str:
    """Which containers ended with another code; also if pods were made and none has ended."""
    allowed = set(expected)
    wrong = [
        f"{pod.name}: container {container} ended with exit code {code}{_why(pod.body, container)}"
        for pod in pods
        for container, code in pod.codes.items()
        if code not in allowed
    ]
    if pods and not any(pod.codes for pod in pods):
        wrong = [
            f"none of the {len(pods)} pods has ended by itself; --expected_exit_codes=any if that is right"
        ]
    return "\n".join(wrong)


def left(pods: Iterable[Pod], cleaned_up: str) -> str:
    """Which pods are still there though they must not be."""
    remaining = {
        "none": [],
        "running": [pod for pod in pods if pod.active],
        "all": [pod for pod in pods if not pod.gone],
    }[cleaned_up]
    return "\n".join(f"pod {pod.name} is still there: {pod.phase}" for pod in remaining)


def _in_name(pod: Body, wanted: str) -> bool:
    return f"-{wanted}-" in f"{pod['metadata']['name']}-"


def _spelled(each: dict[str, Any]) -> str:
    said = ": ".join(str(each[key]) for key in ("reason", "message") if each.get(key))
    return f"{each.get('type')}={each.get('status')}{f' ({said})' if said else ''}"


def _why(pod: Body, container: str) -> str:
    for status in readiness.statuses(pod):
        ended = (status.get("state") or {}).get("terminated") or {}
        if status["name"] == container and (
            ended.get("message") or ended.get("reason") not in (None, "Error")
        ):
            return f" ({(ended.get('message') or ended['reason']).strip().splitlines()[-1]})"
    return ""
