"""What every file in dags/ promises: it loads nothing heavy, and names flags and outputs that exist."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from py.pipeline import answers, graph, load, signature
from py.pipeline.model import Pipeline, Step
from py.pipeline.render import PYTHON, quoted, render
from py.tools import cli
from py.tools.commands import DRYRUN, commands, flags
from py.tools.folders import ROOT
from py.tools.help import outputs_of

FILES = sorted(load.DAGS.glob("*.py"))
PIPELINES = [found.pipeline for found in load.all_of()[0].values()]
GOLDEN = Path(__file__).parent / "golden"
HEAVY = ("airflow", "boto3", "docker", "fire", "google", "jinja2", "kubernetes", "psutil", "rich", "yaml")
STEPS = {
    f"{pipeline.name}-{step.name}": step
    for pipeline in PIPELINES
    for step in pipeline.steps.values()
    if step.command.binary.is_module
}
each_step = pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)


def binary_of(step: Step) -> type:
    """The class that a step's program runs."""
    module = importlib.import_module(step.command.binary.program)
    (binary,) = [
        member
        for member in vars(module).values()
        if inspect.isclass(member)
        and member.__module__ == module.__name__
        and step.command.name in vars(member)
    ]
    return binary


def test_every_file_loads() -> None:
    assert load.all_of()[1] == []
    assert {"hello", "tf_k8s_tests"} <= {pipeline.name for pipeline in PIPELINES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_loads_no_heavy_library_and_no_binary(file: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from py.pipeline import load; load.load(Path(sys.argv[1]));"
        "print(' '.join(sys.modules))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, file], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[0] for name in out.stdout.split()} | set(out.stdout.split())
    assert not loaded & {*HEAVY, *(step.command.binary.program for step in STEPS.values())}


@each_step
def test_a_step_s_flags_are_those_of_its_command(step: Step) -> None:
    command = commands(binary_of(step))[step.command.name]
    known = {name: p for name, p in flags(command).items() if name != DRYRUN}
    required = {name for name, p in known.items() if p.default is p.empty}
    assert set(step.command.flags) <= set(known)
    assert required <= set(step.command.flags)
    read = signature.commands(step.command.binary.program)
    assert read and set(read[step.command.name].flags) == set(known)
    assert set(read[step.command.name].required) == required


@each_step
def test_a_step_s_outputs_are_given_by_its_command(step: Step) -> None:
    assert set(step.outputs) <= set(outputs_of(commands(binary_of(step))[step.command.name]))


@each_step
def test_the_argv_of_a_step_is_read_back_as_its_flags(step: Step) -> None:
    argv = render(step.command, answers.placeholders())
    assert argv[:3] == [PYTHON, "-m", step.command.binary.program]
    command = commands(binary_of(step))[step.command.name]
    texts = cli.parse(command, argv[4:], "here")
    assert [f"--{flag}={text}" for flag, text in texts.items()] == argv[4:]


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.name)
def test_plan_and_graph_are_as_reviewed(pipeline: Pipeline) -> None:
    plan = [quoted(render(step.command, answers.placeholders())) for step in pipeline.steps.values()]
    drawn = "\n".join([*plan, "", graph.mermaid(pipeline), ""])
    golden = GOLDEN / f"{pipeline.name}.txt"
    assert golden.read_text() == drawn, f"if this change is meant, put it into {golden}"


def test_the_main_pipeline_has_the_ancestor_s_steps_and_fits_a_screen() -> None:
    main = load.pipeline("tf_k8s_tests")
    assert [*main.pipeline.steps, main.pipeline.last] == [
        "clone_repo", "pylint", "pytest", "build_images", "create_cluster", "setup_cluster", "run_tests",
        "teardown_cluster", "done",
    ]  # fmt: skip
    assert "build_images" not in main.pipeline.steps["create_cluster"].upstream
    assert len(main.file.read_text().splitlines()) < 70
    imports = [line for line in main.file.read_text().splitlines() if line.startswith(("from", "import"))]
    pipeline = "from py.pipeline import Binary, Pipeline, airflow_dag"
    assert imports == ["from datetime import timedelta", pipeline]
