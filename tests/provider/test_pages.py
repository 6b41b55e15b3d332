"""The pages of a run: for whoever has logged in and may see the DAG, and never run in a browser."""

import json
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path

import pytest

from py.pipeline.run import name_of
from py.servers.home import USER
from tests.airflows import Airflow

PAGE = "<script>alert(1)</script>"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """An answer that leads elsewhere is the answer."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


@pytest.fixture(scope="module")
def cookie(airflow: Airflow) -> str:
    """What a browser sends of somebody who has logged in, and nothing else."""
    login = json.dumps({"username": USER, "password": airflow.home.password()}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{airflow.home.port()}/auth/token", login, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return f"_token={json.load(answer)['access_token']}"


@pytest.fixture(scope="module")
def run(airflow: Airflow, provided: str) -> Path:
    """The folder of a run, where a step has left what could harm."""
    airflow.trigger(provided, {"WHO": PAGE}, "paged")
    assert airflow.wait(provided, "paged") == "success"
    folder = airflow.runs / name_of(provided, "paged")
    kept = folder / "artifacts"
    (kept / "page.html").write_text(PAGE)
    (kept / "binary").write_bytes(b"\0<script>")
    (kept / f"{PAGE.replace('/', '%2f')}?a#b").write_text("named")
    (kept / "out").symlink_to("/etc")
    (folder / "report.html").write_text(PAGE)  # what leads here is drawn anew
    return folder


def get(airflow: Airflow, path: str, cookie: str = "", accept: str = "*/*") -> tuple[int, str, Message]:
    """Status, text and headers of what is below /windtunnel."""
    url = f"http://127.0.0.1:{airflow.home.port()}/windtunnel{path}"
    request = urllib.request.Request(url, headers={"Accept": accept, "Cookie": cookie})
    try:
        with urllib.request.build_opener(NoRedirect).open(request, timeout=30) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def test_the_links_of_a_task_lead_to_its_run_and_its_commands(
    airflow: Airflow, run: Path, cookie: str
) -> None:
    links = airflow.api("/dags/provided/dagRuns/paged/taskInstances/show/links")["extra_links"]
    assert set(links) == {"Results", "Repeat by hand"}
    results, repeat = (links[name].partition("/windtunnel")[2] for name in ("Results", "Repeat by hand"))
    status, said, headers = get(airflow, results, cookie)
    assert (status, headers.get_content_type(), "provided passed" in said) == (200, "text/html", True)
    assert "script-src 'sha256-" in headers["Content-Security-Policy"]
    status, said, headers = get(airflow, repeat, cookie)
    assert (status, headers.get_content_type()) == (200, "text/plain")
    assert said.startswith("# show\ncd ")
    assert f"./show it '--who={PAGE}' --count=3" in said


def test_nobody_sees_anything_without_a_login(airflow: Airflow, run: Path) -> None:
    for path in ("/", "/report.html", "/run.json", "/command/show", "/none"):
        assert get(airflow, f"/runs/{run.name}{path}")[0] == 401
    assert get(airflow, f"/runs/{run.name}/", "_token=guess")[0] in (401, 403)
    assert get(airflow, "/runs/none/")[0] == 401


def test_a_browser_is_sent_to_the_login_and_back(airflow: Airflow, run: Path) -> None:
    status, _, headers = get(airflow, f"/runs/{run.name}/", accept="text/html,*/*")
    assert (status, headers["Location"].partition("?")[0]) == (307, "/api/v2/auth/login")
    assert headers["Location"].endswith(f"%2Fwindtunnel%2Fruns%2F{run.name}%2F")


def test_what_a_step_has_written_is_text_or_a_download(airflow: Airflow, run: Path, cookie: str) -> None:
    status, said, headers = get(airflow, f"/runs/{run.name}/artifacts/page.html", cookie)
    assert (status, said, headers["Content-Type"]) == (200, PAGE, "text/plain; charset=utf-8")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    _, _, headers = get(airflow, f"/runs/{run.name}/artifacts/binary", cookie)
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")


def test_names_are_text_in_a_list_and_lead_to_their_files(airflow: Airflow, run: Path, cookie: str) -> None:
    _, said, headers = get(airflow, f"/runs/{run.name}/artifacts/", cookie)
    assert "<script>" not in said
    assert "&lt;script&gt;" in said
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    link = next(part for part in said.split('"') if part.endswith("%3Fa%23b"))
    assert get(airflow, link.removeprefix("/windtunnel"), cookie)[1] == "named"


@pytest.mark.parametrize(
    "path",
    [
        "{}/artifacts/out/passwd", "{}/artifacts/out", "{}/%2e%2e/%2e%2e/home/env", "{}/..%2f..%2fhome%2fenv",
        "%2e%2e/home", "..%2fhome/env", ".open/", "none/", "{}/none", "{}%00/", "{}/a%00b", "{}/%ff",
        "{}/command/none", "home/",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_folder_of_a_run(
    airflow: Airflow, run: Path, cookie: str, path: str
) -> None:
    assert get(airflow, f"/runs/{path.format(run.name)}", cookie)[0] == 404


def test_a_link_in_place_of_a_run_is_no_run(airflow: Airflow, run: Path, cookie: str) -> None:
    other = run.with_name("provided-elsewhere")
    other.symlink_to(run)
    assert get(airflow, f"/runs/{other.name}/", cookie)[0] == 404
    other.unlink()
