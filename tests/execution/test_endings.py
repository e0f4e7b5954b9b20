"""What clients and the kernel say, in Lambda's words."""

from __future__ import annotations

import base64
import os
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.execution import endings
from lambda_scenarios.model.outcome import FunctionError, Returned
from lambda_scenarios.runtime_api.protocol import PAYLOAD_LIMIT, STREAM_LIMIT, Answered, Failed


def answered(body: bytes, **changes: object) -> Answered:
    found = Answered("r", body, len(body), "application/json", False, None, 1.0, 1000)
    return found._replace(**changes)  # type: ignore[arg-type]  # the fields' own types


def test_a_result() -> None:
    assert endings.of_answer(answered(b"1")) == Returned(b"1")


@pytest.mark.parametrize(
    ("size", "streamed", "too_large"),
    [
        (PAYLOAD_LIMIT, False, False),
        (PAYLOAD_LIMIT + 1, False, True),
        (STREAM_LIMIT + 1, True, True),
    ],
)
def test_size(size: int, streamed: bool, too_large: bool) -> None:
    limit = STREAM_LIMIT if streamed else PAYLOAD_LIMIT
    ending = endings.of_answer(answered(b"x" * min(size, limit), size=size, streamed=streamed))
    assert isinstance(ending, FunctionError) == too_large
    if isinstance(ending, FunctionError):
        assert ending.error_type == "Function.ResponseSizeTooLarge"
        assert str(size) in ending.message
        assert not ending.raised


def test_an_error_that_is_too_large_is_not_told_by_its_beginning() -> None:
    failed = Failed("r", b'{"errorMessage": "zzz', PAYLOAD_LIMIT + 5, "ValueError", None, None)
    ending = endings.of_failure(failed)
    assert (ending.error_type, ending.raised) == ("Function.ResponseSizeTooLarge", False)
    assert str(PAYLOAD_LIMIT + 5) in ending.message


def test_a_stream_that_broke_off() -> None:
    body = base64.b64encode(b'{"errorType": "Boom", "errorMessage": "late", "trace": ["a", "b"]}')
    ending = endings.of_answer(answered(b"begun", streamed=True, trailer_error=("Boom", body)))
    assert ending == FunctionError("Boom", "late", ("a", "b"), raised=True)


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b'{"errorType": "A", "errorMessage": "m", "stackTrace": []}', "A", "m"),
        (b'{"errorMessage": {"b": 1}}', "Of.Header", '{"b": 1}'),
        (b"{}", "Of.Header", ""),
        (b"no json", "Of.Header", "no json"),
        (b"[1]", "Of.Header", "[1]"),
        (b"\xff", "Of.Header", "\ufffd"),
        (b"[" * 100_000, "Of.Header", "[" * 100_000),
        (b'{"errorType": 5, "errorMessage": null, "stackTrace": "x"}', "Of.Header", ""),
    ],
)
def test_error_bodies(body: bytes, kind: str, message: str) -> None:
    ending = endings.error_of(body, "Of.Header")
    assert (ending.error_type, ending.message, ending.stack) == (kind, message, ())


@given(st.binary(max_size=60), st.text(max_size=10))
def test_no_error_body_does_harm(body: bytes, kind: str) -> None:
    assert isinstance(endings.error_of(body, kind), FunctionError)


def status_of(script: str) -> int:
    """The status of a real process, as os.waitpid gives it."""
    return os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", script], {}), 0)[1]


@pytest.mark.parametrize(
    ("script", "words", "status", "number"),
    [
        ("exit 0", "Runtime exited without providing a reason", 0, None),
        ("exit 3", "Runtime exited with error: exit status 3", 3, None),
        ("kill -9 $$", "Runtime exited with error: signal: killed", None, signal.SIGKILL),
        ("kill -15 $$", "Runtime exited with error: signal: terminated", None, signal.SIGTERM),
        (
            "ulimit -c 0; kill -11 $$",
            "Runtime exited with error: signal: segmentation fault",
            None,
            signal.SIGSEGV,
        ),
    ],
)
def test_deaths(script: str, words: str, status: int | None, number: int | None) -> None:
    ending = endings.died("r-1", status_of(script))
    assert ending.message == f"RequestId: r-1 Error: {words}"
    assert (ending.status, ending.signal) == (status, number)


def test_time_out() -> None:
    assert endings.timed_out("r-1", 3).message == "RequestId: r-1 Error: Task timed out after 3.00 seconds"
