"""Whole folders as tools of the field have left them, each with all that is wrong with it at once."""

from tests.results.viewers.folders import (
    ALIAS,
    ALL,
    BEGAN,
    BUILD,
    ENDED,
    FINISHED,
    HEAD,
    JUNIT,
    LATEST,
    POSTSUBMIT,
    PRESUBMIT,
    PULL_LATEST,
    SHA,
    STARTED,
    Case,
    alias,
    beside,
    case,
    move,
    remove,
    rename,
    write,
)

REFS = f"main:{SHA},12:{HEAD}"
KEPT = "artifacts/metadata.json"
VERSION = "v1.20.0-alpha.0.519+e825f0a86103a6"
OWNED = f"logs/org_repo/e2e/{BUILD}"
FAILED = (
    '<testsuite failures="1" tests="2" time="3">'
    + case("helm-tfjob-install", "<failure>Test was not run</failure>", 'classname="GKE"')
    + case("e2e-test", "", 'classname="GKE" time="3"')
    + "</testsuite>"
)
ANCESTOR = [
    write(STARTED, {"timestamp": BEGAN, "repos": {"org/repo": HEAD}, "pull": REFS}),
    write(FINISHED, {"timestamp": ENDED, "result": "SUCCESS", "metadata": {}}),
    write("artifacts/junit_setupcluster.xml", FAILED),
    remove(KEPT, "prowjob.json", JUNIT),
]

CASES = [
    Case(
        "Prow's own pod utilities", PRESUBMIT, [
            write(STARTED, {
                "timestamp": BEGAN, "pull": "12", "repos": {"org/repo": REFS}, "repo-version": HEAD,
                "metadata": {"links": {"resultstore": {"url": "https://there"}}, "resultstore": "https://there"},
                "Pending": False,
            }),
            write(FINISHED, {"timestamp": ENDED, "passed": True, "result": "SUCCESS", "revision": HEAD}),
            remove(KEPT),
        ], {},
    ),
    Case(
        "Prow's bootstrap", PRESUBMIT, [
            write(STARTED, {
                "timestamp": BEGAN, "node": "0790211c", "pull": REFS, "repo-version": VERSION,
                "version": VERSION, "repos": {"k8s.io/kubernetes": REFS, "k8s.io/release": "main"},
            }),
            write(FINISHED, {
                "timestamp": ENDED, "passed": True, "result": "SUCCESS", "version": VERSION,
                "metadata": {"repo-commit": SHA, "repos": {"k8s.io/release": "main"}, "job-version": VERSION},
                "job-version": VERSION,
            }),
            remove(KEPT, "prowjob.json"),
        ],
        {("pull-holds-refs", STARTED): "TestGrid", ("prowjob-without-refs", "prowjob.json"): "deck"},
    ),
    Case(
        "the ancestor's presubmit", PRESUBMIT,
        [*ANCESTOR, alias(metadata={}), beside(LATEST, None), beside(PULL_LATEST, None)], {
            ("pull-holds-refs", STARTED): "TestGrid",
            ("commit-missing", STARTED): "TestGrid",
            ("passed-missing", FINISHED): "TestGrid",
            ("false-green", FINISHED): ALL,
            ("prowjob-without-refs", "prowjob.json"): "deck",
            ("case-without-time", "artifacts/junit_setupcluster.xml"): "Gubernator",
            ("alias-without-link", ALIAS): "TestGrid",
            ("latest-missing", LATEST): "deck",
            ("latest-missing", PULL_LATEST): "Gubernator",
        },
    ),
    Case(
        "the ancestor's postsubmit", POSTSUBMIT, [*ANCESTOR[1:], move(OWNED)], {
            ("passed-missing", FINISHED): "TestGrid",
            ("false-green", FINISHED): ALL,
            ("case-without-time", "artifacts/junit_setupcluster.xml"): "Gubernator",
            ("repository-in-path", OWNED): "TestGrid kettle deck",
            ("latest-missing", "logs/org_repo/e2e/latest-build.txt"): "deck",
        },
    ),
    Case(
        "its successor, where two variables number the build", PRESUBMIT, [
            write(STARTED, {"timestamp": BEGAN, "repos": {"org/repo": HEAD}, "pull": REFS}),
            write(FINISHED, {
                "timestamp": ENDED, "result": "FAILED",
                "metadata": {"e2e-phase": "Failed", "e2e-ui": "https://there", "repos": {"org/repo": HEAD}},
            }),
            rename(JUNIT, "artifacts/junit_tfjob_e2e.xml"),
            remove(KEPT, "prowjob.json"),
            *(beside(name, None) for name in (ALIAS, LATEST, PULL_LATEST)),
        ], {
            ("pull-holds-refs", STARTED): "TestGrid",
            ("commit-missing", STARTED): "TestGrid",
            ("passed-missing", FINISHED): "TestGrid",
            ("result-word", FINISHED): "deck",
            ("prowjob-without-refs", "prowjob.json"): "deck",
            ("junit-name-underscores", "artifacts/junit_tfjob_e2e.xml"): "TestGrid",
            ("alias-missing", ALIAS): "TestGrid kettle deck",
            ("latest-missing", LATEST): "deck",
            ("latest-missing", PULL_LATEST): "Gubernator",
        },
    ),
]  # fmt: skip
