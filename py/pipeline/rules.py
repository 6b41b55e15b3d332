"""What a definition may hold: names, lists, times, and texts that a command line can carry."""

import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import PurePosixPath
from typing import TypeVar

from py.results.verdict import JUNIT
from py.tools.errors import DefinitionError

Thing = TypeVar("Thing")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")  # it names files, labels and tasks of Airflow as well


def check_name(kind: str, name: object) -> None:
    """Raise DefinitionError unless it is a name."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        what = "a name is a letter, then up to 99 letters, digits and underscores"
        raise DefinitionError(f"{kind} {name!r}: {what}")


def check_tag(pipeline: str, tag: object) -> None:
    """Raise DefinitionError unless it is a tag as Airflow takes it."""
    if not isinstance(tag, str) or not tag.strip() or len(tag) > 100:
        raise DefinitionError(f"pipeline {pipeline!r}: tag {tag!r} is no text of 1 to 100 characters")


def check_cron(cron: str) -> None:
    """Raise DefinitionError unless it is five fields that name some time."""
    from croniter import CroniterError, croniter  # late: only a pipeline with a schedule waits for it

    try:
        if not isinstance(cron, str) or len(cron.split()) != 5:
            raise CroniterError("it wants five fields: minute, hour, day, month and weekday")
        croniter(cron).get_next()
    except CroniterError as error:
        raise DefinitionError(f"schedule {cron!r}: {error}, as in '0 3 * * *'") from None


def check_artifact(where: str, file: object) -> None:
    """Raise DefinitionError unless it is the path of a file in ARTIFACTS that is no JUnit."""
    if not isinstance(file, str) or not file or "\0" in file or str(PurePosixPath(file)) != file:
        raise DefinitionError(f"{where}: artifact {file!r} is no path of a file, such as 'charts/app.tgz'")
    if PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts or file == ".":
        raise DefinitionError(f"{where}: artifact {file!r} is not in ARTIFACTS; give a path from there on")
    if JUNIT.fullmatch(PurePosixPath(file).name):
        raise DefinitionError(f"{where}: artifact {file!r} is JUnit to viewers; say junit=True for it")


def several(where: str, word: str, given: Iterable[Thing]) -> tuple[Thing, ...]:
    """The things of a list; one thing without a list would be taken apart into what is no thing."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise DefinitionError(f"{where}: {word} wants a list, as in {word}=[…]")
    return tuple(given)


def seconds(where: str, timeout: timedelta) -> float:
    """A time above 0 as seconds."""
    if not isinstance(timeout, timedelta) or timeout <= timedelta():
        raise DefinitionError(f"{where}: timeout wants a time above 0, as in timedelta(minutes=5)")
    return timeout.total_seconds()


def unspeakable(text: str) -> str:
    """Why a text cannot be a word of a command line; empty if it can."""
    if "\0" in text:
        return "holds a NUL character, which no command line can carry"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "holds half a surrogate pair, which is no text"
    return f"is {size:,} bytes long; a command line carries 100,000 at most" if size > 100_000 else ""


def as_json(value: object) -> str:
    """A value as an error shows it: as JSON, of a long one the beginning."""
    import json  # late: only a mistake needs it

    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= 80 else f"{text[:80]}…"
