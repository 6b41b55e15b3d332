"""The fence between what is typed and what a command receives, by the door that every binary uses."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import psutil
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from py.tools import cli, dryrun
from py.tools.folders import ROOT

SECONDS = 20  # longer than anything here takes; a hang fails then

texts = st.text(max_size=60)
tricky = [
    "1e10203", "00123", "0x10", "1_000", "True", "false", "None", "a,b", "[x]", "{'a': 1}", "(1, 2)", "", " ",
    "'", '"', '"quoted"', "$(touch x)", "`x`", "a b", "a\nb", "\n", "-", "--", "-x", "--help", "--dryrun",
    "--text=other", "=", "a=b", "#x", "\\", "ü€😀", "\u202e", "\x00", "\udcff", "*", "~", "@file", "!!",
]  # fmt: skip


class Demo:
    """A binary that tells what it received."""

    received: ClassVar[list[tuple[object, ...]]] = []

    def say(
        self, *, text: str, other: str = "other", number: int = 7, ratio: float = 0.5, loud: bool = False
    ) -> None:
        """Say something.

        Args:
          text: What to say.
          other: What else.
          number: How often.
          ratio: How much of it.
          loud: Whether to shout.
        """
        self.received.append((text, other, number, ratio, loud))

    def name(self, first: str, second: str = "nobody", *, text: str = "") -> None:
        """Take arguments by their place."""
        self.received.append((first, second, text))

    def _hidden(self) -> None:
        self.received.append(())


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """What a binary sets once for its process does not last here."""
    handler = signal.getsignal(signal.SIGTERM)
    yield
    dryrun.enabled = False
    signal.signal(signal.SIGTERM, handler)


def run(*words: str) -> tuple[int, list[tuple[object, ...]]]:
    """The exit code, and what the commands received."""
    Demo.received.clear()
    dryrun.enabled = False
    with pytest.raises(SystemExit) as ended:
        cli.main(Demo, words)
    assert isinstance(ended.value.code, int)
    return ended.value.code, list(Demo.received)


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line on stderr about words that start nothing."""
    assert run(*words) == (2, [])
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1 and err.endswith("\n")
    assert err.startswith("error: ")
    return err


def each_tricky(test: Callable[[str], None]) -> Callable[[str], None]:
    """The values that other command lines have spoilt, and whatever else there is."""
    for value in tricky:
        test = example(value)(test)
    return given(texts)(test)


# What is typed is what arrives.


@each_tricky
def test_a_text_after_an_equals_sign_arrives_as_it_was_typed(value: str) -> None:
    assert run("say", f"--text={value}") == (0, [(value, "other", 7, 0.5, False)])


@each_tricky
def test_a_text_in_the_next_word_arrives_as_it_was_typed_or_starts_nothing(value: str) -> None:
    code, received = run("say", "--text", value, "--other=x")
    if value.startswith("--"):  # it may be a flag that stands where a value was forgotten
        assert received == [] and code == (0 if value == "--help" else 2)
    elif value != "-h":
        assert (code, received) == (0, [(value, "x", 7, 0.5, False)])


@each_tricky
def test_an_argument_arrives_as_it_was_typed_or_starts_nothing(value: str) -> None:
    code, received = run("name", value)
    if value.startswith("-") and value != "-":
        assert received == []
    else:
        assert (code, received) == (0, [(value, "nobody", "")])


@given(st.lists(texts.filter(lambda text: not text.startswith("-")), min_size=2, max_size=2), texts)
def test_arguments_and_flags_may_stand_in_any_order(arguments: list[str], text: str) -> None:
    first, second = arguments
    expected = (0, [(first, second, text)])
    assert run("name", first, second, f"--text={text}") == expected
    assert run("name", f"--text={text}", first, second) == expected
    assert run("name", first, f"--text={text}", second) == expected


@given(st.integers(min_value=-(10**300), max_value=10**300))
def test_a_whole_number_arrives_whole(number: int) -> None:
    assert run("say", "--text=", f"--number={number}")[1] == [("", "other", number, 0.5, False)]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_arrives_exactly(number: float) -> None:
    assert run("say", "--text=", f"--ratio={number!r}")[1] == [("", "other", 7, number, False)]


