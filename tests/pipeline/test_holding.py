"""Who holds a run: of all that come at once, one makes it."""

from concurrent.futures import ThreadPoolExecutor

from py.pipeline import holding, load, params
from py.pipeline import run as runs
from tests.projects import Project


def test_of_tasks_that_begin_at_once_one_makes_the_run(project: Project) -> None:
    project.declare('pipeline.step("a", sh(do="true"))')
    found = load.pipeline("sample", project.folder / "dags").pipeline
    values, where = params.resolve(found, {}), project.folder / "runs"

    def begin(_: int) -> float:
        asked = {"run_id": "manual__1", "runs": where, "home": project.folder, "file": "sample.py"}
        with holding.attended(found, values, **asked) as run:  # type: ignore[arg-type]
            return run.began

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(begin, range(8)))) == 1  # its place in a store follows from that
    [made] = where.glob("sample-*")
    assert runs.marker(where, made.name).exists()
