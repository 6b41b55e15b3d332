"""Groups: steps of one task wait, and are waited for, together; in any engine."""

import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py.pipeline import Binary, Pipeline, graph
from py.pipeline.model import Step
from py.tools.errors import DefinitionError
from tests.projects import Project

tool = Binary("./tool")


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline("sample")


def add(pipeline: Pipeline, name: str, *after: Step, **more: Any) -> Step:
    """A step that needs nothing but its place."""
    return pipeline.step(name, tool("do"), after=after, **more)


def order(pipeline: Pipeline) -> dict[str, tuple[str, ...]]:
    """What each step waits for."""
    return {step.name: step.upstream for step in pipeline.steps.values()}


def test_a_group_is_one_task_and_any_other_step_one_of_its_own(pipeline: Pipeline) -> None:
    clone = add(pipeline, "clone")
    lint, _build, test = add(pipeline, "lint", clone), add(pipeline, "build", clone), add(pipeline, "test")
    pipeline.group("checks", [test, lint])
    assert pipeline.groups == {"checks": ("lint", "test")}
    assert pipeline.tasks() == {"clone": ("clone",), "checks": ("lint", "test"), "build": ("build",)}


def test_who_waits_for_one_waits_for_all_whether_declared_above_or_below(pipeline: Pipeline) -> None:
    clone = add(pipeline, "clone")
    lint = add(pipeline, "lint")
    above = add(pipeline, "above", lint)
    test = add(pipeline, "test", clone)
    pipeline.group("checks", [lint, test])
    below = add(pipeline, "below", test)
    add(pipeline, "end", above, below)
    assert order(pipeline) == {
        "clone": (),
        "lint": ("clone",),
        "test": ("clone",),
        "above": ("lint", "test"),
        "below": ("lint", "test"),
        "end": ("above", "below"),
    }


def test_a_member_waits_for_what_another_one_needs(pipeline: Pipeline) -> None:
    lint = add(pipeline, "lint")
    build = add(pipeline, "build")
    pipeline.group("checks", [lint, add(pipeline, "test", build, lint)])
    assert order(pipeline) == {"build": (), "lint": ("build",), "test": ("build", "lint")}


def test_undoing_waits_for_what_a_group_makes_build_on_what_it_undoes(pipeline: Pipeline) -> None:
    create, beside = add(pipeline, "create"), add(pipeline, "beside")
    test = add(pipeline, "test", create)
    add(pipeline, "report", beside)
    add(pipeline, "delete", undoes=[create])
    assert order(pipeline)["delete"] == ("create", "test")
    pipeline.group("checks", [beside, test])
    assert order(pipeline)["delete"] == ("create", "beside", "test", "report")


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ("[]", "group 'checks' has no steps"),
        ("'lint'", "group 'checks': steps wants a list"),
        ("lint", "group 'checks': steps wants a list"),
        ("['lint']", "names 'lint', which is no step of this pipeline"),
        ("[foreign]", "names step 'lint', which is no step of this pipeline"),
        ("[lint, lint]", "names step 'lint' twice"),
        ("[grouped]", "step 'grouped' is in group 'other' already"),
        ("[delete, lint]", "step 'delete' undoes others"),
        ("[lint, test]", "would wait for itself: build must run after one of its steps and before another"),
    ],
)
def test_a_group_that_cannot_be_is_refused(pipeline: Pipeline, steps: str, says: str) -> None:
    known = {"foreign": add(Pipeline("other"), "lint"), "lint": add(pipeline, "lint")}
    known["beside"] = add(pipeline, "beside", known["lint"])
    known["build"] = add(pipeline, "build", known["lint"])
    known["test"] = add(pipeline, "test", known["build"])
    known["grouped"] = add(pipeline, "grouped")
    known["delete"] = add(pipeline, "delete", undoes=[known["build"]])
    pipeline.group("other", [known["grouped"]])
    before = order(pipeline)
    with pytest.raises(DefinitionError, match=re.escape(says)):
        pipeline.group("checks", eval(steps, known))
    assert (order(pipeline), list(pipeline.groups)) == (before, ["other"])


def test_a_group_around_an_undoing_step_is_refused(pipeline: Pipeline) -> None:
    create = add(pipeline, "create")
    test = add(pipeline, "test", create)
    after = add(pipeline, "after", add(pipeline, "delete", undoes=[create]))
    with pytest.raises(DefinitionError, match="would wait for itself: delete must run after one"):
        pipeline.group("tests", [test, after])


