"""One step: its command is rendered, started, followed to its end and judged; every engine runs steps so."""

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from py.pipeline import attempts, environment, secrecy
from py.pipeline.holding import locked
from py.pipeline.model import Step
from py.pipeline.render import PYTHON, quoted, render
from py.pipeline.run import ABORTED, FAILED, PASSED, Record, Run
from py.results import buildlog, inspection, quarantine
from py.results.inspection import Found
from py.tools import process
from py.tools.censor import Censor
from py.tools.errors import Mistake
from py.tools.files import plain

BY_HAND = "by hand: "  # before the command that repeats a step, in any log
TRIED_AND_FAILED = 1  # the exit code of a step whose tests fail
PATIENCE = 30.0  # seconds that an attempt waits for an earlier one to end


def execute(
    run: Run,
    step: Step,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    hurry: Callable[[], bool] = lambda: False,
    said: Callable[[bytes], object] = lambda piece: None,
) -> Record:
    """Run a step of a run and record how it ended; what it prints goes to its log and to `said`.

    Two attempts never overlap: the log is locked, and what a lost attempt left running is ended first.
    `cancelled` turning true ends the step; `hurry` cuts the time that it is given to end. A step that undoes
    runs even if nothing can be written: a full disk must keep no cluster alive.
    """
    try:
        return _logged(run, step, cancelled, hurry, said)
    except OSError as error:
        if run.dryrun or not step.undoes:
            raise
        record = _unseen(run, step, cancelled, hurry, error)
        with suppress(OSError):
            run.keep(step.name, record)
        return record


def take_over(run: Run, step: Step) -> None:
    """End an earlier attempt of a step, if there is one: it may not know yet that it was given up."""
    log = run.step_folder(step.name) / "log.txt"
    deadline = time.monotonic() + PATIENCE
    while log.exists() and time.monotonic() < deadline:
        with locked(log) as mine:
            if mine:
                return
        end_left(run, step)
        time.sleep(0.05)


def end_left(run: Run, step: Step) -> None:
    """End what an attempt of a step has left running; its runner, if it still lives, learns why."""
    with locked(run.step_folder(step.name) / "log.txt", make=False) as free:
        if not free:
            attempts.give_up(run, step)
    process.end_marked(environment.mark(run, step))
    if step.command.binary.image is not None and not run.dryrun:
        from py.pipeline import container  # late: few steps are in an image

        container.end(run.name, step.name)


def _logged(
    run: Run,
    step: Step,
    cancelled: Callable[[], bool],
    hurry: Callable[[], bool],
    said: Callable[[bytes], object],
) -> Record:
    """Run a step, or pretend to, while its log is ours alone."""
    folder = run.step_folder(step.name)
    again = folder.exists()
    folder.mkdir(exist_ok=True)
    began = time.time()
    log = folder / "log.txt"
    with locked(log) as mine:
        if not mine:
            why = "another attempt of this step is still running"
            run.records[step.name] = Record(FAILED, why, None, began)
            return run.records[step.name]
        start = log.stat().st_size
        if run.dryrun:
            record = _pretend(run, step, log, said)
        else:
            if again:
                attempts.forget(run, step)
                process.end_marked(environment.mark(run, step))
            record = _attempt(run, step, log, cancelled, hurry, said)
            if again:
                record = record._replace(earlier=attempts.earlier(run, step))
        try:
            attempts.settle(run, step)
            run.keep(step.name, record)
            title, where = f"{step.name} {record.state}", str(log.relative_to(run.folder))
            buildlog.append(run.folder / buildlog.NAME, title, log, start, where)
        except OSError:
            if not step.undoes:
                raise
        return record


def _unseen(
    run: Run, step: Step, cancelled: Callable[[], bool], hurry: Callable[[], bool], why: OSError
) -> Record:
    """Run a step without a log."""
    began = time.time()
    try:
        result = _followed(run, step, lambda piece: None, cancelled, hurry)
    except Mistake as error:
        return Record(FAILED, str(error), None, began, time.time() - began)
    state, reason = _ended(step, result)
    return Record(state, reason or f"without a log: {why}", result.code, began, result.seconds)


def _followed(
    run: Run,
    step: Step,
    sink: Callable[[bytes], object],
    cancelled: Callable[[], bool],
    hurry: Callable[[], bool],
) -> process.Result:
    """Start a step's command and follow it to its end; Mistake if it cannot be started."""
    return process.follow(
        _started(render(step.command, run.answer)), sink, cwd=run.home, env=environment.of(run, step),
        timeout=step.timeout, mark=environment.mark(run, step), hurry=hurry,
        cancelled=lambda: cancelled() or attempts.given_up(run, step),
    )  # fmt: skip


def by_hand(run: Run, step: Step) -> str:
    """The exact command that repeats a step in a shell.

    Secrets stay `$NAME`, and an output that nobody has written yet is a placeholder.
    """
    env = environment.contract(run, step) | {name: f"${name}" for name in step.secrets}
    return quoted(_started(render(step.command, run.answer)), env=env, cwd=str(run.home))


