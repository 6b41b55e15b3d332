"""A step whose program is in an image has the log, the outputs, the JUnit and the verdict of any other."""

import json
import shutil
import subprocess
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from py.pipeline import Binary, Pipeline
from py.pipeline.answers import placeholders
from py.pipeline.container import Task, name_of
from py.pipeline.pods import made
from py.pipeline.record import heard_step, spelled_step
from py.pipeline.render import render
from py.tools.errors import DefinitionError, UsageError
from py.tools.names import is_dns_label
from tests.projects import SHELL, Project, wait_until

BASE, IMAGE = "debian:bookworm-slim", "windtunnel-tests/box"
JUNIT = '<testsuite tests="1"><testcase classname="a" name="b"/></testsuite>'
OWNER = {"kind": "Pod", "name": "airflow", "uid": "1"}
FILES = "/opt/airflow/files"
RUN = f"{FILES}/runs/sample-1"


def docker(*words: str, input: str = "") -> str:
    done = subprocess.run(["docker", *words], input=input, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image with a shell that takes a script as its flag `do`."""
    if not shutil.which("docker"):
        pytest.skip("docker is not on PATH")
    if subprocess.run(["docker", "image", "inspect", BASE], capture_output=True, check=False).returncode:
        pytest.skip(f"Docker has no image {BASE}")
    folder = tmp_path_factory.mktemp("box")
    (folder / "sh").write_text(SHELL)
    (folder / "sh").chmod(0o755)
    (folder / "Dockerfile").write_text(f"FROM {BASE}\nCOPY sh /sh\n")
    docker("build", "--quiet", f"--tag={IMAGE}", str(folder))
    yield IMAGE
    docker("rmi", IMAGE)


@pytest.fixture
def boxed(project: Project, image: str) -> Project:
    """A project whose pipeline has `box`, that shell."""
    project.env["IMAGE"] = image
    return project


def declare(project: Project, body: str) -> None:
    project.declare(f'box = Binary("/sh", image="{IMAGE}")\n{textwrap.dedent(body)}')


def left() -> str:
    """The containers that there are of steps."""
    return docker("ps", "--all", "--quiet", f"--filter=ancestor={IMAGE}")


def test_what_a_container_leaves_is_what_a_process_leaves(boxed: Project) -> None:
    steps = """
        give = '''
            test -e /sh && echo in the image; pwd
            echo '{"word": "hello"}' >$STEP_OUTPUTS
            echo '%s' >$ARTIFACTS/junit_make.xml
            echo shared >shared
        '''
        make = pipeline.step("make", box(do=give), outputs=["word"], junit=True)
        pipeline.step("tell", sh(do="test $(cat $WORKSPACE/shared) = shared; echo got", word=make["word"]))
    """
    declare(boxed, steps % JUNIT)
    code, out = boxed.run()
    assert code == 0, out
    run = boxed.last()
    assert run.outputs["make"] == {"word": "hello"}
    log = (run.step_folder("make") / "log.txt").read_text()
    assert "in the image" in log
    assert str(run.workspace) in log.splitlines()
    assert (run.artifacts / "junit_make.xml").read_text().strip() == JUNIT
    assert not left()


def test_its_exit_code_and_last_line_are_the_verdict(boxed: Project) -> None:
    declare(boxed, 'pipeline.step("fail", box(do="echo error: no luck >&2; exit 3"))')
    code, _ = boxed.run()
    assert code == 1
    record = boxed.last().records["fail"]
    assert (record.state, record.code) == ("failed", 3)
    assert "no luck" in record.reason
    assert not left()


def test_a_container_whose_time_is_up_is_gone(boxed: Project) -> None:
    declare(
        boxed,
        """
        stubborn = "trap : TERM; while :; do sleep 0.1; done"
        pipeline.step("hang", box(do=stubborn), timeout=timedelta(seconds=2))
        """,
    )
    assert boxed.run()[0] == 1
    assert "timed out" in boxed.last().records["hang"].reason
    assert not left()


def test_a_run_that_is_interrupted_ends_the_container(boxed: Project) -> None:
    declare(boxed, 'pipeline.step("hang", box(do="touch begun; sleep 600"))')
    child = boxed.start("run", "sample", "--dags=dags")
    wait_until(lambda: list(boxed.folder.glob("runs/*/workspace/begun")))
    child.terminate()
    child.communicate(timeout=30)
    assert boxed.states()["hang"] == "aborted"
    assert not left()


def test_what_a_killed_runner_left_is_ended_with_its_run(boxed: Project) -> None:
    declare(boxed, 'pipeline.step("hang", box(do="touch begun; sleep 600"))')
    child = boxed.start("run", "sample", "--dags=dags")
    wait_until(lambda: list(boxed.folder.glob("runs/*/workspace/begun")))
    child.kill()
    child.communicate(timeout=30)
    boxed.declare('pipeline.step("other", sh(do="true"))', name="other")
    boxed.run(name="other")
    wait_until(lambda: not left())


def test_a_secret_reaches_its_step_and_is_censored(boxed: Project) -> None:
    boxed.env |= {"GITHUB_TOKEN": "sesame-9876", "OTHER": "other"}
    declare(
        boxed,
        """
        see = 'test -z "$OTHER" && echo the token is $GITHUB_TOKEN'
        pipeline.step("see", box(do=see), secrets=["GITHUB_TOKEN"])
        """,
    )
    code, out = boxed.run()
    assert code == 0, out
    told = (boxed.last().step_folder("see") / "log.txt").read_text()
    assert "sesame-9876" not in told
    assert "the token is $GITHUB_TOKEN" in told.splitlines()


def test_the_image_may_be_what_an_earlier_step_built(boxed: Project) -> None:
    boxed.program("build", f"""#!/bin/sh\necho '{{"image": "{IMAGE}"}}' >$STEP_OUTPUTS\n""")
    boxed.declare(
        """
        build = pipeline.step("build", Binary("./build")(), outputs=["image"])
        pipeline.step("use", Binary("/sh", image=build["image"])(do="test -e /sh"))
        """
    )
    code, out = boxed.run()
    assert code == 0, out
    assert boxed.last().steps["use"].upstream == ("build",)


def test_a_dry_run_shows_the_command_and_starts_nothing(boxed: Project) -> None:
    boxed.env["PATH"] = "/nowhere"
    declare(boxed, 'pipeline.step("see", box(do="true"))')
    code, out = boxed.run("--dryrun")
    assert code == 0, out
    assert f"--image={IMAGE} -- /sh --do=true" in out


def test_a_machine_without_docker_says_so(project: Project) -> None:
    project.env["PATH"] = "/usr/nowhere"
    project.declare('pipeline.step("see", Binary("/sh", image="x")(do="true"))')
    assert project.run()[0] != 0
    assert "needs docker, which is not on PATH" in project.last().records["see"].reason


@pytest.mark.parametrize("image", ["", "--privileged"])
def test_what_is_no_image_is_no_flag_either(boxed: Project, image: str) -> None:
    boxed.declare(
        """
        image = pipeline.param("IMAGE", "")
        pipeline.step("see", Binary("/sh", image=image)(do="true"))
        """
    )
    code, _ = boxed.run("--conf", json.dumps({"IMAGE": image}))
    assert code == 1
    assert f"{image!r} is no name of an image" in boxed.last().records["see"].reason


def test_an_image_is_kept_with_its_step() -> None:
    pipeline = Pipeline("sample", doc="A sample.")
    which = pipeline.param("IMAGE", "a")
    build = pipeline.step("build", Binary("./b")(), outputs=["image"])
    for name, image in (("text", "a:b"), ("output", build["image"])):
        step = pipeline.step(name, Binary("x", image=image)())
        assert heard_step(spelled_step(step)) == step
    step = pipeline.step("param", Binary("x", image=which)("go", flag="y"))
    answer = placeholders({"IMAGE": "a:c"})
    assert render(step.command, answer)[-5:] == ["--image=a:c", "--", "x", "go", "--flag=y"]


def test_an_image_is_a_name_or_a_reference() -> None:
    with pytest.raises(DefinitionError, match="no name of one"):
        Binary("x", image=3)  # type: ignore[arg-type]


@pytest.mark.parametrize("step", ["a", "A", "a_b", "a_B", "x" * 100])
def test_a_container_has_a_name_of_its_own(step: str) -> None:
    name = name_of("r" * 40, step)
    assert is_dns_label(name)
    assert name != name_of("r" * 40, "a_c")


def task(**more: Any) -> Task:
    env = {
        "RUN_NAME": "sample-1",
        "STEP_NAME": "s",
        "WORKSPACE": f"{RUN}/workspace",
        "ARTIFACTS": f"{RUN}/artifacts",
    }
    given = {
        "name": "sample-1-s", "image": "image", "argv": ("/sh", "--do=true"), "env": env, "secrets": (),
        "folders": (f"{RUN}/workspace", f"{RUN}/artifacts", f"{RUN}/steps/s"),
    }  # fmt: skip
    return Task(**(given | more))


def template(**container: Any) -> dict[str, Any]:
    mounts = [{"name": "files", "mountPath": FILES}, {"name": "tmp", "mountPath": "/tmp"}]
    one = {"name": "step", "volumeMounts": mounts, **container}
    spec = {"containers": [one], "imagePullSecrets": [{"name": "registry"}], "volumes": [{"name": "files"}]}
    return {"kind": "Pod", "metadata": {"namespace": "windtunnel"}, "spec": spec}


def test_a_pod_has_of_the_shared_volume_the_folders_of_its_run_alone() -> None:
    pod = made(template(), task(), OWNER)
    (container,) = pod["spec"]["containers"]
    shared = [each for each in container["volumeMounts"] if each["name"] == "files"]
    assert {each["mountPath"]: each["subPath"] for each in shared} == {
        f"{RUN}/{each}": f"runs/sample-1/{each}" for each in ("workspace", "artifacts", "steps/s")
    }
    assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]


