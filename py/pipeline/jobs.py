"""A job that is no pipeline of ours, as flags and Prow's variables describe it.

The variables: kubernetes-sigs/prow, pkg/pod-utils/downwardapi/jobspec.go and site/content/en/docs/jobs.md.
"""

import os
import re
import time
from collections.abc import Mapping

from py.results import layout
from py.results.layout import BATCH, PERIODIC, POSTSUBMIT, PRESUBMIT, Job
from py.sources.refs import parse
from py.tools.errors import UsageError
from py.tools.refs import Refs

_TYPES = (PRESUBMIT, BATCH, POSTSUBMIT, PERIODIC)
_NAME = re.compile("[A-Za-z0-9._-]+")
_BUILD = re.compile("[1-9][0-9]{0,18}")  # less than 2**64, as Deck wants it


def asked(told: Mapping[str, str], *, is_new: bool) -> Job:
    """The job by its flags (`prow started --help`); UsageError if it has no place in a store by them.

    A new run without a number gets one.
    """
    name = told["job"] or _env("JOB_NAME")
    if not _NAME.fullmatch(name) or not name.strip("."):
        raise UsageError(f"which job? --job or $JOB_NAME, of letters, digits, - . and _, not {name!r}")
    fresh = layout.build_id(time.time(), name) if is_new else ""
    number = told["build"] or _env("BUILD_ID", "BUILD_NUMBER") or fresh
    if not _BUILD.fullmatch(number):
        raise UsageError(f"which build? --build or $BUILD_ID is its number, not {number!r}")
    refs = _refs(told)
    org, repo = told["org"] or _env("REPO_OWNER"), told["repo"] or _env("REPO_NAME")
    kind = _type(told["job_type"] or _env("JOB_TYPE"), refs, repo)
    return Job(kind, name, number, org, repo, refs)


def _refs(told: Mapping[str, str]) -> Refs:
    """What is tested: as flags say, or, if they say nothing, as Prow does."""
    if told["refs"] or told["pull"] or told["commit"]:
        return parse(told["refs"], pull=told["pull"], commit=told["commit"])
    return parse(
        _env("PULL_REFS"), pull=_env("PULL_NUMBER"), commit=_env("PULL_PULL_SHA"),
        base_commit=_env("PULL_BASE_SHA"), branch=_env("PULL_BASE_REF"),
    )  # fmt: skip


def _type(said: str, refs: Refs, repo: str) -> str:
    """The type of the job, which has to go with what is tested."""
    count = len(refs.pulls)
    kind = said or {0: POSTSUBMIT if repo else PERIODIC, 1: PRESUBMIT}.get(count, BATCH)
    if kind not in _TYPES:
        raise UsageError(f"--job_type or $JOB_TYPE is one of {', '.join(_TYPES)}, not {kind!r}")
    if not (count == 1 if kind == PRESUBMIT else count > 0 if kind == BATCH else count == 0):
        raise UsageError(f"a {kind} does not test {count} pull requests; see --refs and --pull")
    if kind == PRESUBMIT and not repo:
        raise UsageError("of which repository? --org and --repo, or $REPO_OWNER and $REPO_NAME")
    return kind


def _env(*names: str) -> str:
    return next(filter(None, (os.environ.get(name, "") for name in names)), "")
