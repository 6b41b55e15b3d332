"""A mistake in a definition is an error on the line that made it, with the near names."""

from datetime import timedelta
from typing import Any

import pytest

from py.pipeline import Binary, Pipeline
from py.pipeline.model import Step
from py.tools.errors import DefinitionError, UsageError

tool = Binary("./tool")


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline("sample")


def test_an_unknown_output_is_refused_with_what_the_step_gives(pipeline: Pipeline) -> None:
    build = pipeline.step("build", tool("build"), outputs=["image", "chart"])
    with pytest.raises(DefinitionError, match="step 'build' has no output 'imgae'; did you mean image"):
        build["imgae"]
    with pytest.raises(DefinitionError, match="it gives: image, chart"):
        build["zzz"]


def test_a_name_is_given_once(pipeline: Pipeline) -> None:
    pipeline.step("build", tool("build"))
    with pytest.raises(DefinitionError, match="a step 'build' already"):
        pipeline.step("build", tool("build"))
    pipeline.param("WHO", "")
    with pytest.raises(DefinitionError, match="a param 'WHO' already"):
        pipeline.param("WHO", "")
    with pytest.raises(DefinitionError, match="a param 'dryrun' already"):
        pipeline.param("dryrun", True)


@pytest.mark.parametrize("name", ["", "a b", "1st", "../up", "a-b", "é", "x" * 101])
def test_a_name_is_letters_digits_and_underscores(pipeline: Pipeline, name: str) -> None:
    with pytest.raises(DefinitionError):
        pipeline.step(name, tool("x"))
    with pytest.raises(DefinitionError):
        Pipeline(name)
    with pytest.raises(DefinitionError):
        pipeline.step("fine", tool("x"), outputs=[name])


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("", "is no path of a file"), ("x/", "is no path"), ("./x", "is no path"), ("x//y", "is no path"),
        ("x\0", "is no path"), (7, "is no path"), ("/etc/passwd", "is not in ARTIFACTS"),
        ("..", "is not in ARTIFACTS"), ("../x", "is not in ARTIFACTS"), ("x/../../y", "is not in ARTIFACTS"),
        (".", "is not in ARTIFACTS"), ("junit_x.xml", "is JUnit to viewers"), ("x/test.xml", "is JUnit"),
    ],
)  # fmt: skip
def test_an_artifact_is_a_file_in_its_folder(pipeline: Pipeline, file: Any, says: str) -> None:
    with pytest.raises(DefinitionError, match=f"step 'package': artifact .*{says}"):
        pipeline.step("package", tool("x"), artifacts=[file])


def test_every_file_is_one_step_s_own(pipeline: Pipeline) -> None:
    pipeline.step("unit_tests", tool("x"), junit=True, artifacts=["app.tgz"])
    for name, more, file in (
        ("package", {"artifacts": ["app.tgz"]}, "app.tgz"),
        ("unit__tests", {"junit": True}, "junit_unit-tests.xml"),
    ):
        with pytest.raises(DefinitionError, match=f"{name}' leaves {file} .*, and so does step 'unit_tests'"):
            pipeline.step(name, tool("x"), **more)
    with pytest.raises(DefinitionError, match="'steps' leaves junit_steps.xml .*, and so does the runner"):
        pipeline.step("steps", tool("x"), junit=True)


def test_a_step_without_junit_cannot_pass_with_no_tests(pipeline: Pipeline) -> None:
    with pytest.raises(DefinitionError, match="say junit=True as well"):
        pipeline.step("tests", tool("x"), pass_with_no_tests=True)
    pipeline.step("tests", tool("x"), junit=True, pass_with_no_tests=True)


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        ({"outputs": "image"}, r"outputs wants a list, as in outputs=\[…\]"),
        ({"secrets": "TOKEN"}, "secrets wants a list"),
        ({"artifacts": "app.tgz"}, "artifacts wants a list"),
        ({"after": Pipeline("other").step("one", tool("x"))}, "after wants a list"),
        ({"undoes": Pipeline("other").step("one", tool("x"))}, "undoes wants a list"),
        ({"timeout": 30}, "timeout wants a time above 0"),
        ({"timeout": timedelta(0)}, "timeout wants a time above 0"),
    ],
)
def test_one_thing_is_no_list_and_a_number_no_time(
    pipeline: Pipeline, mistake: dict[str, Any], says: str
) -> None:
    with pytest.raises(DefinitionError, match=f"step 'build': {says}"):
        pipeline.step("build", tool("x"), **mistake)