@pytest.mark.parametrize(
    ("words", "loud"),
    [
        (["--loud"], True), (["--loud=true"], True), (["--loud=True"], True), (["--loud=false"], False),
        (["--no-loud"], False), (["--no_loud"], False), (["--noloud"], False), (["--loud="], False),
        ([], False),
    ],
)  # fmt: skip
def test_every_spelling_of_true_and_false(words: list[str], loud: bool) -> None:
    assert run("say", "--text=x", *words) == (0, [("x", "other", 7, 0.5, loud)])


def test_an_empty_number_or_truth_is_the_default_and_an_empty_text_is_empty() -> None:
    assert run("say", "--text=", "--other=", "--number=", "--ratio=", "--loud=")[1] == [
        ("", "", 7, 0.5, False)
    ]


def test_dashes_and_underscores_name_the_same_flag() -> None:
    class Wide:
        seen: ClassVar[list[str]] = []

        def go(self, *, src_dir: str) -> None:
            """Go."""
            self.seen.append(src_dir)

    for word in ("--src_dir=x", "--src-dir=x"):
        with pytest.raises(SystemExit):
            cli.main(Wide, ["go", word])
    assert Wide.seen == ["x", "x"]


# A mistake starts nothing, and is told in one line.


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["say", "--text=x", "--othr=y"], "--othr; did you mean other"),
        (["say", "--text=x", "--dry-run"], "--dry-run; did you mean dryrun"),
        (["say", "--text=x", "--zebra"], "it has: text, other, number, ratio, loud, dryrun"),
        (["say", "--text=x", "--a\nb=c"], r"--a\nb"),
        (["say", "--text=x", "--"], "'--'"),
        (["say", "--text=x", "--=y"], "no flag --"),
        (["say", "--text=x", "---other=y"], "---other"),
        (["say"], "needs --text"),
        (["name"], "needs first"),
        (["say", "--other=y"], "needs --text"),
        (["say", "--text"], "--text needs a value"),
        (["say", "--text", "--other=y"], "--text needs a value"),
        (["say", "--text=x", "--text=x"], "--text is given twice"),
        (["say", "--text=x", "--loud", "--no-loud"], "--loud is given twice"),
        (["say", "--text=x", "y"], "unexpected 'y'"),
        (["say", "--text=x", "a\nb"], r"unexpected 'a\nb'"),
        (["say", "--text=x", "-l"], "unexpected '-l'"),
        (["name", "a", "b", "c"], "unexpected 'c'"),
        (["name", "-5"], "unexpected '-5'"),
        (["name", "--first=x"], "no flag --first"),
        (["sya", "--text=x"], "did you mean say"),
        (["_hidden"], "it has: say, name"),
        (["__init__"], "it has: say, name"),
        (["received"], "it has: say, name"),
        (["sa\ny"], r"'sa\ny'"),
        (["--dryrun", "say"], "no command '--dryrun'"),
        (["say", "--text=x", "--no-other"], "--no-other"),
        (["say", "--text=x", "--no-loud=true"], "--no-loud"),
        (["say", "--text=x", "--number=1.0"], "wants a whole number, not '1.0'"),
        (["say", "--text=x", "--number=1e3"], "wants a whole number"),
        (["say", "--text=x", "--number=0x10"], "wants a whole number"),
        (["say", "--text=x", "--number=1_000"], "wants a whole number"),
        (["say", "--text=x", "--number= 1"], "wants a whole number"),
        (["say", "--text=x", "--number=1\n"], "wants a whole number"),
        (["say", "--text=x", "--number=٣"], "wants a whole number"),
        (["say", "--text=x", "--number=True"], "wants a whole number"),
        (["say", "--text=x", "--number=" + "9" * 5000], "wants a whole number"),
        (["say", "--text=x", "--ratio=1e999"], "wants a number"),
        (["say", "--text=x", "--ratio=nan"], "wants a number"),
        (["say", "--text=x", "--ratio=inf"], "wants a number"),
        (["say", "--text=x", "--loud=yes"], "wants true or false, not 'yes'"),
        (["say", "--text=x", "--loud=1"], "wants true or false"),
        (["say", "--text=x", "--loud", "false"], "unexpected 'false'"),
        (["say", "--text=x", "--dryrun=yes"], "wants true or false"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)  # fmt: skip
