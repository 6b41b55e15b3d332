"""Which files are there, and under which names: the build log, links, archives, and the pod.

Spyglass' lenses (pkg/spyglass/lenses, storageartifact.go, the configuration in its site's _index.md),
TestGrid's util/gcs/read.go for podinfo.json, Prow's pkg/gcsupload/run.go for names.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from py.results.viewers.base import Faults, Spot, shown
from py.results.viewers.folder import FINISHED, HEAD, LOG, MOST_XML, PODINFO, STARTED, RunFolder

FAULTS = Faults()
_READ = re.compile(rf"{STARTED}|{FINISHED}|{LOG}|artifacts/junit_[^/]*\.xml")
_SHOWS_LOG = frozenset({"Spyglass", "Gubernator"})
_SHOWS_JUNIT = frozenset({"TestGrid", "Spyglass", "Gubernator", "kettle"})


@FAULTS.fault("write what the run prints into build-log.txt")
def _log_missing(run: RunFolder) -> Iterator[Spot]:
    if run.finished and LOG not in run.files and f"{LOG}.gz" not in run.files:
        other = next((name for name in run.files if name.endswith(f"-{LOG}") and "/" not in name), "")
        yield Spot(LOG, f"it is not there, only {other}" if other else "it is not there")


@FAULTS.fault("keep its end, and all of it under another name in artifacts/")
def _log_too_large(run: RunFolder) -> Iterator[Spot]:
    if LOG in run.files and run.files[LOG].size > MOST_XML:
        yield Spot(LOG, f"it has {run.files[LOG].size // 1_000_000} MB; {MOST_XML // 1_000_000} are read")


@FAULTS.fault("store it under its name without .gz, with the content encoding gzip")
def _compressed(run: RunFolder) -> Iterator[Spot]:
    for name in run.files:
        plain = name.removesuffix(".gz")
        if plain != name and plain not in run.files and _READ.fullmatch(plain):
            yield Spot(name, f"it is not called {plain}", _readers(plain))


@FAULTS.fault("put the file itself there")
def _only_a_link(run: RunFolder) -> Iterator[Spot]:
    for name in sorted(run.links):
        if _READ.fullmatch(name):
            yield Spot(name, "it is a link, which no store keeps", _readers(name))


@FAULTS.fault("take a name without #")
def _number_sign_in_name(run: RunFolder) -> Iterator[Spot]:
    for name in run.files:
        if name.startswith("artifacts/") and "#" in name:
            yield Spot(name, "there is a # in its name")


@FAULTS.fault("write one URL into it: https://…, http://… or gs://…")
def _link_leads_nowhere(run: RunFolder) -> Iterator[Spot]:
    for name in run.files:
        if PurePosixPath(name).match("artifacts/*.link.txt"):
            content = run.head(name, HEAD).decode(errors="replace").strip()
            if not re.match("(https?|gs)://[^\n]*$", content):
                yield Spot(name, f"it says {shown(content)}")


@FAULTS.fault("write the pod as {\"pod\": …, \"events\": …}, or leave the file out")  # fmt: skip
def _podinfo_broken(run: RunFolder) -> Iterator[Spot]:
    found = run.document(PODINFO)
    if found and (found.broken or not isinstance(found.data.get("pod"), dict)):
        yield Spot(PODINFO, f"it {found.broken or 'has no pod'}")


@FAULTS.fault("set `decorate: true` on the ProwJob, or disable_prowjob_analysis in TestGrid")
def _podinfo_without_sidecar(run: RunFolder) -> Iterator[Spot]:
    found = run.document(PODINFO)
    status = _inside(_inside(found.data if found else {}, "pod"), "status")
    containers = status.get("containerStatuses") or []
    if not status or status.get("phase") == "Succeeded" or not isinstance(containers, list):
        return
    if not any(isinstance(entry, dict) and entry.get("name") == "sidecar" for entry in containers):
        yield Spot(PODINFO, "its pod has no container called sidecar")


def _inside(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _readers(name: str) -> frozenset[str]:
    """Who would read the file if it had this name."""
    if name.endswith(".xml"):
        return _SHOWS_JUNIT
    return _SHOWS_LOG if name == LOG else _SHOWS_JUNIT | {"deck"}
