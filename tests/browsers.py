"""A real browser, and how a person logs in to Airflow with it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from py.servers.home import USER, Home
from tests.airflows import Airflow


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser without a window."""
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    assert chromium, "scripts/setup browser installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def browsing(home: Home, *, width: int = 1280, height: int = 900) -> Iterator[Page]:
    """A page of a browser that is logged in to the Airflow of this folder; addresses are relative to it."""
    with launched() as browser:
        page = browser.new_page(base_url=home.url(), viewport={"width": width, "height": height})
        page.goto("/")
        page.fill("input[name=username]", USER)
        page.fill("input[name=password]", home.password())
        page.click("button[type=submit]")
        page.wait_for_url(lambda url: "/auth/login" not in url)
        yield page


@pytest.fixture
def page(airflow: Airflow) -> Iterator[Page]:
    """A page of a browser that is logged in to the Airflow that all tests share."""
    with browsing(airflow.home) as page:
        page.set_default_timeout(60_000)
        yield page
