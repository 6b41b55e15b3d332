"""What is a store's URL, and what is told of one that is not."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py.artifacts import check_url, open_store
from py.artifacts.urls import checked, is_kept
from py.tools.errors import UsageError

WRONG = {
    "": "'' names no folder; write file:///FOLDER, or a path",
    "/": "'/' names no folder; write file:///FOLDER, or a path",
    "file:///": "'file:///' names no folder; write file:///FOLDER, or a path",
    "file://out/x": "file://out/x: file:// and a path that is not absolute; write file:///out/x, or out/x",
    "file:///a/../b": "file:///a/../b: a part between two slashes is empty, . or ..",
    "gcs://bucket": "gcs://bucket is no store, which is SCHEME://…, or a path; did you mean gs?",
    "http://x/y": "http://x/y is no store, which is SCHEME://…, or a path; stores: file, gs, s3",
    "gs:/bucket": "gs:/bucket is no store, which is SCHEME://…, or a path; did you mean gs?",
    "s3//bucket": "s3//bucket is no store, which is SCHEME://…, or a path; did you mean s3?",
    "gs://": "gs://: the bucket is missing; write gs://BUCKET or gs://BUCKET/FOLDER",
    "s3:///x": "s3:///x: the bucket is missing; write s3://BUCKET or s3://BUCKET/FOLDER",
    "gs://My_Bucket/x": "gs://My_Bucket/x: 'My_Bucket' is no name of a bucket; write gs://BUCKET or ",
    "s3://bucket/x?region=eu": "s3://bucket/x?region=eu: a store's URL ends with its folder; leave out what ",
    "gs://bucket/#x": "gs://bucket/#x: a store's URL ends with its folder; leave out what begins with ? or #",
    "gs://bucket/a/../b": "gs://bucket/a/../b: a part between two slashes is empty, . or ..",
    "gs://bucket//b": "gs://bucket//b: a part between two slashes is empty, . or ..",
    "file:///" + "a" * 3001: "file:///" + "a" * 3001 + ": the name is too long: 3001 bytes of 3000",
    "gs://bucket/a\nb": "'gs://bucket/a\\nb': the character '\\n' cannot be in a store's URL",
}


@pytest.mark.parametrize("url", WRONG)
def test_what_is_no_url_of_a_store_is_told_in_one_line(url: str) -> None:
    for ask in (check_url, open_store):
        with pytest.raises(UsageError) as error:
            ask(url)
        assert str(error.value).startswith(WRONG[url])
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["file:///a b/ü?#%20", "gs://bucket", "gs://b.ucket_-1/logs/job", "s3://bucket/a b"]
)
def test_a_url_stands_for_itself_and_nothing_is_decoded(url: str) -> None:
    assert open_store(url).url == url
    assert open_store(f"{url}/").url == url


def test_a_bare_path_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/somebody")
    assert open_store("out/runs").url == f"file://{tmp_path}/out/runs"
    assert open_store("../out").url == f"file://{tmp_path.parent}/out"
    assert open_store("~/runs").url == "file:///somebody/runs"


@given(st.text())
def test_any_text_is_a_store_or_a_mistake_in_one_line(text: str) -> None:
    try:
        url = open_store(text).url
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        assert open_store(url).url == url


PARTS = st.sampled_from(
    ["", ".", "..", "a", ".a", "a.b", "-", "ü", " ", "\n", "\x7f", ".windtunnel.x", "a" * 128, "b" * 256]
)


@given(st.lists(PARTS, max_size=9).map("/".join))
def test_a_name_may_be_written_if_a_list_shows_it(name: str) -> None:
    try:
        checked(name)
    except UsageError:
        assert not is_kept(name)
    else:
        assert is_kept(name)


def test_to_check_a_url_loads_no_client() -> None:
    code = (
        "import sys; from py.artifacts import check_url; check_url('gs://bucket/x'); check_url('s3://bucket');"
        "print(*{name.split('.')[0] for name in sys.modules} & {'google', 'boto3', 'botocore', 'requests'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
