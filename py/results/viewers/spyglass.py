"""Spyglass: the page of one run in Prow's Deck, made of lenses.

kubernetes-sigs/prow: pkg/spyglass/spyglass.go, storageartifact.go, lenses/{metadata,junit,buildlog,links}.
Which files a lens gets is configured; taken for granted is what site/content/en/docs/spyglass/_index.md
shows.
"""

from py.results.viewers.base import Viewer, misses, warns, wrong

_NOTHING = misses("shows nothing of the file")

VIEWER = Viewer(
    "Spyglass",
    {
        "started-missing": misses("does not say when the run began"),
        "json-broken": _NOTHING,
        "timestamp-missing": wrong("counts the time from now, or from 1970"),
        "timestamp-no-integer": misses("does not know the time"),
        "timestamp-zero": wrong("shows a time of 1970"),
        "timestamp-milliseconds": wrong("shows a run of a year far away"),
        "timestamp-to-come": warns("shows a run of the future"),
        "ends-before-it-begins": wrong("shows a length below zero"),
        "never-finished": wrong("shows a run that goes on"),
        "no-verdict": wrong("shows the run as failed"),
        "verdicts-differ": wrong("goes by `passed`; others by `result`"),
        "false-green": wrong("says that the run passed, above a failed test"),
        "failed-in-quarantine": warns("says that the run passed, above a failed test"),
        "prowjob-broken": misses("has no hint from it"),
        "metadata-no-object": misses("shows no metadata"),
        "metadata-no-text": misses("leaves it out: it shows texts only"),
        "metadata-file-broken": misses("shows no metadata from it"),
        "metadata-file-not-merged": misses("shows no metadata from it"),
        "links-misshapen": misses("has no such link at the top of the page"),
        "links-too-late": warns("shows them as text, not as links"),
        "log-missing": misses("has no build log"),
        "log-too-large": misses("shows no build log"),
        "compressed": misses("does not read it"),
        "only-a-link": misses("does not read it"),
        "number-sign-in-name": warns("links to a name that ends before the #"),
        "link-leads-nowhere": misses("shows a text that leads nowhere"),
        "podinfo-broken": misses("has no hint from it"),
        "junit-name": misses("shows none of its cases"),
        "junit-too-large": _NOTHING,
        "junit-broken": _NOTHING,
        "junit-entities": _NOTHING,
        "junit-root": _NOTHING,
        "junit-encoding": _NOTHING,
        "junit-without-cases": warns("has no test to show"),
        "suite-number": _NOTHING,
        "case-time": _NOTHING,
        "case-without-name": wrong("shows them as one test without a name"),
        "skipped-and-failed": wrong("shows it among the skipped"),
        "property-children": misses("reads attributes only"),
        "pull-no-number": misses("does not know the pull request"),
        "not-at-the-root": misses("has no link to the job's history"),
        "alias-leads-elsewhere": wrong("opens what is there instead"),
        "alias-with-spaces": misses("cannot open the run by its alias"),
    },
)
