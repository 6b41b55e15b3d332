"""What was tested."""

from tests.results.viewers.folders import (
    FINISHED,
    HEAD,
    OTHER,
    PERIODIC,
    POSTSUBMIT,
    PRESUBMIT,
    SHA,
    STARTED,
    Case,
    drop,
    remove,
    say,
    write,
)  # fmt: skip

CASES = [
    Case(
        "the old bootstrap: pull holds the refs", PRESUBMIT, [say(STARTED, pull=f"main:{SHA},12:{HEAD}")],
        {("pull-holds-refs", STARTED): "TestGrid"},
    ),
    Case("pull is #12", PRESUBMIT, [say(STARTED, pull="#12")], {("pull-is-no-number", STARTED): "deck"}),
    Case("pull is another", PRESUBMIT, [say(STARTED, pull="13")], {("pull-is-another", STARTED): "deck"}),
    Case(
        "refs with spaces", POSTSUBMIT, [say(STARTED, repos={"org/repo": f"main: {SHA}"})],
        {("refs-misspelled", STARTED): "kettle"},
    ),
    Case(
        "refs without a base", PRESUBMIT, [say(STARTED, repos={"org/repo": f"12:{HEAD},main:{SHA}"})],
        {("refs-misspelled", STARTED): "kettle"},
    ),
    Case(
        "a presubmit without repos", PRESUBMIT, [drop(STARTED, "repos")],
        {("repos-missing", STARTED): "kettle"},
    ),
    Case(
        "no repo-commit", POSTSUBMIT, [drop(STARTED, "repo-commit")],
        {("commit-missing", STARTED): "TestGrid"},
    ),
    Case(
        "metadata names another commit", POSTSUBMIT,
        [say(FINISHED, metadata={"cluster": "e2e-1", "repo-commit": OTHER})],
        {("commit-is-another", FINISHED): "TestGrid"},
    ),
    Case(
        "job-version of long ago", POSTSUBMIT,
        [say(STARTED, job_version="v1.9.0-alpha.0.519+e825f0a86103a6")],
        {("commit-is-another", STARTED): "TestGrid"},
    ),
    Case(
        "no revision", PRESUBMIT, [drop(FINISHED, "revision")], {("revision-missing", FINISHED): "deck"},
    ),
    Case(
        "a short revision", PRESUBMIT, [say(FINISHED, revision=HEAD[:7])],
        {("revision-is-no-commit", FINISHED): "deck"},
    ),
    Case(
        "the old bootstrap needs no revision", PRESUBMIT,
        [say(STARTED, pull=f"main:{SHA},12:{HEAD}"), drop(FINISHED, "revision")],
        {("pull-holds-refs", STARTED): "TestGrid"},
    ),
    Case(
        "no prowjob.json", PRESUBMIT, [remove("prowjob.json")],
        {("prowjob-without-refs", "prowjob.json"): "deck"},
    ),
    Case(
        "prowjob.json without refs", PRESUBMIT, [write("prowjob.json", {"spec": {"type": "presubmit"}})],
        {("prowjob-without-refs", "prowjob.json"): "deck"},
    ),
    Case(
        "prowjob.json is YAML", PERIODIC, [write("prowjob.json", "spec:\n  refs:\n")],
        {("prowjob-broken", "prowjob.json"): "Spyglass deck"},
    ),
]  # fmt: skip
