"""Gubernator: the older page of one run, kept here because many folders were written for it.

kubernetes/test-infra: gubernator/view_build.py, templates/build.html, README.md. Whatever it does not
expect in a file ends as an error instead of the page.
"""

from py.results.viewers.base import Viewer, misses, warns, wrong

_ERROR = misses("shows an error instead of the page")

VIEWER = Viewer(
    "Gubernator",
    {
        "json-broken": _ERROR,
        "json-not-utf8": _ERROR,
        "timestamp-missing": _ERROR,
        "timestamp-no-integer": _ERROR,
        "timestamp-zero": wrong("shows a time of 1970"),
        "timestamp-milliseconds": wrong("shows a run of a year far away"),
        "ends-before-it-begins": wrong("shows a length below zero"),
        "never-finished": wrong("shows a run that goes on"),
        "result-missing": wrong("shows no result, and not as passed"),
        "success-in-other-words": wrong("does not show it as passed: only SUCCESS is"),
        "verdicts-differ": wrong("goes by `result`; others by `passed`"),
        "false-green": wrong("says SUCCESS, above a failed test"),
        "failed-in-quarantine": warns("says SUCCESS, above a failed test"),
        "red-without-a-case": warns("says: no test failures"),
        "log-missing": misses("has no build log"),
        "compressed": misses("does not read it"),
        "only-a-link": misses("does not read it"),
        "junit-name": misses("shows none of its cases"),
        "junit-broken": _ERROR,
        "junit-entities": _ERROR,
        "junit-root": misses("shows none of its cases"),
        "junit-namespace": misses("shows none of its cases"),
        "junit-without-cases": warns("has no test to show"),
        "suite-without-name": _ERROR,
        "suite-stranger": _ERROR,
        "bare-suite": warns("leaves out the suite's name"),
        "suite-in-suite": misses("shows none of them"),
        "case-without-time": _ERROR,
        "case-time": _ERROR,
        "case-without-name": _ERROR,
        "error-element": misses("does not show that it failed"),
        "failure-without-text": warns("shows that it failed, and no text"),
        "latest-missing": warns("lists all runs of the pull request each time"),
        "latest-no-number": warns("lists all runs of the pull request each time"),
        "latest-behind": warns("begins its list with an older run"),
    },
)
