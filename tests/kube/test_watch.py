"""A list is followed through all that a server may answer; a real one gives these answers too rarely."""

import json
import threading
from typing import Any

import pytest
from kubernetes.client import ApiException
from urllib3.exceptions import ProtocolError

from py.kube import watch
from py.tools.errors import ClusterError


class Scripted:
    """A client whose answers are written down; when they have run out, it is over."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, str]] = []
        self.over = threading.Event()

    def request(self, method: str, path: str, *, query_params: Any, serialize: bool) -> Any:
        self.asked.append({key: str(value) for key, value in query_params})
        if not self.answers:
            self.over.set()
            raise ApiException(status=503)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def followed(self) -> list[tuple[str, Any]]:
        """What is told, with names in the place of objects."""
        told: list[tuple[str, Any]] = []
        watch.follow(self, "/pods", lambda what, found: told.append((what, _names(found))), self.over)
        return told


class Listing:
    def __init__(self, version: str, *names: str) -> None:
        items = [{"metadata": {"name": name}} for name in names]
        body = {
            "kind": "PodList",
            "apiVersion": "v1",
            "metadata": {"resourceVersion": version},
            "items": items,
        }
        self.data = json.dumps(body).encode()


class Stream:
    """Events; what is an exception among them breaks the connection there."""

    def __init__(self, *events: Any) -> None:
        self.events = events

    def __iter__(self) -> Any:
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            yield json.dumps(event).encode()

    def close(self) -> None:
        pass


def event(what: str, name: str, version: str) -> dict[str, Any]:
    return {"type": what, "object": {"metadata": {"name": name, "resourceVersion": version}}}


def _names(found: Any) -> Any:
    if isinstance(found, list):
        return [each["metadata"]["name"] for each in found]
    return found if isinstance(found, Exception) else found["metadata"]["name"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "PAUSE", 0.0)


GONE = {"type": "ERROR", "object": {"code": 410, "message": "too old"}}


def test_a_place_that_the_server_has_forgotten_means_the_whole_list_again() -> None:
    for forgotten in (Stream(GONE), ApiException(status=410)):
        client = Scripted(Listing("1", "a"), forgotten, Listing("5", "b"))
        assert client.followed() == [("ALL", ["a"]), ("ALL", ["b"])]


def test_a_connection_that_breaks_goes_on_where_it_was() -> None:
    for breaks in (ProtocolError("cut"), OSError("cut")):
        first = Stream(event("ADDED", "a", "2"), event("BOOKMARK", "", "7"), breaks)
        client = Scripted(Listing("1"), first, ApiException(status=503), Stream(event("DELETED", "a", "8")))
        assert client.followed() == [("ALL", []), ("ADDED", "a"), ("DELETED", "a")]
        assert [asked.get("resourceVersion") for asked in client.asked] == [None, "1", "7", "7", "8"]


def test_a_server_that_cannot_be_reached_yet_is_asked_again() -> None:
    client = Scripted(ClusterError("refused"), ApiException(status=500), Listing("1", "a"))
    assert client.followed() == [("ALL", ["a"])]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_ends_it_with_one_line(status: int) -> None:
    ((what, error),) = Scripted(ApiException(status=status, reason="no")).followed()
    assert what == watch.ERROR
    assert str(error) == f"/pods cannot be watched: no (HTTP {status})"
