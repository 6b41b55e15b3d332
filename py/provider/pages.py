"""The folder of a run in a browser, and the commands that repeat its steps, for whoever may see its DAG.

What steps have written is shown as text or handed out as a download, never as a page: it comes from commits
under test. The run's own page is drawn anew for whoever asks: it shows how far a run is, and no step can have
put another one in its place. Nothing here changes anything.
"""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, StreamingResponse
from jinja2 import Environment

from py.pipeline import reporting
from py.pipeline.execute import by_hand
from py.pipeline.links import PAGES
from py.pipeline.run import Run, read
from py.provider import inert
from py.results import report
from py.tools.errors import WindtunnelError, near
from py.tools.folders import runs

PAGE = Environment(autoescape=True).from_string(
    """<!doctype html><html lang="en"><meta charset="utf-8"><title>{{ run.name }}</title>
<style>body{font:15px/1.5 system-ui;margin:2rem}td{padding-right:2rem}td+td{text-align:right}</style>
<h1>{{ run.name }}{% if path %}/{{ path }}{% endif %}</h1>
<p>{{ run.result or "not over yet" }}{% for each in run.reasons %}<br>{{ each }}{% endfor %}</p>
<p><a href="{{ root }}/report.html">its report</a> ·
<a href="{{ root }}/">the run's folder</a> · <a href="{{ root }}/command/">its commands</a></p>
<table>{% for each in entries %}<tr><td>{% if each.kind == "other" %}{{ each.name }} (not shown: no file)
{% else %}{% set end = "/" if each.kind == "folder" else "" %}
<a href="{{ here }}{{ each.name | urlencode }}{{ end }}">{{ each.name }}{{ end }}</a>{% endif %}</td>
<td>{{ "{:,}".format(each.size) if each.kind == "file" }}</td></tr>{% endfor %}</table></html>"""
)
INERT = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

app = FastAPI(title="Windtunnel", docs_url=None, redoc_url=None, openapi_url=None)


@app.exception_handler(401)
async def _log_in(request: Request, error: HTTPException) -> Response:
    """A browser goes to Airflow's login and comes back; a program is told."""
    if "text/html" not in request.headers.get("accept", ""):
        return await http_exception_handler(request, error)
    airflow, here = request.scope["root_path"].removesuffix(PAGES), quote(str(request.url), safe="")
    return RedirectResponse(f"{airflow}/api/v2/auth/login?next={here}", headers=INERT)


def visible(name: str, request: Request, user: GetUserDep) -> Run:
    """The run of that name, if there is one and the user may see what the tasks of its DAG have said."""
    absent = HTTPException(404, f"there is no run {name[:80]!r} that you may see")
    folder = Path(runs(), name)
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name) or folder.is_symlink() or not folder.is_dir():
        raise absent
    try:
        run = read(folder)
    except (OSError, WindtunnelError):
        raise absent from None
    requires_access_dag("GET", DagAccessEntity.TASK_LOGS, run.pipeline)(request, user)
    return run


Visible = Annotated[Run, Depends(visible)]


@app.get("/runs/{name}")
def _whole(request: Request, run: Visible) -> Response:
    return RedirectResponse(f"{_root(request, run)}/", headers=INERT)


@app.get("/runs/{name}/command/{steps:path}")
def command(run: Visible, steps: str) -> Response:
    """The commands that repeat these steps (all, if none is named) in a shell, each below its name."""
    wanted = [step for step in steps.split(",") if step] or list(run.steps)
    for step in wanted:
        if step not in run.steps:
            raise HTTPException(
                404, f"{run.name} has no step {step[:80]!r}; {near(step[:100], run.steps, 'it has')}"
            )
    told = [f"# {step}\n{by_hand(run, run.steps[step])}\n" for step in wanted]
    return PlainTextResponse("\n".join(told), headers=INERT)


@app.get(f"/runs/{{name}}/{report.NAME}")
def page(run: Visible) -> Response:
    """The run as people look at it."""
    policy = {"Content-Security-Policy": f"{report.may()}; frame-ancestors 'self'"}
    return HTMLResponse(report.html(reporting.page(run)), headers=INERT | policy)


@app.get("/runs/{name}/{path:path}")
def content(request: Request, run: Visible, path: str) -> Response:
    """A folder of the run as a list, a text as text, and any other file as a download."""
    try:
        descriptor = inert.opened(run.folder, path)
    except FileNotFoundError:
        raise HTTPException(404, f"{run.name} has no such file, or it is a link") from None
    path = path.strip("/")
    if (found := inert.entries(descriptor)) is not None:
        root = _root(request, run)
        here = f"{root}/{quote(path)}/" if path else f"{root}/"
        return HTMLResponse(
            PAGE.render(run=run, path=path, root=root, here=here, entries=found), headers=INERT
        )
    if inert.is_text(descriptor):
        kind, how = "text/plain; charset=utf-8", "inline"
    else:
        kind, how = "application/octet-stream", f"attachment; filename*=UTF-8''{quote(Path(path).name)}"
    return StreamingResponse(
        inert.blocks(descriptor), media_type=kind, headers=INERT | {"Content-Disposition": how}
    )


def _root(request: Request, run: Run) -> str:
    return f"{request.scope['root_path']}/runs/{run.name}"
