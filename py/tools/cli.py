"""Run a class as a binary: its public methods are commands, and python-fire calls them behind a fence.

Fire guesses types, and calls a command before it finds out that a flag is unknown. So every flag is checked
against the command's signature first, its value typed by its annotation and by nothing else, and Fire gets
only what is known to be right. Annotations: str, int, float, bool. A keyword-only parameter is a flag, any
other an argument; without a default it is required.
"""

import functools
import inspect
import io
import math
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from py.tools import dryrun, outputs
from py.tools.commands import DRYRUN, Command, commands, flags, is_argument, program
from py.tools.errors import UsageError, WindtunnelError, near

_NUMBER: dict[type, str] = {int: r"[+-]?[0-9]+", float: r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?"}


def main(binary: type, argv: Sequence[str] | None = None) -> NoReturn:
    """Run `binary` with the words of the command line and exit: 0 done, 1 failed, 2 asked wrongly, 130 ^C.

    A command that returns a mapping gives these outputs; one that returns a number ends with that code.
    """
    signal.signal(signal.SIGTERM, _terminated)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # no text that we print may end us
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _ended(binary, words)
        sys.stdout.flush()
    except OSError:  # the reader of our output went away, as `head` does, or its disk is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python flushes once more as it ends
        code = 1
    sys.exit(code)


def _ended(binary: type, words: list[str]) -> int:
    """The exit code, after saying in one line what went wrong."""
    try:
        return _run(binary, words)
    except WindtunnelError as error:
        sys.stdout.flush()
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        raise
    except OSError as error:  # a folder that is full, read-only or not there: its text says what and where
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _run(binary: type, words: list[str]) -> int:
    from py.tools import help  # late: a run does not wait for it

    known = commands(binary)
    name = words[0] if words else "--help"
    if name in ("-h", "--help"):
        print(help.of_binary(binary))
        return 0 if words else 2
    if name not in known:
        raise UsageError(f"{program(binary)} has no command {name!r}; {near(name, known, 'it has')}")
    if any(word in ("-h", "--help") for word in words[1:]):
        print(help.of_command(binary, name))
        return 0
    texts = parse(known[name], words[1:], where=f"{program(binary)} {name}")
    dryrun.enabled |= texts.pop(DRYRUN, "false") == "true"
    given = _call(binary, name, texts)
    if isinstance(given, int):
        return given
    if given:
        outputs.write(given)
    return 0


def parse(command: Command, words: Sequence[str], where: str) -> dict[str, str]:
    """The text that `words` give to each parameter of `command`; UsageError names the first mistake."""
    known = flags(command)
    arguments = [name for name, parameter in known.items() if is_argument(parameter)]
    texts: dict[str, str] = {}

    def take(name: str, text: str) -> None:
        if name in texts:
            raise UsageError(f"{where}: --{name} is given twice")
        _typed(known[name], text, f"{where}: --{name}")
        texts[name] = text.lower() if known[name].annotation is bool else text

    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("--") and word != "--":
            name, text = _flag(word, rest, known, where)
            take(name, text)
        elif arguments and not re.match("-.", word):
            take(arguments.pop(0), word)
        else:
            raise UsageError(f"{where}: unexpected {word!r}; a value is given as --flag=value")
    missing = [
        name if is_argument(parameter) else f"--{name}"
        for name, parameter in known.items()
        if parameter.default is parameter.empty and name not in texts
    ]
    if missing:
        raise UsageError(f"{where} needs {', '.join(missing)}; --help shows what it takes")
    return texts


def _flag(word: str, rest: list[str], known: Mapping[str, inspect.Parameter], where: str) -> tuple[str, str]:
    """The flag that `word` names and its text, which may be the next of the `rest`."""
    spelled, equals, text = word[2:].partition("=")
    name = spelled.replace("-", "_")
    options = {n: p for n, p in known.items() if not is_argument(p)}
    negated = options.get(re.sub("^no_?", "", name))
    if name not in options and not equals and negated and negated.annotation is bool:
        return negated.name, "false"
    if name not in options:
        raise UsageError(f"{where} has no flag --{repr(spelled)[1:-1]}; {near(name, options, 'it has')}")
    if equals:
        return name, text
    if options[name].annotation is bool:
        return name, "true"
    if not rest or rest[0].startswith("--"):
        raise UsageError(f"{where}: --{spelled} needs a value, as in --{spelled}=VALUE")
    return name, rest.pop(0)


def _typed(parameter: inspect.Parameter, text: str, where: str) -> Any:
    kind = parameter.annotation
    if kind is str:
        return text
    if text == "" and parameter.default is not parameter.empty:
        return parameter.default  # `--flag=` is how a pipeline spells a flag that is not given
    if kind is bool and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind in _NUMBER and re.fullmatch(_NUMBER[kind], text) and math.isfinite(float(text)):
        return kind(text)
    wanted = {bool: "true or false", int: "a whole number", float: "a number"}[kind]
    raise UsageError(f"{where} wants {wanted}, not {text!r}")


def _call(binary: type, name: str, texts: Mapping[str, str]) -> Any:
    """Let Fire make the call, with our types instead of its guesses."""
    import fire  # late: a mistake, or a page of help, does not wait for it
    from fire import decorators

    command = commands(binary)[name]
    typed = {
        flag: functools.partial(_typed, known, where=f"--{flag}") for flag, known in flags(command).items()
    }
    decorators.SetParseFns(**typed)(command)
    return fire.Fire(
        binary(),
        command=[name, *(f"--{flag}={text}" for flag, text in texts.items())],
        name=program(binary),
        serialize=lambda _: None,
    )


def _terminated(signum: int, _frame: object) -> None:
    """Let `finally` blocks end what we started, then exit as a terminated program does."""
    raise SystemExit(128 + signum)
