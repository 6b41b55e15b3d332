"""Where in a bucket's layout a run lies, read from its URL; the inverse of py/results/layout.py.

Prow's pkg/pod-utils/gcs/target.go says where runs are put, TestGrid's util/gcs/read.go, Deck's job_history.go
and kettle's make_db.py where they are looked for.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, field

from py.artifacts import Store, open_store
from py.results.layout import LATEST
from py.tools.errors import Absent

_SHAPES = [
    re.compile(shape)
    for shape in (
        r"(?P<runs>pr-logs/pull/batch/(?P<job>[^/]+))/(?P<build>[^/]+)",
        r"(?P<runs>pr-logs/pull/(?:(?P<owner>[^/]+)/)?(?P<pull>[^/]+)/(?P<job>[^/]+))/(?P<build>[^/]+)",
        r"(?P<runs>logs/(?:(?P<owner>[^/]+)/)?(?P<job>[^/]+))/(?P<build>[^/]+)",
    )
]
_LONGEST = 4096  # bytes that Spyglass reads of an alias


@dataclass(frozen=True)
class Place:
    """A run in the layout: the store's root, the folder of the job's runs, and the names in the path.

    `owner` is the org_repo of a pull request, or what a postsubmit's path has there and should not; `pull` is
    what stands for the number of the pull request, empty for other runs.
    """

    root: Store
    runs: str
    job: str
    build: str
    owner: str = ""
    pull: str = ""
    _read: dict[str, str | None] = field(default_factory=dict, init=False)

    @property
    def folder(self) -> str:
        """The run's folder, from the root on."""
        return f"{self.runs}/{self.build}"

    @property
    def has_pulls(self) -> bool:
        """Whether pull requests are tested: one, or a batch of them."""
        return self.runs.startswith("pr-logs/")

    @property
    def kind(self) -> str:
        """The types of job whose runs lie here."""
        if not self.has_pulls:
            return "postsubmit or periodic"
        return "presubmit" if self.pull else "batch"

    @property
    def alias(self) -> str:
        """The file that leads to a presubmit's run; empty for others."""
        return f"pr-logs/directory/{self.job}/{self.build}.txt" if self.pull else ""

    @property
    def latest(self) -> list[str]:
        """The files that hold the number of the newest run: first the one that job histories begin with."""
        own = f"{self.runs}/{LATEST}"
        general = f"pr-logs/directory/{self.job}/{LATEST}"
        return [general, own] if self.pull else [general if self.has_pulls else own]

    def text(self, name: str) -> str | None:
        """What a file beside the runs holds, if it is there."""
        if name not in self._read:
            with suppress(Absent), self.root.open(name) as stream:
                self._read[name] = stream.read(_LONGEST).decode(errors="replace")
        return self._read.setdefault(name, None)

    def link(self, name: str) -> str:
        """Where the metadata of a file leads, by either of the names that TestGrid knows."""
        told: dict[str, str] = {}
        with suppress(Absent):
            told = self.root.metadata(name)
        return (told.get("x-goog-meta-link") or told.get("link") or "").strip()


def place_of(url: str) -> Place | None:
    """Where the folder at a store's URL lies; None if that is in nobody's layout.

    A folder of this machine may be called `logs` for any reason: there the number of the build has to be one,
    or latest-build.txt to be where it belongs.
    """
    bucket = re.match("file:///[^/]+|[^:]+://[^/]+", url)
    starts = [
        found.start()
        for found in re.finditer("/(?=(pr-)?logs/)", url)
        if bucket and found.start() >= bucket.end()
    ]
    for start in reversed(starts):
        for shape in _SHAPES:
            if found := shape.fullmatch(url[start + 1 :]):
                place = Place(open_store(url[:start]), **found.groupdict(default=""))
                if _is_plausible(place):
                    return place
    return None


def _is_plausible(place: Place) -> bool:
    is_here = place.root.url.startswith("file://")
    return not is_here or place.build.isdecimal() or any(map(place.root.find, place.latest))