def test_a_mistake_starts_nothing_and_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert told in refused(capsys, *words)


@given(st.lists(texts, max_size=4))
def test_whatever_is_typed_ends_with_0_or_2_and_runs_at_most_once(words: list[str]) -> None:
    code, received = run("say", "--text=x", *words)
    assert (code, len(received)) in {(0, 0), (0, 1), (2, 0)}


def test_a_required_number_cannot_be_empty(capsys: pytest.CaptureFixture[str]) -> None:
    class Needy:
        def go(self, *, number: int) -> None:
            """Go."""
            raise AssertionError

    with pytest.raises(SystemExit, match="2"):
        cli.main(Needy, ["go", "--number="])
    assert "wants a whole number, not ''" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "dry"), [("--dryrun", True), ("--no-dryrun", False), ("--dryrun=false", False)]
)
def test_every_command_has_a_dry_run(word: str, dry: bool) -> None:
    assert run("say", "--text=x", word)[0] == 0
    assert dryrun.enabled is dry


# Help.


@pytest.mark.parametrize("words", [["-h"], ["--help"]])
def test_help_of_a_binary_names_its_commands_and_what_they_do(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert run(*words) == (0, [])
    page = capsys.readouterr().out
    assert "tells what it received" in page
    assert "say   Say something." in page
    assert "_hidden" not in page


def test_no_word_at_all_shows_the_help_and_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == (2, [])
    assert "usage:" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["-h"], ["--help"], ["--text=x", "--help"], ["--text=x", "-h", "--othr"]])
