"""Which files are there."""

from tests.results.viewers.folders import (
    ALL,
    ALL_JUNIT,
    FINISHED,
    JUNIT,
    PERIODIC,
    STARTED,
    Case,
    grow,
    link,
    remove,
    rename,
    write,
)  # fmt: skip

LOG, POD = "build-log.txt", "podinfo.json"
RUNNING = {"status": {"phase": "Failed", "containerStatuses": [{"name": "test"}]}}

CASES = [
    Case("no build log", PERIODIC, [remove(LOG)], {("log-missing", LOG): "Spyglass Gubernator"}),
    Case(
        "a log for each container", PERIODIC, [rename(LOG, "test-build-log.txt")],
        {("log-missing", LOG): "Spyglass Gubernator"},
    ),
    Case(
        "a log of a gigabyte", PERIODIC, [grow(LOG, 1_000_000_000)], {("log-too-large", LOG): "Spyglass"},
    ),
    Case(
        "JUnit is compressed", PERIODIC, [rename(JUNIT, f"{JUNIT}.gz")],
        {("compressed", f"{JUNIT}.gz"): ALL_JUNIT},
    ),
    Case(
        "the log is compressed", PERIODIC, [rename(LOG, f"{LOG}.gz")],
        {("compressed", f"{LOG}.gz"): "Spyglass Gubernator"},
    ),
    Case(
        "started.json is compressed", PERIODIC, [rename(STARTED, f"{STARTED}.gz")], {
            ("compressed", f"{STARTED}.gz"): ALL,
            ("started-missing", STARTED): "TestGrid Spyglass kettle deck",
        },
    ),
    Case("JUnit is a link", PERIODIC, [link(JUNIT, "/etc/passwd")], {("only-a-link", JUNIT): ALL_JUNIT}),
    Case(
        "finished.json is a link out of the folder", PERIODIC, [link(FINISHED, "/proc/self/environ")],
        {("only-a-link", FINISHED): ALL},
    ),
    Case(
        "an artifact's name has a #", PERIODIC, [write("artifacts/pod#1.log", "")],
        {("number-sign-in-name", "artifacts/pod#1.log"): "Spyglass"},
    ),
    Case(
        "a link that is none", PERIODIC, [write("artifacts/ui.link.txt", "see the wiki")],
        {("link-leads-nowhere", "artifacts/ui.link.txt"): "Spyglass"},
    ),
    Case(
        "podinfo.json is empty", PERIODIC, [write(POD, "")], {("podinfo-broken", POD): "TestGrid Spyglass"},
    ),
    Case(
        "podinfo.json has no pod", PERIODIC, [write(POD, {})], {("podinfo-broken", POD): "TestGrid Spyglass"},
    ),
    Case(
        "the pod has no sidecar", PERIODIC, [write(POD, {"pod": RUNNING})],
        {("podinfo-without-sidecar", POD): "TestGrid"},
    ),
]  # fmt: skip
