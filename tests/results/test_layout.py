"""Paths in a store, as Prow's viewers expect them."""

from hypothesis import given
from hypothesis import strategies as some

from py.results import layout
from py.results.layout import Job
from py.tools.refs import Pull, Refs

BUILD = "1795274987268606082"
PULL = Refs("main", "a" * 40, (Pull(12, "b" * 40),))
BATCH = PULL._replace(pulls=(*PULL.pulls, Pull(15)))


def test_a_presubmit_is_below_its_pull_request_with_an_alias_below_its_job() -> None:
    job = Job(layout.PRESUBMIT, "unit", BUILD, "acme", "rocket", PULL)
    assert layout.folder(job) == f"pr-logs/pull/acme_rocket/12/unit/{BUILD}"
    assert layout.alias(job) == f"pr-logs/directory/unit/{BUILD}.txt"
    assert layout.latest(job) == [
        "pr-logs/directory/unit/latest-build.txt", "pr-logs/pull/acme_rocket/12/unit/latest-build.txt",
    ]  # fmt: skip


def test_a_batch_belongs_to_no_pull_request() -> None:
    job = Job(layout.BATCH, "unit", BUILD, "acme", "rocket", BATCH)
    assert layout.folder(job) == f"pr-logs/pull/batch/unit/{BUILD}"
    assert layout.alias(job) == ""
    assert layout.latest(job) == ["pr-logs/directory/unit/latest-build.txt"]


def test_postsubmits_and_periodics_are_below_their_job() -> None:
    for kind in (layout.POSTSUBMIT, layout.PERIODIC):
        job = Job(kind, "unit", BUILD, "acme", "rocket")
        assert layout.folder(job) == f"logs/unit/{BUILD}"
        assert layout.alias(job) == ""
        assert layout.latest(job) == ["logs/unit/latest-build.txt"]


def test_a_repository_s_name_is_one_part_of_the_path_whatever_is_in_it() -> None:
    job = Job(layout.PRESUBMIT, "unit", BUILD, "https://acme.example/..", "a/b c", PULL)
    assert layout.folder(job).split("/")[2] == "https___acme.example__a_b_c"
    assert layout.folder(job._replace(org="", repo="..")).split("/")[2] == "_"


@given(some.floats(1e9, 9e9), some.floats(1e-3, 9e8), some.text(), some.text())
def test_a_build_s_number_has_19_digits_and_grows_with_time(
    began: float, later: float, name: str, other: str
) -> None:
    first, second = layout.build_id(began, name), layout.build_id(began + later, other)
    assert (len(first), len(second)) == (19, 19)
    assert int(first) < int(second) < 2**64
