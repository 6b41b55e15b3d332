"""What a person sees of a pipeline in Airflow's pages, with a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from py.pipeline import run as runs
from tests.airflows import Airflow
from tests.projects import SHELL

expect.set_options(timeout=30_000)
SEEN = """
from py.pipeline import Binary, Pipeline, airflow_dag

pipeline = Pipeline("seen", doc="Be seen.")
pull = pipeline.param("PULL", "", help="Which pull request.", pattern="[0-9]*")
where = pipeline.param("WHERE", "here", help="Which place.", choices=["here", "there"])
fast = pipeline.param("FAST", False, help="Whether to hurry.")
say = pipeline.step("say", Binary("./sh")(do="echo seen by people", pull=pull, where=where, fast=fast))
pipeline.done()
dag = airflow_dag(pipeline)
"""


@pytest.fixture
def form(airflow: Airflow, page: Page) -> Page:
    """The trigger form of a pipeline."""
    airflow.program("sh", SHELL)
    airflow.put("seen.py", SEEN)
    page.goto("/dags/seen")
    page.get_by_role("button", name="Trigger").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("Run Parameters")
    return page


def test_the_form_has_each_param_with_its_help_choices_and_default(form: Page) -> None:
    dialog = form.get_by_role("dialog")
    for help in ("Which pull request.", "Which place.", "Whether to hurry.", "Show every command"):
        expect(dialog).to_contain_text(help)
    expect(dialog.locator("[name=element_PULL]")).to_have_value("")
    expect(dialog).to_contain_text("here")
    dialog.get_by_role("combobox").first.click()
    expect(form.get_by_role("option", name="there")).to_be_visible()


def test_a_wrong_value_is_refused_in_the_form_and_a_right_one_runs(airflow: Airflow, form: Page) -> None:
    dialog = form.get_by_role("dialog")
    trigger = dialog.get_by_role("button", name="Trigger", exact=True)
    dialog.locator("[name=element_PULL]").fill("abc")
    trigger.click()
    expect(dialog).to_contain_text('PULL is "abc", which does not match [0-9]*')
    assert airflow.api("/dags/seen/dagRuns")["total_entries"] == 0

    dialog.locator("[name=element_PULL]").fill("7")
    trigger.press("Enter")  # what says that it was refused lies over the button
    form.wait_for_url(re.compile(r"/dags/seen/runs/"))
    [made] = airflow.api("/dags/seen/dagRuns")["dag_runs"]
    assert airflow.wait("seen", made["dag_run_id"]) == "success"
    name = runs.name_of("seen", made["dag_run_id"])
    assert runs.read(airflow.runs / name).params["PULL"] == "7"

    form.goto(f"/dags/seen/runs/{made['dag_run_id']}/tasks/say")
    expect(form.get_by_text("seen by people").last).to_be_visible()
    form.goto(f"/dags/seen/runs/{made['dag_run_id']}/tasks/say/details")
    form.get_by_role("link", name="Results").click()
    expect(form).to_have_title(re.compile("^seen passed"))
    expect(form.get_by_text("driven by Airflow")).to_be_visible()  # drawn by the page's own script
    form.goto(f"/windtunnel/runs/{name}/steps/")
    expect(form.locator("h1")).to_have_text(f"{name}/steps")
    expect(form.locator("table")).to_contain_text("say")
