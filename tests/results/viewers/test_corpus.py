"""Of each broken folder that is found which is wrong with it, for those viewers who stumble, and no more."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from py.artifacts import Store, open_store
from py.results.viewers import FAULTS, VIEWERS, RunFolder, findings
from py.results.viewers.place import place_of
from tests.results.viewers.corpus import cases, commits, files, historic, metadata, places, status, suites
from tests.results.viewers.folders import KINDS, NOW, Case, Made, changed, make

CORPUS: list[Case] = [
    *status.CASES, *commits.CASES, *metadata.CASES, *files.CASES, *suites.CASES, *cases.CASES, *places.CASES,
    *historic.CASES,
]  # fmt: skip
Found = set[tuple[str, str, str]]  # viewer, fault, file


class Renamed:
    """A store by another URL."""

    def __init__(self, store: Store, url: str) -> None:
        self.url = url
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def found(made: Made, root: str = "") -> Found:
    store = open_store(str(made.run))
    place = place_of(store.url)
    if place and root:
        place = replace(place, root=Renamed(place.root, root))
    return {(one.viewer, one.fault, one.file) for one in findings(RunFolder(store, place, NOW))}


def expected(case: Case) -> Found:
    return {(viewer, *fault) for fault, viewers in case.finds.items() for viewer in viewers.split()}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_found_in_a_clean_folder(kind: str, tmp_path: Path) -> None:
    assert found(make(tmp_path, kind)) == set()


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
def test_what_is_wrong_is_found_and_nothing_else(case: Case, tmp_path: Path) -> None:
    assert found(changed(tmp_path, case.kind, case.edits), case.root) == expected(case)


def test_no_rule_is_without_a_case() -> None:
    """So that a rule that is taken out, or is changed, is missed."""
    rules = {(viewer.name, fault) for viewer in VIEWERS for fault in viewer.makes}
    held = {(viewer, fault) for case in CORPUS for viewer, fault, _ in expected(case)}
    assert rules == held
    assert {fault for _, fault in rules} == set(FAULTS)


def test_the_cases_have_names_of_their_own() -> None:
    assert len({case.name for case in CORPUS}) == len(CORPUS) >= 40
