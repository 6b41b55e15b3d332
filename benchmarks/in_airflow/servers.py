"""Airflow with our settings and stock Airflow, both embedded and with a Postgres, and runs of them timed."""

import os
import shlex
import signal
import sys
import sysconfig
import time
import venv
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from urllib.request import Request, urlopen

from benchmarks.measure import NotMeasured, Taken, progress
from py.servers import embedded
from py.servers.home import Home
from py.tools.folders import ROOT
from tests.airflows import FINAL, Airflow, free_port, new_folder, quoted
from tests.projects import wait_until

HERE = Path(__file__).parents[1]
PAUSE = 0.2  # seconds between two questions whether a run is over: each takes the server some time
SLOW = 900.0
# What stock Airflow is told besides where things are: that it is to run our benchmarks at all.
SAID = {"AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False"}
# What of ours says more than where things are.
OURS = ("AIRFLOW_CONFIG", "AIRFLOW__DAG_PROCESSOR__", "AIRFLOW__SCHEDULER__", "AIRFLOW__CORE__MIN_SERIALIZED")


class Server(Airflow):
    """Airflow as `make run_airflow` has it."""

    name = "Windtunnel"
    files = (*sorted((HERE / "airflow_dags").glob("*.py")), ROOT / "dags" / "tf_k8s_tests.py")

    def __init__(self) -> None:
        super().__init__(new_folder())
        for file in self.files:
            (self.dags / file.name).symlink_to(file)

    def ready(self) -> None:
        """Start it, and return when it knows its DAGs."""
        progress(f"starting {self.name}'s Airflow\n")
        self.start()
        wait_until(self._knows_dags, 60)

    def _knows_dags(self) -> bool:
        """Whether it has read all files; NotMeasured if one of them has a mistake."""
        time.sleep(PAUSE)
        if wrong := self.api("/importErrors")["import_errors"]:
            raise NotMeasured(wrong[0]["stack_trace"])
        known = {row["relative_fileloc"] for row in self.api("/dags?limit=1000")["dags"]}
        return known == {file.name for file in self.files}

    def run(self, dag: str, conf: Mapping[str, object] | None = None) -> Taken:
        """Run a DAG: the time to its end, and to the start of each task; NotMeasured unless it succeeds."""
        began = time.time()
        run_id = self.trigger(dag, conf)
        self.ended(dag, [run_id])
        return self.taken(dag, run_id, began)

    def queued(self, dag: str, times: int) -> list[Taken]:
        """Trigger many runs at once and wait for all; each as `run` has it, from the first trigger on."""
        began = time.time()
        with ThreadPoolExecutor(8) as pool:
            run_ids = list(pool.map(lambda _: self.trigger(dag), range(times)))
        self.ended(dag, run_ids)
        return [self.taken(dag, run_id, began) for run_id in run_ids]

    def ended(self, dag: str, run_ids: list[str]) -> None:
        """Return when all these runs have ended."""
        last = set(run_ids)

        def over() -> bool:
            time.sleep(PAUSE)
            rows = self.api(f"/dags/{dag}/dagRuns?limit=100&order_by=-run_after")["dag_runs"]
            return last <= {row["dag_run_id"] for row in rows if row["state"] in FINAL}

        wait_until(over, SLOW)

    def taken(self, dag: str, run_id: str, began: float) -> Taken:
        """What Airflow has written down about a run's times; NotMeasured unless it succeeded."""
        run = self.api(f"/dags/{dag}/dagRuns/{quoted(run_id)}")
        if run["state"] != "success":
            raise NotMeasured(f"the run {run_id} of {dag} is {run['state']} in {self.name}'s Airflow")
        starts = sorted(seconds(row["start_date"]) - began for row in self.tasks(dag, run_id))
        return Taken(seconds(run["end_date"]) - began, tuple(starts))

    def tasks(self, dag: str, run_id: str) -> list[dict[str, Any]]:
        """The tasks of a run, up to a hundred."""
        path = f"/dags/{dag}/dagRuns/{quoted(run_id)}/taskInstances?limit=100"
        return list(self.api(path)["task_instances"])

    def fetched(self, path: str) -> Taken:
        """GET a path as the UI does: the time to the end of the answer, and the answer."""
        self.api("/version")  # logs in
        request = Request(f"{self.home.url()}{path}", headers={"Authorization": f"Bearer {self._token}"})
        began = time.perf_counter()
        with urlopen(request, timeout=60) as answer:
            text = answer.read().decode()
        return Taken(time.perf_counter() - began, (), text)


class StockHome(Home):
    """The folder of an Airflow whose airflow.cfg is what Airflow itself writes there."""

    def prepare(self, mode: str, more: Mapping[str, str], port: int = 0, dags: str = "") -> None:
        """As ours, without what ours is told besides where things are."""
        super().prepare(mode, more, port, dags)
        kept = {key: value for key, value in self.env().items() if not key.startswith(OURS)}
        kept["PATH"] = f"{_without_us(self.folder / 'venv')}:{os.environ['PATH']}"
        lines = [f"export {key}={shlex.quote(value)}\n" for key, value in (kept | SAID).items()]
        self.env_file.write_text("".join(lines))


def _without_us(folder: Path) -> Path:
    """Where the programs of an environment are that has all of ours but what Airflow takes from us."""
    if not folder.exists():
        venv.create(folder)
        ours = Path(sysconfig.get_path("purelib"))
        for each in ours.iterdir():
            if not each.name.startswith("windtunnel"):
                (folder / "lib" / ours.parent.name / ours.name / each.name).symlink_to(each)
        airflow = folder / "bin" / "airflow"
        python = shlex.quote(str(folder / "bin" / "python"))
        airflow.write_text(f'#!/bin/sh\nexec {python} -m airflow "$@"\n')
        airflow.chmod(0o755)
    return folder / "bin"


class Stock(Server):
    """Airflow as it comes, but with a Postgres, without examples, and with DAGs that are not paused."""

    name = "stock"
    files = tuple(sorted((HERE / "stock_dags").glob("*.py")))

    def __init__(self) -> None:
        super().__init__()
        self.home = StockHome(str(self.folder / "home"))

    def start(self) -> None:
        """Start it on a free port."""
        with redirect_stdout(sys.stderr):
            embedded.start_airflow(self.home, free_port(), str(self.dags))


class Servers:
    """The two Airflows, each started when first asked for, and stopped in the end."""

    def __enter__(self) -> Self:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        self._started: list[Server] = []
        return self

    @cached_property
    def ours(self) -> Server:
        """The one with our settings."""
        return self._ready(Server())

    @cached_property
    def stock(self) -> Server:
        """The one without."""
        return self._ready(Stock())

    def both(self) -> tuple[Server, Server]:
        """Ours and stock."""
        return self.ours, self.stock

    def _ready(self, server: Server) -> Server:
        self._started.append(server)
        server.ready()
        return server

    def __exit__(self, *_: object) -> None:
        for server in self._started:
            server.end()


def seconds(time: str | None) -> float:
    """Seconds since 1970 of what the API says; NotMeasured if it says nothing."""
    if not time:
        raise NotMeasured("a task has never begun")
    return datetime.fromisoformat(time).timestamp()
