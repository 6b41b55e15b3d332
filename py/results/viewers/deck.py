"""Deck's histories: the runs of a job, and those of a pull request.

kubernetes-sigs/prow: cmd/deck/job_history.go and pr_history.go. It reads no JUnit. Batches have no
alias, and so no history, however they are written.
"""

from py.results.viewers.base import Viewer, misses, warns, wrong

_NO_ROW = misses("has an empty row for the run: Unknown")

VIEWER = Viewer(
    "deck",
    {
        "started-missing": _NO_ROW,
        "json-broken": misses("has an empty row, or one that is pending for ever"),
        "timestamp-missing": wrong("shows a beginning in 1970, or a length that grows"),
        "timestamp-no-integer": misses("has an empty row, or one that is pending for ever"),
        "timestamp-zero": wrong("shows a time of 1970"),
        "timestamp-milliseconds": wrong("shows a run of a year far away"),
        "timestamp-to-come": warns("shows a run of the future"),
        "ends-before-it-begins": wrong("shows a length below zero"),
        "field-type": misses("has an empty row, or one that is pending for ever"),
        "never-finished": wrong("shows the run as pending"),
        "result-missing": wrong("shows the result as Unknown"),
        "result-word": warns("shows a word that it has no colour for"),
        "verdicts-differ": wrong("goes by `result`; others by `passed`"),
        "false-green": wrong("shows the run as SUCCESS"),
        "pull-is-no-number": warns("does not know the commit as long as the run goes on"),
        "pull-is-another": wrong("does not find the commit of this pull request"),
        "revision-missing": misses("lists the run under an unknown commit"),
        "revision-is-no-commit": warns("has no link to the commit"),
        "prowjob-without-refs": misses("shows no pull request beside the run"),
        "prowjob-broken": misses("shows no pull request beside the run"),
        "metadata-no-object": misses("has an empty row, or one that is pending for ever"),
        "compressed": misses("does not read it"),
        "only-a-link": misses("does not read it"),
        "build-no-number": misses("does not list the run"),
        "job-name": warns("belongs to a Prow that refuses such a name"),
        "repository-in-path": misses("does not look there"),
        "pull-no-number": misses("does not find the run among those of its pull request"),
        "not-at-the-root": misses("has no history of the job"),
        "alias-missing": misses("does not list the run"),
        "alias-leads-elsewhere": wrong("shows what is there instead"),
        "latest-missing": misses("has no history of the job at all"),
        "latest-no-number": misses("has no history of the job at all"),
        "latest-behind": misses("does not show the run before a newer number is there"),
    },
)
