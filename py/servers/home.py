"""A local Airflow's folder, AIRFLOW_HOME: its environment, its secrets, and where its parts keep things."""

import fcntl
import json
import os
import secrets
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from py.tools import folders
from py.tools.errors import UsageError
from py.tools.files import write_whole

PORT = 8080
USER = "admin"
_LONGEST = 107  # characters of a socket's path, says the kernel
_SECRETS = ("AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__CORE__FERNET_KEY")
_PORT = "AIRFLOW__API__PORT"
_MODE = "WINDTUNNEL_MODE"
_DAGS = "AIRFLOW__CORE__DAGS_FOLDER"


class Home:
    """The folder of one local Airflow. Nothing is made until `prepare`."""

    def __init__(self, folder: str = "") -> None:
        asked = folder or os.environ.get("WINDTUNNEL_AIRFLOW_HOME") or folders.ROOT / ".airflow"
        self.folder = Path(asked).absolute()
        self.env_file = self.folder / "env"
        self.logs = self.folder / "logs"
        self.lock = self.folder / "lock"
        self.socket = self.folder / "supervisor.sock"
        self.migrated = self.folder / "migrated"
        self.passwords = self.folder / "passwords.json"

    def env(self) -> dict[str, str]:
        """What the environment of this Airflow's processes adds; empty where there is no Airflow yet."""
        try:
            words = shlex.split(self.env_file.read_text())
        except FileNotFoundError:
            return {}
        return dict(word.split("=", 1) for word in words if "=" in word)

    def port(self) -> int:
        """The port of the API and the UI on 127.0.0.1."""
        return int(self.env().get(_PORT, PORT))

    def url(self) -> str:
        """Where the UI and the API answer."""
        return f"http://localhost:{self.port()}"

    def password(self) -> str:
        """The password of the one user."""
        return str(json.loads(self.passwords.read_text())[USER])

    def make_password(self) -> bool:
        """Make the password, a random one; False when there is one already."""
        if self.passwords.exists():
            return False
        write_whole(self.passwords, json.dumps({USER: secrets.token_urlsafe(12)}), 0o600)
        return True

    def mode(self) -> str:
        """How this Airflow was started last: "docker" or "embedded", or "" when it never was."""
        return self.env().get(_MODE, "")

    def secret(self, name: str) -> str:
        """A secret that is not in the environment of this Airflow's processes; made when asked first."""
        file = self.folder / name
        if not file.exists():
            write_whole(file, secrets.token_hex(24), 0o600)
        return file.read_text()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """For the block, nobody else starts or stops what is in this folder."""
        if len(str(self.folder / "supervisor.sock.12345")) > _LONGEST:  # it is made under such a name first
            raise UsageError(f"{self.folder} is too long for a socket's path; another is given as --home=")
        self.folder.mkdir(parents=True, exist_ok=True)
        file = os.open(self.lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)

    def prepare(self, mode: str, more: Mapping[str, str], port: int = 0, dags: str = "") -> None:
        """Make the folder, or bring it up to date: `more` is what this mode adds to the environment.

        What is secret stays what it was.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        known = self.env()
        kept = {key: known.get(key) or _secret(key) for key in _SECRETS}
        env = {**self._environment(port or self.port(), dags or known.get(_DAGS, "")), **more, **kept}
        lines = [f"export {key}={shlex.quote(value)}\n" for key, value in (env | {_MODE: mode}).items()]
        write_whole(self.env_file, "".join(lines), 0o600)

    def _environment(self, port: int, dags: str) -> dict[str, str]:
        return {
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW_CONFIG": str(folders.ROOT / "airflow/airflow.cfg"),
            _DAGS: dags or str(folders.ROOT / "dags"),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.passwords),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            _PORT: str(port),
            "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
            # A checkout is edited, and an edit counts at once.
            "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",
            # Its port would be one more, on all addresses; the API tells the scheduler's health as well.
            "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            "WINDTUNNEL_RUNS": str(folders.runs()),
            # Each task imports anew what is not compiled.
            "PYTHONDONTWRITEBYTECODE": "",
        }


def _secret(key: str) -> str:
    if key.endswith("FERNET_KEY"):
        import base64

        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_hex(32)
