"""started.json and finished.json. The ancestor is the tool that came before: its shapes are on record."""

from tests.results.viewers.folders import (
    ALL,
    ALL_JUNIT,
    BEGAN,
    ENDED,
    FINISHED,
    JUNIT,
    NOW,
    PERIODIC,
    STARTED,
    Case,
    case,
    drop,
    junit,
    remove,
    say,
    write,
)  # fmt: skip

DAY = 24 * 3600
BOTH_BROKEN = {("json-broken", FINISHED): ALL}

CASES = [
    Case(
        "no started.json", PERIODIC, [remove(STARTED)],
        {("started-missing", STARTED): "TestGrid Spyglass kettle deck"},
    ),
    Case("started.json is empty", PERIODIC, [write(STARTED, "")], {("json-broken", STARTED): ALL}),
    Case("finished.json was cut off", PERIODIC, [write(FINISHED, '{"timestamp": 17')], BOTH_BROKEN),
    Case("finished.json is a list", PERIODIC, [write(FINISHED, [1])], BOTH_BROKEN),
    Case("finished.json is nested too deep", PERIODIC, [write(FINISHED, "[" * 100_000)], BOTH_BROKEN),
    Case("finished.json holds NaN", PERIODIC, [write(FINISHED, '{"timestamp": NaN}')], BOTH_BROKEN),
    Case(
        "finished.json begins with a byte order mark", PERIODIC,
        [write(FINISHED, b"\xef\xbb\xbf{}")], BOTH_BROKEN,
    ),
    Case(
        "started.json is Latin-1", PERIODIC,
        [write(STARTED, f'{{"timestamp": {BEGAN}, "node": "K\u00f6ln"}}'.encode("latin-1"))],
        {("json-not-utf8", STARTED): "Gubernator"},
    ),
    Case(
        "started.json has no timestamp", PERIODIC, [drop(STARTED, "timestamp")],
        {("timestamp-missing", STARTED): ALL},
    ),
    Case(
        "finished.json has no timestamp", PERIODIC, [say(FINISHED, timestamp=None)],
        {("timestamp-missing", FINISHED): ALL},
    ),
    Case(
        "timestamp is a text with a number", PERIODIC, [say(STARTED, timestamp=str(BEGAN))],
        {("timestamp-no-integer", STARTED): "TestGrid Spyglass Gubernator deck"},
    ),
    Case(
        "timestamp is a date", PERIODIC, [say(FINISHED, timestamp="2018-01-13T10:00:00Z")],
        {("timestamp-no-integer", FINISHED): ALL},
    ),
    Case(
        "timestamp has a fraction", PERIODIC, [say(FINISHED, timestamp=ENDED + 0.5)],
        {("timestamp-no-integer", FINISHED): "TestGrid Spyglass deck"},
    ),
    Case("timestamp is 0", PERIODIC, [say(FINISHED, timestamp=0)], {("timestamp-zero", FINISHED): ALL}),
    Case(
        "timestamp is in milliseconds", PERIODIC, [say(FINISHED, timestamp=ENDED * 1000)],
        {("timestamp-milliseconds", FINISHED): ALL},
    ),
    Case(
        "timestamp is still to come", PERIODIC, [say(FINISHED, timestamp=int(NOW) + DAY)],
        {("timestamp-to-come", FINISHED): "TestGrid Spyglass deck"},
    ),
    Case(
        "it ended before it began", PERIODIC, [say(FINISHED, timestamp=BEGAN - 1)],
        {("ends-before-it-begins", FINISHED): ALL},
    ),
    Case(
        "pull is a number", PERIODIC, [say(STARTED, pull=12)], {("field-type", STARTED): "TestGrid deck"},
    ),
    Case(
        "repos is a list", PERIODIC, [say(STARTED, repos=["org/repo"])],
        {("field-type", STARTED): "TestGrid deck"},
    ),
    Case(
        "a repository's refs are a map", PERIODIC,
        [say(STARTED, repos={"org/repo": {}}, repo_commit="1" * 40)],
        {("field-type", STARTED): "TestGrid deck"},
    ),
    Case(
        "passed is a text", PERIODIC, [say(FINISHED, passed="true")],
        {("field-type", FINISHED): "TestGrid deck"},
    ),
    Case(
        "the driver died two days ago", PERIODIC, [remove(FINISHED), say(STARTED, timestamp=BEGAN - 2 * DAY)],
        {("never-finished", FINISHED): ALL},
    ),
    Case(
        "the ancestor: no passed", PERIODIC, [drop(FINISHED, "passed")],
        {("passed-missing", FINISHED): "TestGrid"},
    ),
    Case(
        "no result", PERIODIC, [drop(FINISHED, "result")], {("result-missing", FINISHED): "Gubernator deck"},
    ),
    Case(
        "neither passed nor result", PERIODIC, [drop(FINISHED, "result", "passed")],
        {
            ("passed-missing", FINISHED): "TestGrid", ("result-missing", FINISHED): "Gubernator deck",
            ("no-verdict", FINISHED): "Spyglass kettle",
        },
    ),
    Case(
        "Prow's crier says it in small letters", PERIODIC, [say(FINISHED, result="success")],
        {("result-word", FINISHED): "deck", ("success-in-other-words", FINISHED): "Gubernator kettle"},
    ),
    Case(
        "the successor says FAILED", PERIODIC,
        [say(FINISHED, passed=False, result="FAILED"), write(JUNIT, junit(case("a",
        "<failure>no</failure>")))],
        {("result-word", FINISHED): "deck"},
    ),
    Case(
        "passed, and FAILURE", PERIODIC, [say(FINISHED, result="FAILURE")], {
            ("verdicts-differ", FINISHED): ALL, ("red-without-a-case", FINISHED): "TestGrid Gubernator",
        },
    ),
    Case(
        "green, and a test failed", PERIODIC, [write(JUNIT, junit(case("a", "<failure>no</failure>")))],
        {("false-green", FINISHED): ALL},
    ),
    Case(
        "the ancestor: green without passed, and a test failed", PERIODIC,
        [drop(FINISHED, "passed"), write(JUNIT, junit(case("a", "<failure>no</failure>")))],
        {("passed-missing", FINISHED): "TestGrid", ("false-green", FINISHED): ALL},
    ),
    Case(
        "green, and a test in quarantine failed", PERIODIC,
        [
            say(FINISHED, metadata={"cluster": "e2e-1", "quarantined": "sums.b\nsums.a"}),
            write(JUNIT, junit(case("a", "<failure>no</failure>"))),
        ],
        {("failed-in-quarantine", FINISHED): ALL_JUNIT},
    ),
    Case(
        "green, and another test than that in quarantine failed", PERIODIC,
        [
            say(FINISHED, metadata={"cluster": "e2e-1", "quarantined": "sums.b"}),
            write(JUNIT, junit(case("a", "<failure>no</failure>"), case("b", "<failure>no</failure>"))),
        ],
        {("false-green", FINISHED): ALL, ("failed-in-quarantine", FINISHED): ALL_JUNIT},
    ),
    Case(
        "red, and no case says why", PERIODIC, [say(FINISHED, passed=False, result="FAILURE")],
        {("red-without-a-case", FINISHED): "TestGrid Gubernator"},
    ),
]  # fmt: skip
