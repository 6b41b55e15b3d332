"""Containers of steps as pods of the cluster that we are in ourselves.

What differs from place to place (resources, pull secrets, a proxy, certificates) is in the file of a pod. Its
first container is the step, which gets, of the volume that it shares with Airflow, its run's folders alone.
"""

import copy
import os
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

from py.kube.own import Own, Refused
from py.tools.errors import ClusterError, Missing, UsageError

if TYPE_CHECKING:
    from py.pipeline.container import Task

LOOK = 0.05  # seconds between two looks at a pod that begins or ends
PATIENCE = 120.0  # seconds in which a pod whose image cannot be had may still begin
HOPELESS = ("InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError", "CreateContainerError")
ENDS = {
    "OOMKilled": "it took more memory than its pod may have, and was killed",
    "StartError": "it cannot be started:",
    "ContainerCannotRun": "it cannot be started:",
}
WAITING = ("ErrImagePull", "ImagePullBackOff")
Pod = dict[str, Any]


class Pods:
    """The pods of a namespace, each made of a template."""

    def __init__(self, template: str) -> None:
        self._template = _read(Path(template))
        self._api = Own()
        namespace = self._template["metadata"].get("namespace", "default")
        self._pods = f"/api/v1/namespaces/{namespace}/pods"

    def run(self, task: "Task", sink: Callable[[bytes], object]) -> int:
        """Make a pod and follow it to its end."""
        self._api.ask("POST", self._pods, made(self._template, task, self._owner()))
        self._begun(task.name)
        told = 0
        while True:
            told += self._follow(task.name, told, sink)
            ended = self._container(task.name).get("state", {}).get("terminated")
            if ended:
                # What it printed last may come after its end is known.
                self._follow(task.name, told, sink)
                self._delete(task.name, 0)  # nothing of it runs; a node takes seconds to agree
                if why := ENDS.get(ended.get("reason", ""), ""):
                    sink(f"error: {why} {ended.get('message', '')}".strip().encode() + b"\n")
                return int(ended["exitCode"])
            time.sleep(LOOK)

    def stop(self, name: str) -> None:
        """The node does it, also when we are gone."""
        from py.pipeline.container import GRACE

        self._delete(name, GRACE)

    def remove(self, name: str) -> None:
        """At once: what has to end in order has been asked to stop."""
        while self._delete(name, 1):
            time.sleep(LOOK)

    def _delete(self, name: str, grace: int) -> bool:
        """Have a pod ended in so many seconds; whether there is one."""
        try:
            # A line of its own: stop comes in the middle of whatever else is asked.
            Own().ask("DELETE", f"{self._pods}/{name}", {"gracePeriodSeconds": grace})
        except Refused as refusal:
            if refusal.status != 404:
                raise
            return False
        return True

    def _owner(self) -> Pod:
        """Our own pod: whatever ends that ends the step."""
        name = os.environ.get("HOSTNAME", "")
        return {
            "apiVersion": "v1", "kind": "Pod", "name": name,
            "uid": self._api.ask("GET", f"{self._pods}/{name}")["metadata"]["uid"],
        }  # fmt: skip

    def _begun(self, name: str) -> None:
        """Wait until the container runs, or has; ClusterError says why it cannot."""
        since = 0.0
        while not {"running", "terminated"} & (state := self._container(name).get("state", {})).keys():
            waiting = state.get("waiting", {})
            since = (since or time.monotonic()) if waiting.get("reason") in WAITING else 0.0
            if waiting.get("reason") in HOPELESS or (since and time.monotonic() - since > PATIENCE):
                why = waiting.get("message") or waiting["reason"]
                raise ClusterError(f"the step's pod cannot begin: {why}")
            time.sleep(LOOK)

    def _container(self, name: str) -> Pod:
        """What is known of the step's container; ClusterError if somebody has taken its pod away."""
        try:
            status = self._api.ask("GET", f"{self._pods}/{name}")["status"]
        except Refused as refusal:
            if refusal.status == 404:
                raise ClusterError("the step's pod was deleted") from None
            raise
        if status.get("phase") == "Failed" and not status.get("containerStatuses"):
            raise ClusterError(f"the step's pod failed: {status.get('message') or status.get('reason')}")
        found: list[Pod] = status.get("containerStatuses", [])
        return next((each for each in found if each["name"] == self._container_name), {})

    @property
    def _container_name(self) -> str:
        name: str = self._template["spec"]["containers"][0]["name"]
        return name

    def _follow(self, name: str, skip: int, sink: Callable[[bytes], object]) -> int:
        """Hand on what the container prints from its byte `skip` on, until that ends; how many bytes."""
        told = 0
        path = f"{self._pods}/{name}/log?follow=true&container={self._container_name}"
        with suppress(Refused, HTTPException, OSError), self._api.stream(path) as answer:
            while piece := answer.read1(1 << 16):
                fresh = piece[skip:]
                skip = max(0, skip - len(piece))
                told += len(fresh)
                if fresh:
                    sink(fresh)
        return told


def made(template: Pod, task: "Task", owner: Pod) -> Pod:
    """The pod of a task."""
    pod = copy.deepcopy(template)
    pod["metadata"] |= {"name": task.name, "ownerReferences": [owner]}
    pod["metadata"].setdefault("labels", {})["windtunnel/run"] = task.env["RUN_NAME"]
    pod["spec"]["restartPolicy"] = "Never"
    container = pod["spec"]["containers"][0]
    mounts = container.get("volumeMounts", [])
    shared = [mount for mount in mounts if _below(task.folders[0], mount["mountPath"])]
    if not shared:
        raise UsageError(f"no volume of the step's pod is mounted where {task.folders[0]} is")
    for folder in task.folders:
        if not _below(folder, shared[0]["mountPath"]):
            raise UsageError(f"{folder} is not on the volume that steps in images share with Airflow")
    given = [each for each in container.get("env", []) if _may_have(each, task.secrets)]
    if missing := set(task.secrets).difference(each["name"] for each in given):
        raise UsageError(f"${min(missing)}: the file of the step's pod names no Secret that has it")
    container |= {
        "image": task.image,
        "command": list(task.argv),
        "workingDir": task.env["WORKSPACE"],
        "env": [*given, *({"name": k, "value": v} for k, v in task.env.items())],
        "volumeMounts": [
            *(mount for mount in mounts if mount is not shared[0]),
            *(shared[0] | {"mountPath": each, "subPath": _within(each, shared[0])} for each in task.folders),
        ],
    }
    return pod


def _may_have(variable: Pod, secrets: tuple[str, ...]) -> bool:
    """Whether a variable is for this step: secrets are only for who names them."""
    return "secretKeyRef" not in variable.get("valueFrom", {}) or variable["name"] in secrets


def _below(folder: str, top: str) -> bool:
    return Path(folder).is_relative_to(top)


def _within(folder: str, mount: Pod) -> str:
    return str(Path(mount.get("subPath", ""), Path(folder).relative_to(mount["mountPath"])))


def _read(file: Path) -> Pod:
    import yaml

    try:
        pod = yaml.safe_load(file.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise Missing(f"the pod for steps in images cannot be read: {error}") from None
    if not isinstance(pod, dict) or pod.get("kind") != "Pod":
        raise Missing(f"{file} holds no pod for steps in images")
    return pod
