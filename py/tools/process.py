"""Start a command, stream what it prints, and say how it ended: the only module that starts a process."""

import os
import select
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from py.tools import dryrun
from py.tools.errors import CommandFailed, CommandTimedOut, Missing

if TYPE_CHECKING:
    import psutil

GRACE = 10.0  # seconds between asking a process tree to end and ending it
TAIL = 4096  # bytes of output that an error carries
PIECE = 1 << 20  # bytes read at once; also the size of the pipe
PATIENCE = 0.05  # seconds between two looks at a silent child
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
    timed_out = False
    try:
        out, err = child.communicate(input, timeout)
    except subprocess.TimeoutExpired:
        timed_out = True
        end_tree(child.pid)
        out, err = child.communicate()
    except BaseException:
        end_tree(child.pid)
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
    ended (see end_tree, also for `mark` and `hurry`). A daemon that the command left behind on purpose, and that still
    holds its output open, is not waited for.
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
    except BaseException:
        end_tree(child.pid, mark, hurry)
        raise
    finally:
        child.wait()
        if child.stdout:
            child.stdout.close()
    return Result(tuple(argv), child.returncode, time.monotonic() - began, _text(tail), timed_out, stopped)


def end_tree(pid: int, mark: str = "", hurry: Callable[[], bool] = lambda: False) -> None:
    """End a process and all it started: SIGTERM, GRACE seconds (none once `hurry` says so), SIGKILL.

    Descendants that moved to a session or a parent of their own are found by `mark` (see end_marked).
    """
    import psutil  # late: only what has to be ended pays for it

    def tree() -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            top = psutil.Process(pid)
            return [top, *top.children(recursive=True), *_marked(mark)]
        return _marked(mark)

    _end(tree, hurry)


def end_marked(mark: str, hurry: Callable[[], bool] = lambda: False) -> None:
    """End, as end_tree does, every process but ourselves whose STEP_OUTPUTS begins with `mark`.

    All processes of a step inherit that variable, wherever they moved, and no two steps share it; those of
    a run share its folder as the beginning.
    """
    _end(lambda: _marked(mark), hurry)


def _end(tree: "Callable[[], list[psutil.Process]]", hurry: Callable[[], bool]) -> None:
    import psutil

    alive = tree()
    for process in alive:
        _quietly(process.terminate)
    deadline = time.monotonic() + GRACE
    while alive and time.monotonic() < deadline and not hurry():
        _, alive = psutil.wait_procs(alive, timeout=PATIENCE)
    # Once more from the top: what was born while we asked must go as well.
    last = {*alive, *tree()}
    for process in last:
        _quietly(process.kill)
    psutil.wait_procs(list(last), timeout=GRACE)


def _marked(mark: str) -> "list[psutil.Process]":
    import psutil

    def belongs(process: psutil.Process) -> bool:
        try:
            return process.pid != os.getpid() and process.environ().get("STEP_OUTPUTS", "").startswith(mark)
        except (psutil.Error, OSError):
            return False

    return [process for process in psutil.process_iter() if belongs(process)] if mark else []


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
        raise Missing(f"{words[0]} cannot be started: {_reason(error)}") from None


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "it is not installed, or not on PATH"
    return str(error.strerror if isinstance(error, OSError) else error)


def _pieces(child: "subprocess.Popen[bytes]") -> Iterator[bytes]:
    """Each piece of output as it comes, or b"" when there is none yet; ends when the child has ended."""
    assert child.stdout
    pipe = child.stdout.fileno()
    _widen(pipe)
    poll = select.poll()
    poll.register(pipe, select.POLLIN | select.POLLHUP)
    reading = True
    while reading or child.poll() is None:
        if not reading:  # it closed its output, yet goes on
            with suppress(subprocess.TimeoutExpired):
                child.wait(PATIENCE)
            yield b""
        elif poll.poll(PATIENCE * 1000):
            piece = os.read(pipe, PIECE)
            reading = bool(piece)
            yield piece
        elif child.poll() is not None:
            return
        else:
            yield b""


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


def _quietly(deed: Callable[[], object]) -> None:
    import psutil

    with suppress(psutil.Error, OSError):
        deed()


def _checked(result: Result) -> Result:
    if result.timed_out:
        raise CommandTimedOut(_failure(result, f"was stopped after {result.seconds:.0f} s"), result)
    if result.code:
        how = f"ended with exit code {result.code}" if result.code > 0 else f"was ended by signal {-result.code}"
        raise CommandFailed(_failure(result, how), result)
    return result


def _failure(result: Result, how: str) -> str:
    last = result.tail.splitlines()[-1:] or ["(it printed nothing)"]
    return f"{shlex.join(result.argv)} {how}: {last[0]}"
