"""A whole pipeline on this machine: independent steps side by side, what was made undone, the run judged."""

import math
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from heapq import heappop, heappush
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol

from py.pipeline import holding, leftovers, results, secrecy
from py.pipeline import run as runs
from py.pipeline.execute import execute
from py.pipeline.run import ABORTED, FAILED, KILLED, LOCAL, NOT_RUN, PASSED, Record, Run
from py.results import buildlog, junit, quarantine, reasons, verdict
from py.results.inspection import Owed
from py.results.reasons import Reason
from py.tools import process
from py.tools.files import sweep


class Watcher(Protocol):
    """Who is told how a run goes; called from several threads."""

    def began(self, step: str) -> None: ...
    def said(self, step: str, piece: bytes) -> None: ...
    def ended(self, step: str, record: Record) -> None: ...
    def interrupted(self, times: int) -> None: ...


class Nobody:
    """A watcher who does not care."""

    def began(self, step: str) -> None: ...
    def said(self, step: str, piece: bytes) -> None: ...
    def ended(self, step: str, record: Record) -> None: ...
    def interrupted(self, times: int) -> None: ...


class Interrupts:
    """How often somebody asked us to stop: once is an orderly end with teardown, twice is now."""

    def __init__(self, watcher: Watcher) -> None:
        self.times = 0
        self._watcher = watcher

    def __call__(self, *_: object) -> None:
        self.times += 1
        self._watcher.interrupted(self.times)

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Listen for ^C, SIGTERM and a terminal that goes away, where that is possible."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        old = {
            number: signal.signal(number, self) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)


def drive(run: Run, *, jobs: int = 0, watcher: Watcher | None = None) -> str:
    """Run every step and return the verdict, SUCCESS, FAILURE or ABORTED, which is also written.

    `jobs` steps run at once (0: as many as there are cores). A step that undoes others runs whatever has
    failed, after all that it waits for has ended.
    """
    watcher = watcher or Nobody()
    stop = Interrupts(watcher)
    with holding.driving(run):
        results.begin(run)
        with stop.heeded(), results.kept(run):
            _Schedule(run, jobs or os.cpu_count() or 1, stop, watcher).work()
        return conclude(run, interrupted=bool(stop.times))


def finish_lost(
    folder: Path,
    watch: Callable[[Run], Watcher] = lambda run: Nobody(),
    *,
    lost: Callable[[Run], bool] = lambda run: run.engine == LOCAL,
) -> list[Run]:
    """Finish the runs in `folder` whose driver died: end what still runs, undo what was made, say ABORTED.

    A run that nobody holds and of which `lost` is true has lost its driver; `watch` gives the watcher for
    each, before anything is done.
    """
    finished = []
    for file in sorted(folder.glob(".open/*")):
        with holding.locked(file, make=False) as mine:
            if mine and file.exists():  # else it ended while we looked; only now its record stands still
                if not (folder / file.name / "run.json").exists():
                    runs.forget(folder / file.name)
                    continue
                run = runs.read(folder / file.name)
                if lost(run):
                    _finish(run, watch(run))
                    finished.append(run)
    return finished


def _finish(run: Run, watcher: Watcher) -> None:
    if run.result and not _cut_short(run):  # only telling it was not done
        _close(run)
        return
    process.end_marked(str(run.folder) + os.sep)
    sweep(run.folder, run.artifacts)
    for name in _cut_short(run):
        del run.records[name]
    for step in run.steps.values():
        if not step.undoes and step.name not in run.records and run.step_folder(step.name).exists():
            run.keep(step.name, Record(ABORTED, KILLED))
    with suppress(OSError):
        _log_anew(run)
    stop = Interrupts(watcher)
    stop.times = 1  # everything but undoing is cancelled
    with stop.heeded():
        _Schedule(run, 1, stop, watcher).work()
    conclude(run, interrupted=True)


def _log_anew(run: Run) -> None:
    """Put the build's log together: its runner was killed, perhaps before it had added a step's."""
    (run.folder / buildlog.NAME).unlink(missing_ok=True)
    begun = [(record.began or math.inf, step) for step, record in run.records.items()]
    for _, step in sorted(begun):
        if (log := run.step_folder(step) / "log.txt").exists():
            title = f"{step} {run.records[step].state}"
            buildlog.append(run.folder / buildlog.NAME, title, log, 0, f"steps/{step}/{log.name}")


def conclude(run: Run, interrupted: bool) -> str:
    """Write the steps' JUnit and the verdict; a run whose undoing was cut short stays open."""
    left = [] if run.dryrun else leftovers.take_away(run)
    left += secrecy.clean(run)
    with suppress(OSError):  # a full disk: the verdict counts more
        for name, record in run.records.items() if run.engine == LOCAL else ():
            run.keep(name, record)  # a step may have written there as well; in Airflow these are what we know
    junit.write(run.artifacts / verdict.STEPS_JUNIT, run.pipeline, [_case(run, step) for step in run.steps])
    run.result, run.reasons, run.notes = verdict.judge(
        {name: _ended(run, name) for name in run.steps}, run.artifacts, _since(run), interrupted=interrupted,
        also=[*_expired(run), *left],
    )  # fmt: skip
    run.notes += _left_out(run)
    run.save()
    _close(run)
    return run.result


