"""The request parser: any split of the same bytes gives the same requests."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.runtime_api.http import HEADER_LIMIT, BadRequest, Request, RequestParser

NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def parsed(pieces: list[bytes], limit: int = 1 << 20) -> list[Request]:
    parser = RequestParser(lambda _: limit)
    return [request for piece in pieces for request in parser.feed(piece)[0]]


def post(body: bytes, chunks: list[int] | None) -> bytes:
    head = b"POST /2018-06-01/runtime/invocation/x/response HTTP/1.1\r\nHost: h\r\n"
    if chunks is None:
        return head + b"content-LENGTH: %d\r\n\r\n" % len(body) + body
    parts = [head + b"Transfer-Encoding: chunked\r\nTrailer: X-Problem\r\n\r\n"]
    at = 0
    for size in [*chunks, len(body)]:
        piece = body[at : at + size]
        at += len(piece)
        if piece:
            parts.append(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece))
    return b"".join([*parts, b"0\r\nX-Problem: late\r\n\r\n"])


@given(
    bodies=st.lists(
        st.tuples(st.binary(max_size=200), st.none() | st.lists(st.integers(1, 20), max_size=5)), max_size=5
    ),
    cuts=st.lists(st.integers(0, 3000), max_size=12),
)
def test_any_split_gives_the_same_requests(
    bodies: list[tuple[bytes, list[int] | None]], cuts: list[int]
) -> None:
    stream = b"".join(NEXT + post(body, chunks) for body, chunks in bodies)
    edges = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    pieces = [stream[a:b] for a, b in itertools.pairwise(edges)]
    found = parsed(pieces)
    assert found == parsed([stream])
    assert [request.body for request in found[1::2]] == [body for body, _ in bodies]
    for request, (body, chunks) in zip(found[1::2], bodies, strict=True):
        assert request.size == len(body)
        assert request.trailers == ({} if chunks is None else {b"x-problem": b"late"})


def test_a_body_beyond_the_limit_is_counted_and_dropped() -> None:
    (request,) = parsed([post(b"x" * 1000, None)], limit=10)
    assert (request.body, request.size) == (b"x" * 10, 1000)


def test_a_header_may_hold_a_long_stack() -> None:
    cause = b"x" * 200_000
    head = b"POST /p HTTP/1.1\r\nLambda-Runtime-Function-XRay-Error-Cause: " + cause + b"\r\n\r\n"
    (request,) = parsed([head[:100_000], head[100_000:]])
    assert request.headers[b"lambda-runtime-function-xray-error-cause"] == cause


def test_a_client_that_waits_for_continue_is_told_once() -> None:
    parser = RequestParser(lambda _: 100)
    head = b"POST /p HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    assert parser.feed(head) == ([], True)
    requests, waits = parser.feed(b"abc")
    assert [request.body for request in requests] == [b"abc"]
    assert not waits


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"G" * (HEADER_LIMIT + 1),
    ],
)
def test_what_is_not_http_is_refused(data: bytes) -> None:
    with pytest.raises(BadRequest):
        parsed([data])


@given(st.binary(max_size=300))
def test_no_bytes_do_more_harm_than_bad_request(data: bytes) -> None:
    try:
        parsed([data])
    except BadRequest:
        return
