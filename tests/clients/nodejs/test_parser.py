"""The parser of the Runtime API's answers: any cut of the bytes gives the same responses."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.clients.nodejs.conftest import CLIENT, HERE

Parse = Callable[[list[bytes]], Any]


@pytest.fixture(scope="module")
def parse() -> Iterator[Parse]:
    with subprocess.Popen(
        ["node", os.path.join(HERE, "parser_driver.cjs"), CLIENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def feed(pieces: list[bytes]) -> Any:
            assert process.stdin is not None
            assert process.stdout is not None
            texts = [base64.b64encode(piece).decode() for piece in pieces]
            process.stdin.write(json.dumps(texts).encode() + b"\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield feed
        process.stdin.close()


OF_LENGTH = ("content-length", "transfer-encoding")
names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True).filter(
    lambda name: name.lower() not in OF_LENGTH
)
values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FF, exclude_characters="\x7f\x85\xa0"))
responses = st.lists(
    st.tuples(
        st.sampled_from([200, 202, 403]),
        st.dictionaries(names.map(str.lower), values.map(str.strip), max_size=4),
        st.text(max_size=60) | st.just("\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
        st.none() | st.integers(1, 9),  # bytes in a chunk, where the length isn't said
    ),
    max_size=5,
)


@settings(deadline=None, max_examples=150)
@given(responses, st.data())
def test_any_cut_gives_the_same_responses(
    parse: Parse, expected: list[tuple[int, dict[str, str], str, int | None]], data: st.DataObject
) -> None:
    stream = b""
    for status, headers, body, chunk in expected:
        lines = "".join(f"{name.upper()}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {status} X\r\n{lines}"
        encoded = body.encode()
        if chunk is not None:
            head += "Transfer-Encoding: chunked\r\n"
            pieces = [encoded[i : i + chunk] for i in range(0, len(encoded), chunk)]
            encoded = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])
        elif encoded:
            head += f"Content-Length: {len(encoded)}\r\n"
        stream += head.encode() + b"\r\n" + encoded
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    found = [
        (
            response["status"],
            {k: v for k, v in response["headers"].items() if k not in OF_LENGTH},
            response["body"],
        )
        for response in parse(pieces)
    ]
    assert found == [(status, headers, body) for status, headers, body, _ in expected]


def test_byte_by_byte(parse: Parse) -> None:
    first = b"HTTP/1.1 200 OK\r\nA: \xc5\xbe\r\nContent-Length: 4\r\n\r\n\xf0\x9f\x90\xb4"
    stream = first + b"HTTP/1.1 202 Accepted\r\n\r\n"
    assert parse([stream[i : i + 1] for i in range(len(stream))]) == [
        {"status": 200, "headers": {"a": "ž", "content-length": "4"}, "body": "🐴"},
        {"status": 202, "headers": {}, "body": ""},
    ]


def test_an_incomplete_response_is_none(parse: Parse) -> None:
    assert parse([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour"]) == []
