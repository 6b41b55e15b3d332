"""Amazon's signature of a request (AWS4-HMAC-SHA256), in a tenth of the time that botocore takes for it."""

import hmac
import time
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from urllib.parse import urlsplit

from botocore.credentials import ReadOnlyCredentials


def signed(
    method: str, url: str, headers: Mapping[str, str], body: bytes, who: ReadOnlyCredentials, region: str
) -> dict[str, str]:
    """The headers, and what Amazon wants besides: for whom, when, what content, and by whom.

    Their names are in lower case; the URL is quoted as it is sent, and has no query.
    """
    server, path = urlsplit(url)[1:3]
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    digest = sha256(body).hexdigest()
    told = {"host": server, **headers, "x-amz-content-sha256": digest, "x-amz-date": now}
    if who.token:
        told["x-amz-security-token"] = who.token
    names = sorted(told)
    which = ";".join(names)
    whole = "\n".join([method, path, "", *(f"{name}:{told[name]}" for name in names), "", which, digest])
    scope = f"{now[:8]}/{region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{sha256(whole.encode()).hexdigest()}"
    signature = _hmac(_key(who.secret_key, now[:8], region), text).hex()
    said = f"Credential={who.access_key}/{scope}, SignedHeaders={which}, Signature={signature}"
    return told | {"authorization": f"AWS4-HMAC-SHA256 {said}"}


@lru_cache(maxsize=1)
def _key(secret: str, day: str, region: str) -> bytes:
    """What signs all requests of a day in a region."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), sha256)
