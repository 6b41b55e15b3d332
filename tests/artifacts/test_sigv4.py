"""Amazon's signature: ours is botocore's."""

from datetime import UTC, datetime
from unittest import mock
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from py.artifacts.sigv4 import signed

WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
SERVERS = st.sampled_from(
    ["https://s3.eu-west-1.amazonaws.com", "http://127.0.0.1:9000", "http://[::1]:9000/s3"]
)
DAYS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))


@given(
    server=SERVERS, key=st.text(st.characters(codec="utf-8"), min_size=1), headers=st.dictionaries(
        st.sampled_from(["cache-control", "content-type", "content-md5", "x-amz-meta-link"]), WORDS),
    body=st.binary(), access=WORDS, secret=WORDS, token=st.none() | WORDS, region=WORDS, now=DAYS,
)  # fmt: skip
def test_a_request_is_signed_as_botocore_signs_it(
    server: str, key: str, headers: dict[str, str], body: bytes,
    access: str, secret: str, token: str | None, region: str, now: datetime,
) -> None:  # fmt: skip
    url, who = f"{server}/bucket/{quote(key, safe='/~')}", ReadOnlyCredentials(access, secret, token)
    theirs = AWSRequest("PUT", url, headers, body)
    with mock.patch("botocore.auth.get_current_datetime", return_value=now):
        botocore.auth.S3SigV4Auth(who, "s3", region).add_auth(theirs)
    with mock.patch("time.gmtime", return_value=now.replace(tzinfo=UTC).timetuple()):
        ours = signed("PUT", url, headers, body, who, region)
    assert ours.pop("host") in url
    assert ours == {name.lower(): value for name, value in theirs.headers.items()}
