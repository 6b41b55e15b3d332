"""Airflow and Postgres as processes of this machine, under one supervisord: no Docker, no root needed."""

import time

from py.servers import health, supervisor
from py.servers.home import Home
from py.servers.progress import told
from py.servers.supervisor import AIRFLOW, POSTGRES, parts
from py.tools import process
from py.tools.errors import CommandFailed, WindtunnelError
from py.tools.tree import end_tree

MODE = "embedded"
_BRIEF = 3.0  # seconds that an idle scheduler takes to end


def start_postgres(home: Home) -> bool:
    """Start Postgres and return when it answers; False when it already did."""
    if parts(home) and _accepts(home):
        return False
    if home.mode() != MODE:
        home.prepare(MODE, _database(home))
    with told("Postgres"):
        supervisor.open_supervisor(home)
        supervisor.start(home, POSTGRES)
        supervisor.wait(
            lambda: _accepts(home),
            health.SLOW,
            lambda: f"Postgres does not answer, see {home.logs}",
            lambda: supervisor.must_live(home),
        )
    return True


def start_airflow(home: Home, port: int, dags: str) -> None:
    """Start Airflow, and Postgres before it, and return when all parts are healthy."""
    home.prepare(MODE, _database(home), port, dags)
    start_postgres(home)
    _migrate(home)
    supervisor.start(home, *AIRFLOW)
    health.wait_until_up(home)


def stop(home: Home, patience: float) -> bool:
    """Stop all parts; the steps that run get `patience` seconds to end. False when nothing ran."""
    if not parts(home):
        return False
    _stop_scheduler(home, patience)
    supervisor.stop(home, "dag-processor", "api-server")
    supervisor.stop(home, POSTGRES)
    supervisor.close_supervisor(home)
    return True


def _database(home: Home) -> dict[str, str]:
    from urllib.parse import quote

    url = f"postgresql+psycopg2://airflow@/postgres?host={quote(str(home.folder))}"
    return {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url, "AIRFLOW__API__HOST": "127.0.0.1"}


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
    with told("database"):
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
    began = time.monotonic()
    told_so = False
    while (now := parts(home)["scheduler"]).pid:
        waited = time.monotonic() - began
        if waited > max(patience, _BRIEF):
            end_tree(now.pid)
        elif waited > _BRIEF and not told_so:
            print(f"waiting up to {patience:.0f} s for the steps that run", flush=True)
            told_so = True
        time.sleep(supervisor.PATIENCE)
