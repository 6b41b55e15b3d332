"""The JSON files from which Prow, TestGrid and kettle know a run: what began, what is tested, how it ended.

Fields and their readers: TestGrid's metadata/job.go, Prow's site/content/en/docs/metadata-artifacts.md.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from py.results.layout import Job
from py.results.verdict import SUCCESS

STARTED, FINISHED, PROWJOB, CLONED = "started.json", "finished.json", "prowjob.json", "clone-records.json"
METADATA = "metadata.json"  # in the artifacts: what steps want to be said of the run

_STATE = {"SUCCESS": "success", "FAILURE": "failure", "ABORTED": "aborted", "": "pending"}


def started(job: Job, began: float) -> dict[str, Any]:
    """What `started.json` says; empty fields are left out."""
    return _said(
        timestamp=int(began),
        pull="".join(str(pull.number) for pull in job.refs.pulls[:1]),  # of a batch the first, as Prow does
        repos=_repos(job),
        **{"repo-commit": job.refs.head},
    )


def finished(job: Job, ended: float, result: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What `finished.json` says: `passed` is for TestGrid and Spyglass, `result` for kettle and Deck."""
    commit = _said(repos=_repos(job), **{"repo-commit": job.refs.head})
    return {
        "timestamp": int(ended),
        "passed": result == SUCCESS,
        "result": result,
        **_said(revision=job.refs.head),
        "metadata": {**commit, **metadata},
    }


def prowjob(job: Job, began: float, ended: float = 0.0, result: str = "", url: str = "") -> dict[str, Any]:
    """What `prowjob.json` says, for viewers that show pull requests and states: a ProwJob."""
    pulls = [
        {"number": pull.number, "sha": pull.sha, "author": "", **_said(ref=pull.ref)}
        for pull in job.refs.pulls
    ]
    refs = {
        "org": job.org, "repo": job.repo,
        **_said(base_ref=job.refs.base_ref, base_sha=job.refs.base_sha, pulls=pulls),
    }  # fmt: skip
    return {
        "apiVersion": "prow.k8s.io/v1",
        "kind": "ProwJob",
        "metadata": {"name": job.build, "labels": {"prow.k8s.io/type": job.type}},
        "spec": {"type": job.type, "job": job.name, **({"refs": refs} if job.repo else {})},
        "status": {
            "state": _STATE[result],
            "startTime": _time(began),
            **({"completionTime": _time(ended)} if ended else {}),
            "build_id": job.build,
            **_said(url=url),
        },
    }


def kept(artifacts: Path) -> dict[str, Any]:
    """What steps have written into metadata.json; one that cannot be read says so in its place."""
    try:
        told = json.loads((artifacts / METADATA).read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        return {"metadata-error": f"{METADATA} cannot be read: {error}"}
    return told if isinstance(told, dict) else {"metadata-error": f"{METADATA} is no JSON object"}


def _repos(job: Job) -> dict[str, str]:
    name = "/".join(filter(None, (job.org, job.repo)))
    return {name: str(job.refs)} if name else {}


def _said(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
