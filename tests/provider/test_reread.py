"""DAG files are read again when what they are made of is another."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from py.provider import reread
from tests.airflows import Airflow
from tests.projects import wait_until


@dataclass(frozen=True)
class DagFile:
    absolute_path: Path


class Processor:
    """Airflow's DAG processor as far as its list of files is concerned."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._dag_bundles = [SimpleNamespace(name="dags", path=folder, is_initialized=True)]
        self._force_refresh_bundles: set[str] = set()
        self._processors: dict[DagFile, Any] = {}
        self.queued: list[str] = []
        self.known: dict[str, set[DagFile]] = {}
        self._reader = reread.Reader()

    def _add_files_to_queue(self, files: list[DagFile], *, mode: str) -> None:
        self.queued += sorted(file.absolute_path.name for file in files)

    def _resort_file_queue(self) -> None:
        pass

    def refresh(self, known_files: dict[str, set[DagFile]]) -> None:
        if "dags" in self._force_refresh_bundles or not known_files:
            known_files["dags"] = {DagFile(path) for path in self.folder.glob("dag_*.py")}
            self._force_refresh_bundles.clear()

    def look(self) -> list[str]:
        """One look for edits: what is queued after it to be read again."""
        self.queued = []
        self._reader.look(self.refresh, self, (), {"known_files": self.known})
        return self.queued

    def begin(self, name: str) -> None:
        self._processors[DagFile(self.folder / name)] = None

    def end(self, name: str) -> None:
        del self._processors[DagFile(self.folder / name)]


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for `py/`: a folder with one module."""
    (tmp_path / "py").mkdir()
    (tmp_path / "py/model.py").touch()
    monkeypatch.setattr(reread, "OURS", tmp_path / "py")
    return tmp_path / "py"


@pytest.fixture
def processor(tmp_path: Path, ours: Path) -> Processor:
    """Has seen the files as they are."""
    dags = tmp_path / "dags"
    (dags / "parts").mkdir(parents=True)
    (dags / "dag_alone.py").write_text("from py import model")
    (dags / "dag_user.py").write_text("import common")
    (dags / "dag_far.py").write_text("from parts import last")
    (dags / "common.py").write_text("from parts.last import it")
    (dags / "parts/__init__.py").touch()
    (dags / "parts/last.py").write_text("it = 1")
    made = Processor(dags)
    assert made.look() == []
    return made


def edit(file: Path) -> None:
    file.write_text(file.read_text() + "\n# an edit")


ALL = ["dag_alone.py", "dag_far.py", "dag_user.py"]
MORE = {
    "nothing": ("", lambda file: None, []),
    "a DAG file that nobody names": ("dags/dag_alone.py", edit, []),
    "what a DAG file imports": ("dags/common.py", edit, ["dag_user.py"]),
    "what that imports": ("dags/parts/last.py", edit, ["dag_far.py", "dag_user.py"]),
    "a package": ("dags/parts/__init__.py", edit, ["dag_far.py", "dag_user.py"]),
    "what it imports is gone": ("dags/common.py", Path.unlink, ["dag_user.py"]),
    "what nobody names": ("dags/new.py", Path.touch, []),
    "what is no Python": ("dags/common.txt", Path.touch, []),
    "ours": ("py/model.py", edit, ALL),
    "a new one of ours": ("py/new.py", Path.touch, ALL),
    "one of ours is gone": ("py/model.py", Path.unlink, ALL),
    "ours, by its time alone": ("py/model.py", lambda file: os.utime(file, (1, 1)), ALL),
}  # fmt: skip


@pytest.mark.parametrize(("place", "do", "again"), MORE.values(), ids=list(MORE))
def test_whoever_is_made_of_what_changed_is_read_again_once(
    processor: Processor, tmp_path: Path, place: str, do: Callable[[Path], None], again: list[str]
) -> None:
    do(tmp_path / place)
    assert processor.look() == again
    assert processor.look() == []


def test_who_is_being_read_is_read_again_after_that(processor: Processor, ours: Path) -> None:
    processor.begin("dag_user.py")
    edit(ours / "model.py")
    assert processor.look() == ["dag_alone.py", "dag_far.py"]
    assert processor.look() == []
    processor.end("dag_user.py")
    assert processor.look() == ["dag_user.py"]


def test_a_new_file_is_known_at_once(processor: Processor) -> None:
    (processor.folder / "dag_new.py").touch()
    processor.look()
    assert DagFile(processor.folder / "dag_new.py") in processor.known["dags"]


def test_names_that_read_like_each_other_go_round_only_once(processor: Processor) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        (processor.folder / f"{one}.py").write_text(f"import {other}")
    edit(processor.folder / "dag_user.py")
    assert processor.look() == []
    edit(processor.folder / "a.py")
    assert processor.look() == []


def test_in_a_real_airflow_an_edit_of_what_a_dag_imports_counts(airflow: Airflow) -> None:
    (airflow.dags / "reread_words.py").write_text('DOC = "As it was."')
    airflow.put(
        "reread.py",
        """\
        from py.pipeline import Binary, Pipeline, airflow_dag
        from reread_words import DOC
        pipeline = Pipeline("reread", doc=DOC)
        pipeline.step("one", Binary("/bin/true")())
        pipeline.done()
        dag = airflow_dag(pipeline)
        """,
    )

    def doc() -> str:
        return str(airflow.api("/dags/reread/details")["description"])

    assert doc() == "As it was."
    (airflow.dags / "reread_words.py").write_text('DOC = "As it is."')
    wait_until(lambda: doc() == "As it is.", 30)  # all of them are read again in 60, edited or not
