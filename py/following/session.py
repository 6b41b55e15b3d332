"""One visit to an Airflow: a run is triggered, followed, perhaps cancelled, and judged."""

import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import quote

from py.airflow_api import Api, Door, Place, Refusal, RunState
from py.following.follow import FINAL, Followed, Gone
from py.following.signals import CANCEL, LEAVE, Interrupted, Signals
from py.following.verdict import Verdict, judge
from py.pipeline import progress, summary
from py.pipeline import run as runs
from py.pipeline.run import AIRFLOW, FAILED, Run
from py.tools import folders
from py.tools.errors import CannotTell, UsageError


class Limits(NamedTuple):
    """Seconds for which we follow, and for which the API may be away."""

    time: float
    away: float


class Session:
    """Runs of one DAG; `again` is the end of a command line that comes back to the same Airflow."""

    def __init__(self, dag: str, place: Place, limits: Limits, on_interrupt: str, again: str) -> None:
        self.dag, self.place, self.limits, self.again = dag, place, limits, again
        self.until = time.monotonic() + limits.time
        self.signals = Signals(on_interrupt)
        self.door = Door(place, patience=limits.away, until=self.until, halt=self.signals)
        self.api = Api(self.door)

    def run(self, run_id: str, conf: Mapping[str, Any], *, unpause: bool, verbose: bool) -> str:
        """Trigger a run and follow it; the verdict. UsageError if nothing was triggered."""
        with self.signals.heeded(), self._how_to_come_back(run_id):
            with _nothing_began():
                if self.api.is_paused(self.dag):
                    if not unpause:
                        raise UsageError(f"{self.dag} is paused: its runs do not begin; --unpause lets them")
                    self.api.unpause(self.dag)
            self.api.trigger(self.dag, run_id, conf)
            return self._attend(run_id, verbose)

    def follow(self, run_id: str, *, verbose: bool = False, cancel: bool = False) -> str:
        """Follow a run that is there, after cancelling it if wanted; the verdict."""
        with self.signals.heeded(), self._how_to_come_back(run_id):
            try:
                self.api.run(self.dag, run_id)
            except Refusal as error:
                if error.status != 404:
                    raise
                self.api.is_paused(self.dag)  # UsageError if there is no such DAG
                raise UsageError(f"{self.dag} has no run {run_id!r}; see {self._ui()}") from None
            if cancel:
                self._cancel(run_id)
            return self._attend(run_id, verbose)

    def _attend(self, run_id: str, verbose: bool) -> str:
        followed = Followed(self.api, self.dag, run_id)
        conf = self.api.run(self.dag, run_id).conf
        dry = conf.get("dryrun") is True
        print(f"{self.dag} {runs.name_of(self.dag, run_id)}: {self._ui(run_id)}", flush=True)
        with progress.shown(followed, verbose=verbose or dry) as watcher:
            self.door.say = watcher.note
            state = self._followed(followed, watcher, words=verbose or dry or sys.stdout.isatty())
            verdict = judge(self.api, followed, state)
        self._sum_up(followed, state, verdict)
        return verdict.result

    def _followed(self, followed: Followed, watcher: progress.Lines | progress.Live, words: bool) -> RunState:
        """Follow to the end, whatever is pressed meanwhile that is no wish to leave."""
        while True:
            try:
                return followed.follow(watcher, words=words, wait=self._wait)
            except (Interrupted, CannotTell) as error:
                if not self.signals.is_set() or isinstance(error, Gone):
                    raise
            with watcher.paused():
                choice = self.signals.answer()
            if choice == LEAVE:
                raise CannotTell("stopped following")
            if choice == CANCEL:
                self._cancel(followed.run_id)
                watcher.note("cancelled: what the run made is taken away; once more: stop following at once")

    def _cancel(self, run_id: str) -> None:
        if self.api.run(self.dag, run_id).state not in FINAL:  # that one would become a failure
            self.api.cancel(self.dag, run_id)

    def _wait(self, seconds: float) -> None:
        left = self.until - time.monotonic()
        if left <= 0:
            raise CannotTell(f"the time limit of {self.limits.time:g} s has passed")
        if self.signals.wait(min(seconds, left)):
            raise Interrupted

    @contextmanager
    def _how_to_come_back(self, run_id: str) -> Iterator[None]:
        """Whoever cannot tell says how to ask again."""
        try:
            yield
            return
        except Gone:
            raise
        except CannotTell as error:
            why = str(error)
        except KeyboardInterrupt:
            why = "stopped at once"
        words = f"{shlex.quote(self.dag)} {shlex.quote(run_id)}{self.again}"
        raise CannotTell(
            f"{why}; if the run has begun, it goes on\n"
            f"  follow:  python -m py.prow follow {words}\n"
            f"  cancel:  python -m py.prow cancel {words}"
        )

    def _ui(self, run_id: str = "", task: str = "") -> str:
        """The page of the DAG, of a run, or of a task of it."""
        parts = ["dags", self.dag, *(["runs", run_id] if run_id else []), *(["tasks", task] if task else [])]
        return "/".join([self.place.url, *(quote(part, safe=":+~") for part in parts)])

    def _sum_up(self, followed: Followed, state: RunState, verdict: Verdict) -> None:
        here = _on_this_machine(followed)
        failed = summary.failures(here) if here else self._failures(followed)
        name = runs.name_of(self.dag, followed.run_id)
        results = summary.near(here.folder) if here else self._ui(followed.run_id)
        summary.show(
            f"{self.dag} {name}", verdict.result, verdict.reasons, verdict.notes, state.seconds,
            dryrun=state.conf.get("dryrun") is True, failed=failed, results=results,
            report=summary.page(here) if here else "",
        )  # fmt: skip

    def _failures(self, followed: Followed) -> list[summary.Failure]:
        """The failed steps of a run whose folder is on another machine."""
        failed = {name: record for name, record in followed.records.items() if record.state == FAILED}
        return [
            summary.Failure(
                name, it.reason, it.tail, self._ui(followed.run_id, name), followed.by_hand[name]
            )
            for name, it in failed.items()
        ]  # fmt: skip


def _on_this_machine(followed: Followed) -> Run | None:
    """The run as its own folder has it, where that is here."""
    folder = folders.runs() / runs.name_of(followed.dag, followed.run_id)
    if (folder / "run.json").exists():
        run = runs.read(folder)
        if run.engine == AIRFLOW and run.id == followed.run_id:
            return run
    return None


@contextmanager
def _nothing_began() -> Iterator[None]:
    """What Airflow refuses before a run has been triggered was asked wrongly."""
    try:
        yield
    except Refusal as error:
        raise UsageError(str(error)) from None