def test_nothing_comes_after_done(pipeline: Pipeline) -> None:
    pipeline.step("build", tool("build"))
    pipeline.done("finish")
    with pytest.raises(DefinitionError, match="'late' comes after 'finish'"):
        pipeline.step("late", tool("x"))
    with pytest.raises(DefinitionError, match="'finish'"):
        pipeline.done("again")


def test_done_needs_a_step(pipeline: Pipeline) -> None:
    with pytest.raises(DefinitionError, match="before it has a step"):
        pipeline.done()


@pytest.mark.parametrize(
    ("default", "choices", "pattern", "says"),
    [
        ("c", ("a", "b"), "", "none of"),
        ("x", (), "[0-9]+", "does not match"),
        (None, (), "", "no text, number"),
        (["a"], (), "", "no text, number"),
    ],
)
def test_a_default_obeys_its_own_rules(
    pipeline: Pipeline, default: object, choices: tuple[str, ...], pattern: str, says: str
) -> None:
    with pytest.raises(DefinitionError, match=says):
        pipeline.param("P", default, choices=choices, pattern=pattern)  # type: ignore[arg-type]


def test_a_preset_obeys_the_params(pipeline: Pipeline) -> None:
    pipeline.param("PULL", "")
    with pytest.raises(DefinitionError, match="no param 'PUL'; did you mean PULL"):
        pipeline.preset("presubmit", PUL="1")
    with pytest.raises(DefinitionError, match="PULL wants text, not 1"):
        pipeline.preset("presubmit", PULL=1)


def test_presets_come_with_a_param_that_names_one(pipeline: Pipeline) -> None:
    pipeline.param("PULL", "")
    assert "preset" not in pipeline.params
    pipeline.preset("presubmit", PULL="1")
    pipeline.preset("periodic")
    assert pipeline.params["preset"].choices == ("", "presubmit", "periodic")
    with pytest.raises(DefinitionError, match="a param 'preset' already"):
        pipeline.param("preset", "")
    with pytest.raises(DefinitionError, match="no param 'preset'"):
        pipeline.preset("both", preset="periodic")
    other = Pipeline("other")
    other.param("preset", 3)
    with pytest.raises(DefinitionError, match="a param 'preset' already"):
        other.preset("presubmit")


@pytest.mark.parametrize(
    ("cron", "says"),
    [
        ("0 3 * *", "five fields"),
        ("0 3 * * * *", "five fields"),
        ("@daily", "five fields"),
        (3, "five fields"),
        ("61 * * * *", "out of range"),
        ("a b c d e", "not acceptable"),
        ("0 3 31 2 *", "next date"),
    ],
)
def test_a_schedule_that_names_no_time_is_refused(pipeline: Pipeline, cron: str, says: str) -> None:
    with pytest.raises(DefinitionError, match=f"schedule .*{says}.*, as in '0 3"):
        pipeline.schedule(cron)


def test_a_schedule_names_a_preset_that_is_there_and_comes_once(pipeline: Pipeline) -> None:
    with pytest.raises(DefinitionError, match="no preset 'periodic'; above it are: none"):
        pipeline.schedule("0 3 * * *", preset="periodic")
    pipeline.preset("periodic")
    pipeline.schedule("0 3 * * MON-FRI", preset="periodic")
    assert (pipeline.cron, pipeline.cron_preset) == ("0 3 * * MON-FRI", "periodic")
    with pytest.raises(DefinitionError, match=r"beside '0 3 \* \* MON-FRI'"):
        pipeline.schedule("0 4 * * *")
    pipeline.step("build", tool("build"))
    pipeline.done()
    with pytest.raises(DefinitionError, match="after 'done'"):
        pipeline.schedule("0 4 * * *")


@pytest.mark.parametrize("tags", ["nightly", [""], ["x" * 101], [3], None])
def test_tags_are_a_list_of_short_texts(tags: Any) -> None:
    assert Pipeline("sample", tags=["nightly"]).tags == ("nightly",)
    with pytest.raises(DefinitionError, match="tag"):
        Pipeline("sample", tags=tags)


