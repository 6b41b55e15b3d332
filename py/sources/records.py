"""Write `clone-records.json`, from which Prow's viewers know what was cloned and how."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from py.sources.git import Done
from py.sources.repository import Repository
from py.tools.files import write_whole
from py.tools.refs import Pull, Refs

NAME = "clone-records.json"


def write(
    path: Path, repository: Repository, refs: Refs, done: Sequence[Done], final_sha: str, seconds: float
) -> None:
    """Write the record of one clone, whole or not at all; a clone without a final sha has failed.

    Durations are whole nanoseconds, as Go writes them. The URL is written without credentials.
    """
    record = {
        "refs": _kept(
            org=repository.org,
            repo=repository.name,
            base_ref=refs.base_ref,
            base_sha=refs.base_sha,
            pulls=[_kept(number=p.number, author="", sha=p.sha, ref=p.ref) for p in refs.pulls],
            clone_uri=repository.url,
        ),
        "commands": [
            _kept(command=d.command, output=d.output, error=d.error, duration=d.nanoseconds) for d in done
        ],
        "failed": not final_sha,
        "final_sha": final_sha,
        "duration": int(seconds * 1e9),
    }
    write_whole(path, json.dumps([_kept(**record)], indent=2) + "\n")


def refs_of(record: Any) -> Refs | None:
    """What a record of ours, or of Prow's, says was checked out; nothing if that failed or cannot be told."""
    try:
        told = record[0]["refs"]
        pulls = [
            (int(each["number"]), each.get("sha", ""), each.get("ref", "")) for each in told.get("pulls", ())
        ]
        refs = Refs(told.get("base_ref", ""), told.get("base_sha", ""), tuple(Pull(*each) for each in pulls))
        return None if record[0]["failed"] else refs
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return None


def _kept(**fields: Any) -> dict[str, Any]:
    """Prow leaves out what is empty, except what its readers always expect."""
    return {
        name: value for name, value in fields.items() if value or name in ("org", "author", "failed", "sha")
    }
