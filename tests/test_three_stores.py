"""One run in a folder, in Google's store and in S3: the same to all viewers; and stores that are away."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from py.artifacts import Store, open_store
from py.pipeline import local, results
from py.pipeline import run as runs
from py.results import layout, verify
from py.results.mirror import Mirror
from py.results.reasons import NOT_STORED
from tests.projects import Project, wait_until

# A presubmit, so that something leads to its folder from elsewhere.
PRESUBMIT = """
case = '<testcase classname="c" name="n" time="0"/>'
suite = f'<testsuites><testsuite name="s">{case}</testsuite></testsuites>'
for name in ("REPO_OWNER", "REPO_NAME", "PULL_NUMBER", "PULL_PULL_SHA", "PULL_BASE_SHA", "PULL_BASE_REF"):
    pipeline.param(name, "")
told = "echo '{\\"who\\": \\"ü\\"}' > metadata.json"
keep = f"cd $ARTIFACTS; {told}; gzip -nc metadata.json > a.gz; head -c 99999 /dev/zero > b"
build = pipeline.step("build", sh(do=keep))
test = f"echo '{suite}' > $ARTIFACTS/junit_tests.xml"
pipeline.step("tests", sh(do=test), after=[build], junit=True)
pipeline.step("undo", sh(do="echo undone"), undoes=[build])
"""
PULL = {
    "REPO_OWNER": "acme", "REPO_NAME": "rocket", "PULL_NUMBER": "12",
    "PULL_PULL_SHA": "a" * 40, "PULL_BASE_SHA": "b" * 40, "PULL_BASE_REF": "main",
}  # fmt: skip


def tree(store: Store) -> dict[str, bytes]:
    """All that is in a store."""
    return {item.name: store.get(item.name) for item in store.list()}


def test_a_run_in_three_stores_differs_by_the_names_of_places_only(
    project: Project, folder: str, gcs: str, s3: str
) -> None:
    project.declare(PRESUBMIT)
    code, said = project.run("--conf", json.dumps(PULL | {"RESULTS": folder}))
    assert code == 0, said
    run = project.last()
    job = results.job_of(run)
    stores = [open_store(url) for url in (folder, gcs, s3)]
    for store in stores[1:]:
        (run.folder / ".mirrored.json").unlink()  # what the store before has
        mirror = Mirror(run.folder, run.artifacts, store, job, early=True)
        mirror.copy()
        mirror.end()
    trees = [tree(store) for store in stores]
    alias = layout.alias(job)
    for store, here in zip(stores, trees, strict=True):
        place = f"{store.url}/{layout.folder(job)}"
        report = verify.verify(place)
        verify.show(report)
        assert (report.state, report.findings, report.unread) == ("SUCCESS", (), ())
        differ = [name for name, content in here.items() if content != trees[0][name]]
        print(f"{len(here)} files; not as in {stores[0].url}: {differ}\n")
        assert here.keys() == trees[0].keys()
        assert differ in ([], [alias])
        assert here[alias].decode() == store.metadata(alias)[layout.LINK] == place
    kept = {f"{layout.folder(job)}/artifacts/{name}" for name in ("a.gz", "b", "junit_tests.xml")}
    assert kept < trees[0].keys()


class Line:
    """A way to a server that can be cut, and mended."""

    def __init__(self, url: str) -> None:
        self._server = (str(urlsplit(url).hostname), int(urlsplit(url).port or 80))
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        self._open: set[socket.socket] = set()
        self._is_cut, self.refused = False, 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """From now on nobody gets through, and who was is cut off."""
        self._is_cut, self.refused = True, 0
        for line in list(self._open):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """From now on everybody gets through."""
        self._is_cut = False

    def end(self) -> None:
        """Nobody needs it any more."""
        self.cut()
        self._door.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                if self._is_cut:
                    self.refused += 1
                    near.close()
                    continue
                far = socket.create_connection(self._server)
                self._open |= {near, far}
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while piece := one.recv(1 << 16):
                other.sendall(piece)
        for line in (one, other):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def line(s3: str, monkeypatch: pytest.MonkeyPatch, project: Project) -> Iterator[Line]:
    """The way to the server of `s3`, for a project and for us."""
    made = Line(os.environ["AWS_ENDPOINT_URL_S3"])
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", made.url)
    project.env = dict(os.environ)
    yield made
    made.end()


WAITING = """
wait = "touch begun; echo kept > $ARTIFACTS/kept; until test -e go; do sleep 0.05; done"
one = pipeline.step("one", sh(do=wait))
pipeline.step("two", sh(do="rm begun"), undoes=[one])
"""


def test_a_store_that_is_away_for_a_while_has_it_all_in_the_end(
    project: Project, s3: str, line: Line
) -> None:
    project.declare(WAITING)
    child = project.start("run", "sample", "--dags=dags", "--conf", json.dumps({"RESULTS": s3}))
    project.wait_for("begun")
    line.cut()
    wait_until(lambda: line.refused)
    line.mend()
    (project.folder / "go").touch()
    said, _ = child.communicate(timeout=60)
    assert child.returncode == 0, said
    report = verify.verify(results.place(project.last()))
    assert (report.state, report.is_seen) == ("SUCCESS", True)
    assert open_store(results.place(project.last())).get("artifacts/kept") == b"kept\n"


def test_a_run_whose_store_is_away_at_its_end_is_red_and_is_told_when_it_is_back(
    project: Project, s3: str, line: Line
) -> None:
    project.declare(WAITING)
    child = project.start("run", "sample", "--dags=dags", "--conf", json.dumps({"RESULTS": s3}))
    project.wait_for("begun")
    line.cut()
    (project.folder / "go").touch()
    said, _ = child.communicate(timeout=120)
    run = project.last()
    assert (child.returncode, run.result, [each.kind for each in run.reasons]) == (1, "FAILURE", [NOT_STORED])
    for words in (f"were not all in {s3} when it ended, only in {run.folder}", "does not answer", "next run"):
        assert words in said
    assert json.loads((run.folder / "finished.json").read_bytes())["result"] == "FAILURE"
    assert (run.artifacts / "kept").exists()
    assert not (project.folder / "begun").exists()  # what was made is undone
    line.mend()
    [told] = local.finish_lost(project.folder / "runs")
    report = verify.verify(results.place(told))
    assert (report.state, report.is_seen) == ("FAILURE", True)
    assert not runs.marker(run.folder.parent, run.name).exists()


def test_a_store_that_cannot_be_reached_is_told_before_anything_is_made(
    project: Project, s3: str, line: Line
) -> None:
    project.declare(WAITING)
    line.cut()
    code, said = project.run("--conf", json.dumps({"RESULTS": s3}))
    assert (code, said.count("\n")) == (1, 1)  # it was asked rightly, and tried
    assert "does not answer" in said
    assert not (project.folder / "begun").exists()
    assert not (project.folder / "runs").exists()