def test_a_reference_has_no_text_and_no_truth(pipeline: Pipeline) -> None:
    build = pipeline.step("build", tool("build"), outputs=["image"])
    for misuse in (
        lambda: f"--x={build['image']}",
        lambda: str(pipeline.run_name),
        lambda: bool(build["image"]),
    ):
        with pytest.raises(DefinitionError):
            misuse()


def test_references_belong_to_their_own_pipeline(pipeline: Pipeline) -> None:
    other = Pipeline("other")
    step = other.step("build", tool("build"), outputs=["image"])
    with pytest.raises(DefinitionError, match="another pipeline"):
        pipeline.step("use", tool("x", image=step["image"]))
    with pytest.raises(DefinitionError, match="another pipeline"):
        pipeline.step("use", tool("x", who=other.param("WHO", "")))
    with pytest.raises(DefinitionError, match="no step of this pipeline"):
        pipeline.step("use", tool("x"), after=[step])
    with pytest.raises(DefinitionError, match="no step of this pipeline"):
        pipeline.step("use", tool("x"), after=["build"])  # type: ignore[list-item]


def test_a_flag_is_text_a_number_a_truth_or_a_reference() -> None:
    with pytest.raises(DefinitionError, match="x cannot be None"):
        tool("x", x=None)  # type: ignore[arg-type]


def test_a_step_that_undoes_may_not_use_outputs(pipeline: Pipeline) -> None:
    create = pipeline.step("create", tool("create"), outputs=["cluster"])
    with pytest.raises(DefinitionError, match="use params and run_name"):
        pipeline.step("delete", tool("delete", name=create["cluster"]), undoes=[create])


def test_a_step_that_undoes_waits_for_all_that_builds_on_what_it_undoes(pipeline: Pipeline) -> None:
    create = pipeline.step("create", tool("create"))
    setup = pipeline.step("setup", tool("setup"), after=[create])
    pipeline.step("forgotten", tool("test"), after=[setup])
    beside = pipeline.step("beside", tool("lint"))
    delete = pipeline.step("delete", tool("delete"), undoes=[create])
    assert delete.upstream == ("create", "setup", "forgotten")
    assert beside.name not in delete.upstream


@pytest.mark.parametrize(
    ("module", "command", "flags", "says"),
    [
        ("py.relase", "clone", {}, "no program 'py.relase'; did you mean py.release"),
        ("py.release", "clon", {}, "no command 'clon'; did you mean clone"),
        ("py.release", "build", {"src_dri": "x"}, "no flag 'src_dri'; did you mean src_dir"),
        ("py.release", "build", {}, "needs src_dir"),
    ],
)
def test_a_binary_s_flags_are_compared_with_its_source(
    module: str, command: str, flags: dict[str, str], says: str
) -> None:
    with pytest.raises(DefinitionError, match=says):
        Binary(module)(command, **flags)


def test_a_part_of_a_pipeline_keeps_what_it_needs_and_what_undoes_it(pipeline: Pipeline) -> None:
    clone = pipeline.step("clone", tool("clone"), outputs=["src_dir"])
    pipeline.step("lint", tool("lint", src_dir=clone["src_dir"]))
    create = pipeline.step("create", tool("create"), after=[clone])
    pipeline.step("test", tool("test"), after=[create])
    pipeline.step("delete", tool("delete"), undoes=[create])
    pipeline.done()
    assert list(pipeline.only(["lint"]).steps) == ["clone", "lint"]
    part = pipeline.only(["create"])
    assert list(part.steps) == ["clone", "create", "delete"]
    assert part.steps["delete"].upstream == ("create",)
    assert list(pipeline.steps) == ["clone", "lint", "create", "test", "delete"]
    with pytest.raises(UsageError, match="no step 'lnt'; did you mean lint"):
        pipeline.only(["lnt"])


def test_edges_follow_from_the_references(pipeline: Pipeline) -> None:
    clone = pipeline.step("clone", tool("clone"), outputs=["src_dir"])
    build = pipeline.step("build", tool("build", src_dir=clone["src_dir"]), timeout=timedelta(minutes=1))
    assert isinstance(build, Step)
    assert (build.upstream, build.timeout) == (("clone",), 60.0)