def test_help_of_a_command_shows_types_and_defaults_and_runs_nothing(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert run("say", *words) == (0, [])
    page = capsys.readouterr().out
    assert "--text=TEXT   What to say. (required)" in page
    assert "--other=TEXT  What else. (default: other)" in page
    assert "--number=N    How often. (default: 7)" in page
    assert "--ratio=X     How much of it. (default: 0.5)" in page
    assert "--loud        Whether to shout.\n" in page
    assert "--dryrun " in page


def test_a_default_of_zero_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    class Zero:
        def go(self, *, jobs: int = 0) -> None:
            """Go."""

    with pytest.raises(SystemExit, match="0"):
        cli.main(Zero, ["go", "--help"])
    assert "(default: 0)" in capsys.readouterr().out


# Outputs and exit codes.


def test_a_mapping_becomes_the_outputs_and_a_number_the_exit_code(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Giver:
        def outputs(self) -> dict[str, str]:
            """Give."""
            return {"image": "a\nb"}

        def code(self) -> int:
            """Fail."""
            return 3

    def give(command: str) -> object:
        with pytest.raises(SystemExit) as ended:
            cli.main(Giver, [command])
        return ended.value.code

    monkeypatch.delenv("STEP_OUTPUTS", raising=False)
    assert (give("outputs"), give("code")) == (0, 3)
    assert capsys.readouterr().out == "image: a\nb\n"
    monkeypatch.setenv("STEP_OUTPUTS", str(tmp_path / "outputs.json"))
    assert give("outputs") == 0
    assert (tmp_path / "outputs.json").read_text() == '{"image": "a\\nb"}'
    assert capsys.readouterr().out == ""


# A process of its own: signals, pipes, bytes.

FOREVER = "while :; do sleep 0.1; done"

MODULE = '''
import time
from py.tools import cli, process, tree
from py.tools.errors import WindtunnelError

class Real:
    """A binary in a file."""

    def say(self, *, text: str) -> None:
        """Say."""
        print(ascii(text))

    def start(self, *, text: str) -> None:
        """Start a program."""
        process.run(["printf", "%s", text])

    def many(self, *, fail: bool = False) -> None:
        """Print more than any pipe holds."""
        for number in range(300_000):
            print(number)
        if fail:
            raise WindtunnelError("failed")

    def sleep(self, *, script: str) -> None:
        """Wait for a script."""
        tree.GRACE = 0.5
        process.run(["bash", "-c", script])

    def wait(self) -> None:
        """Wait for nothing."""
        print("waiting", flush=True)
        time.sleep(60)

if __name__ == "__main__":
    cli.main(Real)
'''


@pytest.fixture
def binary(tmp_path: Path) -> list[str]:
    (tmp_path / "real.py").write_text(MODULE)
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    return ["env", f"PYTHONPATH={path}", sys.executable, "-m", "real"]


def started(*argv: str | bytes, **more: str) -> "subprocess.CompletedProcess[str]":
    env = os.environ | more
    return subprocess.run(
        argv, capture_output=True, text=True, errors="replace", timeout=SECONDS, env=env, check=False
    )


@pytest.mark.parametrize("value", [value for value in tricky if "\0" not in value and "\udcff" not in value])
def test_a_real_command_line_carries_it_as_well(binary: list[str], value: str) -> None:
    ended = started(*binary, "say", f"--text={value}")
    assert (ended.returncode, ended.stdout) == (0, ascii(value) + "\n")


def test_bytes_that_are_no_text_pass_through_to_the_programs_that_we_start(binary: list[str]) -> None:
    ended = subprocess.run(
        [*binary, "start", b"--text=\xff\xfe"], capture_output=True, timeout=SECONDS,
        env=os.environ | {"PYTHONIOENCODING": "utf-8:strict"}, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout.splitlines()[1], ended.stderr) == (0, b"\xff\xfe", b"")


def test_a_terminal_without_unicode_gets_help_all_the_same(binary: list[str]) -> None:
    ended = started(*binary, "start", "--text=…", "--dryrun", PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "would run: printf %s '\\u2026'\n", "")


def test_the_usage_names_how_the_binary_was_started(binary: list[str]) -> None:
    told = started(*binary, "sya").stderr
    assert told == "error: python -m real has no command 'sya'; did you mean say?\n"


@pytest.mark.parametrize(
    "words", [["many"], ["many", "--fail"], ["--help"], ["start", f"--text={'x' * 100_000}"]]
)
def test_a_reader_that_goes_away_is_no_traceback(binary: list[str], words: list[str]) -> None:
    ended = started("bash", "-c", '"$@" | head -c 1', "bash", *binary, *words)
    assert ended.stderr in ("", "error: failed\n")
    assert len(ended.stdout) == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_has_its_exit_code_and_no_traceback(
    binary: list[str], number: signal.Signals, code: int
) -> None:
    child = _begun([*binary, "wait"], "waiting")
    child.send_signal(number)
    _, err = child.communicate(timeout=SECONDS)
    assert (child.returncode, "Traceback" in err) == (code, False)


@pytest.mark.parametrize(
    "script",
    ["sleep 61 & echo $!; wait", f"trap '' TERM; (echo $BASHPID; {FOREVER}) & wait"],
    ids=["obedient", "deaf"],
)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_all_that_the_binary_started(
    binary: list[str], number: signal.Signals, code: int, script: str
) -> None:
    child = _begun([*binary, "sleep", f"--script={script}"], "+ bash")
    assert child.stdout
    grandchild = psutil.Process(int(child.stdout.readline()))
    child.send_signal(number)
    assert child.wait(SECONDS) == code
    assert not alive(grandchild)


def test_a_second_interrupt_ends_at_once_what_does_not_want_to_end(binary: list[str], tmp_path: Path) -> None:
    real = tmp_path / "real.py"
    real.write_text(real.read_text().replace("GRACE = 0.5", "GRACE = 60"))
    child = _begun([*binary, "sleep", f"--script=trap '' TERM; echo $$; {FOREVER}"], "+ bash")
    assert child.stdout
    deaf = psutil.Process(int(child.stdout.readline()))
    child.send_signal(signal.SIGINT)
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    assert child.wait(SECONDS) == 130
    assert not alive(deaf)


def alive(process: psutil.Process) -> bool:
    """Whether it runs; where nobody reaps orphans, the dead stay in the table."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _begun(argv: list[str], line: str) -> "subprocess.Popen[str]":
    """A process that has printed a line that begins so."""
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout
    assert child.stdout.readline().startswith(line)
    return child
