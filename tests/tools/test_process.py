"""Programs that we start: what they print comes at once, how they end is told, and nothing stays behind."""

import os
import re
import resource
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from py.tools import dryrun, process, tree
from py.tools.errors import CommandFailed, CommandTimedOut, Missing
from py.tools.folders import ROOT

FOREVER = "while :; do sleep 0.1; done"
MIB = 1 << 20


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tree, "GRACE", 0.5)
    yield
    dryrun.enabled = False


def bash(script: str) -> list[str]:
    return ["bash", "-c", script]


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def alive(pid: int) -> bool:
    """Whether it runs; where nobody reaps orphans, the dead stay in the table."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pids(folder: Path) -> list[int]:
    """What wrote its process id into a file here."""
    return [int(file.read_text()) for file in folder.glob("*.pid")]


def collect(argv: list[str], **more: object) -> tuple[process.Result, bytes]:
    pieces: list[bytes] = []
    result = process.follow(argv, pieces.append, **more)  # type: ignore[arg-type]
    return result, b"".join(pieces)


# What a program prints.


def test_a_line_arrives_while_the_program_still_runs(tmp_path: Path) -> None:
    go = tmp_path / "go"

    def sink(piece: bytes) -> None:
        if piece == b"first\n":
            go.touch()  # the program waits for it: were the line held back, none of them would end

    waits = f"echo first; until [ -e {shlex.quote(str(go))} ]; do sleep 0.01; done; echo last"
    result = process.follow(bash(waits), sink, timeout=20)
    assert (result.code, result.tail) == (0, "first\nlast")


def test_both_outputs_arrive_in_order() -> None:
    assert collect(bash("echo a; echo b >&2; echo c"))[1] == b"a\nb\nc\n"


@settings(max_examples=20)
@given(st.binary(max_size=20_000))
def test_any_bytes_arrive_as_they_were_written(content: bytes) -> None:
    script = "import sys; sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]))"
    assert collect([*python(script), content.hex()])[1] == content


def test_a_chatty_program_is_followed_fast_and_in_bounded_memory() -> None:
    size = 0

    def sink(piece: bytes) -> None:
        nonlocal size
        size += len(piece)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = process.follow(bash(f"head -c {100 * MIB} /dev/zero"), sink, timeout=60)
    assert size == 100 * MIB
    assert len(result.tail) <= process.TAIL
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024  # KiB
    assert result.seconds < 20  # a second or less, where nobody else measures


def test_broken_text_at_the_end_is_told_all_the_same() -> None:
    result = process.follow(bash(r"printf 'a\xffb\xe2\x82'; exit 3"), lambda piece: None)
    assert (result.code, result.tail) == (3, "a�b�")


def test_a_program_that_closes_its_output_is_still_waited_for() -> None:
    result = process.follow(bash("exec >&- 2>&-; sleep 0.3; exit 7"), lambda piece: None)
    assert (result.code, result.seconds >= 0.3) == (7, True)


def test_a_program_that_closes_its_output_still_has_to_end_in_time() -> None:
    result = process.follow(bash(f"exec >&- 2>&-; {FOREVER}"), lambda piece: None, timeout=0.3)
    assert result.timed_out


@pytest.mark.parametrize("daemon", ["sleep 30", "while :; do echo noise; done"], ids=["silent", "noisy"])
def test_a_daemon_that_keeps_the_output_open_is_not_waited_for(tmp_path: Path, daemon: str) -> None:
    file = tmp_path / "daemon.pid"
    # Nobody reads what it prints from then on: a daemon that is to live does not die of SIGPIPE.
    begin = f'trap "" PIPE; echo $$ > {file}'
    script = f"setsid bash -c '{begin}; {daemon}' & until [ -s {file} ]; do :; done; echo last"
    result = process.follow(bash(script), lambda piece: None, timeout=20)
    try:
        assert (result.code, result.timed_out, result.seconds < 10) == (0, False, True)
        assert [alive(pid) for pid in pids(tmp_path)] == [True]
    finally:
        tree.end_tree(pids(tmp_path)[0])


def test_capture_does_not_wait_for_a_daemon_either(tmp_path: Path) -> None:
    file = tmp_path / "daemon.pid"
    began = time.monotonic()
    try:
        said = process.capture(bash(f"setsid sleep 30 & echo $! > {file}; echo said"), timeout=20)
        assert (said, time.monotonic() - began < 10) == ("said", True)
    finally:
        tree.end_tree(pids(tmp_path)[0])


def test_run_shows_the_command_and_its_output_as_bytes(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    process.run(["printf", r"\xff\0é"])
    assert capfdbinary.readouterr().out == "+ printf '\\xff\\0é'\n".encode() + b"\xff\0\xc3\xa9"


def test_capture_gives_standard_output_without_the_last_newline() -> None:
    assert process.capture(bash("echo a; echo; echo b >&2; echo")) == "a\n\n"
    assert process.capture(bash(r"printf '\xff'")) == "�"


def test_capture_feeds_and_collects_more_than_a_pipe_holds() -> None:
    text = b"0123456789abcdef" * MIB
    assert process.capture(["cat"], input=text, timeout=60) == text.decode()
    assert process.capture(["true"], input=text, timeout=60) == ""


def test_a_program_finds_an_empty_input_and_no_terminal() -> None:
    assert process.capture(bash("cat; tty -s; echo $?")) == "1"


def test_a_program_gets_its_folder_and_its_environment(tmp_path: Path) -> None:
    assert process.capture(bash("pwd; echo $X"), cwd=tmp_path, env={"X": "y"}) == f"{tmp_path}\ny"


# How it ended.


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo one; echo two; exit 3", "ended with exit code 3: two"),
        ("exit 1", "ended with exit code 1: (it printed nothing)"),
        ("echo why >&2; kill -9 $$", "was ended by signal 9: why"),
        ("yes long | head -c 100000; echo; echo last; exit 1", "ended with exit code 1: last"),
    ],
)
@pytest.mark.parametrize("start", [process.run, process.capture])
def test_a_failure_names_the_command_its_end_and_its_last_words(
    start: Callable[[list[str]], object], script: str, told: str
) -> None:
    with pytest.raises(CommandFailed) as failed:
        start(bash(script))
    assert str(failed.value) == f"{shlex.join(bash(script))} {told}"
    assert len(failed.value.result.tail) <= process.TAIL
    assert failed.value.exit_code == 1


def test_the_last_words_of_capture_are_those_on_standard_error() -> None:
    with pytest.raises(CommandFailed, match="why"):
        process.capture(bash("echo why >&2; echo half an answer; exit 1"))


def test_without_check_a_failure_is_a_result() -> None:
    assert process.run(["false"], check=False).code == 1


@pytest.mark.parametrize("start", [process.run, process.capture])
def test_what_cannot_be_started_is_said_and_what_to_look_at(
    start: Callable[..., object], tmp_path: Path
) -> None:
    lost = tmp_path / "lost"
    lost.write_text("#!/nowhere/interpreter\n")
    lost.chmod(0o755)
    closed = tmp_path / "closed"
    closed.write_text("#!/bin/sh\n")
    for argv, folder, told in (
        (["no-such-program"], None, "no-such-program cannot be started: not installed, or not on PATH"),
        ([str(lost)], None, "the interpreter in its first line is missing"),
        ([str(closed)], None, "Permission denied"),
        (["true", "a\0b"], None, "embedded null byte"),
        (["true", "x" * (8 * MIB)], None, "Argument list too long"),
        (["true"], tmp_path / "gone", f"true cannot start in {tmp_path}/gone: there is no such folder"),
        (["true"], lost, "there is no such folder"),
    ):
        with pytest.raises(Missing, match="cannot") as missing:
            start(argv, cwd=folder)
        assert told in str(missing.value)
        assert missing.value.exit_code == 2


# Nothing stays behind.

DEAF = "trap '' TERM; echo $BASHPID > {folder}/$RANDOM.pid; " + FOREVER


def family(folder: Path, *, setsid: bool = False) -> list[str]:
    """A shell with a child and a grandchild, each deaf to SIGTERM, the grandchild orphaned."""
    deaf = DEAF.format(folder=shlex.quote(str(folder)))
    away = "setsid " if setsid else ""
    orphan = f"({away}bash -c {shlex.quote(deaf)} &)"
    return bash(f"{orphan}; ({deaf}) & {deaf}")


def all_three(folder: Path) -> Callable[[], bool]:
    return lambda: len(pids_written(folder)) == 3


def pids_written(folder: Path) -> list[Path]:
    return [file for file in folder.glob("*.pid") if file.stat().st_size]


def test_cancelling_ends_the_whole_tree_orphans_included(tmp_path: Path) -> None:
    result = process.follow(family(tmp_path), lambda piece: None, timeout=30, cancelled=all_three(tmp_path))
    assert (result.cancelled, result.timed_out, result.code) == (True, False, -9)
    assert len(pids(tmp_path)) == 3
    assert [pid for pid in pids(tmp_path) if alive(pid)] == []


def test_the_mark_finds_what_moved_to_a_session_of_its_own(tmp_path: Path) -> None:
    mark = str(tmp_path / "outputs.json")
    result = process.follow(
        family(tmp_path, setsid=True), lambda piece: None, timeout=30, cancelled=all_three(tmp_path),
        env=os.environ | {"STEP_OUTPUTS": mark}, mark=mark,
    )  # fmt: skip
    assert result.cancelled
    assert len(pids(tmp_path)) == 3
    assert [pid for pid in pids(tmp_path) if alive(pid)] == []


@pytest.mark.parametrize("start", [process.run, process.capture])
def test_a_timeout_ends_the_tree_and_is_told(start: Callable[..., object], tmp_path: Path) -> None:
    with pytest.raises(CommandTimedOut, match=r"was stopped after \d+ s: words") as stopped:
        start([*bash("echo words; " + family(tmp_path)[2])], timeout=1)
    assert stopped.value.result.timed_out
    assert stopped.value.result.code == -9
    assert [pid for pid in pids(tmp_path) if alive(pid)] == []


def test_an_obedient_program_may_tidy_up_and_ends_before_its_grace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "GRACE", 30)
    tidy = f"trap 'echo once >> {tmp_path}/tidied; exit 5' TERM; echo ready; {FOREVER}"
    began = time.monotonic()
    ready: list[bytes] = []
    result = process.follow(bash(tidy), ready.append, cancelled=lambda: bool(ready))
    assert (result.code, time.monotonic() - began < 10) == (5, True)
    assert (tmp_path / "tidied").read_text() == "once\n"


def test_a_program_is_asked_only_once_to_end(tmp_path: Path) -> None:
    """A Python binary takes a second SIGTERM for impatience, and would drop what it is tidying up."""
    asked = f"trap 'echo asked >> {tmp_path}/asked' TERM; echo ready; {FOREVER}"
    mark = str(tmp_path / "outputs.json")
    ready: list[bytes] = []
    env = os.environ | {"STEP_OUTPUTS": mark}
    process.follow(bash(asked), ready.append, cancelled=lambda: bool(ready), env=env, mark=mark)
    assert (tmp_path / "asked").read_text() == "asked\n"


def test_in_a_hurry_nobody_gets_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "GRACE", 30)
    began = time.monotonic()
    result = process.follow(
        bash(f"trap '' TERM; {FOREVER}"), lambda piece: None, timeout=0.2, hurry=lambda: True
    )
    assert (result.code, time.monotonic() - began < 10) == (-9, True)


def test_a_sink_that_fails_ends_the_program_too(tmp_path: Path) -> None:
    def full(piece: bytes) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        process.follow(bash(f"echo $$ > {tmp_path}/x.pid; echo x; {FOREVER}"), full)
    assert [pid for pid in pids(tmp_path) if alive(pid)] == []


def test_what_bears_another_mark_is_left_alone(tmp_path: Path) -> None:
    env = os.environ | {"STEP_OUTPUTS": str(tmp_path / "a/outputs.json")}
    other = process.spawn(["sleep", "60"], log=tmp_path / "log", env=env)
    tree.end_marked(str(tmp_path / "b/outputs.json"))
    tree.end_marked("")
    assert alive(other)
    tree.end_marked(str(tmp_path / "a") + os.sep)
    assert not alive(other)


def test_two_threads_end_their_programs_without_disturbing_each_other(tmp_path: Path) -> None:
    results: dict[int, process.Result] = {}

    def follow(number: int) -> None:
        limit = 0.2 if number % 2 else None
        results[number] = process.follow(
            bash("sleep 1; exit 4"), lambda piece: None, timeout=limit
        )  # the even ones end by themselves

    threads = [threading.Thread(target=follow, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [results[number].code for number in range(6)] == [4, -15, 4, -15, 4, -15]


# Outliving us, and dry runs.


def test_what_is_spawned_outlives_us_and_writes_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = (
        f"import pathlib; from py.tools import process; log = pathlib.Path({str(log)!r}); "
        "print(process.spawn(['bash', '-c', 'echo out; echo err >&2; exec sleep 60'], log=log))"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    said = subprocess.run(python(script), env=env, check=True, capture_output=True, text=True).stdout
    pid = int(said)
    try:
        assert alive(pid)
        assert psutil.Process(pid).ppid() != os.getpid()
        for _ in range(200):
            if log.read_text() == "out\nerr\n":
                break
            time.sleep(0.02)
        assert log.read_text() == "out\nerr\n"
    finally:
        tree.end_tree(pid)
    assert not alive(pid)


def test_a_dry_run_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    trap = tmp_path / "git"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    trap.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(dryrun, "enabled", True)
    assert process.run(["git", "clone", "a b"])[:2] == (("git", "clone", "a b"), 0)
    assert process.capture(["git", "rev-parse", "HEAD"], placeholder="<commit>") == "<commit>"
    assert process.capture([trap], input=b"x") == ""
    assert capfd.readouterr().out == (
        f"would run: git clone 'a b'\nwould run: git rev-parse HEAD\nwould run: {trap}\n"
    )
    assert not (tmp_path / "started").exists()


def test_only_one_module_starts_processes() -> None:
    """So that dry runs, timeouts and the end of trees hold everywhere."""
    starters = (
        "subprocess",
        "os.system",
        "os.spawn",
        "os.exec",
        "os.posix_spawn",
        "os.fork",
        "pty",
        "multiprocessing",
    )
    found = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "py").rglob("*.py")
        for line in file.read_text().splitlines()
        if any(re.search(rf"\b{re.escape(word)}", line) for word in starters)
        and line.lstrip().startswith(("import ", "from ", "os."))
    }
    assert found == {"py/tools/process.py"}
