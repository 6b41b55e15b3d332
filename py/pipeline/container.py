"""A step whose program is in an image. This process stands for its container, as an ordinary step:

    python -m py.pipeline.container --image=IMAGE -- PROGRAM [WORD…]

What the container prints it prints, and it ends as that ends; asked to end, it ends that first. Such a step
has the log, the outputs, the JUnit, the timeout and the verdict of any other. Where $WINDTUNNEL_POD names the
file of a pod, that is the container's (pods.py); elsewhere it is one of Docker's.
"""

import argparse
import hashlib
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from py.tools import process
from py.tools.errors import CommandFailed, Missing, UsageError, WindtunnelError
from py.tools.names import slug

POD = "WINDTUNNEL_POD"
SECRETS = "STEP_SECRETS"  # the names of the step's secrets, with commas between them
FOLDERS = ("WORKSPACE", "ARTIFACTS")
CONTRACT = ("RUN_NAME", "STEP_NAME", *FOLDERS, "STEP_OUTPUTS")
GRACE = 5  # seconds that a container has to end when it is asked to


class Task(NamedTuple):
    """What is to run: it gets `env`, `secrets`, which are only named, and `folders`, where we have them."""

    name: str
    image: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    secrets: tuple[str, ...]
    folders: tuple[str, ...]


class Engine(Protocol):
    """What runs containers."""

    def run(self, task: Task, sink: Callable[[bytes], object]) -> int:
        """Run a task to its end, and return its exit code."""

    def stop(self, name: str) -> None:
        """Have a container ended within GRACE, whatever becomes of us."""

    def remove(self, name: str) -> None:
        """Leave nothing of a container; return when it is gone."""


class Docker:
    """The engine that the `docker` command talks to, which has the same files as we."""

    def __init__(self) -> None:
        if not shutil.which("docker"):
            raise Missing(f"a step in an image needs docker, which is not on PATH, or ${POD}: docs/pods.md")

    def run(self, task: Task, sink: Callable[[bytes], object]) -> int:
        """By the network of this machine and as the user that we are: as a step that is a process."""
        program, *words = task.argv
        argv = [
            "docker", "run", "--rm", "--init", f"--name={task.name}", "--network=host",
            f"--user={os.getuid()}:{os.getgid()}", f"--workdir={task.env['WORKSPACE']}",
            *(f"--volume={folder}:{folder}" for folder in task.folders),
            *(f"--env={name}" for name in (*task.env, *task.secrets)),  # their values are in our environment
            f"--entrypoint={program}", task.image, *words,
        ]  # fmt: skip
        return process.follow(argv, sink).code

    def stop(self, name: str) -> None:
        """The engine does it, also when we are gone."""
        with suppress(CommandFailed):
            process.capture(["docker", "stop", f"--time={GRACE}", name])

    def remove(self, name: str) -> None:
        """None of that name is well, too."""
        with suppress(CommandFailed):
            process.capture(["docker", "rm", "--force", "--volumes", name])


def engine() -> Engine:
    """Who runs containers here."""
    if template := os.environ.get(POD):
        from py.pipeline.pods import Pods

        return Pods(template)
    return Docker()


def name_of(run: str, step: str) -> str:
    """The container's name: a DNS label, the same for every attempt."""
    return f"{run}-{slug(step)[:14].rstrip('-')}-{hashlib.sha256(step.encode()).hexdigest()[:6]}"


def end(run: str, step: str) -> None:
    """End what an attempt has left of a step in an image, if that can be: who stood for it may be gone."""
    with suppress(WindtunnelError):
        engine().remove(name_of(run, step))


def main(words: list[str]) -> int:
    """Run one, and return its exit code."""
    parser = argparse.ArgumentParser(prog="py.pipeline.container", usage="--image=IMAGE -- PROGRAM [WORD…]")
    parser.add_argument("--image", required=True)
    parser.add_argument("argv", nargs="+")
    asked = parser.parse_args(words)
    try:
        task = _task(asked.image, asked.argv)
        return _followed(engine(), task)
    except WindtunnelError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def _task(image: str, argv: list[str]) -> Task:
    if not re.match("[A-Za-z0-9]", image):  # docker would take it for a flag
        raise UsageError(f"{image!r} is no name of an image")
    if unset := [name for name in CONTRACT[:4] if not os.environ.get(name)]:
        raise UsageError(
            f"${unset[0]} is not set: docs/contract.md says what a step finds in its environment"
        )
    secrets = tuple(filter(None, os.environ.get(SECRETS, "").split(",")))
    env = {name: os.environ[name] for name in CONTRACT if name in os.environ}
    outputs = [str(Path(env["STEP_OUTPUTS"]).parent)] if "STEP_OUTPUTS" in env else []
    folders = dict.fromkeys([*(env[name] for name in FOLDERS), *outputs])
    return Task(name_of(env["RUN_NAME"], env["STEP_NAME"]), image, tuple(argv), env, secrets, tuple(folders))


def _followed(engine: Engine, task: Task) -> int:
    """Run a task; nothing of it is left then, nor of an attempt before."""
    engine.remove(task.name)
    signal.signal(signal.SIGTERM, lambda *_: engine.stop(task.name))
    try:
        return engine.run(task, _print)
    finally:
        engine.remove(task.name)


def _print(piece: bytes) -> None:
    sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
