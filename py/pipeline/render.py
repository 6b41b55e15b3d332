"""A command and answers become an argv: the one place where flags are spelled."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from py.pipeline.model import Command, Reference, Value

Answer = Callable[[Reference], Value]
CONTAINER = "py.pipeline.container"  # the program that runs another one in an image
PYTHON = "python"  # stands for the interpreter; who starts the command puts the real one here


def render(command: Command, answer: Answer) -> list[str]:
    """The argv of a command, each value one word, its shape the same in every run: unset is `--flag=`."""
    program = command.binary.program
    if command.binary.source == "":
        start = [PYTHON, "-m", program] if command.binary.is_module else [program]
    elif command.binary.is_module:
        start = [PYTHON, "-P", "-m", program]  # else Python would look into the current folder first
    else:
        start = [str(Path(spell(command.binary.source, answer), program))]
    if command.binary.image is not None:
        start = [PYTHON, "-m", CONTAINER, f"--image={spell(command.binary.image, answer)}", "--", *start]
    return [*start, *([command.name] if command.name else []),
            *(f"--{flag}={spell(value, answer)}" for flag, value in command.flags.items())]  # fmt: skip


def spell(value: Value | Reference, answer: Answer) -> str:
    """The text of a value or of the answer to a reference; a bool is `true` or `false`."""
    found = answer(value) if isinstance(value, Reference) else value
    return str(found).lower() if isinstance(found, bool) else str(found)


def quoted(argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str = "") -> str:
    """The argv as one line for a POSIX shell, with the environment and the folder it needs, ready to paste.

    A value that is spelled `$NAME` stays a reference to the variable.
    """
    words = shlex.join(argv)
    settings = [f'{k}="{v}"' if v == f"${k}" else f"{k}={shlex.quote(v)}" for k, v in (env or {}).items()]
    line = " ".join([*(["env", *settings] if settings else []), words])
    return f"cd {shlex.quote(cwd)} && {line}" if cwd else line
