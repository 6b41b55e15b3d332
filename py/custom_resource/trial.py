"""Make an object, watch what becomes of it, judge it, keep the evidence, and delete it again."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from py.custom_resource import verdict
from py.custom_resource.evidence import Evidence
from py.custom_resource.observation import Observation
from py.kube.client import Client, Resource, api_client, dynamic, get, post, reporting
from py.kube.readiness import Body, State, Verdict
from py.results.junit import Case
from py.tools.errors import ClusterError

SETTLE = 3.0  # seconds after its end in which the last news of an object's pods must arrive
CLEANING = 60.0  # seconds after its end in which its pods must be cleaned up: twice the usual grace
DELETING = 10.0  # seconds for a server that has just gone away to take the deletion
PAUSE = 0.3  # seconds between two attempts at a server that has gone away
Given = TypeVar("Given")


class Expected(NamedTuple):
    """What is expected of the object and its pods; `exit_codes` None is anything."""

    condition: str
    failure_condition: str
    conditions_path: str
    replicas_path: str
    pod_selector: str
    exit_codes: tuple[int, ...] | None
    cleaned_up: str


class Trial:
    """One object, from its creation to its deletion. `run` gives a case for each check."""

    def __init__(
        self, body: Body, namespace: str, expected: Expected, *, classname: str, timeout: float, folder: Path
    ) -> None:
        self.body = body
        self.kind: str = body["kind"]
        self.name: str = body["metadata"]["name"]
        self.expected = expected
        self.classname = classname
        self.timeout = timeout
        self.folder = folder
        self.began = time.monotonic()
        self.deadline = self.began + timeout
        self._namespace: str = body["metadata"].get("namespace") or namespace
        self._said: list[str] = []

    def run(self, kubeconfig: Path, *, keep: bool) -> list[Case]:
        """Do it all. What the cluster refuses is a failed case; nothing is left behind unless asked for."""
        began = time.monotonic()
        try:
            self._connect(kubeconfig)
            if not self.seen.begin(self.deadline):
                raise ClusterError(f"the cluster did not answer for {self.timeout:.0f} s")
        except ClusterError as error:
            return [Case(self.classname, "created", time.monotonic() - began, str(error))]
        cases: list[Case] = []
        try:
            cases.append(self._case("created", self._create, began))
            if not cases[0].failure:
                cases += self._judged()
            if any(case.failure for case in cases):
                self.evidence.keep(self.seen.body or self.body, self._namespace)
        finally:
            self.seen.end()
            deleted = "" if keep else self._delete()
        return [*cases, *([Case(self.classname, "deleted", 0.0, deleted)] if deleted else [])]

    def _connect(self, kubeconfig: Path) -> None:
        from kubernetes.dynamic.exceptions import ResourceNotFoundError

        api = api_client(kubeconfig)
        self.client: Client = self._patiently(lambda: dynamic(api=api), self.deadline)
        version = self.body["apiVersion"]

        def find() -> Any:
            return self.client.resources.get(api_version=version, kind=self.kind)

        try:
            self.resource: Resource = self._patiently(find, self.deadline)
        except ResourceNotFoundError:
            raise ClusterError(f"the cluster has no kind {self.kind} in {version}; set it up first") from None
        if self.resource.namespaced:
            self.body["metadata"]["namespace"] = self._namespace
        else:
            self._namespace = ""
            self.body["metadata"].pop("namespace", None)
        path = self.resource.path(namespace=self._namespace or None)
        self.path = f"{path}/{self.name}"
        self.evidence = Evidence(self.client, self.folder)
        self.seen = Observation(
            self.client, self.resource, self._namespace, self.name, self.expected.pod_selector
        )

    def _create(self) -> str:
        """Create the object; why the cluster refuses, or nothing."""
        from kubernetes.client import ApiException

        attempts = 0

        def create() -> Body:
            nonlocal attempts
            attempts += 1
            try:
                return post(self.client, self.path.rpartition("/")[0], self.body)
            except ApiException as error:
                # Its name is unique: if it is there, the answer to an earlier attempt was lost.
                if error.status != 409 or attempts == 1:
                    raise
            return get(self.client, self.path)

        try:
            self.seen.made(self._patiently(create, self.deadline))
        except ClusterError as error:
            return str(error)
        print(f"created {self.kind} {self.name} in namespace {self._namespace or '(none)'}", flush=True)
        return ""

    def _judged(self) -> list[Case]:
        """A case for each check, in the order in which they can be made."""
        expected = self.expected
        reached = self._case(f"condition {expected.condition}", self._reach)
        settle = 0.0 if reached.failure else SETTLE
        cases = [reached]
        for kind, wanted in self._replicas().items():
            made = partial(verdict.made, self.seen.pods.values(), kind, wanted)
            name = f"pods {kind} made" if kind else "pods made"
            cases.append(self._case(name, partial(self._until_right, made, settle)))
        if expected.exit_codes is not None:
            cases.append(self._exit_codes(expected.exit_codes, reached, settle))
        if expected.cleaned_up != "none":
            cases.append(self._cleaned_up())
        return cases

    def _reach(self) -> str:
        """Wait for the condition; why it was not reached, or nothing."""
        expected, path = self.expected, self.expected.conditions_path

        def is_true(name: str) -> bool:
            return bool(name) and verdict.condition(self.seen.body, path, name).true

        def over() -> bool:
            self._tell()
            return self.seen.deleted or is_true(expected.failure_condition) or is_true(expected.condition)

        self.seen.wait(over, self.deadline)
        if self.seen.deleted:
            return self._explained("it was deleted by somebody else")
        if is_true(expected.failure_condition):
            said = verdict.condition(self.seen.body, path, expected.failure_condition).text
            return self._explained(f"{expected.failure_condition}{': ' * bool(said)}{said}")
        if is_true(expected.condition):
            return ""
        return self._explained(f"not {expected.condition} after {self.timeout:.0f} s")

    def _replicas(self) -> dict[str, int]:
        path = self.expected.replicas_path
        # The object as the server has it: with the defaults of its kind.
        return verdict.replicas(self.seen.body or self.body, path) if path else {}

    def _exit_codes(self, allowed: tuple[int, ...], reached: Case, settle: float) -> Case:
        pods = self.seen.pods.values()
        if not pods:
            return Case(self.classname, "exit codes", 0.0, skipped="no pod was made")
        if reached.failure and not any(pod.codes for pod in pods):
            return Case(self.classname, "exit codes", 0.0, skipped="no pod had ended")
        wrong = partial(verdict.exit_codes, pods, allowed)
        return self._case("exit codes", partial(self._until_right, wrong, settle))

    def _cleaned_up(self) -> Case:
        path = self.expected.conditions_path
        ends = (self.expected.condition, self.expected.failure_condition)
        if not any(verdict.condition(self.seen.body, path, end).true for end in ends if end):
            return Case(self.classname, "cleaned up", 0.0, skipped="it never ended")
        remaining = partial(verdict.left, self.seen.pods.values(), self.expected.cleaned_up)
        return self._case("cleaned up", partial(self._until_right, remaining, CLEANING))

    def _until_right(self, problem: Callable[[], str], patience: float) -> str:
        """Wait for a problem to go away; what is left of it after `patience` seconds."""

        def solved() -> bool:
            self._tell()
            return not problem()

        self.seen.wait(solved, time.monotonic() + patience)
        return problem()

    def _case(self, name: str, check: Callable[[], str], began: float | None = None) -> Case:
        began = time.monotonic() if began is None else began
        try:
            problem = check()
        except (ClusterError, ValueError) as error:
            problem = str(error)
        seconds = time.monotonic() - began
        print(f"{'FAILED' if problem else 'passed'} {name} ({seconds:.1f} s)", flush=True)
        return Case(self.classname, name, seconds, problem)

    def _tell(self) -> None:
        """Print what is new, and keep the logs of pods that ended badly while they can still be had."""
        now = verdict.conditions(self.seen.body, self.expected.conditions_path)
        now += [f"pod {pod.name} {'gone' if pod.gone else pod.phase}" for pod in self.seen.pods.values()]
        for said in now:
            if said not in self._said:
                print(f"  {said} ({time.monotonic() - self.began:.1f} s)", flush=True)
        self._said = now
        for pod in self.seen.pods.values():
            for container, code in pod.codes.items():
                if code not in (self.expected.exit_codes or (0,)):
                    self.evidence.log(pod.body, container)

    def _explained(self, why: str) -> str:
        """The reason, the conditions, the pods that are not well, the last events and the ends of logs."""
        from py.kube.explain import explain
        from py.kube.item import Item

        item = Item(self.resource, self.kind, self._namespace, self.name)
        path = self.expected.conditions_path
        said = ", ".join(verdict.conditions(self.seen.body, path)) or f"nothing in {path} yet"
        pods = [pod.body for pod in self.seen.pods.values()]
        return explain(self.client, {item: Verdict(State.WAITING, said)}, lambda _: pods, why)

    def _delete(self) -> str:
        """Delete the object; why that failed, or nothing."""
        from kubernetes.client import ApiException

        def delete() -> None:
            try:
                self.client.request("delete", self.path, propagation_policy="Background")
            except ApiException as error:
                if error.status != 404:
                    raise

        try:
            self._patiently(delete, time.monotonic() + DELETING)
        except ClusterError as error:
            return f"{self.kind} {self.name} may still be there: {error}"
        return ""

    def _patiently(self, deed: Callable[[], Given], deadline: float) -> Given:
        """Do something, again and again while the server has gone away; ClusterError when it refuses."""
        from kubernetes.client import ApiException
        from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

        def passes(error: BaseException) -> bool:
            if isinstance(error, ApiException):
                return error.status in (0, 429) or (error.status or 0) >= 500
            return isinstance(error, ClusterError)

        left = max(0.0, deadline - time.monotonic())
        again = Retrying(
            retry=retry_if_exception(passes),
            stop=stop_after_delay(left),
            wait=wait_fixed(PAUSE),
            reraise=True,
        )
        with reporting(f"{self.kind} {self.name}"):
            result: Given = again(deed)
            return result
