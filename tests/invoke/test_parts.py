"""The parts of `invoke` that need no function: what is read, and what is printed."""

from __future__ import annotations

import json
import os
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.errors import UsageError
from lambda_scenarios.execution.logs import LiveOutput, LogSplitter
from lambda_scenarios.invoke.answer import answer
from lambda_scenarios.invoke.standard_input import Patience, read
from lambda_scenarios.model.outcome import FunctionError, Outcome, Returned

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def returned(payload: bytes) -> Outcome:
    return Outcome(Returned(payload), "id", 0.0, 1.0, None, None, b"", b"", 1, 1)


class TestAnswer:
    @given(JSON)
    def test_is_laid_out_as_python_does(self, value: Any) -> None:
        payload = json.dumps(value).encode()
        assert answer(returned(payload), indented=True) == json.dumps(value, indent=2)
        assert json.loads(answer(returned(payload), indented=False)) == value

    @pytest.mark.parametrize("text", ["1.10", "12345678901234567890.123", "1e400", "-0.0", "[1.0,2]"])
    def test_keeps_digits(self, text: str) -> None:
        assert answer(returned(text.encode()), indented=False) == text
        assert "".join(answer(returned(text.encode()), indented=True).split()) == text

    @pytest.mark.parametrize("payload", [b"plain", b"\xff", b"", b"NaN"])
    def test_of_what_is_no_json_is_a_string(self, payload: bytes) -> None:
        assert json.loads(answer(returned(payload), indented=True)) == payload.decode("utf-8", "replace")

    @given(st.text(), st.text(), st.lists(st.text()))
    def test_of_an_error(self, kind: str, message: str, stack: list[str]) -> None:
        outcome = returned(b"")._replace(ending=FunctionError(kind, message, tuple(stack)))
        for indented in (True, False):
            assert json.loads(answer(outcome, indented=indented)) == {
                "errorType": kind,
                "errorMessage": message,
                "stackTrace": stack,
                "requestId": "id",
            }


class TestStandardInput:
    def test_is_read_to_its_end(self) -> None:
        reader, writer = os.pipe()
        data = b"x" * 300_000
        said: list[str] = []

        def write() -> None:
            with os.fdopen(writer, "wb") as file:
                file.write(data)

        thread = threading.Thread(target=write)
        thread.start()
        try:
            assert read(reader, said.append, 1 << 20, Patience(60, 120)) == data
        finally:
            thread.join()
            os.close(reader)
        assert said == []

    def test_gives_up_where_nothing_comes(self) -> None:
        reader, writer = os.pipe()
        os.write(writer, b"{")
        said: list[str] = []
        try:
            with pytest.raises(UsageError) as caught:
                read(reader, said.append, 1 << 20, Patience(0.01, 0.05))
        finally:
            os.close(reader)
            os.close(writer)
        assert "gave nothing for 0.05 seconds" in caught.value.diagnostics[0].problem
        assert len(said) == 1

    def test_is_not_read_much_further_than_the_limit(self) -> None:
        fd = os.open("/dev/zero", os.O_RDONLY)
        try:
            assert 1000 < len(read(fd, pytest.fail, 1000)) < 1_000_000
        finally:
            os.close(fd)


NONCE = "0123456789abcdef"


@given(st.lists(st.binary(max_size=60) | st.just(b"\0" + NONCE[:7].encode()), max_size=6), st.data())
def test_live_output_is_all_output_without_the_markers(pieces: list[bytes], data: st.DataObject) -> None:
    marker = f"\0{NONCE} init\n".encode()
    whole = marker.join(pieces)
    shown: list[bytes] = []
    live = LiveOutput(NONCE, shown.append)
    splitter = LogSplitter(NONCE)
    at = 0
    while at < len(whole):
        size = data.draw(st.integers(1, 40))
        live.feed(whole[at : at + size])
        splitter.feed(whole[at : at + size])
        at += size
    live.close()
    assert b"".join(shown) == b"".join(pieces) == splitter.rest()[0]


def test_live_output_holds_nothing_back_that_can_be_no_marker() -> None:
    shown: list[bytes] = []
    live = LiveOutput(NONCE, shown.append)
    for piece in (b"first\n", b"\0not ours", b"\0" + NONCE.encode()):
        live.feed(piece)
    assert b"".join(shown) == b"first\n\0not ours"