def _started(argv: list[str]) -> list[str]:
    """The argv with the interpreter that runs us."""
    return [sys.executable, *argv[1:]] if argv[0] == PYTHON else argv


def _pretend(run: Run, step: Step, log: Path, said: Callable[[bytes], object]) -> Record:
    """The dry run of a step: its command is shown and logged, and placeholders stand for its outputs."""
    log.write_text(f"{by_hand(run, step)}\n")
    said(f"would run: {quoted(render(step.command, run.answer))}\n".encode())
    run.outputs[step.name] = {output: f"<{step.name}.{output}>" for output in step.outputs}
    return Record(PASSED, "dry run", None, time.time())


def _attempt(
    run: Run,
    step: Step,
    log: Path,
    cancelled: Callable[[], bool],
    hurry: Callable[[], bool],
    said: Callable[[bytes], object],
) -> Record:
    inspection.make_room(step.owed, run.artifacts, log.with_name("junit-before.xml"))
    began = time.time()
    censor = secrecy.censor(run)
    repeat = f"{BY_HAND}{by_hand(run, step)}\n"
    tail = b""
    with log.open("ab", buffering=0) as sink:

        def keep(piece: bytes) -> None:
            nonlocal tail
            if piece:
                sink.write(piece)
                tail = (tail + piece)[-process.TAIL :]
                said(piece)

        sink.write(repeat.encode())
        try:
            result = _followed(run, step, lambda piece: keep(censor.feed(piece)), cancelled, hurry)
        except Mistake as error:
            sink.write(f"{error}\n{repeat}".encode())
            return Record(FAILED, str(error), None, began, time.time() - began)
        keep(censor.flush())
        outputs = _written(log.with_name("outputs.json")) if step.outputs else None
        secrecy.clean_step(run, step, censor, began)
        state, reason = _ended(step, result)
        found = _found(run, step, result.code, began)
        if found.excuses and result.code and not (result.timed_out or result.cancelled):
            state, reason = PASSED, ""
            sink.write(f"\n{step.name} passed in spite of exit code {result.code}: {_said(found)}\n".encode())
        if state == PASSED:
            try:
                run.outputs[step.name] = _outputs(step, outputs, censor)
            except ValueError as error:
                state, reason = FAILED, f"ended well, but {error}"
        end = ""
        if state != PASSED:
            end = tail.decode(errors="replace").strip()
            last = [line.removeprefix("error: ") for line in end.splitlines()[-1:]]
            reason = ": ".join([reason, *last] if result.code else [reason])
            sink.write(f"\n{step.name} {state}: {reason}\n{repeat}".encode())
    return Record(state, reason, result.code, began, result.seconds, end, found)


def _found(run: Run, step: Step, code: int, began: float) -> Found:
    """What a step has left that may have passed."""
    if code not in (0, TRIED_AND_FAILED) or step.owed == inspection.Owed():
        return Found()
    known = quarantine.in_force(run.quarantine, step.name, quarantine.day(run.began))
    if code and not known:
        return Found()
    return inspection.inspect(
        step.name, step.owed, run.artifacts, began=began, since=run.began, quarantine=known
    )


def _said(found: Found) -> str:
    return "; ".join(str(note) for note in found.notes)


def _ended(step: Step, result: process.Result) -> tuple[str, str]:
    """What an exit says about a step."""
    if result.timed_out:
        return FAILED, f"timed out after {step.timeout:g} s"
    if result.cancelled:
        return ABORTED, "cancelled"
    if result.code < 0:
        return FAILED, f"ended by signal {-result.code}"
    return (FAILED, f"exit code {result.code}") if result.code else (PASSED, "")


def _written(file: Path) -> bytes | None:
    """What a step has written as its outputs, before secrets are taken out of it; None if nothing."""
    try:
        with plain(file) as outputs:
            return outputs.read()
    except OSError:
        return None


def _outputs(step: Step, written: bytes | None, censor: Censor) -> dict[str, str]:
    """The outputs of a step that ended well; ValueError says why what it wrote is not what it declares."""
    if not step.outputs:
        return {}
    if written is None:
        raise ValueError(f"wrote no outputs; it declares {', '.join(step.outputs)}")
    try:
        given = json.loads(written)
    except ValueError as error:
        raise ValueError(f"its outputs are no JSON: {error}") from None
    if not isinstance(given, dict):
        raise ValueError("its outputs are no JSON object")
    for name in step.outputs:
        if name not in given:
            raise ValueError(f"did not write its output {name}")
        if not isinstance(given[name], str):
            raise ValueError(f"its output {name} is no text")
        if censor.holds(given[name].encode()):
            raise ValueError(f"its output {name} holds a secret; secrets are passed on by name only")
    return {name: given[name] for name in step.outputs}
