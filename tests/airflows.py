"""A real Airflow with a real Postgres that all tests share, and what a person can do with it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from py.servers.home import USER, Home
from py.tools.folders import ROOT
from tests.projects import wait_until
from tests.sharing import shared

FINAL = ("success", "failed")
SLOW = 120.0  # seconds after which a test gives up waiting


class Refused(Exception):
    """The API's answer to what it did not do: the status and the text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status
        self.text = text


class Airflow:
    """An embedded Airflow in a folder of its own, with a folder of DAGs that is empty at first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dags = folder / "dags"
        self.runs = folder / "runs"
        self.home = Home(str(folder / "home"))
        self.dags.mkdir(parents=True, exist_ok=True)
        self._token = ""
        self._needed: set[str] = set()

    @property
    def env(self) -> dict[str, str]:
        """The environment of `airflow …` and `python -m py.…`, as `. airflow/activate` gives it."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return os.environ | self.home.env() | {"WINDTUNNEL_AIRFLOW_HOME": str(self.home.folder), "PATH": path}

    def standalone(self, *words: str) -> tuple[int, str]:
        """Exit code and output of `python -m py.standalone … --home=…`."""
        return ran(
            [sys.executable, "-m", "py.standalone", *words, f"--home={self.home.folder}"],
            os.environ | {"WINDTUNNEL_RUNS": str(self.runs)},
        )

    def start(self) -> None:
        """Start it, or what of it does not run, on a port that was free the first time."""
        port = 0 if self.home.env() else free_port()
        code, said = self.standalone(
            "run_airflow", "--mode=embedded", f"--port={port}", f"--dags={self.dags}"
        )
        assert code == 0, said

    def cli(self, *words: str) -> tuple[int, str]:
        """Exit code and output, stdout and stderr, of `airflow …`."""
        return ran(["airflow", *words], self.env)

    def program(self, name: str, text: str) -> None:
        """Write an executable into the folder where steps run."""
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def put(self, file: str, text: str) -> list[str]:
        """Write dags/FILE, wait until Airflow has read it, and return the names of its DAGs.

        Fails with what Airflow says where the file has a mistake.
        """
        path = self.dags / file
        edited = path.exists()
        path.write_text(textwrap.dedent(text))
        if edited:  # what ends first may have begun to read before we wrote
            self._wait_for_reading(file)
            path.touch()
        wrong = self._wait_for_reading(file)
        assert not wrong, wrong
        return [str(row["dag_id"]) for row in self._dags(file)]

    def need(self, file: str, text: str) -> None:
        """Put a file unless we have: what another worker has just put Airflow may not have read yet."""
        if file not in self._needed:
            self.put(file, text)
            self._needed.add(file)

    def _wait_for_reading(self, file: str) -> str:
        """Wait until Airflow ends to read a file from now on, and return what it found wrong."""
        now = datetime.now(UTC)
        wrong = ""

        def read() -> bool:
            nonlocal wrong
            errors = self.api("/importErrors?limit=1000")["import_errors"]
            of_file = [row for row in errors if row["filename"] == file and _time(row["timestamp"]) > now]
            wrong = str(of_file[0]["stack_trace"]) if of_file else ""
            return bool(wrong) or any(_time(row["last_parsed_time"]) > now for row in self._dags(file))

        wait_until(read, SLOW)
        return wrong

    def _dags(self, file: str) -> list[dict[str, Any]]:
        return [row for row in self.api("/dags?limit=1000")["dags"] if row["relative_fileloc"] == file]

    def trigger(self, dag: str, conf: Mapping[str, object] | None = None, run_id: str = "") -> str:
        """Trigger a run by REST and return its id; Refused when Airflow will not."""
        body: dict[str, object] = {"logical_date": None, "conf": dict(conf or {})}
        if run_id:
            body["dag_run_id"] = run_id
        return str(self.api(f"/dags/{dag}/dagRuns", body)["dag_run_id"])

    def wait(self, dag: str, run_id: str, seconds: float = SLOW) -> str:
        """The state in which a run ends: success or failed."""
        state = ""

        def ended() -> bool:
            nonlocal state
            state = str(self.api(f"/dags/{dag}/dagRuns/{quoted(run_id)}")["state"])
            return state in FINAL

        wait_until(ended, seconds)
        return state

    def states(self, dag: str, run_id: str) -> dict[str, str]:
        """The state of each task; "" before it has one."""
        rows = self.api(f"/dags/{dag}/dagRuns/{quoted(run_id)}/taskInstances?limit=1000")["task_instances"]
        return {str(row["task_id"]): str(row["state"] or "") for row in rows}

    def log(self, dag: str, run_id: str, task: str, attempt: int = 1) -> str:
        """The task's log as the UI shows it, one event a line."""
        path = f"/dags/{dag}/dagRuns/{quoted(run_id)}/taskInstances/{task}/logs/{attempt}?full_content=true"
        rows = self.api(path)["content"]
        return "\n".join(str(row["event"] if isinstance(row, dict) else row) for row in rows)

    def api(
        self, path: str, body: object = None, method: str = "", headers: Mapping[str, str] | None = None
    ) -> Any:
        """What the API answers below /api/v2 to a GET, or to a POST of the body, or to the method named."""
        if not self._token:
            login = {"username": USER, "password": self.home.password()}
            self._token = self._request("/auth/token", login, "POST", {})["access_token"]
        how = method or ("GET" if body is None else "POST")
        return self._request(f"/api/v2{path}", body, how, headers or {})

    def _request(self, path: str, body: object, method: str, headers: Mapping[str, str]) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.home.port()}{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Content-Type": "application/json", "Accept": "application/json"}
            | ({"Authorization": f"Bearer {self._token}"} if self._token else {})
            | dict(headers),
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode(errors="replace")) from None
        return json.loads(text) if text else None

    def end(self) -> None:
        """Stop it, and remove its folder."""
        self.standalone("stop", "--patience=0")
        shutil.rmtree(self.folder, ignore_errors=True)


def ran(argv: list[str], env: Mapping[str, str]) -> tuple[int, str]:
    """Exit code and output of a command that runs in the checkout."""
    done = subprocess.run(
        argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900,
        check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def quoted(run_id: str) -> str:
    """A run id as a part of a path."""
    return urllib.parse.quote(run_id, safe="")


def new_folder() -> Path:
    """A folder with a short name: a socket's path may have 107 characters, and pytest's folders use most."""
    return Path(tempfile.mkdtemp(prefix="airflow-"))


def started() -> Airflow:
    """A new one that runs."""
    made = Airflow(new_folder())
    try:
        made.start()
    except BaseException:
        made.end()
        raise
    return made


@pytest.fixture(scope="session")
def airflow() -> Iterator[Airflow]:
    """The Airflow that all workers share: DAGs of a test have names of their own, and nobody breaks it."""
    with shared("airflow", lambda: str(started().folder), lambda it: Airflow(Path(it)).end()) as folder:
        yield Airflow(Path(folder))