def test_a_pod_keeps_what_the_place_says_and_goes_with_who_made_it() -> None:
    limits = {"limits": {"memory": "1Gi"}}
    pod = made(template(resources=limits, env=[{"name": "HTTPS_PROXY", "value": "p"}]), task(), OWNER)
    (container,) = pod["spec"]["containers"]
    assert container["resources"] == limits
    assert container["image"] == "image"
    assert container["command"] == ["/sh", "--do=true"]
    assert {"name": "HTTPS_PROXY", "value": "p"} in container["env"]
    assert {"name": "STEP_NAME", "value": "s"} in container["env"]
    assert pod["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    assert pod["metadata"]["ownerReferences"] == [OWNER]


def test_a_pods_secrets_are_its_steps_and_only_by_reference() -> None:
    one, other = (
        {"name": name, "valueFrom": {"secretKeyRef": {"name": "steps", "key": name}}}
        for name in ("ONE", "OTHER")
    )
    pod = made(template(env=[one, other]), task(secrets=("ONE",)), OWNER)
    env = pod["spec"]["containers"][0]["env"]
    assert one in env
    assert other not in env
    with pytest.raises(UsageError, match=r"\$MORE"):
        made(template(env=[one, other]), task(secrets=("MORE",)), OWNER)


def test_a_folder_that_is_not_shared_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="/elsewhere is not on the volume"):
        made(template(), task(folders=(f"{RUN}/workspace", "/elsewhere")), OWNER)
