"""What of a run is for people: its page, made of its record, its logs and its artifacts."""

import os
import sys
import time
from pathlib import Path

from py import __version__
from py.pipeline import results
from py.pipeline.execute import BY_HAND, by_hand
from py.pipeline.model import Step
from py.pipeline.progress import RUNNING, WAITING
from py.pipeline.render import spell
from py.pipeline.run import Record, Run, read
from py.results import findings, reasons, report
from py.results.reasons import Reason
from py.results.verdict import Attempt
from py.tools.files import plain
from py.tools.outputs import junit_name

TAIL = 8_000  # bytes of a step's log that the page shows
LOGS = 300_000  # bytes of all logs together: with very many steps each gets less, but
LEAST = 500  # at least so many
LONGEST = 2_000  # characters of an output


def write(run: Run) -> None:
    """Write the page of a run, over or not; that it cannot be written is said, and changes nothing else."""
    try:
        report.write(run.folder, page(run))
    except Exception as error:  # whatever is wrong with a page, the run goes on and is what it is
        print(f"{run.folder / report.NAME} is not written: {error}", file=sys.stderr)


def drawn(run: Run) -> Run:
    """Write the page of a run that goes on, and return the run as it is then; its own page is never lost."""
    write(run)
    now = read(run.folder)
    if now.result:  # it has ended meanwhile, and ours may lie over its last one
        write(now)
    return now


def page(run: Run) -> report.Page:
    """All that the page shows."""
    ended = max((record.began + record.seconds for record in run.records.values()), default=0.0)
    group_of = {step: group for group, steps in run.groups.items() for step in steps}
    tail = max(LEAST, min(TAIL, LOGS // max(1, len(run.steps))))
    inside = run.artifacts.is_relative_to(run.folder)
    found = findings.Findings(
        run.artifacts,
        link=f"{run.artifacts.relative_to(run.folder)}/" if inside else "",
        step_of={junit_name(step): step for step in run.steps},
    )
    kept = found.files()
    return {
        "pipeline": run.pipeline,
        "doc": run.doc,
        "name": run.name,
        "engine": run.engine,
        "dryrun": run.dryrun,
        "result": run.result,
        "reasons": [
            *(_reason(each, bad=each.kind != reasons.NOT_RUN) for each in run.reasons),
            *(_reason(each, bad=False) for each in run.notes),
        ],
        "began": run.began,
        "seconds": max(0.0, (ended if run.result else time.time()) - run.began),
        "written": time.time(),
        "steps": [_step(run, step, group_of.get(step.name, ""), tail) for step in run.steps.values()],
        "tests": found.tests(),
        "artifacts": kept[: findings.FILES],
        "artifact_count": len(kept),
        "artifact_size": sum(each["size"] for each in kept),
        "change": found.change(),
        "params": {name: spell(value, run.answer) for name, value in run.params.items()},
        "environment": _environment(run),
    }


def _reason(reason: Reason, bad: bool) -> report.Reason:
    return {"subject": reason.subject, "text": reason.text, "bad": bad}


def _step(run: Run, step: Step, group: str, tail: int) -> report.Step:
    log = run.step_folder(step.name) / "log.txt"
    began = _began(log) if step.name not in run.records else 0.0
    waiting = Record(RUNNING, began=began, seconds=time.time() - began) if began else Record(WAITING)
    record = run.records.get(step.name, waiting)
    command = by_hand(run, step)
    size, said = _end_of(log, tail)
    return {
        "name": step.name,
        "group": group,
        "state": record.state,
        "reason": record.reason,
        "code": record.code,
        "began": record.began,
        "seconds": record.seconds,
        "timeout": step.timeout,
        "command": command,
        "outputs": {name: _short(value) for name, value in run.outputs.get(step.name, {}).items()},
        "upstream": list(step.upstream),
        "undoes": list(step.undoes),
        "secrets": list(step.secrets),
        "log": f"steps/{step.name}/log.txt" if size else "",
        "log_size": size,
        "tail": "\n".join(line for line in said.split("\n") if line != BY_HAND + command),
        "shown_size": min(size, tail),
        "earlier": [_attempt(each) for each in record.earlier],
    }


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _attempt(record: Attempt) -> report.Attempt:
    return {
        "state": record.state,
        "reason": record.reason,
        "began": record.began,
        "seconds": record.seconds,
    }


def _began(log: Path) -> float:
    """When a step began of which nobody has told the end; 0 if it has not begun."""
    try:
        return log.parent.stat().st_ctime
    except OSError:
        return 0.0


def _end_of(log: Path, longest: int) -> tuple[int, str]:
    """The size of a log and its last bytes, from the beginning of a line unless it is a very long one."""
    try:
        with plain(log) as file:
            size = file.seek(0, os.SEEK_END)
            start = file.seek(max(0, size - longest))
            said = file.read(longest)
    except OSError:  # there is none, or it is no file any more
        return 0, ""
    _, _, rest = said.partition(b"\n") if start else (b"", b"", said)
    return size, (rest if len(rest) > longest // 2 else said).decode(errors="replace")


def _environment(run: Run) -> dict[str, object]:
    """Where the run was driven, as far as that may explain how it went."""
    system = os.uname()
    told: dict[str, object] = {
        "Windtunnel": __version__,
        "Python": ".".join(map(str, sys.version_info[:3])),
        "system": f"{system.sysname} {system.release} {system.machine}",
        "machine": f"{system.nodename}, {os.cpu_count()} processors",
        "run": run.id,
        "pipeline": run.file,
        "folder": str(run.folder),
    }
    return told | ({"results": results.place(run)} if run.results else {})
