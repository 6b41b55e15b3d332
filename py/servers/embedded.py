"""Airflow and Postgres as processes of this machine, under one supervisord; no Docker, no root needed."""

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from py.servers import health, supervisor
from py.servers.home import Home
from py.servers.supervisor import parts
from py.tools import process
from py.tools.errors import CommandFailed, UsageError, WindtunnelError
from py.tools.tree import end_tree

AIRFLOW = ("api-server", "scheduler", "dag-processor")
POSTGRES = "postgres"
SLOW = 120.0  # seconds after which a part that is not ready never will be


def start_postgres(home: Home) -> bool:
    """Start Postgres and return when it answers; False when it already did."""
    with _alone(home):
        return _start_postgres(home)


def start_airflow(home: Home, port: int = 0, dags: str = "") -> bool:
    """Start Airflow, and Postgres before it, and return when all parts are healthy; False when they were."""
    if is_up(home):
        if port not in (0, home.port()):
            raise UsageError(f"Airflow runs on port {home.port()} already; `make stop` ends it")
        return False
    with _alone(home):
        if not _runs(home, *AIRFLOW):
            _must_be_free(port or home.port())
            home.prepare(port, dags)
        _start_postgres(home)
        _migrate(home)
        with _told("api-server, scheduler, dag-processor"):
            supervisor.start(home, *AIRFLOW)
            supervisor.wait(
                lambda: not health.ailing(home.port()),
                SLOW,
                lambda: f"not healthy: {', '.join(health.ailing(home.port()))}; see {home.logs}",
                lambda: _live(home),
            )
    return True


def is_up(home: Home) -> bool:
    """Whether all parts run and say that they are healthy."""
    return _runs(home, POSTGRES, *AIRFLOW) and not health.ailing(home.port())


def stop(home: Home, patience: float) -> bool:
    """Stop all parts; the steps that run get `patience` seconds to end. False when nothing ran."""
    with _alone(home):
        if not parts(home):
            return False
        _stop_scheduler(home, patience)
        supervisor.stop(home, "dag-processor", "api-server")
        supervisor.stop(home, POSTGRES)
        supervisor.close_supervisor(home)
    return True


def _live(home: Home) -> bool:
    supervisor.must_live(home, POSTGRES, *AIRFLOW)
    return True


def _runs(home: Home, *names: str) -> bool:
    known = parts(home)
    return bool(known) and all(known[name].state == "RUNNING" for name in names)


def _start_postgres(home: Home) -> bool:
    if parts(home) and _accepts(home):
        return False
    if not home.env():
        home.prepare()
    with _told("postgres"):
        supervisor.open_supervisor(home)
        supervisor.start(home, POSTGRES)
        supervisor.wait(
            lambda: _accepts(home), SLOW, lambda: "Postgres does not answer", lambda: _live(home)
        )
    return True


def _accepts(home: Home) -> bool:
    try:
        process.capture([supervisor.postgres_programs() / "pg_isready", "--host", home.folder, "--quiet"])
    except CommandFailed:
        return False
    return True


def _migrate(home: Home) -> None:
    """Bring the database to this Airflow's version; that takes seconds even when there is nothing to do."""
    from importlib.metadata import version

    wanted = version("apache-airflow-core")
    if home.migrated.exists() and home.migrated.read_text() == wanted:
        return
    log = home.logs / "migrate.log"
    with _told("database"):
        try:
            output = process.capture(["airflow", "db", "migrate"], env=supervisor.environment(home))
        except CommandFailed as failed:
            log.write_text(failed.result.tail)
            raise WindtunnelError(f"airflow db migrate failed: {failed}\n  log: {log}") from None
    log.write_text(output)
    home.migrated.write_text(wanted)


def _stop_scheduler(home: Home, patience: float) -> None:
    """Ask it to wait for its steps; when they take too long, end them, and then it."""
    supervisor.stop(home, "scheduler", wait=False)
    deadline = time.monotonic() + patience
    told = False
    while (now := parts(home)["scheduler"]).pid:
        if not told and time.monotonic() > deadline - patience + 3:
            print(f"waiting up to {patience:.0f} s for the steps that run", flush=True)
            told = True
        if time.monotonic() > deadline:
            end_tree(now.pid)
        time.sleep(supervisor.PATIENCE)


def _must_be_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            why = f"port {port} cannot be had ({error.strerror}); another is given as --port="
            raise UsageError(why) from None


@contextmanager
def _told(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{time.monotonic() - began:7.1f} s  {what}", flush=True)


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """One of us at a time starts or stops what is in this folder."""
    home.folder.mkdir(parents=True, exist_ok=True)
    file = os.open(home.lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
