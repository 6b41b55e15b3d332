"""What the viewers of Prow's world make of a run's folder: which of them will not see what.

A fault is said once (faults/); a viewer is a module with a table: what it makes of each fault. A new viewer
is a module and a place in VIEWERS; a new fault is a function in faults/, a line in the tables of those that
stumble over it, and a case in tests/results/viewers/corpus.
"""

from collections.abc import Iterator

from py.results.viewers import deck, gubernator, kettle, spyglass, testgrid
from py.results.viewers.base import MISSES, WARNS, WRONG, Finding, Spot, Viewer
from py.results.viewers.faults import FAULTS
from py.results.viewers.folder import RunFolder
from py.results.viewers.names import readers

VIEWERS = (testgrid.VIEWER, spyglass.VIEWER, gubernator.VIEWER, kettle.VIEWER, deck.VIEWER)

__all__ = ["FAULTS", "MISSES", "VIEWERS", "WARNS", "WRONG", "Finding", "RunFolder", "Viewer", "findings"]


def findings(run: RunFolder) -> Iterator[Finding]:
    """What each viewer will not see of a run, or not as it is: fault by fault, in the order of FAULTS."""
    for name, fault in FAULTS.items():
        for spot in fault.check(run):
            for viewer in VIEWERS:
                effect = viewer.makes.get(name)
                if effect and _is_met(viewer, spot, run):
                    yield Finding(
                        viewer.name, effect.severity, name, spot.file, effect.what, spot.why, fault.todo
                    )


def _is_met(viewer: Viewer, spot: Spot, run: RunFolder) -> bool:
    """Whether a viewer comes across it: what is in a JUnit file that it does not read is nothing to it."""
    if spot.only is not None:
        return viewer.name in spot.only
    is_junit = any(junit.name == spot.file for junit in run.junit)
    return not is_junit or viewer.name in readers(spot.file)
