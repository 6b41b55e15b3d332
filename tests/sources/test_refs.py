"""What a trigger may say about commits, and what it may not: all of it is read before anything runs."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py.sources import refs
from py.tools.errors import UsageError
from py.tools.refs import Pull, Refs

A, B = "a" * 40, "b" * 40


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        ({"pull": "12,12"}, "twice"),
        ({"pull": "twelve"}, "no pull request"),
        ({"pull": "0"}, "no pull request"),
        ({"pull": "-12"}, "no pull request"),
        ({"pull": "12:main"}, "no commit"),
        ({"pull": "12:" + A + ":--upload-pack=x"}, "cannot be"),
        ({"commit": "main"}, "--branch"),
        ({"commit": "--help"}, "no commit"),
        ({"branch": "--upload-pack=touch x"}, "cannot be"),
        ({"pull": "12,15", "commit": A}, "one pull request"),
        ({"pull": f"12:{A}", "commit": B}, "contradict"),
        ({"commit": A, "base_commit": B}, "contradict"),
        ({"refs": f"main:{A}", "branch": "dev"}, "contradict"),
        ({"refs": f"main:{A}", "base_commit": B}, "contradict"),
        ({"refs": f"main,12:{A}", "pull": "15"}, "contradict"),
        ({"refs": f"main,12:{A}", "pull": f"12:{B}"}, "contradict"),
        ({"refs": "main,x"}, "no pull request"),
    ],
)
def test_a_wrong_question_is_refused_in_one_line(flags: dict[str, str], word: str) -> None:
    with pytest.raises(UsageError, match=word) as error:
        refs.parse(**flags)
    assert "\n" not in str(error.value)


def test_prows_refs_string_says_everything() -> None:
    asked = refs.parse(f"main:{A},12:{B},15")
    assert asked == Refs("main", A, (Pull(12, B), Pull(15)))


def test_flags_that_say_the_same_agree() -> None:
    asked = refs.parse(f"main:{A},12", pull="12", commit=B, base_commit=A[:8], branch="main")
    assert asked == Refs("main", A, (Pull(12, B),))


def test_a_commit_belongs_to_the_pull_request_and_else_to_the_checkout() -> None:
    assert refs.parse(pull="12", commit=A).pulls == (Pull(12, A),)
    assert refs.parse(commit=A).base_sha == A


def test_a_pull_request_may_have_a_ref_of_its_own() -> None:
    assert refs.parse(pull=f"7:{A}:refs/changes/07/7/1").pulls[0].remote_ref == "refs/changes/07/7/1"


@given(
    st.builds(
        Refs,
        st.sampled_from(["main", "release-1.2", "feature/x"]),
        st.sampled_from(["", A]),
        st.lists(
            st.builds(
                Pull, st.integers(1, 10**9), st.sampled_from(["", B]), st.sampled_from(["", "refs/x/1"])
            ),
            unique_by=lambda p: p.number,
        ).map(tuple),
    )
)
def test_what_is_written_reads_back_the_same(asked: Refs) -> None:
    assert refs.parse(str(asked)) == asked


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
    | st.from_regex(r"[-a-z/.@{~^:+*]{1,8}", fullmatch=True)
)
def test_a_branch_is_taken_exactly_when_git_takes_it(name: str) -> None:
    try:
        taken = refs.parse(branch=name).base_ref == name
    except UsageError:
        taken = False
    if name.startswith("-") or "\0" in name:
        assert not taken
        return
    judge = subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=False).returncode == 0
    assert taken <= judge, "what git refuses must not reach it"
    if judge and name != "@":
        assert taken, "a name that git allows must be allowed"
