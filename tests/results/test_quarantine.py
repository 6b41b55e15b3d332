"""A quarantine names tests, people and days, or it is refused before anything runs."""

from pathlib import Path

import pytest

from py.results import quarantine
from py.results.junit import Case
from py.results.quarantine import Entry
from py.tools.errors import DefinitionError
from tests.projects import Project

TODAY = "2026-11-21"
GOOD = 'test = "c.n"\nowner = "us"\nuntil = 2026-12-01\nwhy = "issue 12"\n'


def read(folder: Path, text: str, *others: str) -> tuple[Entry, ...]:
    """What a quarantine says of the pipeline `sample` with the steps `unit` and `e2e`."""
    (folder / "quarantine.toml").write_text(text)
    return quarantine.read(folder / "quarantine.toml", "sample", ["unit", "e2e"], TODAY, lambda: others)


def test_without_a_file_nothing_is_in_quarantine(tmp_path: Path) -> None:
    assert quarantine.read(tmp_path / "none", "sample", [], TODAY, list) == ()


def test_entries_are_those_of_the_pipeline(tmp_path: Path) -> None:
    text = f"[[sample.unit]]\n{GOOD}\n[[sample.unit]]\n{GOOD}\n[[other.unit]]\n{GOOD}"
    assert (
        read(tmp_path, text, "sample", "other") == (Entry("unit", "c.n", "us", "2026-12-01", "issue 12"),) * 2
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[", "Invalid"),
        ("sample = 7", "entries by step"),
        ("[sample]\nunit = 7", r"write \[\[sample.unit\]\] above each"),
        (f"[sample.unit]\n{GOOD}", r"write \[\[sample.unit\]\] above each"),
        (f"[[smaple.unit]]\n{GOOD}", "there is no pipeline 'smaple'; did you mean sample"),
        (f"[[sample.unti]]\n{GOOD}", "no such step writes JUnit; did you mean unit"),
        (f"[[sample.unit]]\n{GOOD}expires = 1", "no key 'expires'"),
        *((f"[[sample.unit]]\n{GOOD.replace(key, f'#{key}')}", f"has no `{key}`") for key in quarantine.KEYS),
        (f"[[sample.unit]]\n{GOOD.replace('us', ' ')}", "`owner` says nothing"),
        (f"[[sample.unit]]\n{GOOD.replace('issue 12', '')}", "`why` says nothing"),
        (f"[[sample.unit]]\n{GOOD.replace('c.n', '*.*')}", "is about every test"),
        (f"[[sample.unit]]\n{GOOD.replace('2026-12-01', '2027-02-20')}", "90 days are the most"),
        (f"[[sample.unit]]\n{GOOD.replace('2026-12-01', '2026-12-01T10:00:00')}", "until wants a day"),
        (f"[[sample.unit]]\n{GOOD.replace('2026-12-01', '7')}", "until wants a day"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DefinitionError, match=f"quarantine.toml: .*{says}") as told:
        read(tmp_path, text, "sample", "other")
    assert "\n" not in str(told.value)


def test_a_day_may_be_so_far_away_and_is_counted_to_its_end(tmp_path: Path) -> None:
    (entry,) = read(tmp_path, f"[[sample.unit]]\n{GOOD.replace('2026-12-01', '2027-02-19')}")
    for today, over in (("2027-02-19", False), ("2027-02-20", True)):
        assert bool(quarantine.expired([entry], today)) == over
        assert bool(quarantine.in_force([entry], "unit", today)) != over
    assert not quarantine.in_force([entry], "e2e", TODAY)


def test_other_pipelines_are_believed_where_they_cannot_be_known(tmp_path: Path) -> None:
    assert read(tmp_path, f"[[other.unit]]\n{GOOD}") == ()


@pytest.mark.parametrize(
    ("test", "covered"),
    [
        ("c.n", True), ("c.*", True), ("*.n", True), ("*n*", True), ("c.n[a]", False), ("c", False),
        ("n", False), ("C.N", False), ("c?n", False), ("[c].n", False),
    ],
)  # fmt: skip
def test_a_star_stands_for_anything_and_all_else_for_itself(test: str, covered: bool) -> None:
    assert Entry("unit", test, "us", TODAY, "why").covers(Case("c", "n", 0.0)) == covered


def test_parameters_of_a_test_are_no_pattern() -> None:
    entry = Entry("unit", "c.n[a-*]", "us", TODAY, "why")
    assert entry.covers(Case("c", "n[a-1]", 0.0))
    assert not entry.covers(Case("c", "na", 0.0))
    assert Entry("unit", "n", "us", TODAY, "why").covers(Case("", "n", 0.0))


def test_a_wrong_quarantine_stops_a_run_before_it_begins(project: Project) -> None:
    project.declare('pipeline.step("tests", sh(do="touch begun"), junit=True)')
    file = project.folder / "dags" / quarantine.NAME
    for text, says in (("[[nowhere.tests]]", "no pipeline 'nowhere'"), ("[[sample.x]]", "no such step")):
        file.write_text(f"{text}\n{GOOD}")
        code, out = project.run()
        assert (code, out.count("\n"), says in out) == (2, 1, True), out
    assert not (project.folder / "begun").exists()
    assert not (project.folder / "runs").exists()


def test_what_undoes_others_is_never_excused(project: Project) -> None:
    project.declare('one = pipeline.step("one", sh(do="true"))\n'
                    'pipeline.step("undo", sh(do="true"), undoes=[one], junit=True)')  # fmt: skip
    (project.folder / "dags" / quarantine.NAME).write_text(f"[[sample.undo]]\n{GOOD}")
    code, out = project.run()
    assert (code, "no such step writes JUnit" in out) == (2, True)


def test_a_part_of_a_pipeline_knows_the_entries_of_the_rest(project: Project) -> None:
    project.declare('pipeline.step("one", sh(do="true"))\npipeline.step("tests", sh(do="false"), junit=True)')
    until = quarantine.day(0)  # it has ended, but the step is not run
    (project.folder / "dags" / quarantine.NAME).write_text(
        f"[[sample.tests]]\n{GOOD.replace('2026-12-01', until)}"
    )
    code, out = project.run("--only=one")
    assert (code, "  note: left out, as asked: tests\n" in out) == (0, True), out
    assert project.run()[0] == 1
    assert (
        "the quarantine of c.n in tests has ended (us, until 1970-01-01: issue 12)"
        in project.e2e("report")[1]
    )
