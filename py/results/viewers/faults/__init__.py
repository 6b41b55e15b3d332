"""What may be wrong with a run's folder, each fault said once: the viewers' tables say what becomes of it."""

from py.results.viewers.base import Faults
from py.results.viewers.faults import commits, files, junit, metadata, places, status, suites

FAULTS = Faults(
    status.FAULTS
    | commits.FAULTS
    | metadata.FAULTS
    | files.FAULTS
    | suites.FAULTS
    | junit.FAULTS
    | places.FAULTS
)
