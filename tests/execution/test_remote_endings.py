"""Lambda's answers as endings: the same as those of a function that is run here."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from lambda_scenarios.backends.aws.calls import Answer
from lambda_scenarios.backends.aws.log_tail import Tail
from lambda_scenarios.execution import endings
from lambda_scenarios.execution.remote_endings import ending_of
from lambda_scenarios.model.outcome import (
    Ending,
    FunctionError,
    InitFailed,
    Returned,
    TimedOut,
    WorkerDied,
)

ID = "6f1c8a3e-0000-4000-8000-000000000001"


def ended(
    payload: Any, tail: Tail | None = None, *, error: bool = True, limit: float | None = None
) -> Ending:
    answer = Answer(json.dumps(payload).encode(), error, b"", ID, 0.0, 5.0)
    return ending_of(answer, Tail() if tail is None else tail, limit)


def test_a_result() -> None:
    assert ended({"errorType": "x"}, error=False) == Returned(b'{"errorType": "x"}')


def test_a_streamed_response_with_a_prelude() -> None:
    payload = b'{"statusCode": 201}' + bytes(8) + b"body"
    found = ending_of(Answer(payload, False, b"", ID, 0.0, 5.0), Tail(), None)
    assert found == Returned(payload, "application/vnd.awslambda.http-integration-response", streamed=True)


def test_what_the_handler_raised() -> None:
    python = {"errorMessage": "no", "errorType": "ValueError", "requestId": ID, "stackTrace": ["  a\n", "b"]}
    assert ended(python) == FunctionError("ValueError", "no", ("  a\n", "b"))
    node = {"errorType": "TypeError", "errorMessage": "no", "trace": ["TypeError: no", "    at f"]}
    assert ended(node) == FunctionError("TypeError", "no", ("TypeError: no", "    at f"))
    own = {"errorType": "Late", "errorMessage": "Task timed out after 3.00 seconds"}
    assert ended(own) == FunctionError("Late", "Task timed out after 3.00 seconds", ())


@pytest.mark.parametrize(
    "payload",
    [
        {
            "errorType": "Sandbox.Timedout",
            "errorMessage": f"RequestId: {ID} Error: Task timed out after 3.00 seconds",
        },
        {"errorMessage": f"2026-11-25T10:00:00.123Z {ID} Task timed out after 3.00 seconds"},
    ],
)
def test_timeouts(payload: Any) -> None:
    assert ended(payload) == endings.timed_out(ID, 3.0)


def test_a_timeout_in_other_words() -> None:
    found = ended({"errorType": "Sandbox.Timedout", "errorMessage": "over"}, Tail(duration_ms=3000.0))
    assert found == TimedOut(3.0, "over")


def test_a_timeout_that_this_side_holds_to() -> None:
    late = Tail(duration_ms=1000.0)
    assert ended({}, late, error=False, limit=1.0) == endings.timed_out(ID, 1.0)
    assert isinstance(ended({}, late, error=False, limit=1.5), Returned)
    assert isinstance(ended({}, Tail(), error=False, limit=1.0), Returned)


def died(message: str) -> Ending:
    return ended({"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: {ID} Error: {message}"})


@pytest.mark.parametrize("status", [3 << 8, 0, signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_exits_are_those_of_processes_here(status: int) -> None:
    here = endings.died(ID, int(status))
    assert ended({"errorType": "Runtime.ExitError", "errorMessage": here.message}) == here
    assert ended({"errorMessage": here.message}) == here


def test_other_exits() -> None:
    assert died("Runtime exited with error: signal: unheard of") == WorkerDied(
        f"RequestId: {ID} Error: Runtime exited with error: signal: unheard of", None, None
    )
    here = endings.out_of_memory(ID)
    assert ended({"errorType": "Runtime.OutOfMemory", "errorMessage": here.message}) == here
    crash = ended({"errorType": "Extension.Crash", "errorMessage": "gone"})
    assert crash == WorkerDied("gone", None, None, "Extension.Crash")


@pytest.mark.parametrize(
    "kind",
    [
        "Runtime.ImportModuleError",
        "Runtime.HandlerNotFound",
        "Runtime.UserCodeSyntaxError",
        "Init<LoadError>",
    ],
)
def test_a_failed_init(kind: str) -> None:
    found = ended({"errorType": kind, "errorMessage": "no", "stackTrace": []})
    assert found == InitFailed(kind, "no", ())


def test_what_a_module_raised() -> None:
    payload = {"errorType": "ValueError", "errorMessage": "no", "stackTrace": ["a"]}
    assert ended(payload, Tail(init_failed=True)) == InitFailed("ValueError", "no", ("a",))


def test_what_the_runtime_says_of_a_result() -> None:
    found = ended({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": "too large"})
    assert found == FunctionError("Function.ResponseSizeTooLarge", "too large", (), raised=False)


@pytest.mark.parametrize("payload", [None, 1, [], "text", {}, {"errorType": 1, "errorMessage": [1]}])
def test_any_payload(payload: Any) -> None:
    assert isinstance(ended(payload), FunctionError)
