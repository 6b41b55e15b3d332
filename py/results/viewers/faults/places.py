"""Where a run lies, and what leads to it: its path, the alias of a presubmit, latest-build.txt.

Prow's pkg/pod-utils/gcs/target.go writes it so; Deck's job_history.go, TestGrid's util/gcs/read.go
(ListBuilds), Spyglass' spyglass.go and kettle's make_db.py look there. Of a folder in no such place nothing
is said.
"""

import re
from collections.abc import Iterator

from py.results.viewers.base import Faults, Spot, shown
from py.results.viewers.folder import RunFolder
from py.results.viewers.place import Place

FAULTS = Faults()
_JOB = re.compile("[A-Za-z0-9._-]+")
_LARGEST = 2**64 - 1
_SMALLEST_WELL_LISTED = 10**18
_DECK, _GUBERNATOR = frozenset({"deck"}), frozenset({"Gubernator"})


@FAULTS.fault("number builds with unsigned integers that grow; Prow's have 19 digits")
def _build_no_number(run: RunFolder) -> Iterator[Spot]:
    if run.place and not _number(run.place.build):
        yield Spot(run.place.folder, f"the build is called {shown(run.place.build)}")


@FAULTS.fault("number builds with 19 digits, as Prow does: the time is in them")
def _build_number_small(run: RunFolder) -> Iterator[Spot]:
    if run.place and 0 < _number(run.place.build) < _SMALLEST_WELL_LISTED:
        yield Spot(run.place.folder, f"the build's number is {run.place.build}")


@FAULTS.fault("take a name of letters, digits, - . and _")
def _job_name(run: RunFolder) -> Iterator[Spot]:
    if run.place and not _JOB.fullmatch(run.place.job):
        yield Spot(run.place.folder, f"the job is called {shown(run.place.job)}")


@FAULTS.fault("put postsubmits where periodics are: logs/JOB/BUILD")
def _repository_in_path(run: RunFolder) -> Iterator[Spot]:
    if run.place and run.place.owner and not run.place.has_pulls:
        yield Spot(run.place.folder, f"{run.place.owner} is between logs and the job")


@FAULTS.fault("put it into pr-logs/pull/ORG_REPO/NUMBER/JOB/BUILD")
def _pull_no_number(run: RunFolder) -> Iterator[Spot]:
    if run.place and run.place.pull and not run.place.pull.isdecimal():
        yield Spot(
            run.place.folder, f"{shown(run.place.pull)} is where the number of the pull request should be"
        )


@FAULTS.fault("begin the layout at the bucket's root, in a bucket of its own if need be")
def _not_at_the_root(run: RunFolder) -> Iterator[Spot]:
    if run.place and re.fullmatch("(?!file:)[^:]+://[^/]+/.+", run.place.root.url):
        yield Spot(run.place.folder, f"it begins in a folder: {run.place.root.url}")


@FAULTS.fault("write pr-logs/directory/JOB/BUILD.txt when the run begins, with the run's URL in it")
def _alias_missing(run: RunFolder) -> Iterator[Spot]:
    if (place := run.place) and place.alias and place.text(place.alias) is None:
        yield Spot(place.alias, "it is not there")


@FAULTS.fault("write the URL of the run's folder into it")
def _alias_leads_elsewhere(run: RunFolder) -> Iterator[Spot]:
    text = _alias(run.place)
    if run.place and text is not None and not _leads_to(text, run.place):
        yield Spot(run.place.alias, f"it says {shown(text)}")


@FAULTS.fault("write the URL alone, without a newline")
def _alias_with_spaces(run: RunFolder) -> Iterator[Spot]:
    text = _alias(run.place)
    if run.place and text and text != text.strip():
        yield Spot(run.place.alias, "there is white space around the URL")


@FAULTS.fault("store it with the metadata `link`, or x-goog-meta-link: the URL of the run's folder")
def _alias_without_link(run: RunFolder) -> Iterator[Spot]:
    if run.place and _alias(run.place) is not None and not run.place.link(run.place.alias):
        yield Spot(run.place.alias, "its metadata has no link")


@FAULTS.fault("put the URL of the run's folder into the metadata `link`")
def _alias_link_leads_elsewhere(run: RunFolder) -> Iterator[Spot]:
    link = run.place.link(run.place.alias) if run.place and _alias(run.place) is not None else ""
    if run.place and link and not _leads_to(link, run.place):
        yield Spot(run.place.alias, f"the link in its metadata is {shown(link)}")


@FAULTS.fault("write the build's number into it when the run begins")
def _latest_missing(run: RunFolder) -> Iterator[Spot]:
    for name, only, text in _latest(run.place):
        if text is None:
            yield Spot(name, "it is not there", only)


@FAULTS.fault("write the build's number into it, and nothing else")
def _latest_no_number(run: RunFolder) -> Iterator[Spot]:
    for name, only, text in _latest(run.place):
        if text is not None and not _number(text.strip()):
            yield Spot(name, f"it says {shown(text)}", only)


@FAULTS.fault("write the build's number into it when the run begins, and numbers that grow")
def _latest_behind(run: RunFolder) -> Iterator[Spot]:
    for name, only, text in _latest(run.place):
        if run.place and 0 < _number((text or "").strip()) < _number(run.place.build):
            yield Spot(name, f"it says {text}, which is before this build", only)


def _number(text: str) -> int:
    """A build's number as Go spells it, which is how Deck looks for it; 0 if it is none."""
    if not re.fullmatch("[1-9][0-9]{0,19}", text):
        return 0
    return int(text) if int(text) <= _LARGEST else 0


def _alias(place: Place | None) -> str | None:
    return place.text(place.alias) if place and place.alias else None


def _latest(place: Place | None) -> Iterator[tuple[str, frozenset[str], str | None]]:
    """The files with the newest number, who needs them, and what they hold: the second is Gubernator's."""
    for number, name in enumerate(place.latest if place else ()):
        yield name, _GUBERNATOR if number else _DECK, place.text(name) if place else None


def _leads_to(url: str, place: Place) -> bool:
    """Whether it leads to this run; in which bucket does not matter, for folders are copied."""
    return url.strip().rstrip("/").endswith(f"/{place.folder}")
