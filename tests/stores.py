"""Stores of every kind for tests: each is given as the URL of a new, empty place."""

from pathlib import Path

import pytest

KINDS = ("folder",)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """The URL of a folder that is not there yet."""
    return f"file://{tmp_path}/store"


@pytest.fixture(params=KINDS)
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of a new store: the test runs once for each kind."""
    return str(request.getfixturevalue(request.param))
