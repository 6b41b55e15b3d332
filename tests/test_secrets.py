"""Secrets are planted wherever a run can leave something, in many spellings; what is kept holds none."""

import base64
import gzip
import json
import os
import sys
import zlib
from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from py.pipeline import local
from py.results.reasons import NOT_CENSORED
from tests.projects import Project, wait_until

SECRETS = {
    "SHORT_TOKEN": "k9#Zq!7x",
    "QUOTED_PASSWORD": 'it\'s "q\\u0uted" & <sharp>',
    "PLUS_TOKEN": "ab+/cd==ef/gh+ij==",
    "PERCENT_TOKEN": "100%sure%20not%n",
    "WIDE_PASSWORD": "pässwörd→日本語😀!",
    "LONG_TOKEN": "".join(f"{number * 7919 % 99991:05d}" for number in range(800)),
    "PEM_KEY": "-----BEGIN PRIVATE KEY-----\n"
    + "\n".join(base64.b64encode(bytes(range(n, n + 48))).decode() for n in range(60, 200, 13))
    + "\n-----END PRIVATE KEY-----\n",
}

LEAK = r"""
import base64, gzip, json, os, sys, time
from pathlib import Path
from urllib.parse import quote, quote_plus
from xml.etree import ElementTree
from xml.sax.saxutils import escape

NAMES = json.loads(os.environ["PLANTED"])
artifacts, step = Path(os.environ["ARTIFACTS"]), os.environ["STEP_NAME"]
secrets = {name: os.environ[name] for name in NAMES}

def spelled(value):
    raw = value.encode()
    yield value
    yield "in " + value + " between"
    for before in ("", "x", "xy"):
        yield base64.b64encode(before.encode() + raw + b"!").decode()
        yield base64.encodebytes(before.encode() * 20 + raw + b"tail" * 20).decode()
        yield base64.urlsafe_b64encode(before.encode() + raw).decode()
    yield quote(value)
    yield quote(value, safe="")
    yield quote_plus(value)
    yield json.dumps({"value": value})
    yield json.dumps({"value": value}, ensure_ascii=False)
    yield escape(value)
    yield repr(value)

# In the log: whole, and one byte at a time.
for name, value in secrets.items():
    for text in spelled(value):
        print(text, flush=True)
for value in secrets.values():
    for byte in value.encode():
        os.write(1, bytes([byte]))
    os.write(1, b"\n")

# In artifacts: as text, as JSON, packed, with an old time, and in their names.
everything = "\n".join(text for value in secrets.values() for text in spelled(value))
(artifacts / "plain.txt").write_text(everything)
(artifacts / "old.txt").write_text(everything)
os.utime(artifacts / "old.txt", (0, 0))
(artifacts / "cut.log.gz").write_bytes(gzip.compress(everything.encode())[:-9])
with gzip.open(artifacts / "all.log.gz", "wt") as packed:
    packed.write("begin\n" + everything)
# Base64 that is wrapped, and its line breaks escaped after that, is found by nobody.
texts = [text for value in secrets.values() for text in spelled(value)]
unwrapped = [text for text in texts if "\n" not in text or any(value in text for value in secrets.values())]
(artifacts / "metadata.json").write_text(json.dumps({"links": secrets, "as-is": unwrapped}))
for name in ("SHORT_TOKEN", "PLUS_TOKEN"):
    where = artifacts / f"report-{secrets[name]}.d" / f"of-{secrets[name]}.txt"
    where.parent.mkdir(parents=True)
    where.write_text("its name is what tells")

# In JUnit, in an attribute and in a text.
suite = ElementTree.Element("testsuite", name="s")
for name, value in secrets.items():
    case = ElementTree.SubElement(suite, "testcase", classname="c", name=f"logs in with {value}", time="0")
    ElementTree.SubElement(case, "failure", message=f"wrong: {value}").text = f"no: {value}\n{everything}"
for encoding in ("utf-8", "us-ascii"):
    file = "junit_leak.xml" if encoding == "utf-8" else "ascii.xml"
    (artifacts / file).write_bytes(ElementTree.tostring(suite, encoding=encoding))

# In outputs, of a step that fails with it in its last words.
Path(os.environ["STEP_OUTPUTS"]).write_text(json.dumps({"undeclared": secrets}))
if step == "leak":
    (Path(os.environ["WORKSPACE"]) / "handed-on").write_text(everything)
    sys.exit("error: cannot log in with " + secrets["SHORT_TOKEN"] + secrets["QUOTED_PASSWORD"])
"""


