"""Tests whose failure turns no run red for a while: each with an owner, a reason, and a day when that ends.

The file `quarantine.toml` lies beside the pipelines. It is read once, when a run begins; what it says then is
what counts for the run.

    [[tf_k8s_tests.pytest]]        # pipeline and step
    test = "tests.test_workqueue.TestQueue.test_order*"
    owner = "…"
    until = 2026-12-24
    why = "…/issues/12"
"""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from py.results.junit import Case
from py.results.reasons import QUARANTINE_EXPIRED, Reason
from py.tools.errors import DefinitionError, near

NAME = "quarantine.toml"
LONGEST = 90  # days; what is broken for longer is no test any more
KEYS = ("test", "owner", "until", "why")


class Entry(NamedTuple):
    """Failures of a step's tests that are known until the end of a day, which is an ISO date in UTC.

    `test` is CLASSNAME.NAME as in the step's JUnit; a `*` in it stands for anything.
    """

    step: str
    test: str
    owner: str
    until: str
    why: str

    def covers(self, case: Case) -> bool:
        """Whether it is about this case."""
        return bool(re.fullmatch(re.escape(self.test).replace(r"\*", ".*"), test_of(case), re.DOTALL))

    def __str__(self) -> str:
        return f"{self.owner}, until {self.until}: {self.why}"


def test_of(case: Case) -> str:
    """What a case is called in a quarantine."""
    return ".".join(filter(None, (case.classname, case.name)))


def day(moment: float) -> str:
    """The ISO date of a moment, seconds since 1970."""
    import time

    return time.strftime("%Y-%m-%d", time.gmtime(moment))


def read(
    file: Path, pipeline: str, steps: Iterable[str], today: str, others: Callable[[], Iterable[str]]
) -> tuple[Entry, ...]:
    """What a file says of a pipeline; nothing where there is none. DefinitionError for what it must not say.

    `steps` are those of the pipeline that write JUnit; `others` gives the names of all pipelines when that
    matters, or none if it cannot. Entries that have ended are among those that are returned.
    """
    if not file.is_file():
        return ()
    import tomllib

    try:
        told = tomllib.loads(file.read_text())
        for name in told.keys() - {pipeline}:
            if not _mentioned(file.parent, name) and (known := list(others())) and name not in known:
                raise ValueError(f"there is no pipeline {name!r}; {near(name, known, 'there are')}")
        return tuple(_entries(told.get(pipeline, {}), pipeline, list(steps), today))
    except ValueError as error:  # no TOML, or no UTF-8, is one as well
        raise DefinitionError(f"{file}: {error}") from None


def expired(entries: Iterable[Entry], today: str) -> list[Reason]:
    """Why a run is red whose quarantine holds what has ended."""
    return [
        Reason(
            QUARANTINE_EXPIRED, entry.test,
            f"the quarantine of {entry.test} in {entry.step} has ended ({entry}); mend it, or decide anew",
        )
        for entry in entries
        if entry.until < today
    ]  # fmt: skip


def in_force(entries: Iterable[Entry], step: str, today: str) -> list[Entry]:
    """The entries that count for a step."""
    return [entry for entry in entries if entry.step == step and entry.until >= today]


def _mentioned(dags: Path, name: str) -> bool:
    """Whether a file of pipelines names one: then nobody has to load them all."""
    quoted = (f'"{name}"', f"'{name}'")
    texts = (path.read_text(errors="replace") for path in dags.glob("*.py"))
    return any(word in text for text in texts for word in quoted)


def _entries(told: Any, pipeline: str, steps: list[str], today: str) -> Iterator[Entry]:
    if not isinstance(told, dict):
        raise ValueError(f"{pipeline} wants entries by step, as in [[{pipeline}.STEP]]")
    for step, entries in told.items():
        where = f"[[{pipeline}.{step}]]"
        if step not in steps:
            raise ValueError(f"{where}: no such step writes JUnit; {near(step, steps, 'these do')}")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise ValueError(f"{pipeline}.{step} is a list of entries: write {where} above each")
        yield from (_entry(where, step, entry, today) for entry in entries)


def _entry(where: str, step: str, told: dict[str, Any], today: str) -> Entry:
    from datetime import date, timedelta

    for key in told:
        if key not in KEYS:
            raise ValueError(f"{where}: no key {key!r}; {near(key, KEYS, 'there are')}")
    for key in KEYS:
        if key not in told:
            raise ValueError(f"{where} has no `{key}`; an entry has {', '.join(KEYS)}")
    until = told["until"]
    if type(until) is not date:  # a time of the day is a date as well
        raise ValueError(f"{where}: until wants a day, as in until = {today}")
    for key in ("test", "owner", "why"):
        if not isinstance(told[key], str) or not told[key].strip():
            raise ValueError(f"{where}: `{key}` says nothing")
    if not re.search(r"\w", told["test"]):
        raise ValueError(f"{where}: test = {told['test']!r} is about every test; name one")
    if until > date.fromisoformat(today) + timedelta(days=LONGEST):
        raise ValueError(f"{where}: until {until} is too far away; {LONGEST} days are the most")
    return Entry(step, told["test"], told["owner"], until.isoformat(), told["why"])
