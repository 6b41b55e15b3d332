"""Where a run lies, and what leads to it."""

from tests.results.viewers.folders import (
    ALIAS,
    BUILD,
    LATEST,
    LOGS,
    LOGS_LATEST,
    PERIODIC,
    POSTSUBMIT,
    PRESUBMIT,
    PULL_LATEST,
    Case,
    alias,
    beside,
    move,
)  # fmt: skip

SMALL, RUN_ID, LARGE = "logs/e2e/123", "logs/e2e/manual__2018-01-13T10-00-00", f"logs/e2e/{2**64}"
SPACED, OWNED = f"logs/e2e tests/{BUILD}", f"logs/org_repo/e2e/{BUILD}"
NO_PULL = f"pr-logs/pull/org_repo/main/e2e/{BUILD}"

CASES = [
    Case(
        "the layout begins in a folder of the bucket", PERIODIC, [],
        {("not-at-the-root", LOGS): "Spyglass deck"},
        root="gs://bucket/team",
    ),
    Case("builds are counted", PERIODIC, [move(SMALL)], {("build-number-small", SMALL): "TestGrid"}),
    Case(
        "a build is a run id of Airflow", PERIODIC, [move(RUN_ID)],
        {("build-no-number", RUN_ID): "kettle deck"},
    ),
    Case("a build has 20 digits", PERIODIC, [move(LARGE)], {("build-no-number", LARGE): "kettle deck"}),
    Case(
        "the job's name has a space", PERIODIC,
        [move(SPACED), beside("logs/e2e tests/latest-build.txt", BUILD)],
        {("job-name", SPACED): "deck"},
    ),
    Case(
        "the ancestor: a postsubmit's path names the repository", POSTSUBMIT,
        [move(OWNED), beside("logs/org_repo/e2e/latest-build.txt", BUILD)],
        {("repository-in-path", OWNED): "TestGrid kettle deck"},
    ),
    Case(
        "a branch in the place of the pull request", PRESUBMIT,
        [move(NO_PULL), alias(to=NO_PULL), beside("pr-logs/pull/org_repo/main/e2e/latest-build.txt", BUILD)],
        {("pull-no-number", NO_PULL): "Spyglass deck"},
    ),
    Case("no alias", PRESUBMIT, [beside(ALIAS, None)], {("alias-missing", ALIAS): "TestGrid kettle deck"}),
    Case(
        "the alias names another run", PRESUBMIT, [alias("gs://bucket/pr-logs/pull/org_repo/12/e2e/1")],
        {("alias-leads-elsewhere", ALIAS): "Spyglass kettle deck"},
    ),
    Case(
        "the alias was written by echo", PRESUBMIT,
        [alias(f"gs://bucket/pr-logs/pull/org_repo/12/e2e/{BUILD}\n")],
        {("alias-with-spaces", ALIAS): "Spyglass"},
    ),
    Case(
        "the ancestor: the alias is a text and no more", PRESUBMIT, [alias(metadata={})],
        {("alias-without-link", ALIAS): "TestGrid"},
    ),
    Case(
        "the alias' metadata names another run", PRESUBMIT,
        [alias(metadata={"x-goog-meta-link": "gs://bucket/a"})],
        {("alias-link-leads-elsewhere", ALIAS): "TestGrid"},
    ),
    Case(
        "the ancestor: no latest-build.txt", PERIODIC, [beside(LOGS_LATEST, None)],
        {("latest-missing", LOGS_LATEST): "deck"},
    ),
    Case(
        "no latest-build.txt of the pull request", PRESUBMIT, [beside(PULL_LATEST, None)],
        {("latest-missing", PULL_LATEST): "Gubernator"},
    ),
    Case(
        "no latest-build.txt of the job", PRESUBMIT, [beside(LATEST, None)],
        {("latest-missing", LATEST): "deck"},
    ),
    Case(
        "latest-build.txt says a word", PERIODIC, [beside(LOGS_LATEST, "latest")],
        {("latest-no-number", LOGS_LATEST): "deck"},
    ),
    Case(
        "latest-build.txt of the pull request says a word", PRESUBMIT, [beside(PULL_LATEST, "0")],
        {("latest-no-number", PULL_LATEST): "Gubernator"},
    ),
    Case(
        "latest-build.txt was not written", PERIODIC, [beside(LOGS_LATEST, "1600000000000000000\n")],
        {("latest-behind", LOGS_LATEST): "deck"},
    ),
    Case(
        "latest-build.txt of the pull request was not written", PRESUBMIT, [beside(PULL_LATEST, "7")],
        {("latest-behind", PULL_LATEST): "Gubernator"},
    ),
]  # fmt: skip
