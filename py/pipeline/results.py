"""What of a run is for viewers: the files that Prow and its like look for, here and in a store."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from py.pipeline.run import Run
from py.results import layout, metadata, reasons
from py.results.layout import Job
from py.results.reasons import Reason
from py.results.verdict import FAILURE, SUCCESS
from py.tools.errors import UsageError, WindtunnelError
from py.tools.files import write_whole
from py.tools.refs import Refs

if TYPE_CHECKING:
    from py.results.mirror import Mirror


def job_of(run: Run) -> Job:
    """What a run is to a viewer, by those of its params that have Prow's names."""
    org, repo = _repository(run)
    refs = _asked(run)
    cloned = _cloned(run)
    if cloned and _numbers(cloned) == _numbers(refs):  # else where the run lies would change while it goes on
        refs = cloned
    kind = {0: layout.POSTSUBMIT if repo else layout.PERIODIC, 1: layout.PRESUBMIT}.get(
        len(refs.pulls), layout.BATCH
    )
    if not refs.pulls and _said(run, "JOB_TYPE") in (layout.POSTSUBMIT, layout.PERIODIC):
        kind = _said(run, "JOB_TYPE")
    return Job(kind, run.pipeline, layout.build_id(run.began, run.name), org, repo, refs)


def begin(run: Run) -> None:
    """Say that a run has begun. Its store was there when it was made: if it is away now, it may come back."""
    run.save()
    job = job_of(run)
    _write(run, metadata.STARTED, metadata.started(job, run.began))
    _write(run, metadata.PROWJOB, metadata.prowjob(job, run.began))
    if mirror := _mirror(run):
        with suppress(WindtunnelError):
            mirror.announce()


@contextmanager
def kept(run: Run) -> Iterator[None]:
    """Copy what the block writes to the run's store, if it has one, while it goes on."""
    mirror = _mirror(run)
    if not mirror:
        yield
        return
    with mirror.kept():
        yield


def tell(run: Run) -> bool:
    """Say how a run has ended, here and in its store; false if that does not have all of it.

    One whose results nobody can look at is not green. Once it is told it stays what it is, although whoever
    finishes it later may find the store.
    """
    mirror = _mirror(run)
    whole = _tried(run, lambda: _tell_all(run, mirror))
    _say_end(run)
    if not mirror or _tried(run, mirror.end):
        if mirror and run.result == SUCCESS and not run.left_out:
            from py.results import records

            with suppress(WindtunnelError):  # then an older run stays the latest green one, which is true
                records.write_green(mirror.store, job_of(run))
        return whole
    _say_end(run)  # what has just been said is no longer true
    if whole:
        with suppress(WindtunnelError):  # the store may have taken it, and only have failed to say so
            mirror.end()
    return False


def _tried(run: Run, deed: Callable[[], None]) -> bool:
    """Whether the store has done something; if not, the run is red and says so."""
    try:
        deed()
    except WindtunnelError as error:
        if not any(reason.kind == reasons.NOT_STORED for reason in run.reasons):
            why = (
                f"its results were not all in {run.results} when it ended, only in {run.folder}: {error}; "
                "the next run that starts here, or the janitor, brings them there"
            )
            run.reasons = (*run.reasons, Reason(reasons.NOT_STORED, run.results, why))
        run.result = FAILURE if run.result == SUCCESS else run.result
        run.save()
        return False
    return True


def _tell_all(run: Run, mirror: "Mirror | None") -> None:
    """All but the end; StoreError if the store cannot keep it."""
    record = run.artifacts / metadata.CLONED
    if record.is_file():
        write_whole(run.folder / metadata.CLONED, record.read_bytes())
    _write(run, metadata.STARTED, metadata.started(job_of(run), run.began))
    if mirror:
        mirror.copy()


def _say_end(run: Run) -> None:
    """Write that the run is over, and how; last of all the file by which viewers know that."""
    job, now = job_of(run), time.time()
    said = {"run": run.name, "engine": run.engine} | ({"dryrun": "true"} if run.dryrun else {})
    said |= {"reasons": "; ".join(map(str, run.reasons))} if run.reasons else {}
    known = [note.subject for note in run.notes if note.kind == reasons.QUARANTINED]
    said |= {"quarantined": "\n".join(known)} if known else {}
    _write(run, metadata.PROWJOB, metadata.prowjob(job, run.began, now, run.result))
    _paged(run)
    told = metadata.finished(job, now, run.result, said | metadata.kept(run.artifacts))
    _write(run, metadata.FINISHED, told)


def place(run: Run) -> str:
    """Where a run's results are in its store; empty if it has none."""
    return f"{run.results}/{layout.folder(job_of(run))}" if run.results else ""


def _paged(run: Run) -> None:
    from py.pipeline import reporting  # late: for the first step nobody waits for it

    reporting.write(run)


def _mirror(run: Run) -> "Mirror | None":
    if not run.store or run.dryrun:
        return None
    from py.results.mirror import Mirror

    early = not any(step.secrets for step in run.steps.values())
    return Mirror(run.folder, run.artifacts, run.store, job_of(run), early=early)


def _repository(run: Run) -> tuple[str, str]:
    """Owner and name of what is tested; empty if its params do not tell."""
    url, owner, name = (_said(run, key) for key in ("REPO_URL", "REPO_OWNER", "REPO_NAME"))
    if not url and not owner:
        return "", name
    from py.sources.repository import locate

    try:
        found = locate(url, owner, name)
    except UsageError:  # the step that clones says why
        return owner, name
    return found.org, found.name


def _asked(run: Run) -> Refs:
    names = ("PULL_REFS", "PULL_NUMBER", "PULL_PULL_SHA", "PULL_BASE_SHA", "PULL_BASE_REF")
    refs, pull, commit, base_commit, branch = (_said(run, name) for name in names)
    if not any((refs, pull, commit, base_commit, branch)):
        return Refs()
    from py.sources.refs import parse

    try:
        return parse(refs, pull=pull, commit=commit, base_commit=base_commit, branch=branch)
    except UsageError:  # the step that clones says why
        return Refs()


def _cloned(run: Run) -> Refs | None:
    """What was really checked out, once that is known."""
    try:
        records = json.loads((run.artifacts / metadata.CLONED).read_bytes())
    except (OSError, ValueError):
        return None
    from py.sources.records import refs_of

    return refs_of(records)


def _numbers(refs: Refs) -> list[int]:
    return [pull.number for pull in refs.pulls]


def _said(run: Run, param: str) -> str:
    return str(run.params.get(param, ""))


def _write(run: Run, name: str, content: object) -> None:
    write_whole(run.folder / name, json.dumps(content, indent=1) + "\n")
