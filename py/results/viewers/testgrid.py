"""TestGrid: a grid of tests and runs, read from a bucket.

GoogleCloudPlatform/testgrid: util/gcs/read.go (which files), metadata/job.go and metadata/junit/junit.go
(what is in them), pkg/updater/gcs.go (what becomes of it). It also shows a row `Pod` from podinfo.json, which
only Prow can write: without one that row is unknown; `disable_prowjob_analysis` in TestGrid's config removes
it.
"""

from py.results.viewers.base import Viewer, misses, warns, wrong

_FAILS = misses("fails the run as malformed, whatever else it says")

VIEWER = Viewer(
    "TestGrid",
    {
        "started-missing": wrong("counts the run's length from 1970"),
        "json-broken": _FAILS,
        "timestamp-missing": wrong("counts from 1970, or waits for the end"),
        "timestamp-no-integer": _FAILS,
        "timestamp-zero": wrong("counts from 1970, or waits for the end"),
        "timestamp-milliseconds": wrong("shows a run of a year far away"),
        "timestamp-to-come": warns("shows a run of the future"),
        "ends-before-it-begins": wrong("shows a length below zero"),
        "field-type": _FAILS,
        "never-finished": wrong("fails the run: it did not complete within 24 hours"),
        "passed-missing": wrong("marks the run E: finished.json is missing passed"),
        "verdicts-differ": wrong("goes by `passed`; others by `result`"),
        "false-green": wrong("shows the run green, above a red test"),
        "failed-in-quarantine": warns("shows the run green, above a red test"),
        "red-without-a-case": warns("says: build failed outside of test results"),
        "pull-holds-refs": warns("takes `pull` for the number of a pull request"),
        "commit-missing": misses("shows no commit above the column"),
        "commit-is-another": warns("shows this above the column, not `repo-commit`"),
        "metadata-no-object": _FAILS,
        "metadata-no-text": misses("has no such column header"),
        "metadata-file-broken": misses("has no column headers from it"),
        "metadata-file-not-merged": misses("has no column headers from it"),
        "compressed": misses("does not read it"),
        "only-a-link": misses("does not read it"),
        "podinfo-broken": _FAILS,
        "podinfo-without-sidecar": warns("marks the row Pod: not using decoration"),
        "junit-name": misses("has no row for its cases"),
        "junit-name-underscores": warns("knows no context, time and thread of it; older ones do not read it"),
        "junit-too-large": _FAILS,
        "junit-broken": _FAILS,
        "junit-entities": _FAILS,
        "junit-root": _FAILS,
        "junit-encoding": _FAILS,
        "junit-without-cases": warns("has no row for it"),
        "suite-number": _FAILS,
        "case-time": _FAILS,
        "case-without-name": wrong("shows them in the row of their suite"),
        "skipped-without-reason": misses("has no cell for it"),
        "name-taken": warns("tells them apart as [1], [2], …, in whatever order they come"),
        "name-taken-too-often": wrong("shows those after the twentieth as one failed row: overflow"),
        "failure-long": warns("keeps the beginning and the end"),
        "message-long": warns("shows the first 70 characters and the last 70"),
        "property-children": misses("has no metrics from them"),
        "build-number-small": warns("lists all runs of the job each time"),
        "repository-in-path": misses("does not look there"),
        "alias-missing": misses("does not find the run"),
        "alias-without-link": misses("does not find the run: it reads the metadata, not the text"),
        "alias-link-leads-elsewhere": wrong("shows what is there instead"),
    },
)  # fmt: skip
