"""What was tested: started.json's pull, repos and repo-commit, finished.json's revision, and prowjob.json.

TestGrid's metadata/job.go (Version), Deck's job_history.go and pr_history.go, kettle's make_json.py.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from py.results.viewers.base import Faults, Spot, shown
from py.results.viewers.folder import FINISHED, PROWJOB, STARTED, RunFolder

FAULTS = Faults()
_REFS = re.compile(r"[^\s,:]+(:[^\s,:]+)?(,[0-9]+(:[^\s,:]+){0,2})*")
_ONE_PULL = re.compile(r"[-.\w]+:\w{40},[0-9]+:(\w{40})", re.ASCII)
_HEX = re.compile("[0-9a-f]{40}")
_SHOWN = 9  # characters of a commit in TestGrid


@FAULTS.fault("write the number of the pull request; the refs belong into `repos`")
def _pull_holds_refs(run: RunFolder) -> Iterator[Spot]:
    pull = _text(run, "pull")
    if ":" in pull:
        yield Spot(STARTED, f"`pull` is {shown(pull)}")


@FAULTS.fault("write the number of the pull request as text, of a batch that of the first")
def _pull_is_no_number(run: RunFolder) -> Iterator[Spot]:
    pull = _text(run, "pull")
    if pull and ":" not in pull and not re.fullmatch("[0-9]+", pull):
        yield Spot(STARTED, f"`pull` is {shown(pull)}")


@FAULTS.fault("write what the folder's path says, or put the run where it belongs")
def _pull_is_another(run: RunFolder) -> Iterator[Spot]:
    pull, wanted = _text(run, "pull"), run.place.pull if run.place else ""
    if wanted.isdecimal() and re.fullmatch("[0-9]+", pull) and pull != wanted:
        yield Spot(STARTED, f"`pull` is {pull}, and the folder is one of pull request {wanted}")


@FAULTS.fault("spell refs as Prow does: main:SHA, or main:SHA,12:SHA with pull requests")
def _refs_misspelled(run: RunFolder) -> Iterator[Spot]:
    for repo, refs in _repos(run).items():
        if isinstance(refs, str) and not _REFS.fullmatch(refs):
            yield Spot(STARTED, f"`repos` says {shown(refs)} of {repo}")


@FAULTS.fault('write `repos`: {"org/repo": "main:SHA,12:SHA"}')
def _repos_missing(run: RunFolder) -> Iterator[Spot]:
    if _is_known(run) and run.place and run.place.has_pulls and not _repos(run):
        yield Spot(STARTED, "`repos` is missing, and pull requests are tested")


@FAULTS.fault("write `repo-commit`: the commit that is tested")
def _commit_missing(run: RunFolder) -> Iterator[Spot]:
    tests_code = bool(_repos(run)) or bool(run.place and run.place.has_pulls)
    if (
        _is_known(run)
        and tests_code
        and not any(_versions(run))
        and not _data(run, STARTED).get("repo-commit")
    ):
        yield Spot(STARTED, "`repo-commit` is missing")


@FAULTS.fault("leave it to `repo-commit`, or write the same commit into both")
def _commit_is_another(run: RunFolder) -> Iterator[Spot]:
    commit = _text(run, "repo-commit")
    told = next(filter(None, _versions(run)), "")
    if commit and told and _short(told) != _short(commit):
        yield Spot(
            FINISHED if told in _of_the_end(run) else STARTED,
            f"it names {shown(told)}, `repo-commit` {commit}",
        )


@FAULTS.fault("write `revision`: the commit of the pull request's head")
def _revision_missing(run: RunFolder) -> Iterator[Spot]:
    end = _data(run, FINISHED)
    if (
        end
        and run.place
        and run.place.pull
        and not end.get("revision")
        and not _ONE_PULL.fullmatch(_text(run, "pull"))
    ):
        yield Spot(FINISHED, "`revision` is missing")


@FAULTS.fault("write all 40 digits of the commit")
def _revision_is_no_commit(run: RunFolder) -> Iterator[Spot]:
    revision = _data(run, FINISHED).get("revision")
    if (
        run.place
        and run.place.pull
        and isinstance(revision, str)
        and revision
        and not _HEX.fullmatch(revision)
    ):
        yield Spot(FINISHED, f"`revision` is {shown(revision)}")


@FAULTS.fault("write the ProwJob, with spec.refs, into prowjob.json")
def _prowjob_without_refs(run: RunFolder) -> Iterator[Spot]:
    found = run.document(PROWJOB)
    if not run.place or not run.place.has_pulls or (found and found.broken):
        return
    spec = found.data.get("spec") if found else None
    if not isinstance(spec, dict) or not isinstance(spec.get("refs"), dict):
        yield Spot(PROWJOB, "it has no spec.refs" if found else "it is not there")


@FAULTS.fault("write one JSON object into it, or leave it out")
def _prowjob_broken(run: RunFolder) -> Iterator[Spot]:
    found = run.document(PROWJOB)
    if found and found.broken:
        yield Spot(PROWJOB, f"it {found.broken}")


def _data(run: RunFolder, name: str) -> Mapping[str, Any]:
    return next((found.data for found in run.status if found.name == name), {})


def _is_known(run: RunFolder) -> bool:
    return any(found.name == STARTED for found in run.status)


def _text(run: RunFolder, key: str) -> str:
    value = _data(run, STARTED).get(key)
    return value if isinstance(value, str) else ""


def _repos(run: RunFolder) -> Mapping[str, Any]:
    value = _data(run, STARTED).get("repos")
    return value if isinstance(value, dict) else {}


def _of_the_end(run: RunFolder) -> list[str]:
    """The versions that finished.json gives, by what TestGrid takes first."""
    end = _data(run, FINISHED)
    metadata = end.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    told = [end.get("job-version"), end.get("repo-version")]
    told += [metadata.get(key) for key in ("revision", "repo-commit", "job-version")]
    return [value if isinstance(value, str) else "" for value in told]


def _versions(run: RunFolder) -> list[str]:
    """What TestGrid takes for the commit before it looks at repo-commit, in its order."""
    first, *rest = _of_the_end(run)
    return [first, _text(run, "job-version"), _text(run, "repo-version"), *rest]


def _short(version: str) -> str:
    """A version as TestGrid shows it."""
    return version.rpartition("+")[2][:_SHOWN] if "+" in version else version[:_SHOWN]
