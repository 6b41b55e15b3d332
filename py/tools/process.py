"""Start a command, stream what it prints, and say how it ended: the only module that starts a process."""

import math
import os
import select
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from py.tools import dryrun
from py.tools.errors import CommandFailed, CommandTimedOut, Missing
from py.tools.tree import end_marked, end_tree

__all__ = ["Result", "capture", "end_marked", "end_tree", "follow", "run", "spawn"]

TAIL = 4096  # bytes of output that an error carries
LINE = 400  # characters of its last line that the error's text shows
PIECE = 1 << 20  # bytes read at once; also the size of the pipe
PATIENCE = 0.05  # seconds between two looks at a silent child
BRIEF = 20e-6  # seconds until the first look at one that has closed its output
F_SETPIPE_SZ = 1031  # Linux; Python's fcntl names it only where it was built with it


class Result(NamedTuple):
    """How a command ended: its argv, exit code (negative: the signal), seconds, and its last output."""

    argv: tuple[str, ...]
    code: int
    seconds: float
    tail: str
    timed_out: bool = False
    cancelled: bool = False


def run(
    argv: Sequence[str | Path],
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    check: bool = True,
) -> Result:
    """Run a command and stream its output to ours; raise CommandFailed unless it ends with 0.

    The child reads nothing and has no terminal, so that no prompt can hang. In a dry run the command is
    printed instead. `timeout` is in seconds.
    """
    words = _words(argv)
    if dryrun.would("run: " + shlex.join(words)):
        return Result(words, 0, 0.0, "")
    print("+ " + shlex.join(words), flush=True)
    result = follow(words, _to_stdout, cwd=cwd, env=env, timeout=timeout)
    return _checked(result) if check else result


def capture(
    argv: Sequence[str | Path],
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    input: bytes | None = None,
    placeholder: str = "",
) -> str:
    """What a command writes to its standard output, without the last newline; `placeholder` in a dry run."""
    words = _words(argv)
    if dryrun.would("run: " + shlex.join(words)):
        return placeholder
    began = time.monotonic()
    stdin = subprocess.DEVNULL if input is None else subprocess.PIPE
    child = _start(words, cwd=cwd, env=env, stdin=stdin, stderr=subprocess.PIPE)
    try:
        if input is not None:
            _feed(child, input)
        out, err, timed_out = _collected(child, timeout)
    except BaseException:
        end_tree(child.pid)
        child.wait()
        raise
    tail = _text((err or out)[-TAIL:])
    _checked(Result(words, child.returncode, time.monotonic() - began, tail, timed_out))
    return out.decode(errors="replace").removesuffix("\n")


def spawn(
    argv: Sequence[str | Path],
    *,
    log: Path,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
) -> int:
    """Start a command that outlives us, in a session of its own, its output in `log`; return its pid."""
    with log.open("ab") as sink:
        return _start(_words(argv), cwd=cwd, env=env, stdout=sink, pass_fds=pass_fds).pid


def follow(
    argv: Sequence[str],
    sink: Callable[[bytes], object],
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    mark: str = "",
    cancelled: Callable[[], bool] = lambda: False,
    hurry: Callable[[], bool] = lambda: False,
) -> Result:
    """Run a command, hand each piece of its output to `sink` as it comes, and return how it ended.

    When its time is up, when `cancelled` turns true or when we are interrupted, the whole process tree is
    ended (see end_tree, also for `mark` and `hurry`). A daemon that the command left behind on purpose, and
    that still holds its output open, is not waited for.
    """
    began = time.monotonic()
    child = _start(_words(argv), cwd=cwd, env=env)
    tail = b""
    timed_out = stopped = False
    try:
        for piece in _pieces(child):
            if piece:
                sink(piece)
                tail = piece[-TAIL:] if len(piece) >= TAIL else (tail + piece)[-TAIL:]
            timed_out = timeout is not None and time.monotonic() - began > timeout
            stopped = not timed_out and cancelled()
            if timed_out or stopped:
                end_tree(child.pid, mark, hurry)
                break
        else:
            stopped = child.returncode != 0 and cancelled()  # whoever cancels may have ended the child, too
            if stopped:
                end_tree(child.pid, mark, hurry)
    except BaseException:
        end_tree(child.pid, mark, hurry)
        raise
    finally:
        child.wait()
        if child.stdout:
            child.stdout.close()
    seconds = time.monotonic() - began
    return Result(tuple(argv), child.returncode, seconds, _text(tail), timed_out, stopped)


