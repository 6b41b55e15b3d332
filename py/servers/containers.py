"""Airflow and Postgres as the containers `airflow` and `postgres` of this machine's Docker."""

import hashlib
import os
import sys
from pathlib import Path

from py.servers import health, supervisor
from py.servers.docker import docker, owner, runs, start, succeeds
from py.servers.home import Home
from py.servers.progress import told
from py.servers.supervisor import parts
from py.tools import folders, process

MODE = "docker"
AIRFLOW = "airflow"
POSTGRES = "postgres"
IMAGE = "windtunnel-airflow"
_NETWORK = "windtunnel"
_ENGINE = Path("/var/run/docker.sock")
_LIVE = ("airflow", "dags", "examples", "py", "scripts")  # folders of the checkout: an edit counts
_CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS"
_OFFICIAL = "postgres:16"
_STAND_IN = "windtunnel-postgres"


# What a box of namespaces takes; less than --privileged, and not every root has more to give.
_CAPABILITIES = ("DAC_READ_SEARCH", "IPC_LOCK", "NET_ADMIN", "SYSLOG", "SYS_ADMIN", "SYS_NICE", "SYS_PTRACE")


def start_postgres(home: Home) -> bool:
    """Start Postgres and return when it answers; False when it already did."""
    if runs(POSTGRES, home.folder):
        return False
    if home.mode() != MODE:
        home.prepare(MODE, _environment(home))
    image = _postgres()
    password = home.secret("postgres-password")
    with told(f"Postgres ({image})"):
        _network()
        start(
            POSTGRES, image, home.folder,
            options=[f"--network={_NETWORK}", f"--volume={volume(home, image)}:/var/lib/postgresql/data"],
            env={"POSTGRES_USER": "airflow", "POSTGRES_PASSWORD": password, "POSTGRES_DB": "postgres"},
        )  # fmt: skip
        supervisor.wait(
            # By TCP: while it makes its data, it listens on its socket alone.
            lambda: succeeds("exec", POSTGRES, "pg_isready", "--host=127.0.0.1", "--quiet"),
            health.SLOW,
            lambda: f"Postgres does not answer; see `docker logs {POSTGRES}`",
            lambda: runs(POSTGRES, home.folder),
        )
        # The volume may be older than the password.
        change = f"ALTER USER airflow PASSWORD '{password}'".encode()
        docker("exec", "-i", POSTGRES, "psql", "-qU", "airflow", "postgres", input=change)
    return True


def start_airflow(home: Home, port: int, dags: str) -> None:
    """Start Airflow, and Postgres before it, and return when all parts are healthy."""
    home.prepare(MODE, _environment(home), port, dags)
    start_postgres(home)
    _build()
    start(
        AIRFLOW, IMAGE, home.folder,
        options=[*_options(home), *_engine(), *_cluster(home), *_credentials()],
        env=home.env(),
        command=[str(folders.ROOT / "airflow/container")],
    )  # fmt: skip
    health.wait_until_up(home, lambda: parts(home) or runs(AIRFLOW, home.folder))


def stop(home: Home, patience: float) -> bool:
    """Stop both containers; the steps that run get `patience` seconds to end. False when there are none."""
    found = [name for name in (AIRFLOW, POSTGRES) if owner(name) == str(home.folder)]
    for name in found:
        docker("stop", f"--time={round(patience) + 10}", name)
        docker("rm", "--volumes", name)
    return bool(found)


def _environment(home: Home) -> dict[str, str]:
    url = f"postgresql+psycopg2://airflow:{home.secret('postgres-password')}@{POSTGRES}/postgres"
    return {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
        "AIRFLOW__API__HOST": "0.0.0.0",  # noqa: S104  # of the container; Docker publishes it on 127.0.0.1
        "PYTHONPATH": str(folders.ROOT),  # the checkout's code, before that of the image
        "XDG_CACHE_HOME": str(home.folder / "cache"),
        "HOME": str(home.folder),
        "USER": "airflow",
        "WINDTUNNEL_AUTOSTART": "true",
    }


def volume(home: Home, image: str) -> str:
    """The volume for the data: each Airflow has its own, and each Postgres reads its own only."""
    digest = hashlib.sha256(str(home.folder).encode()).hexdigest()[:8]
    return f"{image.replace(':', '-')}-{digest}"


def _postgres() -> str:
    """The image to take: the official one, if it is here or can be had."""
    if succeeds("image", "inspect", _OFFICIAL) or succeeds("pull", "--quiet", _OFFICIAL):
        return _OFFICIAL
    print(f"no registry gives {_OFFICIAL}: Debian's Postgres stands in", flush=True)
    _base_image()
    with told(f"image {_STAND_IN}"):
        docker("build", f"--tag={_STAND_IN}", folders.ROOT / "airflow/postgres")
    return _STAND_IN


def _build() -> None:
    """Build the image without the code, which is mounted; it takes minutes the first time, then a second."""
    _base_image()
    if not succeeds("image", "inspect", IMAGE):
        print(f"building the image {IMAGE}: some minutes, once", flush=True)
    with told(f"image {IMAGE}"):
        docker("build", "--target=runtime", f"--tag={IMAGE}", folders.ROOT)


def _base_image() -> None:
    process.run([folders.ROOT / "scripts/setup", "base_image"])


def _network() -> None:
    if not succeeds("network", "inspect", _NETWORK):
        docker("network", "create", _NETWORK)


def _options(home: Home) -> list[str]:
    """The machine's folders under their own names, so that a run's paths mean the same on both sides."""
    env = home.env()
    live = [folders.ROOT / name for name in _LIVE]
    mounted = dict.fromkeys([*live, Path(env["AIRFLOW__CORE__DAGS_FOLDER"]), folders.runs(), home.folder])
    folders.runs().mkdir(parents=True, exist_ok=True)
    return [
        f"--network={_NETWORK}",
        f"--publish=127.0.0.1:{home.port()}:{home.port()}",
        f"--user={os.getuid()}:{os.getgid()}",
        f"--workdir={folders.ROOT}",
        *(f"--volume={folder}:{folder}" for folder in mounted),
    ]


def _engine() -> list[str]:
    """The machine's own engine, for steps that build images."""
    if not _ENGINE.exists():
        return []
    return [f"--volume={_ENGINE}:{_ENGINE}", f"--group-add={_ENGINE.stat().st_gid}"]


def _cluster(home: Home) -> list[str]:
    """What clusters at host:// need; only root may make them, in a container as outside of it."""
    if os.getuid() != 0 or sys.platform != "linux":
        return []
    programs = folders.cache() / "kubernetes"
    return [
        *(f"--cap-add={capability}" for capability in _CAPABILITIES),
        *(f"--security-opt={what}=unconfined" for what in ("apparmor", "seccomp", "systempaths")),
        "--device=/dev/kmsg",
        "--cgroupns=host",
        "--volume=/sys/fs/cgroup:/sys/fs/cgroup",
        "--volume=windtunnel-clusters:/var/lib/windtunnel",
        *([f"--volume={programs}:{home.folder}/cache/windtunnel/kubernetes"] if programs.is_dir() else []),
    ]


def _credentials() -> list[str]:
    """Google's, read-only and under the same name."""
    file = os.environ.get(_CREDENTIALS, "")
    return [f"--volume={file}:{file}:ro", f"--env={_CREDENTIALS}"] if file else []