def test_groups_and_steps_share_their_names(pipeline: Pipeline) -> None:
    lint = add(pipeline, "lint")
    with pytest.raises(DefinitionError, match="a step 'lint' already"):
        pipeline.group("lint", [lint])
    pipeline.group("checks", [lint])
    with pytest.raises(DefinitionError, match="a group 'checks' already"):
        add(pipeline, "checks")
    with pytest.raises(DefinitionError, match="a group 'checks' already"):
        pipeline.done("checks")
    pipeline.done()
    with pytest.raises(DefinitionError, match="group 'late' comes after 'done'"):
        pipeline.group("late", [lint])


def test_a_step_can_be_named_after_it_was_put_into_a_group(pipeline: Pipeline) -> None:
    lint, test = add(pipeline, "lint"), add(pipeline, "test")
    late = add(pipeline, "late", lint)
    pipeline.group("checks", [lint, test])
    add(pipeline, "undo", undoes=[lint, late])
    assert order(pipeline)["undo"] == ("lint", "test", "late")


def test_a_part_of_a_pipeline_has_the_chosen_members_alone(pipeline: Pipeline) -> None:
    clone = add(pipeline, "clone")
    lint, test = add(pipeline, "lint", clone), add(pipeline, "test", clone)
    pipeline.group("checks", [lint, test])
    pipeline.group("rest", [add(pipeline, "publish", test)])
    pipeline.done()
    part = pipeline.only(["test"])
    assert part.tasks() == {"clone": ("clone",), "checks": ("test",)}
    assert pipeline.only(["publish"]).tasks() == pipeline.tasks()
    assert pipeline.groups == {"checks": ("lint", "test"), "rest": ("publish",)}


@given(st.data())
def test_whatever_is_grouped_the_order_can_be_run(data: st.DataObject) -> None:
    pipeline = Pipeline("sample")
    steps: list[Step] = []
    for number in range(10):
        above = _some(data, steps, 0, 2) if steps else []
        word = "undoes" if above and data.draw(st.integers(0, 5)) == 0 else "after"
        steps.append(pipeline.step(f"s{number}", tool("do"), **{word: above}))  # type: ignore[arg-type]
    for number in range(3):
        with suppress(DefinitionError):
            pipeline.group(f"g{number}", _some(data, steps, 1, 3))
    seen: set[str] = set()
    task_of = {step: task for task, names in pipeline.tasks().items() for step in names}
    for names in pipeline.tasks().values():
        outside = [set(pipeline.steps[name].upstream) - set(names) for name in names]
        assert all(parents == outside[0] <= seen for parents in outside)
        for parent in outside[0]:
            assert set(pipeline.tasks()[task_of[parent]]) <= outside[0]
        seen.update(names)
    place = {name: index for index, name in enumerate(pipeline.steps)}
    assert all(place[up] < place[step.name] for step in pipeline.steps.values() for up in step.upstream)


def _some(data: st.DataObject, steps: list[Step], least: int, most: int) -> list[Step]:
    places = st.sets(st.integers(0, len(steps) - 1), min_size=least, max_size=most)
    return [steps[place] for place in sorted(data.draw(places))]


def test_what_a_group_s_failure_leaves_out_is_the_same_for_all_who_wait(project: Project) -> None:
    project.declare(
        """
        lint = pipeline.step("lint", sh(do="exit 1"))
        test = pipeline.step("test", sh(do="true"))
        pipeline.step("publish", sh(do="true"), after=[test])
        pipeline.group("checks", [lint, test])
        """
    )
    assert project.run()[0] == 1
    assert project.states() == {"lint": "failed", "test": "passed", "publish": "not run"}


def test_show_and_graph_tell_groups(project: Project) -> None:
    project.declare(
        """
        clone = pipeline.step("clone", sh(do="true"))
        both = [pipeline.step(name, sh(do="true"), after=[clone]) for name in ("lint", "test")]
        pipeline.group("checks", both)
        """
    )
    assert "\n  group checks: lint, test\n" in project.e2e("show", "sample", "--dags=dags")[1]
    _, drawn = project.e2e("graph", "sample", "--dags=dags")
    assert drawn.splitlines() == [
        "flowchart LR",
        "  subgraph checks",
        "    lint",
        "    test",
        "  end",
        "  clone",
        "  clone --> lint & test",
        "  lint & test --> done([done])",
    ]


def test_a_pipeline_without_groups_is_drawn_without_any(pipeline: Pipeline) -> None:
    add(pipeline, "one")
    pipeline.done()
    assert graph.mermaid(pipeline) == "flowchart LR\n  one\n  one --> done([done])"
