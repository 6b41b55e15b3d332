"""A job that is no pipeline of ours, as flags and Prow's variables describe it.

The variables: kubernetes-sigs/prow, pkg/pod-utils/downwardapi/jobspec.go and site/content/en/docs/jobs.md.
"""

import os
import re
import time

from py.results import layout
from py.results.layout import BATCH, PERIODIC, POSTSUBMIT, PRESUBMIT, Job
from py.sources.refs import parse
from py.tools.errors import UsageError
from py.tools.refs import Refs

_TYPES = (PRESUBMIT, BATCH, POSTSUBMIT, PERIODIC)
_NAME = re.compile("[A-Za-z0-9._-]+")
_BUILD = re.compile("[1-9][0-9]{0,18}")  # less than 2**64, as Deck wants it


def asked(
    *,
    job: str,
    job_type: str,
    build: str,
    org: str,
    repo: str,
    refs: str,
    pull: str,
    commit: str,
    is_new: bool,
) -> Job:
    """The job; UsageError, in one line, if it is not told well enough to have a place in a store."""
    name = job or _env("JOB_NAME")
    if not _NAME.fullmatch(name) or not name.strip("."):
        raise UsageError(f"which job? --job or $JOB_NAME, of letters, digits, - . and _, not {name!r}")
    number = (
        build or _env("BUILD_ID", "BUILD_NUMBER") or (layout.build_id(time.time(), name) if is_new else "")
    )
    if not _BUILD.fullmatch(number):
        raise UsageError(f"which build? --build or $BUILD_ID is its number, not {number!r}")
    tested = _refs(refs, pull, commit)
    owner, project = org or _env("REPO_OWNER"), repo or _env("REPO_NAME")
    kind = job_type or _env("JOB_TYPE") or _type(tested, project)
    if kind not in _TYPES:
        raise UsageError(f"--job_type or $JOB_TYPE is one of {', '.join(_TYPES)}, not {kind!r}")
    if (kind == PRESUBMIT) != (len(tested.pulls) == 1) or (tested.pulls and kind not in (PRESUBMIT, BATCH)):
        raise UsageError(f"a {kind} does not test {len(tested.pulls)} pull requests; see --refs and --pull")
    if kind == PRESUBMIT and not project:
        raise UsageError("of which repository? --org and --repo, or $REPO_OWNER and $REPO_NAME")
    return Job(kind, name, number, owner, project, tested)


def _refs(refs: str, pull: str, commit: str) -> Refs:
    """What is tested: as flags say, or, if they say nothing, as Prow does."""
    if refs or pull or commit:
        return parse(refs, pull=pull, commit=commit)
    return parse(
        _env("PULL_REFS"), pull=_env("PULL_NUMBER"), commit=_env("PULL_PULL_SHA"),
        base_commit=_env("PULL_BASE_SHA"), branch=_env("PULL_BASE_REF"),
    )  # fmt: skip


def _type(refs: Refs, repo: str) -> str:
    by_pulls = {0: POSTSUBMIT if repo else PERIODIC, 1: PRESUBMIT}
    return by_pulls.get(len(refs.pulls), BATCH)


def _env(*names: str) -> str:
    return next(filter(None, (os.environ.get(name, "") for name in names)), "")
