"""started.json, finished.json and prowjob.json, as their readers want them."""

import json
from pathlib import Path

from py.results import layout, metadata
from py.results.layout import Job
from py.tools.refs import Pull, Refs

BASE, HEAD = "a" * 40, "b" * 40
JOB = Job(
    layout.PRESUBMIT, "unit", "1" * 19, "acme", "rocket", Refs("main", BASE, (Pull(12, HEAD),))
)  # fmt: skip


def test_what_began_says_when_and_of_which_commits() -> None:
    assert metadata.started(JOB, 1700000000.9) == {
        "timestamp": 1700000000, "pull": "12", "repos": {"acme/rocket": f"main:{BASE},12:{HEAD}"},
        "repo-commit": HEAD,
    }  # fmt: skip


def test_of_a_run_of_nothing_in_particular_only_the_time_is_said() -> None:
    job = Job(layout.PERIODIC, "hello", "1" * 19)
    assert metadata.started(job, 1700000000.9) == {"timestamp": 1700000000}
    assert metadata.finished(job, 1700000001.0, "SUCCESS", {}) == {
        "timestamp": 1700000001, "passed": True, "result": "SUCCESS", "metadata": {},
    }  # fmt: skip


def test_how_it_ended_is_said_in_both_words_and_steps_may_add_to_it() -> None:
    for result, passed in (("SUCCESS", True), ("FAILURE", False), ("ABORTED", False)):
        told = metadata.finished(JOB, 1700000001.0, result, {"repo-commit": "mine", "zone": "x"})
        assert (told["passed"], told["result"], told["revision"]) == (passed, result, HEAD)
        assert told["metadata"] == {
            "repo-commit": "mine", "zone": "x", "repos": {"acme/rocket": f"main:{BASE},12:{HEAD}"},
        }  # fmt: skip


def test_the_job_tells_its_state_and_what_it_tests() -> None:
    job = metadata.prowjob(JOB, 0.0)
    assert job["status"] == {
        "state": "pending", "startTime": "1970-01-01T00:00:00Z", "build_id": "1" * 19
    }  # fmt: skip
    assert job["spec"]["refs"] == {
        "org": "acme", "repo": "rocket", "base_ref": "main", "base_sha": BASE,
        "pulls": [{"number": 12, "sha": HEAD, "author": ""}],
    }  # fmt: skip
    over = metadata.prowjob(JOB, 0.0, 61.0, "ABORTED")
    assert over["status"]["state"] == "aborted"
    assert over["status"]["completionTime"] == "1970-01-01T00:01:01Z"


def test_metadata_that_cannot_be_read_says_so_instead_of_breaking_the_run(tmp_path: Path) -> None:
    assert metadata.kept(tmp_path) == {}
    for text in ("", "[1]", "\udcff", "[" * 100_000):
        (tmp_path / "metadata.json").write_bytes(text.encode(errors="surrogateescape"))
        assert list(metadata.kept(tmp_path)) == ["metadata-error"]
    (tmp_path / "metadata.json").write_text(json.dumps({"zone": "x"}))
    assert metadata.kept(tmp_path) == {"zone": "x"}