def _close(run: Run) -> None:
    """Tell people and viewers; whose undoing was cut short, or whose store was away, waits to be finished."""
    if results.tell(run) and not _cut_short(run):
        run.close()


def _cut_short(run: Run) -> list[str]:
    """The steps whose undoing somebody's second ^C has left to the next start."""
    states = run.states()
    return [s.name for s in run.steps.values() if s.undoes and states.get(s.name) in (NOT_RUN, ABORTED)]


def _ended(run: Run, step: str) -> verdict.Ended:
    """A step as the verdict sees it; in a dry run it owes nothing."""
    record = run.records[step]
    owed = Owed() if run.dryrun else run.steps[step].owed
    return verdict.Ended(record.state, record.reason, owed, record.found, record.earlier)


def _since(run: Run) -> float:
    """From when on a file in ARTIFACTS is the run's; any is, unless others may use the folder as well."""
    return 0.0 if run.artifacts.is_relative_to(run.folder) else run.began


def _left_out(run: Run) -> tuple[Reason, ...]:
    names = ", ".join(run.left_out)
    return (Reason(reasons.LEFT_OUT, names, f"left out, as asked: {names}"),) if names else ()


def _expired(run: Run) -> list[Reason]:
    return [] if run.dryrun else quarantine.expired(run.quarantine, quarantine.day(run.began))


def _case(run: Run, step: str) -> junit.Case:
    """A step in the runner's JUnit."""
    record = run.records[step]
    failure = "" if record.state == PASSED else f"{record.state}: {record.reason}\n{record.tail}"
    earlier = tuple(
        f"attempt {number} {each.state}: {each.reason}" for number, each in enumerate(record.earlier, 1)
    )
    return junit.Case(run.pipeline, step, record.seconds, failure, earlier=earlier)


class _Schedule:
    """Who may start when: counts of what each step still waits for, and the longest way first."""

    def __init__(self, run: Run, jobs: int, stop: Interrupts, watcher: Watcher) -> None:
        self.run, self.jobs, self.stop, self.watcher = run, jobs, stop, watcher
        self.ended: SimpleQueue[str] = SimpleQueue()
        self.running = 0
        self.ready: list[tuple[int, int, str]] = []
        self.waits = {step.name: len(step.upstream) for step in run.steps.values()}
        self.children: dict[str, list[str]] = {name: [] for name in run.steps}
        for step in run.steps.values():
            for parent in step.upstream:
                self.children[parent].append(step.name)
        self.height: dict[str, int] = {}
        for name in reversed(run.steps):
            self.height[name] = 1 + max((self.height[child] for child in self.children[name]), default=0)
        self.place = {name: index for index, name in enumerate(run.steps)}

    def work(self) -> None:
        """Return when every step has a record."""
        free = [name for name, count in self.waits.items() if not count]
        self._admit(free)
        while self.running or self.ready:
            while self.ready and self.running < self.jobs:
                self._start(heappop(self.ready)[2])
            if self.running:
                name = self.ended.get()
                self.running -= 1
                self.watcher.ended(name, self.run.records[name])
                self._admit(self._freed_by(name))

    def _admit(self, free: list[str]) -> None:
        """All that these steps wait for has ended: make each ready, or say why it will not run."""
        while free:
            name = free.pop()
            if name not in self.run.records:
                if reason := self._obstacle(name):
                    self._leave_out(name, reason)
                else:
                    heappush(self.ready, (-self.height[name], self.place[name], name))
                    continue
            free += self._freed_by(name)

    def _freed_by(self, name: str) -> list[str]:
        """The steps that waited for nothing but this one."""
        for child in self.children[name]:
            self.waits[child] -= 1
        return [child for child in self.children[name] if not self.waits[child]]

    def _obstacle(self, name: str) -> str:
        step = self.run.steps[name]
        if not step.undoes and (why := self.run.obstacle(step.upstream)):
            return why
        return "the run was cancelled" if self.stop.times > (1 if step.undoes else 0) else ""

    def _leave_out(self, name: str, reason: str) -> None:
        record = Record(NOT_RUN, reason)
        with suppress(OSError):  # a full disk: what was made must still be undone
            self.run.keep(name, record)
        self.watcher.ended(name, record)

    def _start(self, name: str) -> None:
        if reason := self._obstacle(name):  # cancelled since it became ready
            self._leave_out(name, reason)
            self._admit(self._freed_by(name))
            return
        self.running += 1
        self.watcher.began(name)
        threading.Thread(target=self._work, args=(name,)).start()

    def _work(self, name: str) -> None:
        step = self.run.steps[name]
        patience = 1 if step.undoes else 0
        try:
            execute(
                self.run, step, cancelled=lambda: self.stop.times > patience,
                hurry=lambda: self.stop.times > 1, said=lambda piece: self.watcher.said(name, piece),
            )  # fmt: skip
        except OSError as error:  # a full disk, say: the run must end, and say so
            self.run.records[name] = Record(FAILED, f"the runner could not write: {error}")
        except Exception as error:
            self.run.records[name] = Record(FAILED, f"the runner could not run it: {error}")
        finally:
            self.ended.put(name)
