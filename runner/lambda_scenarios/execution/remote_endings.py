"""What Lambda answered to an invocation as an ending, the same as that of a function run here (pure)."""

from __future__ import annotations

import re
import signal

from lambda_scenarios.backends.aws.calls import Answer
from lambda_scenarios.backends.aws.log_tail import Tail
from lambda_scenarios.execution import endings
from lambda_scenarios.model.outcome import (
    Ending,
    FunctionError,
    InitFailed,
    Returned,
    TimedOut,
    WorkerDied,
)

# As in lambda-runtime-init-error of the runtimes; Ruby's client writes Init<LoadError>.
_OF_INIT = frozenset(
    (
        *("Runtime.ImportModuleError", "Runtime.HandlerNotFound", "Runtime.UserCodeSyntaxError"),
        *("Runtime.MalformedHandlerName", "Runtime.InvalidEntrypoint", "Runtime.InvalidWorkingDir"),
        *("Runtime.InitError", "Runtime.NoHandlerDefined", "Runtime.InvalidTaskConfig"),
    )
)
_TIMED_OUT = re.compile(r"Task timed out after (?P<seconds>\d+(?:\.\d+)?) seconds")
_EXITED = re.compile(
    r"Runtime exited(?: with error: (?:exit status (?P<status>\d+)|signal: (?P<signal>[a-z0-9 ]+)))?"
)
# As AWS's clients write it; docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html.
_PRELUDE = "application/vnd.awslambda.http-integration-response"
_AFTER_PRELUDE = bytes(8)
_EXITS = ("Runtime.ExitError", "Runtime.OutOfMemory")


def ending_of(answer: Answer, tail: Tail, limit: float | None) -> Ending:
    """How the invocation ended. `limit` (seconds) is a timeout that this side holds to."""
    if limit is not None and tail.duration_ms is not None and tail.duration_ms >= limit * 1000:
        return endings.timed_out(answer.request_id, limit)
    if not answer.is_error:
        return _returned(answer.payload)
    error = endings.error_of(answer.payload, "")
    kind, message = error.error_type, error.message
    # Lambda's answer to a timeout has had no type for years, nor had that to an exit.
    untyped = kind == "Runtime.Unknown"
    timed_out = _TIMED_OUT.search(message)
    if timed_out is not None and (kind == "Sandbox.Timedout" or untyped):
        return endings.timed_out(answer.request_id, float(timed_out["seconds"]))
    if kind == "Sandbox.Timedout":
        return TimedOut((tail.duration_ms or answer.took_ms) / 1000, message)
    exited = _EXITED.search(message)
    if kind in _EXITS or kind.startswith("Extension.") or (untyped and exited is not None):
        return _died("Runtime.ExitError" if untyped else kind, message, exited)
    if kind in _OF_INIT or kind.startswith("Init<") or tail.init_failed:
        return InitFailed(kind, message, error.stack)
    return FunctionError(kind, message, error.stack, error.raised)


def _returned(payload: bytes) -> Returned:
    """Of a streamed response, `Invoke` gives all bytes as a result, and no content type."""
    if payload[:1] == b"{" and _AFTER_PRELUDE in payload:  # no JSON holds such bytes
        return Returned(payload, _PRELUDE, streamed=True)
    return Returned(payload)


def _died(kind: str, message: str, exited: re.Match[str] | None) -> WorkerDied:
    if exited is not None and exited["signal"]:
        return WorkerDied(message, None, _signal(exited["signal"]), kind)
    if exited is not None and exited["status"]:
        return WorkerDied(message, int(exited["status"]), None, kind)
    return WorkerDied(message, 0 if exited is not None else None, None, kind)


def _signal(phrase: str) -> int | None:
    """The number of `segmentation fault`, as Go names signals."""
    for number in signal.valid_signals():
        if (signal.strsignal(number) or "").split(":")[0].lower() == phrase.strip():
            return int(number)
    return None
