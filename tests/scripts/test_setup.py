"""scripts/setup as people and CI meet it: quick when ready, plain about what it cannot do itself."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from py.tools.folders import ROOT

NOBODY = 65534


class Checkout:
    """The scripts in a folder that anybody may read, with a home and maybe the test's own parts."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)
        self.home = folder / "home"
        self.home.mkdir()
        self.state = self.home / ".local/state/windtunnel"
        self.scripts = folder / "scripts"
        shutil.copytree(ROOT / "scripts", self.scripts)
        self.parts = self.scripts / "setup.d"
        self.path = os.environ["PATH"]

    def replace_parts(self, **parts: str) -> None:
        shutil.rmtree(self.parts)
        self.parts.mkdir()
        for name, text in parts.items():
            (self.parts / name).write_text(text)

    def keep_programs(self, *names: str) -> None:
        """From now on PATH leads to these alone, wherever the machine has them."""
        programs = self.home.parent / "programs"
        programs.mkdir()
        for name in names:
            found = shutil.which(name)
            assert found, f"this machine has no {name}"
            (programs / name).symlink_to(found)
        self.path = str(programs)

    def start(self, *parts: str, user: int | None = None) -> "subprocess.Popen[str]":
        environment = {"PATH": self.path, "HOME": str(self.home)}
        return subprocess.Popen(
            [self.scripts / "setup", *parts],
            env=environment,
            user=user,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def setup(self, *parts: str, user: int | None = None) -> tuple[int, str]:
        process = self.start(*parts, user=user)
        _, said = process.communicate(timeout=60)
        return process.returncode, said


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    with tempfile.TemporaryDirectory() as folder:
        yield Checkout(Path(folder))


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(200):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("waited ten seconds in vain")


SHELL = ("bash", "env", "dirname", "sed", "id")


def test_without_root_it_says_what_to_run_and_touches_nothing(checkout: Checkout) -> None:
    checkout.keep_programs(*SHELL, "apt-get")
    code, said = checkout.setup(user=NOBODY if os.geteuid() == 0 else None)
    assert code == 2
    assert "sudo apt-get install -y --no-install-recommends git" in said
    assert "sudo systemctl start docker" in said
    assert "sudo make e2e" in said
    assert not any(checkout.home.iterdir())


def test_without_apt_it_says_what_to_install_and_touches_nothing(checkout: Checkout) -> None:
    checkout.keep_programs(*SHELL)
    code, said = checkout.setup("packages", "docker")
    assert code == 2
    assert "no apt-get" in said
    assert "libseccomp" in said
    assert "the Docker engine, started" in said
    assert not any(checkout.home.iterdir())


def test_an_unknown_part_is_answered_with_those_there_are(checkout: Checkout) -> None:
    code, said = checkout.setup("dokcer")
    assert code == 2
    assert "'dokcer'" in said
    assert "docker" in said.split("there are:")[1]


def test_on_a_ready_machine_it_says_nothing() -> None:
    done = subprocess.run([ROOT / "scripts/setup"], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_part_that_fails_shows_why_and_stops_only_what_needs_it(checkout: Checkout) -> None:
    checkout.replace_parts(
        broken="ready() { false; }; make_ready() { echo the disk is full; return 3; }",
        dependent="needs=broken; ready() { false; }; make_ready() { touch $state/dependent; }",
        other="ready() { [[ -e $state/other ]]; }; make_ready() { touch $state/other; }",
    )
    code, said = checkout.setup()
    assert code == 1
    assert "the disk is full" in said
    assert "left out, it needs broken" in said
    assert (checkout.state / "other").exists()
    assert not (checkout.state / "dependent").exists()


def test_a_part_begins_after_those_it_needs(checkout: Checkout) -> None:
    checkout.replace_parts(
        a="needs=b; ready() { [[ -e $state/a ]]; }; make_ready() { [[ -e $state/b ]] && touch $state/a; }",
        b="ready() { [[ -e $state/b ]]; }; make_ready() { sleep 0.5; touch $state/b; }",
    )
    assert checkout.setup()[0] == 0
    assert checkout.setup() == (0, "")


def test_parts_that_do_not_need_each_other_are_made_side_by_side(checkout: Checkout) -> None:
    meet = "ready() { [[ -e $state/%s ]]; }; make_ready() { touch $state/%s; retry 10 test -e $state/%s; }"
    checkout.replace_parts(left=meet % ("left", "left", "right"), right=meet % ("right", "right", "left"))
    code, said = checkout.setup()
    assert code == 0, said


def test_two_set_ups_at_once_do_the_work_once(checkout: Checkout) -> None:
    checkout.replace_parts(
        once="ready() { [[ -e $state/done ]]; }; "
        "make_ready() { echo x >>$state/runs; sleep 1; touch $state/done; }"
    )
    both = [checkout.start(), checkout.start()]
    for process in both:
        process.communicate(timeout=60)
    assert [process.returncode for process in both] == [0, 0]
    assert (checkout.state / "runs").read_text() == "x\n"


def test_an_interrupt_ends_what_the_parts_have_started(checkout: Checkout) -> None:
    checkout.replace_parts(
        endless="ready() { false; }; make_ready() { sleep 600 & echo $! >$state/pid.new; "
        "mv $state/pid.new $state/pid; wait; }"
    )
    process = checkout.start()
    wait_until((checkout.state / "pid").exists)
    sleeper = Path("/proc", (checkout.state / "pid").read_text().strip(), "cmdline")
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "goes on from here" in said
    wait_until(lambda: not sleeper.exists() or not sleeper.read_bytes())
