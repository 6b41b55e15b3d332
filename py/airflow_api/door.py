"""The way in: who asks, and what becomes of a question while the API server is away."""

import json
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from py.tools.errors import CannotTell, Missing, WindtunnelError

if TYPE_CHECKING:
    from airflow_client.client import ApiClient
    from tenacity import RetryCallState

Answer = TypeVar("Answer")
PAUSES = 0.25, 5.0  # seconds between two tries, at first and at most
TIMEOUT = 5.0, 30.0  # seconds for the connection, and for the answer
BUSY = (408, 425, 429)  # these, and all from 500 up, pass


@dataclass(frozen=True)
class Place:
    """Where an Airflow is, and who we are there: a user with a password, or a token; `source` has it."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    source: str = ""


class Refusal(CannotTell):
    """Airflow's answer to what it will not do: the HTTP status and, as text, its first line about it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class _Away(Exception):
    """No answer, or none that lasts: it may be another the next time."""


class Halt(Protocol):
    """What ends our waiting, as an Event does."""

    def is_set(self) -> bool: ...
    def wait(self, timeout: float) -> bool: ...


class Door:
    """Asks one Airflow; a question is repeated while nobody answers, for `patience` seconds.

    The first question of all is not: where nothing listens, most likely no Airflow runs. `say` is told once
    when the API goes away and once when it is back; `halt` ends the waiting, and so does the time `until`
    (of time.monotonic).
    """

    def __init__(self, place: Place, *, patience: float, until: float = math.inf, halt: Halt) -> None:
        from py.airflow_api import lean

        lean.by_the_piece()
        from airflow_client.client import ApiClient, Configuration

        self.place, self.patience, self.until, self.halt = place, patience, until, halt
        self.say: Callable[[str], object] = print
        self.client: ApiClient = ApiClient(Configuration(host=place.url, retries=0))
        self._known = False  # whether it has ever answered
        self._away = False

    def ask(self, request: Callable[["ApiClient"], Answer]) -> Answer:
        """The answer to a request, which must bear being made twice; Refusal, or CannotTell if it is away."""
        import tenacity

        wait = tenacity.wait_random_exponential(PAUSES[0], PAUSES[1])
        tries = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Away), wait=wait, reraise=True,
            stop=self._gives_up,
            before_sleep=lambda _: self._is_away(True), sleep=self._pause,
        )  # fmt: skip
        try:
            answer: Answer = tries(self._once, request)
        except _Away as error:
            raise CannotTell(f"{self.place.url} has not answered for too long ({error})") from None
        self._is_away(False)
        return answer

    def _gives_up(self, tries: "RetryCallState") -> bool:
        waited = tries.seconds_since_start or 0.0
        return waited > self.patience or time.monotonic() > self.until or self.halt.is_set()

    def _pause(self, seconds: float) -> None:
        self.halt.wait(seconds)

    def _is_away(self, away: bool) -> None:
        if away and not self._away:
            self.say("Airflow's API is away; trying again")
        if self._away and not away:
            self.say("Airflow's API is back")
        self._away = away

    def _once(self, request: Callable[["ApiClient"], Answer]) -> Answer:
        """One try; a token that is too old is renewed on the way."""
        from airflow_client.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            renewed = self._log_in()
            try:
                answer = request(self.client)
            except ApiException as error:
                if not _about_token(error.status, error.body) or renewed or self.place.token:
                    raise
                self.client.configuration.access_token = None
                self._log_in()
                answer = request(self.client)
        except ApiException as error:
            raise self._told(error.status or 0, error.body or error.reason) from None
        except HTTPError as error:
            raise self._unanswered(error) from None
        except ValueError as error:  # a page for people, say
            raise self._stranger(str(error)) from None
        self._known = True
        return answer

    def _log_in(self) -> bool:
        """Have a token; whether it is a new one."""
        configuration = self.client.configuration
        if not configuration.access_token and self.place.token:
            configuration.access_token = self.place.token
        if configuration.access_token:
            return False
        answer = self.client.rest_client.request(  # type: ignore[no-untyped-call]
            "POST", f"{self.place.url}/auth/token", headers={"Content-Type": "application/json"},
            body={"username": self.place.user, "password": self.place.password}, _request_timeout=TIMEOUT,
        )  # fmt: skip
        body = answer.read() or b""
        if answer.status == 401:
            who = f"the password of {self.place.user!r} ({self.place.source})"
            raise Refusal(401, f"Airflow at {self.place.url} refuses {who}")
        if answer.status in (404, 405):
            raise self._stranger(f"HTTP {answer.status} for /auth/token")
        if not 200 <= answer.status < 300:
            raise self._told(answer.status, body)
        token = _object(body).get("access_token")
        if not isinstance(token, str):
            raise self._stranger("it gives no token")
        configuration.access_token = token
        return True

    def _told(self, status: int, body: Any) -> Exception:
        """The error for a bad answer."""
        text = _first_line(body)
        if status in BUSY or status >= 500:
            return _Away(f"HTTP {status}: {text}")
        if _about_token(status, body):
            whose = f"our token ({self.place.source})"
            return Refusal(401, f"Airflow at {self.place.url} refuses {whose}: {text}")
        if not self._known and status in (0, 404, 405) and "detail" not in _object(body):
            return self._stranger(f"HTTP {status}" if status else text)
        return Refusal(status, text)

    def _unanswered(self, error: Exception) -> Exception:
        why = str(getattr(error, "reason", None) or error)
        why = why.rpartition("): ")[2].rpartition(": ")[2] or why
        if self._known:
            return _Away(why)
        what_next = "start one with `make run_airflow`, or name another with --url="
        return Missing(f"no Airflow answers at {self.place.url} ({why}): {what_next}")

    def _stranger(self, why: str) -> WindtunnelError:
        line = why.partition("\n")[0][:200]
        what_next = "name another with --url="
        return Missing(f"{self.place.url} does not answer as Airflow 3 does: {line}; {what_next}")


def _about_token(status: int | None, body: Any) -> bool:
    """Whether an answer says that the token is no good: 401 if it is too old, 403 if others signed it."""
    return status == 401 or (status == 403 and "JWT" in str(body))


def _object(body: Any) -> dict[str, Any]:
    """The JSON object that an answer is; empty if it is none."""
    with suppress(ValueError, TypeError):
        told = json.loads(body)
        if isinstance(told, dict):
            return told
    return {}


def _first_line(body: Any) -> str:
    """What an answer says is wrong, in one line."""
    detail = _object(body).get("detail", body)
    if isinstance(detail, dict):
        detail = detail.get("reason") or detail
    if isinstance(detail, list):
        detail = "; ".join(f"{'.'.join(map(str, row.get('loc', [])))}: {row.get('msg')}" for row in detail)
    text = detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)
    return text.strip().partition("\n")[0][:2000]
