"""The JUnit files that each viewer reads, by their names below the run's folder.

TestGrid: util/gcs/read.go (its regular expression), at any depth. Spyglass: what is configured, as in its
site/content/en/docs/spyglass/_index.md. Gubernator: view_build.py, which asks for no end, so that
junit_a.xml.bak is read too. kettle: make_db.py. The last two look into artifacts/ and no deeper.
"""

import re

JUNIT = {
    "TestGrid": re.compile(r"(.+/)?(junit.*\.xml|test.xml)$"),
    "Spyglass": re.compile(r"artifacts/junit.*\.xml$"),
    "Gubernator": re.compile(r"artifacts/junit_[^/]*\.xml"),
    "kettle": re.compile(r"artifacts/junit[^/]*\.xml$"),
}


def readers(name: str) -> frozenset[str]:
    """Who takes a file of this name for JUnit."""
    return frozenset(viewer for viewer, pattern in JUNIT.items() if pattern.match(name))
