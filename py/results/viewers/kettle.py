"""kettle: the table of all runs and tests in BigQuery, from which triage and flake reports are made.

kubernetes/test-infra: kettle/make_db.py (which files), kettle/make_json.py (what becomes of them). It leaves
out skipped tests, always.
"""

from py.results.viewers.base import Viewer, misses, warns, wrong

_NO_ROW = misses("has no row for the run")

VIEWER = Viewer(
    "kettle",
    {
        "started-missing": misses("does not know when the run began, and what it tested"),
        "json-broken": _NO_ROW,
        "timestamp-missing": _NO_ROW,
        "timestamp-no-integer": _NO_ROW,
        "timestamp-zero": wrong("does not know the run's length"),
        "timestamp-milliseconds": wrong("has a run of a year far away"),
        "ends-before-it-begins": wrong("has a length below zero"),
        "never-finished": misses("does not know how the run ended"),
        "no-verdict": misses("does not know how the run ended"),
        "success-in-other-words": wrong("counts the run as failed: only SUCCESS has passed"),
        "verdicts-differ": wrong("goes by `result`; others by `passed`"),
        "false-green": wrong("counts the run as passed"),
        "failed-in-quarantine": warns("counts the test as failed, and the run as passed"),
        "refs-misspelled": wrong("keeps what nobody can take apart"),
        "repos-missing": misses("does not know what was tested"),
        "metadata-no-object": _NO_ROW,
        "compressed": misses("does not read it"),
        "only-a-link": misses("does not read it"),
        "junit-name": misses("has none of its cases"),
        "junit-broken": misses("has none of its cases"),
        "junit-entities": _NO_ROW,
        "junit-root": misses("has none of its cases"),
        "junit-namespace": misses("has none of its cases"),
        "suite-without-name": wrong("calls the suite unknown"),
        "suite-in-suite": misses("has none of them"),
        "case-time": _NO_ROW,
        "case-without-name": _NO_ROW,
        "error-element": wrong("counts it as passed"),
        "failure-without-text": wrong("counts it as passed"),
        "skipped-and-failed": misses("leaves it out, as all that is skipped"),
        "number-sign-in-case": misses("leaves it out, for a repetition of another"),
        "build-no-number": wrong("has a run without a number"),
        "repository-in-path": misses("does not find the run: it takes the repository for the job"),
        "alias-missing": misses("does not find the run"),
        "alias-leads-elsewhere": wrong("reads what is there instead"),
    },
)
