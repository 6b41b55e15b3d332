"""The operator's door to Kubernetes: everything it asks and tells the API, as plain JSON objects."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from kubernetes import client, watch
from kubernetes.client.rest import ApiException

from tf_operator.tfjob import GROUP, JOB_LABEL, PLURAL, VERSION, Object, name_of

# Seconds: to connect, and to wait for an answer.
PATIENCE = (3, 10)
# A watch ends by itself after so many seconds; the list that follows repairs whatever was missed.
WATCH_SECONDS = 300

NOT_FOUND, CONFLICT, UNPROCESSABLE = 404, 409, 422


class Rejected(Exception):
    """Kubernetes will not have an object, and never will as it is written."""


class Cluster:
    """One namespace of a Kubernetes cluster."""

    def __init__(self, namespace: str) -> None:
        api = client.ApiClient()
        self._core = client.CoreV1Api(api)
        self._custom = client.CustomObjectsApi(api)
        self._namespace = namespace
        self._tfjobs = (GROUP, VERSION, namespace, PLURAL)
        self._lists: dict[str, tuple[Callable[..., Any], tuple[str, ...], dict[str, str]]] = {
            "tfjobs": (self._custom.list_namespaced_custom_object, self._tfjobs, {}),
            "pods": (self._core.list_namespaced_pod, (namespace,), {"label_selector": JOB_LABEL}),
            "services": (self._core.list_namespaced_service, (namespace,), {"label_selector": JOB_LABEL}),
        }

    def list_all(self, resource: str) -> tuple[list[Object], str]:
        """All `tfjobs`, or all `pods` or `services` of any job, and the version to watch from."""
        function, args, kwargs = self._lists[resource]
        answer = _json(function(*args, **kwargs, _preload_content=False, _request_timeout=PATIENCE))
        return answer["items"], answer["metadata"]["resourceVersion"]

    def watch(self, resource: str, version: str) -> Iterator[Object]:
        """Each object that appears, changes or goes after that version, for a while.

        ApiException with status 410 when the version is too old: list again.
        """
        function, args, kwargs = self._lists[resource]
        events = watch.Watch(return_type="object").stream(
            function,
            *args,
            **kwargs,
            resource_version=version,
            timeout_seconds=WATCH_SECONDS,
            _request_timeout=(PATIENCE[0], WATCH_SECONDS + 30),
        )
        for event in events:
            yield event["raw_object"]

    def tfjob(self, name: str) -> Object | None:
        """A job, as it is now; None when there is none."""
        try:
            return self._custom.get_namespaced_custom_object(*self._tfjobs, name, _request_timeout=PATIENCE)
        except ApiException as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def children(self, tfjob: str) -> tuple[list[Object], list[Object]]:
        """The pods and the services with the job's label, as they are now."""
        of_the_job = {
            "label_selector": f"{JOB_LABEL}={tfjob}",
            "_preload_content": False,
            "_request_timeout": PATIENCE,
        }
        pods = self._core.list_namespaced_pod(self._namespace, **of_the_job)
        services = self._core.list_namespaced_service(self._namespace, **of_the_job)
        return _json(pods)["items"], _json(services)["items"]

    def write_status(self, tfjob: Object, status: Object) -> Object:
        """Replace the job's status; ApiException with status 409 when somebody has changed the job since."""
        return self._custom.replace_namespaced_custom_object_status(
            *self._tfjobs, name_of(tfjob), {**tfjob, "status": status}, _request_timeout=PATIENCE
        )

    def create(self, body: Object) -> None:
        """Make a pod or a service; content when there is one of that name. Rejected when it is invalid."""
        make = {"Pod": self._core.create_namespaced_pod, "Service": self._core.create_namespaced_service}
        try:
            # The answer is not read: turning it into a model costs more than the request.
            make[body["kind"]](self._namespace, body, _preload_content=False, _request_timeout=PATIENCE)
        except ApiException as error:
            if error.status == UNPROCESSABLE:
                raise Rejected(_message(error)) from error
            if error.status != CONFLICT:
                raise

    def delete(self, kind: str, target: Object) -> None:
        """Delete this very pod or service; content when it is gone."""
        remove = {"Pod": self._core.delete_namespaced_pod, "Service": self._core.delete_namespaced_service}
        this_one = {"preconditions": {"uid": target["metadata"]["uid"]}}
        try:
            remove[kind](
                name_of(target),
                self._namespace,
                body=this_one,
                _preload_content=False,
                _request_timeout=PATIENCE,
            )
        except ApiException as error:
            if error.status not in (NOT_FOUND, CONFLICT):
                raise


def _json(response: Any) -> Any:
    return json.loads(response.data)


def _message(error: ApiException) -> str:
    try:
        return str(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        return str(error.reason)
