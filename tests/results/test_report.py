"""What a person sees of a run in its page: in a real browser, from a file, over HTTP, and within Spyglass."""

import html
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from py.pipeline import reporting
from py.pipeline import run as runs
from py.pipeline.execute import by_hand
from py.results import report
from tests.browsers import launched
from tests.projects import Project
from tests.web import serving

ATTACK = '</script></noscript><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
HOSTILE = [
    "long " * 200_000,
    ATTACK,
    html.escape(ATTACK),  # a viewer that decodes it once makes markup of it
    "<!--<script>",
    "\u2028two\u2029lines",
    "\x00\x07\x1b[31mred\x1b[0m \x1b]8;;javascript:window.hacked=1\x07link\x1b]8;;\x07",
    "@@data@@ 10%\rdone",
    "the end",
]
CASES = f"""<testsuites><testsuite name="s">
<testcase classname="c" name="worker fails" time="3"><failure>{html.escape(ATTACK)}</failure></testcase>
<testcase classname="c" name="master runs" time="1"/>
<testcase classname="c" name="gpu" time="0"><skipped message="there is none"/></testcase>
</testsuite></testsuites>"""
CLONED = {
    "refs": {"org": "kitchen", "repo": "menu", "base_ref": "main", "base_sha": "1" * 40,
             "clone_uri": "javascript:window.hacked=1", "pulls": [{"number": 12, "sha": "2" * 40}]},
    "failed": False, "final_sha": "3" * 40,
}  # fmt: skip
CHANGE = {
    "commit": "3" * 40, "commits": [{"sha": "2" * 40, "title": f"Stew {ATTACK}"}], "file_count": 2,
    "insertions": 1200, "deletions": 3,
    "files": [{"path": "menu", "insertions": 1200, "deletions": 3},
              {"path": "photo.png", "insertions": None, "deletions": None}],
}  # fmt: skip
BODY = """
build = pipeline.step("build", sh(do="cat said.json > $STEP_OUTPUTS"), outputs=["image"])
lint = pipeline.step("lint", sh(do="echo fine"), after=[build])
style = pipeline.step("style", sh(do="echo fine"), after=[build])
pipeline.group("checks", [lint, style])
tests = pipeline.step("tests", sh(do=". ./{name}"), after=[build], junit=True)
pipeline.step("publish", sh(do="true"), after=[tests])
pipeline.step("teardown", sh(do="true"), undoes=[build])
"""
KEEP = "cp junit.xml $ARTIFACTS/junit_tests.xml; cp c*.json $ARTIFACTS"
EARLIER: report.Attempt = {"state": "aborted", "reason": "a worker died", "began": 1.0, "seconds": 2.0}
TESTS = {
    "red": f"{KEEP}; cat hostile; echo 'error: {ATTACK} {html.escape(ATTACK)}'; exit 1",
    "green": f"{KEEP}; sed -i /worker/d $ARTIFACTS/junit*.xml",
    "aborted": "touch begun; sleep 60",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this module."""
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """The folder of a real run, made when it is asked for: red, green or aborted."""
    project = Project(tmp_path_factory.mktemp("project"))
    files = {
        "said.json": json.dumps({"image": f"menu:v1 {ATTACK}"}), "hostile": "\n".join([*HOSTILE, ""]),
        "junit.xml": CASES, "clone-records.json": json.dumps([CLONED]), "change.json": json.dumps(CHANGE),
    }  # fmt: skip
    for name, text in files.items():
        (project.folder / name).write_text(text)
    for name, text in TESTS.items():
        (project.folder / name).write_text(text)
        project.declare(BODY.format(name=name), name)
    folders: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in folders:
            child = project.start("run", name, "--dags=dags")
            if name == "aborted":
                project.wait_for("begun")
                child.send_signal(signal.SIGINT)
            said, _ = child.communicate(timeout=60)
            assert "results:" in said, said
            folders[name] = project.last().folder
        return folders[name]

    yield folder
    project.end()


@pytest.fixture
def shown(browser: Browser, made: Callable[[str], Path]) -> Iterator[Callable[..., Page]]:
    """The page of a run in the browser; it has asked for nothing but itself, and no attack has worked."""
    pages: list[tuple[Page, list[str]]] = []

    def show(name: str, at: str = "", *, hash: str = "", **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        page = context.new_page()
        page.set_default_timeout(5000)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        address = at or (made(name) / report.NAME).as_uri()
        page.goto(f"{address}{hash}")
        pages.append((page, asked))
        return page

    yield show
    for page, asked in pages:
        assert {url for url in asked if not url.startswith("data:")} == {page.url.partition("#")[0]}
        assert page.evaluate("window.hacked") is None
        page.context.close()


@pytest.fixture
def served(made: Callable[[str], Path]) -> Iterator[Callable[[str], str]]:
    """The address of a run's folder on a server that knows nothing of it."""
    with ExitStack() as servers:

        def serve(name: str) -> str:
            handler = partial(Quiet, directory=str(made(name)))
            return f"http://{servers.enter_context(serving(handler))}"

        yield serve


def open_all(page: Page) -> None:
    """Open all that can be opened, and wait until it is drawn."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    expect(page.locator(".step .body")).to_have_count(6)


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


# What fails


def test_a_red_run_says_why_on_top_and_opens_at_the_step_that_failed(shown: Callable[..., Page]) -> None:
    page = shown("red")
    expect(page).to_have_title(f"red failed: {page.locator('.facts .mono').text_content()}")
    top = page.get_by_role("banner")
    expect(top.get_by_role("heading")).to_have_text("red failed")
    expect(top).to_contain_text("4 steps passed, 1 failed, 1 not run · 1 test passed, 1 failed, 1 skipped")
    expect(top).to_contain_text(f"tests failed: exit code 1: {ATTACK}")
    expect(top).to_contain_text("not run: publish")
    expect(page.locator("details.step[open]")).to_have_attribute("id", "step-tests")
    log = page.get_by_role("region", name="the log of tests")
    expect(log).to_contain_text("the end")
    assert log.evaluate("box => box.scrollTop + box.clientHeight >= box.scrollHeight - 1")
    expect(page.locator("#step-publish")).to_contain_text("tests failed")
    expect(page.locator("#step-lint")).to_contain_text("checks")
    expect(page.locator("#step-teardown .bar.undoes")).to_be_visible()
    top.get_by_text("Tested").click()
    expect(top).to_contain_text("photo.png")
    expect(top).to_contain_text("+1,200 −3")
    assert not page.locator("a[href^=javascript]").count()


def test_whatever_a_run_has_said_is_text(
    shown: Callable[..., Page], served: Callable[[str], str], browser: Browser, made: Callable[[str], Path]
) -> None:
    page = shown("red")
    page.locator("#step-build summary").click()
    expect(page.locator("#step-build")).to_contain_text(f"menu:v1 {ATTACK}")
    log = page.get_by_role("region", name="the log of tests")
    for seen in ("␀␇red link", "done", f"error: {ATTACK}"):
        expect(log).to_contain_text(seen)
    expect(log).not_to_contain_text("10%")
    expect(page.locator("#tests ~ div, .case").last).to_contain_text(ATTACK)
    assert not page.locator("img").count()
    source = (made("red") / report.NAME).read_text()
    data = source.partition('id="run">')[2].partition("</script>")[0]
    assert not set(data) & set("<>&\u2028\u2029")


def test_even_markup_that_got_into_the_page_could_do_nothing(
    browser: Browser, made: Callable[[str], Path]
) -> None:
    page = browser.new_page()
    page.goto((made("red") / report.NAME).as_uri())
    answered: list[str] = []
    page.on("requestfinished", lambda request: answered.append(request.url))
    page.evaluate(
        """async ([attack, neighbour]) => {
            document.body.insertAdjacentHTML("beforeend", attack + `<img src="${neighbour}">`);
            const script = document.createElement("script");
            script.text = "window.hacked = 1";
            document.body.append(script);
            await fetch(neighbour).catch(() => {});
        }""",
        [ATTACK, "steps/build/log.txt"],
    )
    expect(page.locator("body > img")).to_have_count(2)
    page.wait_for_load_state("networkidle")
    assert (page.evaluate("window.hacked"), answered) == (None, [])
    page.close()


@pytest.mark.parametrize("script", ["allow-scripts", ""])
def test_within_spyglass_it_is_as_inert_and_as_readable(
    browser: Browser, made: Callable[[str], Path], script: str
) -> None:
    # Its lens puts the page into an attribute, below an element of its own, and escapes nothing but quotes.
    content = (made("red") / report.NAME).read_text().replace('"', "&quot;")
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(
        f'<iframe srcdoc="<div id=&quot;wrapper&quot;>{content}</div>" width=800 height=600'
        f' sandbox="{script} allow-popups allow-same-origin allow-forms"></iframe>'
    )
    inside = page.frame_locator("iframe")
    expect(inside.get_by_role("heading", level=1)).to_contain_text("red")
    reason = inside.get_by_role("listitem").filter(has_text="tests failed: exit code 1")
    expect(reason).to_be_visible()
    if script:
        inside.get_by_role("link", name="tests", exact=True).first.click()
        expect(inside.locator("#step-tests .lines")).to_contain_text("the end")
        assert page.frames[1].evaluate("window.hacked") is None
    else:
        expect(inside.get_by_role("row", name="publish")).to_contain_text("not run")
    assert inside.locator("img").count() == 0
    assert [url for url in asked if url.startswith(("http", "file"))] == []
    page.close()


def test_without_script_the_verdict_its_reasons_and_the_steps_are_there(shown: Callable[..., Page]) -> None:
    page = shown("red", java_script_enabled=False)
    expect(page.get_by_role("heading", level=1)).to_have_text("red: failed")
    expect(page.get_by_role("listitem").first).to_contain_text("tests failed: exit code 1")
    expect(page.get_by_role("row", name="teardown")).to_contain_text("passed")


# What works


@pytest.mark.parametrize("name", ["red", "green", "aborted"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_people_who_cannot_see_well_can_read_it(shown: Callable[..., Page], name: str, scheme: str) -> None:
    page = shown(name, color_scheme=scheme)
    open_all(page)
    found = Axe().run(page)
    assert not found.violations_count, found.generate_report()


def test_it_fits_a_phone(shown: Callable[..., Page]) -> None:
    page = shown("red", viewport={"width": 360, "height": 640})
    open_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_light_and_dark_follow_the_system_until_somebody_chooses(shown: Callable[..., Page]) -> None:
    page = shown("green", color_scheme="dark")
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(colour)
    page.get_by_role("button", name="Light").click()
    light = page.evaluate(colour)
    assert (dark, light) == ("rgb(19, 22, 26)", "rgb(245, 246, 248)")
    page.reload()
    assert page.evaluate(colour) == light


@pytest.mark.parametrize("place", ["file", "server", "server without the right to it"])
def test_a_step_s_command_can_be_copied(
    shown: Callable[..., Page], served: Callable[[str], str], made: Callable[[str], Path], place: str
) -> None:
    page = shown("red", "" if place == "file" else f"{served('red')}/{report.NAME}")
    if "without" in place:
        page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.locator("#step-tests").get_by_role("button", name="Copy").click()
    expect(page.locator("#step-tests").get_by_role("button", name="Copied")).to_be_visible()
    search = page.get_by_role("searchbox", name="Search in the log of tests")
    search.focus()
    page.keyboard.press("Control+V")
    run = runs.read(made("red"))
    assert search.input_value() == by_hand(run, run.steps["tests"])


def test_a_log_can_be_searched(shown: Callable[..., Page]) -> None:
    page = shown("red")
    step = page.locator("#step-tests")
    search = step.get_by_role("searchbox")
    search.fill("LONG")
    found = step.get_by_role("status")
    total = step.locator("mark").count()
    assert total > 1
    expect(found).to_have_text(f"1 of {total}")
    search.press("Enter")
    expect(found).to_have_text(f"2 of {total}")
    search.press("Shift+Enter")
    search.press("Shift+Enter")
    expect(found).to_have_text(f"{total} of {total}")
    search.fill("red link")  # a word of it is coloured
    expect(found).to_have_text("1 of 1")
    step.get_by_role("button", name="Only these").click()
    expect(step.locator(".lines div:visible")).to_have_count(1)
    search.fill("no such word")
    expect(found).to_have_text("none")
    search.press("Escape")
    expect(step.locator(".lines")).to_contain_text("the end")
    expect(step.locator("mark")).to_have_count(0)


def test_tests_can_be_filtered_and_the_failed_ones_come_first(shown: Callable[..., Page]) -> None:
    page = shown("red")
    tests = page.locator("section", has=page.get_by_role("heading", name="Tests"))
    expect(tests.locator(".case")).to_have_count(1)
    expect(tests.locator(".case.failed")).to_contain_text("worker fails")
    tests.get_by_role("button", name="All 3").click()
    expect(tests.locator(".case").nth(1)).to_contain_text("there is none")
    tests.get_by_role("searchbox").fill("master")
    expect(tests.locator(".case")).to_have_count(1)


def test_links_lead_to_steps_and_to_whole_logs(
    shown: Callable[..., Page], served: Callable[[str], str]
) -> None:
    at = served("red")
    page = shown("red", f"{at}/{report.NAME}", hash="#step-build")
    expect(page.locator("details.step[open]")).to_have_attribute("id", "step-build")
    page.get_by_role("banner").get_by_role("link", name="tests").click()
    assert page.evaluate("document.activeElement.parentElement.id") == "step-tests"
    assert page.url.endswith("#step-tests")
    address = page.locator("#step-tests").get_by_role("link", name="Full log").get_attribute("href")
    whole = page.request.get(f"{at}/{address}").text()
    assert "long long" in whole and len(whole) > 1_000_000
    page.go_back()
    assert page.url.endswith("#step-build")


def test_a_run_of_twenty_steps_is_small_and_one_of_five_hundred_opens_where_it_failed(
    made: Callable[[str], Path], tmp_path: Path, shown: Callable[..., Page]
) -> None:
    run = runs.read(made("red"))
    whole = reporting.page(run)
    failed = next(step for step in whole["steps"] if step["name"] == "tests")
    text = "".join(f'15:04:05 \x1b[32mok\x1b[0m pod "worker-{n}" is ready <none>\n' for n in range(1000))[
        -reporting.TAIL :
    ]

    def many(count: int, tail: str) -> report.Page:
        steps = [
            failed | {"name": f"step_{n}", "state": "passed", "reason": "", "tail": tail}
            for n in range(count)
        ]
        for step in steps[250:251]:
            step["earlier"] = [EARLIER]
        return whole | {"steps": [*steps[:-1], failed]}

    assert len(report.html(many(20, text))) < 300_000
    report.write(tmp_path, many(500, text[: reporting.LOGS // 500]))
    address = (tmp_path / report.NAME).as_uri()
    page = shown("red", address)
    expect(page.locator("details.step")).to_have_count(1)
    expect(page.locator("#step-tests .lines")).to_be_visible()
    page.get_by_role("button", name="All 500").click()
    expect(page.locator("details.step")).to_have_count(500)
    page = shown("red", address, hash="#step-step_250")
    expect(page.locator("#step-step_250 .lines")).to_be_in_viewport()
    expect(page.locator("#step-step_250")).to_contain_text("aborted after 2.0 s: a worker died")
