"""Rates, flips and times are what a plain count of the same runs gives, and what hurts is on top."""

from collections.abc import Callable, Sequence
from statistics import median, quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py.results import history
from py.results.history import Row, percentile
from py.results.past import CUT, FAILED, FLAKY, NOT_RUN, PASSED, SKIPPED, TEST, Cell, Past, Subject
from py.results.verdict import ABORTED, FAILURE, SUCCESS

NAMES = "abc"


def subject(name: str) -> Subject:
    return Subject(TEST, "", name)


def run(number: int, result: str = FAILURE, commit: str = "", **outcomes: str) -> Past:
    cells = {subject(name): Cell(outcome, 1.0, f"said {number}") for name, outcome in outcomes.items()}
    return Past(str(number), str(number), "", float(number), result, commit, commit, cells)


def row(runs: Sequence[Past], name: str = "a") -> Row:
    (found,) = (each for each in history.rows(runs) if each.subject == subject(name))
    return found


cells = st.builds(
    Cell,
    st.sampled_from([PASSED, FAILED, FLAKY, SKIPPED, NOT_RUN, CUT]),
    st.floats(0, 1e6),
    st.text(max_size=3),
)
pasts = st.builds(
    lambda result, code, told: Past(
        "", "", "", 0.0, result, code, code, {subject(n): c for n, c in told.items()}
    ),
    st.sampled_from([SUCCESS, FAILURE, ABORTED, ""]),
    st.sampled_from(["", "c1", "c2", "c3"]),
    st.dictionaries(st.sampled_from(NAMES), cells),
)


@given(st.lists(pasts, max_size=12))
def test_the_figures_are_those_of_a_plain_count(given: list[Past]) -> None:
    runs = [past._replace(id=str(number)) for number, past in enumerate(given)]
    found = {each.subject.name: each for each in history.rows(runs)}
    assert set(found) == {s.name for past in runs for s in past.cells}
    for name, got in found.items():
        lived = [
            (past, past.cells[subject(name)])
            for past in runs
            if past.result in ("SUCCESS", "FAILURE")
            and subject(name) in past.cells
            and past.cells[subject(name)].outcome in ("passed", "failed", "flaky")
        ]
        outcomes = [cell.outcome for _, cell in lived]
        seconds = [cell.seconds for _, cell in lived]
        assert (got.ran, got.passed) == (len(outcomes), outcomes.count("passed"))
        assert got.rate == (outcomes.count("passed") / len(outcomes) if outcomes else None)
        on = {
            code: {o for (p, _), o in zip(lived, outcomes, strict=True) if p.tested == code}
            for code in ("c1", "c2", "c3")
        }
        flips = {code for code, told in on.items() if "flaky" in told or {"passed", "failed"} <= told}
        alone = {f"run {p.id}" for p, cell in lived if not p.tested and cell.outcome == "flaky"}
        assert set(got.flips) == flips | alone
        assert len(got.flips) == len(flips | alone)
        assert got.median == (pytest.approx(median(seconds)) if seconds else None)
        if len(seconds) > 1:
            assert got.p90 == pytest.approx(quantiles(seconds, n=10, method="inclusive")[8])
        streak = 0
        while streak < len(outcomes) and outcomes[-1 - streak] == "failed":
            streak += 1
        assert got.failing == streak
        assert got.since == (lived[-streak][0] if streak else None)
        bad = [(past, cell.said) for past, cell in lived if cell.outcome != "passed"]
        assert got.last == (bad[-1] if bad else None)


@given(st.lists(st.floats(0, 1e9), min_size=1), st.floats(0, 1))
def test_a_percentile_is_within_the_values_and_grows_with_the_share(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)
    assert percentile(values, 0) == min(values) <= found <= max(values) == percentile(values, 1)


@pytest.mark.parametrize("result", [ABORTED, ""])
def test_runs_that_were_aborted_or_go_on_do_not_count(result: str) -> None:
    found = row([run(1, a=PASSED), run(2, result, a=FAILED)])
    assert (found.rate, found.failing, found.last) == (1.0, 0, None)
    assert row([run(1, result, a=FAILED)]).rate is None


@pytest.mark.parametrize("outcome", [SKIPPED, NOT_RUN, CUT])
def test_what_was_not_tried_is_neither_good_nor_bad(outcome: str) -> None:
    found = row([run(1, a=PASSED), run(2, a=FAILED), run(3, a=outcome)])
    assert (found.ran, found.passed, found.failing) == (2, 1, 1)


def test_a_flip_is_a_commit_that_both_passed_and_failed_and_nothing_else() -> None:
    mixed = [run(1, commit="c1", a=PASSED), run(2, commit="c2", a=FAILED), run(3, commit="c1", a=FAILED)]
    assert row(mixed).flips == ("c1",)
    assert row([run(1, commit="c1", a=PASSED), run(2, commit="c2", a=FAILED)]).flips == ()
    assert row([run(1, a=PASSED), run(2, a=FAILED)]).flips == ()  # nobody knows that it was the same commit
    assert row([run(7, a=FLAKY)]).flips == ("run 7",)


def test_one_pull_request_on_two_bases_is_not_the_same_commit() -> None:
    first, second = run(1, commit="head", a=PASSED), run(2, commit="head", a=FAILED)
    bases = [first._replace(tested="main:b1,12:head"), second._replace(tested="main:b2,12:head")]
    assert row(bases).flips == ()
    assert row([*bases, run(3, a=PASSED)._replace(commit="head", tested="main:b2,12:head")]).flips == (
        "head",
    )


def test_since_when_it_fails_and_what_it_said_last() -> None:
    runs = [run(1, a=FAILED), run(2, a=PASSED), run(3, a=FAILED), run(4, ABORTED, a=PASSED), run(5, a=FAILED)]
    found = row(runs)
    assert (found.failing, found.since) == (2, runs[2])
    assert found.last == (runs[4], "said 5")
    assert row(runs[:2])[-3:] == (0, None, (runs[0], "said 1"))


HURTS: list[tuple[str, Callable[[int], str], Callable[[int], str]]] = [  # the outcomes of run 0 to 9
    ("what fails now", lambda n: FAILED if n > 8 else PASSED, lambda n: FAILED if n < 8 else PASSED),
    ("what fails for longer", lambda n: FAILED if n > 4 else PASSED, lambda n: FAILED if n > 7 else PASSED),
    ("what failed more often", lambda n: FAILED if n < 3 else PASSED, lambda n: FAILED if n < 2 else PASSED),
    ("what failed before what never ran", lambda n: FAILED if n < 1 else PASSED, lambda n: SKIPPED),
]  # fmt: skip


@pytest.mark.parametrize(("more", "less"), [each[1:] for each in HURTS], ids=[each[0] for each in HURTS])
def test_what_hurts_more_comes_first(more: Callable[[int], str], less: Callable[[int], str]) -> None:
    runs = [run(n, b=more(n), a=less(n)) for n in range(10)]
    assert [each.subject.name for each in history.rows(runs)] == ["b", "a"]


def test_what_is_flaky_comes_before_what_failed_more_often() -> None:
    runs = [run(1, commit="c", b=FAILED, a=FAILED), run(2, commit="d", b=PASSED, a=FAILED)]
    runs += [run(3, commit="c", b=PASSED), run(4, commit="e", a=PASSED)]
    assert [each.subject.name for each in history.rows(runs)] == ["b", "a"]
