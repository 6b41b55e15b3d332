"""Make an object, watch what becomes of it, judge it, keep the evidence, and delete it again."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from py.custom_resource import verdict
from py.custom_resource.observation import Observation
from py.kube import watch
from py.kube.client import Client, Resource, api_client, dynamic, reporting
from py.kube.readiness import Body, State, Verdict
from py.results.junit import Case
from py.tools.errors import ClusterError

SETTLE = 3.0  # seconds after its end in which the last news of an object's pods must arrive
CLEANING = 60.0  # seconds after its end in which its pods must be cleaned up: twice the usual grace
EVIDENCE = 20.0  # seconds for keeping what the cluster knows
DELETING = 10.0  # seconds for a server that has just gone away to take the deletion
PAUSE = 0.3  # seconds between two attempts at a server that has gone away
LOG = 1 << 20  # bytes of a container's log that are kept
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
        self.folder = folder  # of the evidence
        self.deadline = time.monotonic() + timeout
        self._namespace: str = body["metadata"].get("namespace") or namespace
        self._said = ""
        self._logged: set[str] = set()

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
                with _noting("could not keep what the cluster knows"):
                    self._keep_evidence()
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
                self.client.request("post", self.path.rpartition("/")[0], body=self.body)
            except ApiException as error:
                # Its name is unique: if it is there, the answer to an earlier attempt was lost.
                if error.status != 409 or attempts == 1:
                    raise
            return watch.get(self.client, self.path)

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
            wrong = partial(verdict.exit_codes, self.seen.pods.values(), expected.exit_codes)
            codes = self._case("exit codes", partial(self._until_right, wrong, settle))
            cases.append(codes if self.seen.pods else codes._replace(skipped="no pod was made"))
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
        """Print what is new, and save the logs of pods that ended badly while they can still be had."""
        pods = [f"{pod.name} {'gone' if pod.gone else pod.phase}" for pod in self.seen.pods.values()]
        said = "; ".join([verdict.summary(self.seen.body, self.expected.conditions_path), *pods])
        if said != self._said:
            self._said = said
            print(f"  {said}", flush=True)
        allowed = (0,) if self.expected.exit_codes is None else self.expected.exit_codes
        for pod in self.seen.pods.values():
            for container, code in pod.codes.items():
                if code not in allowed and f"{pod.name}/{container}" not in self._logged:
                    self._logged.add(f"{pod.name}/{container}")
                    self._save_log(pod.body, container)

    def _save_log(self, pod: Body, container: str) -> None:
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        query = [("container", container), ("tailLines", 100_000)]
        with suppress(Exception):  # evidence; the pod may be gone already
            path = f"/api/v1/namespaces/{namespace}/pods/{name}/log"
            data: bytes = self.client.request("get", path, query_params=query, serialize=False).data
            target = self.folder / "logs" / namespace / name / f"{container}.log"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data[-LOG:])

    def _explained(self, why: str) -> str:
        """The reason, the conditions, the pods that are not well, the last events and the ends of logs."""
        from py.kube.explain import explain
        from py.kube.wait import Item

        item = Item(self.resource, self.kind, self._namespace, self.name)
        state = Verdict(State.WAITING, verdict.summary(self.seen.body, self.expected.conditions_path))
        pods = [pod.body for pod in self.seen.pods.values()]
        return explain(self.client, {item: state}, lambda _: pods, why)

    def _keep_evidence(self) -> None:
        """Write the object as last seen, and what the cluster knows; what cannot be had fails nothing."""
        import yaml

        from py.kube.evidence import dump

        self.folder.mkdir(parents=True, exist_ok=True)
        body = {**(self.seen.body or self.body)}
        body["metadata"] = {k: v for k, v in body["metadata"].items() if k != "managedFields"}
        (self.folder / f"{self.kind.lower()}.yaml").write_text(yaml.safe_dump(body, sort_keys=False))
        deadline = time.monotonic() + EVIDENCE
        run = (body["metadata"].get("labels") or {}).get("windtunnel/run", "")
        lacking = dump(
            self.client, self.folder, run=run, namespace=self._namespace or None, deadline=deadline
        )
        for each in lacking:
            print(f"could not keep {each}", flush=True)
        print(f"what the cluster knows is in {self.folder}", flush=True)

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


@contextmanager
def _noting(what: str) -> Iterator[None]:
    """Print what goes wrong with evidence; it must not cost the verdict."""
    try:
        yield
    except Exception as error:
        print(f"{what}: {' '.join(str(error).split())}", flush=True)


def evidence_name(body: dict[str, Any]) -> str:
    """The folder of an object's evidence in ARTIFACTS."""
    return f"{body['kind'].lower()}-{body['metadata']['name']}"
