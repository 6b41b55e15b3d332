"""What the class of a binary says: its public methods are commands, and their parameters flags."""

import inspect
import sys
from collections.abc import Callable, Mapping

Command = Callable[..., Mapping[str, str] | int | None]
DRYRUN = "dryrun"
_DRYRUN_FLAG = inspect.Parameter(DRYRUN, inspect.Parameter.KEYWORD_ONLY, annotation=bool, default=False)


def commands(binary: type) -> dict[str, Command]:
    """The commands of a binary by name, in the order they are written."""
    return {
        name: member
        for name, member in vars(binary).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }


def flags(command: Command) -> dict[str, inspect.Parameter]:
    """The parameters of a command by name, without self, and `dryrun`, which every command has."""
    return dict(list(inspect.signature(command).parameters.items())[1:]) | {DRYRUN: _DRYRUN_FLAG}


def is_argument(parameter: inspect.Parameter) -> bool:
    """Whether a parameter is given by its place and not by its name."""
    return parameter.kind is not inspect.Parameter.KEYWORD_ONLY


def program(binary: type) -> str:
    """How a person starts this binary."""
    module = sys.modules[binary.__module__]
    spec = getattr(module, "__spec__", None)
    return f"python -m {(spec.name if spec else binary.__module__).removesuffix('.__main__')}"
