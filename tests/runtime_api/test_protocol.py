"""The Runtime API as a state machine, spoken to with bytes; `http.client` reads its answers."""

from __future__ import annotations

import http.client
import io
import json
from typing import Any

import pytest

from lambda_scenarios.runtime_api.protocol import (
    PAYLOAD_LIMIT,
    Answered,
    Failed,
    InitFailed,
    Ready,
    RuntimeApi,
)

NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: h\r\n\r\n"


def post(path: str, body: bytes = b"{}", headers: str = "") -> bytes:
    head = (
        f"POST /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: h\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Bytes:
    """What http.client takes for a socket."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def makefile(self, _mode: str) -> Any:
        return self._file


def answers(data: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """All responses in a stream, as the standard library's client understands them."""
    stream = Bytes(data)
    stream.makefile("rb").close = lambda: None
    found = []
    while stream.makefile("rb").tell() < len(data):
        response = http.client.HTTPResponse(stream)  # type: ignore[arg-type]  # it only calls makefile
        response.begin()
        found.append((response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()))
    return found


def opened() -> RuntimeApi:
    api = RuntimeApi()
    api.connected(1)
    return api


def said(api: RuntimeApi, connection: int = 1) -> list[tuple[int, dict[str, str], bytes]]:
    return [one for number, data in api.outgoing() if number == connection for one in answers(data)]


def test_the_first_next_is_ready_and_waits_for_an_invocation() -> None:
    api = opened()
    assert api.received(1, NEXT) == [Ready()]
    assert api.outgoing() == []
    api.invoke("r-1", b"Lambda-Runtime-Deadline-Ms: 5\r\n", b'{"a": 1}')
    ((status, headers, body),) = said(api)
    assert (status, body) == (200, b'{"a": 1}')
    assert headers["lambda-runtime-aws-request-id"] == "r-1"
    assert headers["lambda-runtime-deadline-ms"] == "5"
    assert api.received(1, NEXT) == []


def test_pipelined_requests_are_answered_in_their_order() -> None:
    api = opened()
    api.received(1, NEXT * 3)
    api.invoke("r-1", b"", b"1")
    api.invoke("r-2", b"", b"2")
    (first, second) = (
        Answered("r-1", b'"a"', 3, "application/json", False, None, 0.25, 9000),
        Answered("r-2", b'"b"', 3, "application/json", False, None, None, None),
    )
    assert [body for _, _, body in said(api)] == [b"1", b"2"]
    measured = "Lambda-Scenarios-Duration-Us: 250\r\nLambda-Scenarios-Memory-Kb: 9000\r\n"
    data = post("invocation/r-1/response", b'"a"', measured) + NEXT + post("invocation/r-2/response", b'"b"')
    assert api.received(1, data) == [first, second]
    # The third GET came before these POSTs: their answers wait for its invocation.
    assert api.outgoing() == []
    api.invoke("r-3", b"", b"3")
    assert [(status, body) for status, _, body in said(api)][:2] == [(200, b"3"), (202, b'{"status":"OK"}')]


def test_errors_of_invocations_and_of_init() -> None:
    api = opened()
    body = json.dumps({"errorType": "X", "errorMessage": "m"}).encode()
    kind = "Lambda-Runtime-Function-Error-Type: Runtime.ImportModuleError\r\n"
    assert api.received(1, post("init/error", body, kind)) == [InitFailed(body, "Runtime.ImportModuleError")]
    api.received(1, NEXT)
    api.invoke("r-1", b"", b"{}")
    assert api.received(1, post("invocation/r-1/error", body, kind)) == [
        Failed("r-1", body, len(body), "Runtime.ImportModuleError", None, None)
    ]


@pytest.mark.parametrize(
    ("request_bytes", "status", "error"),
    [
        (post("invocation/unknown/response"), 400, "InvalidRequestID"),
        (post("invocation/r-1/response"), 403, "InvalidStateTransition"),
        (post("exit/error"), 404, "NotFound"),
        (b"GET /2018-06-01/ping HTTP/1.1\r\n\r\n", 404, "NotFound"),
    ],
)
def test_what_a_client_must_not_do(request_bytes: bytes, status: int, error: str) -> None:
    api = opened()
    api.received(1, NEXT)
    api.invoke("r-1", b"", b"{}")
    api.received(1, post("invocation/r-1/response"))
    said(api)
    assert api.received(1, request_bytes) == []
    ((found, _, body),) = said(api)
    assert (found, json.loads(body)["errorType"]) == (status, error)


def test_a_result_that_is_too_large_is_refused_with_its_real_size() -> None:
    api = opened()
    api.received(1, NEXT)
    api.invoke("r-1", b"", b"{}")
    size = PAYLOAD_LIMIT + 7
    (event,) = api.received(1, post("invocation/r-1/response", b"x" * size))
    assert isinstance(event, Answered)
    assert (event.size, len(event.body)) == (size, PAYLOAD_LIMIT)
    assert said(api)[-1][0] == 413


def test_a_stream_that_breaks_names_its_error_in_trailers() -> None:
    api = opened()
    api.received(1, NEXT)
    api.invoke("r-1", b"", b"{}")
    head = (
        b"POST /2018-06-01/runtime/invocation/r-1/response HTTP/1.1\r\n"
        b"Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: application/octet-stream\r\n\r\n"
    )
    tail = (
        b"3\r\nabc\r\n0\r\n"
        b"Lambda-Runtime-Function-Error-Type: Boom\r\nLambda-Runtime-Function-Error-Body: e30=\r\n\r\n"
    )
    (event,) = api.received(1, head + tail)
    assert event == Answered(
        "r-1", b"abc", 3, "application/octet-stream", True, ("Boom", b"e30="), None, None
    )


def test_a_client_may_use_a_connection_for_each_request() -> None:
    api = opened()
    api.connected(2)
    api.received(1, NEXT)
    api.invoke("r-1", b"", b"{}")
    assert [status for status, _, _ in said(api, 1)] == [200]
    api.received(2, post("invocation/r-1/response"))
    assert [status for status, _, _ in said(api, 2)] == [202]
    api.disconnected(1)
    api.connected(3)
    api.received(3, NEXT)
    api.invoke("r-2", b"", b"{}")
    assert [status for status, _, _ in said(api, 3)] == [200]
