"""What requirements/ pins is what pyproject.toml asks for, by hash, and from nowhere in particular."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from py.tools.folders import ROOT

PINS = sorted((ROOT / "requirements").glob("*.txt"))


def test_every_library_asked_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {re.split(r"[^\w-]", library)[0].lower().replace("_", "-") for library in asked} - {"windtunnel"}
    pinned = set(re.findall(r"^([\w-]+)==", (ROOT / "requirements/dev.txt").read_text(), re.MULTILINE))
    assert names - pinned == set()


@pytest.mark.parametrize("pins", PINS, ids=lambda path: path.name)
def test_every_pin_has_a_hash_and_names_no_place(pins: Path) -> None:
    text = pins.read_text()
    entries = re.split(r"\n(?=[a-z])", text)[1:]
    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
