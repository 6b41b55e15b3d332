"""The grid in a real browser: what a person sees of many runs, where it leads; hostile text stays text."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from py.artifacts import open_store
from py.results import builds, grid, history
from py.results.builds import Found
from py.results.junit import Case
from py.results.verdict import ABORTED, FAILURE, SUCCESS
from tests.browsers import launched
from tests.pasts import job, keep

ATTACK = "</script><img src=x onerror='window.hacked=1'>@@data@@"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text))
    yield page
    assert page.evaluate("window.hacked") is None
    page.close()
    assert wrong == []


def drawn(root: Path, file: str = "grid.html", name: str = "nightly", last: int = 2000) -> Path:
    found = builds.stored(open_store(str(root)), name, last)
    grid.write(root / file, name, found, history.rows(found.runs))
    return root / file


def runs_of_all_kinds(root: Path) -> None:
    """Five runs: green, red on the same commit, red, aborted, and one that goes on."""
    for number, (commit, result) in enumerate(
        [("aaa", SUCCESS), ("aaa", FAILURE), ("bbb", FAILURE), ("ccc", ABORTED), ("ddd", "")]
    ):
        bad = f"{ATTACK}\nmore" if result == FAILURE else ""
        keep(
            root, job(number, commit), result=result, seconds=90,
            steps=[Case("nightly", "build", 2.0), Case("nightly", "test", 3.0, bad and f"failed: {bad}")],
            tests={"junit_test.xml": [
                Case("e2e", "flaky", 1.0, bad), Case("e2e", "good", 1.0), Case("e2e", ATTACK, 1.0),
                Case("e2e", "later", 1.0, skipped="no"),
            ]},
        )  # fmt: skip


def cells(page: Page, name: str) -> list[str]:
    row = page.locator("tr", has=page.get_by_role("button", name=name, exact=True))
    said = "cells => cells.map(cell => cell.getAttribute('aria-label') || cell.textContent)"
    return list(row.locator(".cell").evaluate_all(said))


def test_rows_are_tests_and_columns_runs_with_the_newest_first(tmp_path: Path, page: Page) -> None:
    runs_of_all_kinds(tmp_path)
    page.goto(drawn(tmp_path).as_uri())
    expect(page.get_by_role("heading", name="nightly")).to_be_visible()
    expect(page.get_by_text("The last 5 of 5 runs")).to_contain_text(
        "2 FAILURE, 1 running, 1 ABORTED, 1 SUCCESS"
    )
    assert cells(page, "whole run") == ["running", "aborted", "✗", "✗", "passed"]
    assert cells(page, "test: e2e.flaky") == ["passed", "passed", "✗", "✗", "passed"]
    assert cells(page, "test: e2e.later") == ["skipped"] * 5
    names = page.locator("tbody th").all_inner_texts()
    assert names[:3] == ["whole run", "test", "test: e2e.flaky"]
    row = page.locator("tr", has=page.get_by_role("button", name="test: e2e.flaky", exact=True))
    assert row.locator("td").all_inner_texts()[:4] == ["33.3 % of 3", "1", "1.0 s", "1.0 s"]
    assert row.locator(".flip").count() == 2
    assert row.locator(".uncounted").count() == 2


def test_a_row_opens_to_say_since_when_it_fails_and_why(tmp_path: Path, page: Page) -> None:
    runs_of_all_kinds(tmp_path)
    page.goto(drawn(tmp_path).as_uri())
    expect(page.get_by_text("Failing for")).to_have_count(3)
    expect(page.get_by_text("Failing for").first).to_be_hidden()
    page.get_by_role("button", name="test: e2e.flaky", exact=True).click()
    expect(page.get_by_text("Failing for 2 runs, since").nth(2)).to_be_visible()
    expect(page.get_by_text("Both passed and failed on 1 commit: aaa").nth(2)).to_be_visible()
    expect(page.get_by_text("Failed last").nth(2)).to_contain_text(ATTACK)


def test_links_lead_to_the_pages_of_the_runs_wherever_both_are_moved(tmp_path: Path, page: Page) -> None:
    runs_of_all_kinds(tmp_path / "store")
    drawn(tmp_path / "store", "pages/grid.html")
    (tmp_path / "store").rename(tmp_path / "moved")
    page.goto((tmp_path / "moved/pages/grid.html").as_uri())
    step = page.locator("tr", has=page.get_by_role("button", name="test", exact=True))
    step.get_by_role("link", name="failed").first.click()
    assert page.title() == "a report"
    there = (tmp_path / f"moved/logs/nightly/{job(2).build}/report.html").as_uri()
    assert page.url == f"{there}#step-test"


def test_rows_can_be_found_and_left_out(tmp_path: Path, page: Page) -> None:
    runs_of_all_kinds(tmp_path)
    page.goto(drawn(tmp_path).as_uri())
    assert page.locator("tbody th").count() == 7
    page.get_by_label("only what failed").check()
    assert page.locator("tbody th").all_inner_texts() == ["whole run", "test", "test: e2e.flaky"]
    page.get_by_label("Find").fill("FLAK")
    assert page.locator("tbody th").all_inner_texts() == ["test: e2e.flaky"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_people_who_cannot_see_well_can_read_it(tmp_path: Path, page: Page, scheme: str) -> None:
    runs_of_all_kinds(tmp_path)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(drawn(tmp_path).as_uri())
    page.get_by_role("button", name="whole run").click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_it_fits_a_phone(tmp_path: Path, page: Page) -> None:
    runs_of_all_kinds(tmp_path)
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(drawn(tmp_path).as_uri())
    page.get_by_role("button", name="whole run").click()
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_thousand_runs_are_shown_a_hundred_at_a_time(tmp_path: Path, page: Page) -> None:
    keep(tmp_path, job(0), tests={"junit_x.xml": [Case("c", f"n{n}", 1.0) for n in range(12)]})
    found = builds.stored(open_store(str(tmp_path)), "nightly", 1)
    runs = [found.runs[0]._replace(id=str(n), began=float(n + 1)) for n in range(1000)]
    runs[999] = runs[999]._replace(cells={})
    many = found._replace(runs=runs, total=5000)
    grid.write(tmp_path / "grid.html", "nightly", many, history.rows(runs))
    page.goto((tmp_path / "grid.html").as_uri())
    expect(page.locator("#window")).to_have_text("runs 1–100 of 1000")
    expect(page.locator("#newer")).to_be_disabled()
    assert page.locator("thead .at").count() == 100
    assert cells(page, "x: c.n0")[:2] == ["", "passed"]
    for _ in range(9):
        page.locator("#older").click()
    expect(page.locator("#window")).to_have_text("runs 901–1000 of 1000")
    expect(page.locator("#older")).to_be_disabled()
    assert len(cells(page, "x: c.n9")) == 100
    page.locator("#newer").click()
    expect(page.locator("#window")).to_have_text("runs 801–900 of 1000")


def test_without_script_there_is_a_table(tmp_path: Path, browser: Browser) -> None:
    runs_of_all_kinds(tmp_path)
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(drawn(tmp_path).as_uri())
    expect(page.get_by_role("row", name="test: e2e.flaky")).to_contain_text("33.3 % of 3")
    page.context.close()


def test_only_so_many_rows_are_in_the_page_and_it_says_how_many_are_not(
    tmp_path: Path, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grid, "MOST", 3)
    runs_of_all_kinds(tmp_path)
    page.goto(drawn(tmp_path).as_uri())
    assert page.locator("tbody th").count() == 3
    expect(page.get_by_text("4 more rows that hurt less are left out.")).to_be_visible()


@pytest.mark.parametrize(
    ("url", "href"),
    [
        ("gs://bucket/a b", "https://storage.cloud.google.com/bucket/a%20b/logs/nightly/"),
        ("gs://bucket", "https://storage.cloud.google.com/bucket/logs/nightly/"),
        ("s3://bucket/f", "https://bucket.s3.amazonaws.com/f/logs/nightly/"),
    ],
)
def test_runs_in_a_bucket_are_linked_by_its_address_in_the_web(tmp_path: Path, url: str, href: str) -> None:
    keep(tmp_path / "store", job(1))
    found = builds.stored(open_store(str(tmp_path / "store")), "nightly", 1)
    grid.write(tmp_path / "grid.html", "nightly", found._replace(url=url), history.rows(found.runs))
    assert f'"href":"{href}{job(1).build}/report.html"' in (tmp_path / "grid.html").read_text()


def test_as_data_it_is_complete(tmp_path: Path) -> None:
    runs_of_all_kinds(tmp_path)
    found: Found = builds.stored(open_store(str(tmp_path)), "nightly", 100)
    told = json.loads(json.dumps(grid.told("nightly", found, history.rows(found.runs))))
    assert [run["result"] for run in told["runs"]] == [SUCCESS, FAILURE, FAILURE, ABORTED, ""]
    (row,) = (row for row in told["rows"] if row["name"] == "e2e.flaky")
    assert row == {
        "kind": "test", "group": "test", "name": "e2e.flaky", "ran": 3, "passed": 1, "flips": ["aaa"],
        "failing": 2, "median": 1.0, "p90": 1.0, "since": 1, "last": {"run": 2, "said": ATTACK},
        "outcomes": "PFFPP", "seconds": [1.0] * 5, "said": {"1": ATTACK, "2": ATTACK},
    }  # fmt: skip
