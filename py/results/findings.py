"""What lies among the artifacts of a run, as its page shows it: tests, files, and what was tested.

Steps have written all of it, so anything may be in it, and any of it may be damaged.
"""

import json
import math
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from py.results import report, verdict
from py.tools.files import plain

TEXTS = 80_000  # characters of the texts of all failed tests together
LONGEST = 4_000  # characters of one of them
LEAST = 200  # so many in any case
NAMES = 300  # characters of a test's name
CASES = 500  # tests that are listed; the failed ones come first
FILES = 300  # artifacts that are listed
CHANGED = 100  # changed files, and commits, that are listed
LARGEST = 1_000_000  # bytes of a record that we read
DAMAGED = (OSError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
RECORDS, CHANGE = "clone-records.json", "change.json"  # of `release clone`


class Findings:
    """The artifacts in a folder; `link` is the folder as the page links it, empty if it cannot.

    `step_of` says which step writes which JUnit file.
    """

    def __init__(self, folder: Path, link: str, step_of: Mapping[str, str]) -> None:
        self.folder, self.link, self.step_of = folder, link, step_of

    def files(self) -> list[report.Artifact]:
        """All files by name; links are left out."""
        return [{"path": path, "link": self._link(path), "size": size} for path, size in _walked(self.folder)]

    def tests(self) -> list[report.Tests]:
        """The JUnit files, but for the runner's own; failed cases first, and their texts cut."""
        files = sorted(self.folder.glob("junit*.xml"))
        found = [self._read(file) for file in files if file.name != verdict.STEPS_JUNIT]
        failed = sum(each["counts"]["failed"] for each in found)
        longest = max(LEAST, min(LONGEST, TEXTS // max(1, failed)))
        room = CASES
        for each in sorted(found, key=lambda each: -each["counts"]["failed"]):
            cases = sorted(each["cases"], key=lambda case: case["state"] == "passed")
            each["cases"] = [{**case, "text": _cut(case["text"], longest)} for case in cases[:room]]
            room -= len(each["cases"])
        return found

    def change(self) -> dict[str, Any] | None:
        """What was tested; None if nothing was cloned, or if that cannot be told."""
        try:
            [record, *_] = _loaded(self.folder / RECORDS)
            refs = record["refs"]
            org, repo, url = (str(refs.get(key, "")) for key in ("org", "repo", "clone_uri"))
            told = {
                "repository": f"{org}/{repo}" if org else repo,
                "url": url,
                "commit": str(record.get("final_sha", "")),
                "base_ref": str(refs.get("base_ref", "")),
                "base_sha": str(refs.get("base_sha", "")),
                "pulls": [
                    {"number": int(each["number"]), "sha": str(each.get("sha", ""))}
                    for each in refs.get("pulls", ())
                ],
            }
        except DAMAGED:
            return None
        return told | self._difference(told["commit"])

    def _difference(self, commit: object) -> dict[str, Any]:
        nothing = {"files": [], "file_count": 0, "insertions": 0, "deletions": 0, "commits": []}
        try:
            told = _loaded(self.folder / CHANGE)
            if told["commit"] != commit:  # of another clone
                return nothing
            return {
                "files": [_file(each) for each in told["files"][:CHANGED]],
                **{key: int(told[key]) for key in ("file_count", "insertions", "deletions")},
                "commits": [
                    {"sha": str(each["sha"]), "title": str(each["title"])}
                    for each in told["commits"][:CHANGED]
                ],
            }
        except DAMAGED:
            return nothing

    def _link(self, path: str) -> str:
        return self.link and self.link + path

    def _read(self, file: Path) -> report.Tests:
        from py.results import junit  # late: only a run with tests pays for it

        cases: list[report.Case] = []
        error = ""
        try:
            for case in junit.read(file):
                cases.append(
                    {
                        "classname": case.classname[:NAMES],
                        "name": case.name[:NAMES],
                        "seconds": case.seconds if math.isfinite(case.seconds) else 0.0,
                        "state": "failed" if case.failure else "skipped" if case.skipped else "passed",
                        "text": case.failure or case.skipped,
                    }
                )
        except ValueError as why:
            error = str(why)
        states = [case["state"] for case in cases]
        return {
            "step": self.step_of.get(file.name, ""),
            "file": file.name,
            "link": self._link(file.name),
            "error": error,
            "counts": {state: states.count(state) for state in ("passed", "failed", "skipped")},
            "cases": cases,
        }


def _walked(folder: Path) -> Iterator[tuple[str, int]]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            found = path.lstat()
            if stat.S_ISREG(found.st_mode):
                yield str(path.relative_to(folder)), found.st_size


def _loaded(path: Path) -> Any:
    with plain(path) as file:
        return json.loads(file.read(LARGEST))


def _file(told: Any) -> dict[str, str | int | None]:
    """A changed file; of one that has no lines, being binary, the counts are None."""
    counts = {key: told[key] for key in ("insertions", "deletions")}
    return {"path": str(told["path"])} | {key: None if n is None else int(n) for key, n in counts.items()}


def _cut(text: str, longest: int) -> str:
    """A text's beginning and end: the one says what failed, the other where."""
    if len(text) <= longest:
        return text
    head, tail = longest // 4, longest - longest // 4
    return f"{text[:head]}\n… {len(text) - longest:,} characters left out …\n{text[-tail:]}"
