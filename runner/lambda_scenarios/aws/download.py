"""Downloads from addresses that AWS signs, by way of the same proxies and certificates as its API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

_TIMEOUT = (2, 30)  # seconds to connect, and for each read
_CHUNK = 1 << 20
_LONGEST_ERROR = 500


def fetch(url: str, session: Any, write: Callable[[bytes], object]) -> None:
    """Hands what lies behind `url` to `write`, in chunks; `session` is one of botocore.

    Raises botocore's exceptions, for an answer that isn't 200 as well, and urllib3's while it reads.
    """
    http = URLLib3Session(
        verify=session.get_config_variable("ca_bundle") or True,
        proxies=get_environ_proxies(url),
        timeout=_TIMEOUT,
    )
    try:
        answer = http.send(AWSRequest("GET", url, stream_output=True).prepare())
        if answer.status_code != 200:
            said = answer.content[:_LONGEST_ERROR].decode("utf-8", "replace")
            error = {"Code": f"status {answer.status_code}", "Message": said}
            raise ClientError({"Error": error}, "GetObject")
        for chunk in answer.raw.stream(_CHUNK):
            write(chunk)
    finally:
        http.close()
