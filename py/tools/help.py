"""The pages that --help prints, from docstrings and signatures: a binary's, and a command's."""

import inspect
import textwrap

from py.tools.commands import DRYRUN, Command, commands, flags, is_argument, program

WIDTH = 100
_KIND = {str: "TEXT", int: "N", float: "X"}


def of_binary(binary: type) -> str:
    """What the binary is for, and its commands with the first sentence of each."""
    known = commands(binary)
    width = max(map(len, known), default=0)
    lines = [
        _filled(f"  {name:<{width}}  {_first_line(command)}", width + 4) for name, command in known.items()
    ]
    prog = program(binary)
    usage = f"usage: {prog} COMMAND [--flag=value ...] [--dryrun]"
    more = f"{prog} COMMAND --help shows the flags of a command."
    return "\n".join([inspect.getdoc(binary) or "", "", usage, "", *lines, "", more])


def of_command(binary: type, name: str) -> str:
    """What the command does, and each flag with its type, its default and its meaning."""
    from fire import docstrings  # late: only a page of help needs it

    command = commands(binary)[name]
    doc = docstrings.parse(inspect.getdoc(command) or "")
    meaning = {entry.name: entry.description or "" for entry in doc.args or []}
    meaning.setdefault(DRYRUN, "Print what would be done and do nothing.")
    known = flags(command)
    words = [_usage(flag, parameter) for flag, parameter in known.items()]
    usage = _filled(f"usage: {program(binary)} {name} {' '.join(words)}", indent=9)
    left = {flag: _spelled(flag, parameter) for flag, parameter in known.items()}
    indent = max(map(len, left.values())) + 4
    rows = [
        _filled(f"  {left[flag]:<{indent - 2}}{meaning.get(flag, '')}{_default(parameter)}", indent)
        for flag, parameter in known.items()
    ]
    about = [doc.summary or "", *([doc.description] if doc.description else [])]
    gives = [f"Outputs: {', '.join(names)}"] if (names := outputs_of(command)) else []
    return "\n\n".join(["\n\n".join(about), usage, "\n".join(rows), *gives])


def outputs_of(command: Command) -> list[str]:
    """The names of the outputs that a command gives: the keys of the TypedDict that it returns."""
    returned = inspect.signature(command).return_annotation
    return list(getattr(returned, "__annotations__", {}))


def _filled(text: str, indent: int) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False)


def _first_line(command: Command) -> str:
    return (inspect.getdoc(command) or "").partition("\n")[0]


def _spelled(flag: str, parameter: inspect.Parameter) -> str:
    if is_argument(parameter):
        return flag.upper()
    return f"--{flag}" if parameter.annotation is bool else f"--{flag}={_KIND[parameter.annotation]}"


def _usage(flag: str, parameter: inspect.Parameter) -> str:
    word = _spelled(flag, parameter)
    return word if parameter.default is parameter.empty else f"[{word}]"


def _default(parameter: inspect.Parameter) -> str:
    if parameter.default is parameter.empty:
        return " (required)"
    if parameter.default == "" or parameter.default is False:
        return ""
    return f" (default: {parameter.default})"
