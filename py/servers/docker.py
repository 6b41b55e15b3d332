"""The `docker` command, as far as containers of ours are concerned."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from py.tools import process
from py.tools.errors import CommandFailed, Missing, UsageError, WindtunnelError
from py.tools.files import write_whole

OWNER = "windtunnel.home"  # the label that says whose container it is


class DockerFailed(WindtunnelError):
    """A docker command failed."""


def answers() -> bool:
    """Whether a Docker engine answers."""
    try:
        docker("version", "--format={{.Server.Version}}", timeout=10)
    except (DockerFailed, Missing):
        return False
    return True


def docker(*words: str | Path, timeout: float | None = None, input: bytes | None = None) -> str:
    """What `docker WORDS` prints; raises DockerFailed with what the engine says is wrong."""
    try:
        return process.capture(["docker", *words], timeout=timeout, input=input)
    except CommandFailed as failed:
        lines = failed.result.tail.splitlines()
        said = [line for line in lines if line and not line.startswith("Run 'docker")] or ["it says nothing"]
        raise DockerFailed(f"docker {words[0]} failed: {said[-1]}") from None


def succeeds(*words: str | Path) -> bool:
    """Whether `docker WORDS` ends with 0."""
    try:
        docker(*words)
    except DockerFailed:
        return False
    return True


def look(container: str, what: str) -> str:
    """A field of a container as `docker inspect --format` spells it; "" where there is no such container."""
    try:
        return docker("container", "inspect", f"--format={{{{{what}}}}}", container)
    except DockerFailed:
        return ""


def owner(container: str) -> str:
    """The folder of the Airflow that a container belongs to; "" if it is none of ours."""
    return look(container, f'index .Config.Labels "{OWNER}"')


def runs(container: str, folder: Path) -> bool:
    """Whether a container runs that belongs to the Airflow in this folder."""
    return owner(container) == str(folder) and look(container, ".State.Running") == "true"


def start(
    name: str,
    image: str,
    folder: Path,
    *,
    options: Sequence[str],
    env: Mapping[str, str],
    command: Sequence[str] = (),
) -> None:
    """Start a container that belongs to the Airflow in `folder`, in place of one that has ended."""
    if look(name, ".Id"):
        if owner(name) != str(folder):
            whose = f"belongs to the Airflow in {owner(name)}" if owner(name) else "is not ours"
            raise UsageError(f"there is a container {name!r}, and it {whose}; --mode=embedded needs none")
        docker("rm", "--force", "--volumes", name)
    variables = folder / f"{name}.env"  # secrets are for no command line
    write_whole(variables, "".join(f"{key}={value}\n" for key, value in env.items()), 0o600)
    try:
        docker(
            "run", "--detach", f"--name={name}", f"--hostname={name}", f"--label={OWNER}={folder}",
            f"--env-file={variables}", *options, image, *command,
        )  # fmt: skip
    finally:
        variables.unlink()
