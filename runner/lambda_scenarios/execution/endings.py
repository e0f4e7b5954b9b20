"""From what a client or the kernel said to an `Ending`, in Lambda's own words (pure)."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

from lambda_scenarios.model.outcome import FunctionError, Returned, TimedOut, WorkerDied
from lambda_scenarios.runtime_api import protocol

TOO_LARGE = "Function.ResponseSizeTooLarge"
# What a runtime says of a result, in distinction from what a handler raised.
_OF_THE_RUNTIME = ("Runtime.", "Sandbox.", "Function.")


def of_answer(answer: protocol.Answered) -> Returned | FunctionError:
    """The result, or the error that Lambda makes of one that is too large or broke off."""
    if answer.trailer_error is not None:
        kind, body = answer.trailer_error
        return error_of(_decoded(body), kind)
    if answer.size > len(answer.body) or (not answer.streamed and answer.size > protocol.PAYLOAD_LIMIT):
        return _too_large(answer.size)
    return Returned(answer.body, answer.content_type, answer.streamed)


def of_failure(failed: protocol.Failed) -> FunctionError:
    """The error that the client posted; one that is too large is answered as a result that is."""
    if failed.size > protocol.PAYLOAD_LIMIT:
        return _too_large(failed.size)
    return error_of(failed.body, failed.error_type)


def _too_large(size: int) -> FunctionError:
    return FunctionError(TOO_LARGE, protocol.too_large(size), (), raised=False)


def _decoded(body: bytes) -> bytes:
    """The error body of a stream's trailers is base64, as AWS's clients send it."""
    import base64

    try:
        return base64.b64decode(body, validate=True)
    except ValueError:
        return body


def error_of(body: bytes, error_type: str) -> FunctionError:
    """An error body: `{errorType, errorMessage, stackTrace | trace}`; the header's type where it has none.

    Shapes: Python and Ruby send `stackTrace`, Node.js sends `trace` (lambda_runtime_exception.py and
    Errors.js of AWS's clients).
    """
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        text = body.decode("utf-8", "replace")
        return FunctionError(error_type or "Runtime.Unknown", text, (), _raised(error_type, ""))
    kind = value.get("errorType")
    kind = kind if isinstance(kind, str) else error_type or "Runtime.Unknown"
    message = value.get("errorMessage")
    stack = value.get("stackTrace", value.get("trace"))
    lines = tuple(_text(line) for line in stack) if isinstance(stack, list) else ()
    told = "" if message is None else _text(message)
    return FunctionError(kind, told, lines, _raised(kind, told))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _raised(kind: str, message: str) -> bool:
    # Up to nodejs22.x, AWS's client has no type of its own for a result that can't be serialised
    # (rapid-client of aws-lambda-ric 3); these are its words.
    if kind == "Error" and message == "Unable to stringify response body":
        return False
    return not kind.startswith(_OF_THE_RUNTIME)


def timed_out(request_id: str, seconds: float) -> TimedOut:
    """Lambda's `Sandbox.Timedout` (words of AWS's runtime interface emulator)."""
    return TimedOut(seconds, f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds")


def out_of_memory(request_id: str) -> WorkerDied:
    """A runtime that the kernel ended since its memory was used up.

    Lambda says of it what it says of any that is killed, and gives it a type of its own:
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
    """
    message = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
    return WorkerDied(message, None, int(signal.SIGKILL), "Runtime.OutOfMemory")


def died(request_id: str, status: int) -> WorkerDied:
    """A process that ended without an answer; `status` as os.waitpid gives it.

    Words of AWS's runtime interface emulator: an exit status of 0 has no reason.
    """
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            # Go's names of signals, which Lambda prints, are English phrases; the C library's are the same.
            phrase = (signal.strsignal(number) or f"signal {number}").split(":")[0].lower()
        except ValueError:
            phrase = f"signal {number}"
        return WorkerDied(
            f"RequestId: {request_id} Error: Runtime exited with error: signal: {phrase}", None, number
        )
    code = os.waitstatus_to_exitcode(status)
    reason = f"with error: exit status {code}" if code else "without providing a reason"
    return WorkerDied(f"RequestId: {request_id} Error: Runtime exited {reason}", code, None)