def _start(
    words: tuple[str, ...],
    *,
    cwd: str | Path | None,
    env: Mapping[str, str] | None,
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int = subprocess.STDOUT,
    pass_fds: Sequence[int] = (),
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            words, cwd=cwd, env=env, stdin=stdin, stdout=stdout, stderr=stderr,
            start_new_session=True, pass_fds=pass_fds,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        if cwd is not None and not Path(cwd).is_dir():
            raise Missing(f"{words[0]} cannot start in {cwd}: there is no such folder") from None
        there = "/" in words[0] and Path(cwd or ".", words[0]).exists()
        raise Missing(f"{words[0]} cannot be started: {_reason(error, there)}") from None


def _reason(error: OSError | ValueError, there: bool) -> str:
    if isinstance(error, FileNotFoundError):
        return "the interpreter in its first line is missing" if there else "not installed, or not on PATH"
    return str(error.strerror if isinstance(error, OSError) else error)


def _pieces(child: "subprocess.Popen[bytes]") -> Iterator[bytes]:
    """Each piece of output as it comes, or b"" when there is none yet; ends when the child has ended."""
    assert child.stdout
    pipe = child.stdout.fileno()
    _widen(pipe)
    poll = select.poll()
    poll.register(pipe, select.POLLIN | select.POLLHUP)
    reading = True
    while reading:
        ended = child.poll() is not None  # asked before reading: all that it wrote is in the pipe by now
        if poll.poll(0 if ended else PATIENCE * 1000):
            piece = os.read(pipe, PIECE)
            reading = bool(piece)
            yield piece
        else:
            yield b""
        if ended:  # whoever holds the pipe still is a daemon
            return
    pause = BRIEF
    while child.poll() is None:  # it closed its output: most end within a moment, some go on
        time.sleep(pause)
        pause = min(2 * pause, PATIENCE)
        yield b""


def _feed(child: "subprocess.Popen[bytes]", input: bytes) -> None:
    """Write to a child's input beside reading its output: communicate does not take up writing again."""
    import threading

    pipe, child.stdin = child.stdin, None
    assert pipe

    def write() -> None:
        with suppress(BrokenPipeError), pipe:
            pipe.write(input)

    threading.Thread(target=write, daemon=True).start()


def _collected(child: "subprocess.Popen[bytes]", timeout: float | None) -> tuple[bytes, bytes, bool]:
    """What a child wrote to its two outputs until it ended, and whether its time was up."""
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    timed_out = False
    while True:
        ended = child.poll() is not None  # asked before reading, as above
        try:
            return (*child.communicate(timeout=1 if ended else PATIENCE), timed_out)
        except subprocess.TimeoutExpired as so_far:
            if ended:
                return so_far.output or b"", so_far.stderr or b"", timed_out
        if not timed_out and time.monotonic() > deadline:
            timed_out = True
            end_tree(child.pid)


def _widen(pipe: int) -> None:
    """A pipe of one MiB instead of 64 KiB: a chatty child is switched away from sixteen times less often."""
    import fcntl

    with suppress(OSError):
        fcntl.fcntl(pipe, F_SETPIPE_SZ, PIECE)


def _words(argv: Sequence[str | Path]) -> tuple[str, ...]:
    return tuple(str(word) for word in argv)


def _to_stdout(piece: bytes) -> None:
    sys.stdout.flush()
    view = memoryview(piece)
    while view:
        view = view[os.write(sys.stdout.fileno(), view) :]


def _text(tail: bytes) -> str:
    return tail.decode(errors="replace").strip()


def _checked(result: Result) -> Result:
    if result.timed_out:
        raise CommandTimedOut(_failure(result, f"was stopped after {result.seconds:.0f} s"), result)
    if result.code:
        how = f"ended with exit code {result.code}"
        if result.code < 0:
            how = f"was ended by signal {-result.code}"
        raise CommandFailed(_failure(result, how), result)
    return result


def _failure(result: Result, how: str) -> str:
    last = result.tail.splitlines()[-1:] or ["(it printed nothing)"]
    return f"{shlex.join(result.argv)} {how}: {last[0][-LINE:]}"