def plant(project: Project) -> None:
    """A pipeline whose first step leaves its secrets everywhere, and whose second one finds them."""
    project.program("leak", f"#!{sys.executable}\n{LEAK}")
    project.env |= SECRETS | {"PLANTED": json.dumps(list(SECRETS))}
    project.declare(
        f"""
        leak = pipeline.step("leak", Binary("./leak")("all"), secrets={list(SECRETS)}, junit=True)
        undo = "cd $WORKSPACE; cat handed-on; cp handed-on $ARTIFACTS"
        pipeline.step("undo", sh(do=undo), undoes=[leak])
        """
    )


def looks(value: str) -> Iterator[bytes]:
    """How a person who looks for a secret would spell it: as little as that takes."""
    raw = value.encode()
    for text in (value, *(line for line in value.splitlines() if len(line) > 20)):
        yield text.encode()
        yield json.dumps(text)[1:-1].encode()
        yield json.dumps(text, ensure_ascii=False)[1:-1].encode()
        yield json.dumps(json.dumps(text)[1:-1])[1:-1].encode()
        yield quote(text, safe="").encode()
        yield quote_plus(text).encode()
        yield escape(text, quote=False).encode()
        yield escape(text).encode("ascii", "xmlcharrefreplace")
        yield repr(text)[1:-1].encode()
    for skipped in range(3):
        whole = raw[skipped : skipped + (len(raw) - skipped) // 3 * 3]
        yield base64.b64encode(whole)
        yield base64.urlsafe_b64encode(whole)


def everything(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All files of a folder: their names, what they hold, what is packed in them."""
    for path in folder.rglob("*"):
        if path.is_file() and "workspace" not in path.parts:
            yield str(path), os.fsencode(path.relative_to(folder))
            yield str(path), path.read_bytes()
            if path.suffix == ".gz":
                unpacked = zlib.decompressobj(wbits=31)
                yield str(path), unpacked.decompress(path.read_bytes())


def hunt(where: str, text: bytes) -> list[str]:
    """Which secrets are in a text, also where it breaks its lines."""
    squeezed = text.replace(b"\n", b"").replace(b"\r", b"")
    return [
        f"{name} in {where} as {look[:40]!r}"
        for name, value in SECRETS.items()
        for look in looks(value)
        if look in text or look in squeezed
    ]


def test_no_secret_is_in_anything_that_a_run_leaves_or_says(project: Project, folder: str) -> None:
    plant(project)
    code, said = project.run("--verbose", "--conf", json.dumps({"RESULTS": folder}))
    assert code == 1
    run = project.last()
    planted = hunt("", (run.workspace / "handed-on").read_bytes())
    assert {hit.split()[0] for hit in planted} == set(SECRETS)  # who looks, finds
    told = {"e2e run": said}
    history = "history", "sample", "--json"
    for words in (("report",), ("command", "last", "leak"), ("show", "last"), history,
                  (*history, f"--results={folder}")):  # fmt: skip
        told[f"e2e {words}"] = project.e2e(*words)[1]
    found = [hit for where, text in told.items() for hit in hunt(where, text.encode())]
    store = Path(folder.removeprefix("file://"))
    for place in (run.folder, store):
        kept = list(everything(place))
        found += [hit for where, text in kept for hit in hunt(where, text)]
        names = "\n".join(where for where, _ in kept)
        for each in ("junit_leak.xml", "all.log.gz", "old.txt", "handed-on", "of-$SHORT_TOKEN.txt"):
            assert each in names
    assert found == []
    for name in SECRETS:
        for text in (said.encode(), (run.artifacts / "plain.txt").read_bytes()):
            assert f"${name}".encode() in text
    with gzip.open(run.artifacts / "all.log.gz") as packed:
        assert packed.readline() == b"begin\n"
    assert (run.artifacts / "old.txt").stat().st_mtime == 0
    assert "cannot log in with $SHORT_TOKEN$QUOTED_PASSWORD" in str(run.reasons)
    assert "$QUOTED_PASSWORD" in (run.artifacts / "junit_leak.xml").read_text()
    assert "$PEM_KEY" in (run.step_folder("leak") / "outputs.json").read_text()


def test_while_a_step_runs_its_log_is_in_the_store_and_its_artifacts_are_not(
    project: Project, folder: str
) -> None:
    project.env["API_TOKEN"] = SECRETS["SHORT_TOKEN"]
    leak = "echo in the log: $API_TOKEN; echo $API_TOKEN | tee $ARTIFACTS/kept > $WORKSPACE/../aside; "
    wait = "until test -e go; do sleep 0.05; done"
    project.declare(f"""
        one = pipeline.step("one", sh(do="{leak}{wait}"), secrets=["API_TOKEN"])
        pipeline.step("two", sh(do="true"), after=[one])
        """)
    child = project.start("run", "sample", "--dags=dags", "--conf", json.dumps({"RESULTS": folder}))
    store = Path(folder.removeprefix("file://"))
    wait_until(lambda: any(b"in the log: $API_TOKEN" in file.read_bytes() for file in store.rglob("log.txt")))
    assert not list(store.rglob("kept"))
    assert (project.last().artifacts / "kept").read_text() == SECRETS["SHORT_TOKEN"] + "\n"
    (project.folder / "go").touch()
    assert child.wait(20) == 0
    [kept] = store.rglob("kept")
    assert kept.read_text() == "$API_TOKEN\n"
    assert not [hit for where, text in everything(store) for hit in hunt(where, text)]


@pytest.mark.parametrize("is_known", [True, False])
def test_what_a_killed_step_left_is_not_stored_with_its_secret(
    project: Project, folder: str, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    project.env["API_TOKEN"] = SECRETS["SHORT_TOKEN"]
    leak = "echo $API_TOKEN > $ARTIFACTS/kept; touch begun; sleep 60"
    project.declare(f'pipeline.step("one", sh(do="{leak}"), secrets=["API_TOKEN"])')
    child = project.start("run", "sample", "--dags=dags", "--conf", json.dumps({"RESULTS": folder}))
    project.wait_for("begun")
    child.kill()
    child.communicate()
    monkeypatch.delenv("API_TOKEN", raising=False)
    if is_known:
        monkeypatch.setenv("API_TOKEN", SECRETS["SHORT_TOKEN"])
    [run] = local.finish_lost(project.folder / "runs")
    store = Path(folder.removeprefix("file://"))
    assert list(store.rglob("finished.json"))
    assert not [hit for where, text in everything(store) for hit in hunt(where, text)]
    kept_back = run.folder / "kept-back" / "kept"
    assert [file.read_text() for file in store.rglob("kept")] == (["$API_TOKEN\n"] if is_known else [])
    assert (NOT_CENSORED in [reason.kind for reason in run.reasons]) == kept_back.exists() == (not is_known)


def test_a_secret_that_somebody_gives_as_a_param_is_refused_before_anything_is_written(
    project: Project,
) -> None:
    project.env["API_TOKEN"] = SECRETS["QUOTED_PASSWORD"]
    project.declare("""
        who = pipeline.param("WHO", "")
        pipeline.step("one", sh(do="touch begun", who=who), secrets=["API_TOKEN"])
        """)
    code, out = project.run("--conf", json.dumps({"WHO": f"me:{SECRETS['QUOTED_PASSWORD']}"}))
    assert (code, out.count("\n")) == (2, 1)
    assert "WHO holds $API_TOKEN" in out
    assert not hunt("the error", out.encode())
    assert not (project.folder / "runs").exists()


CLONING = """
url = pipeline.param("REPO_URL", "")
pipeline.step("one", sh(do="touch begun", url=url))
"""


@pytest.mark.parametrize(
    "url", ["https://robot:sesame@git.example/a.git", "https://sesame@git.example/a", "ssh://a:sesame@b/c"]
)
def test_a_password_in_a_url_of_the_conf_is_refused_in_one_line_without_it(
    project: Project, url: str
) -> None:
    project.declare(CLONING)
    code, out = project.run("--conf", json.dumps({"REPO_URL": url}))
    assert (code, out.count("\n")) == (2, 1)
    assert "REPO_URL holds a password" in out
    assert "credential helper" in out
    assert "sesame" not in out
    assert not (project.folder / "runs").exists()


def test_a_url_without_a_password_is_taken(project: Project) -> None:
    project.declare(CLONING)
    for url in ("https://git.example:8443/a@b.git", "ssh://git@git.example/a", "git@git.example:a/b"):
        assert project.run("--dryrun", "--conf", json.dumps({"REPO_URL": url}))[0] == 0
