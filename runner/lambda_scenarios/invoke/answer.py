"""What `invoke` prints of an outcome: the result or the error object, and Lambda's REPORT line (pure)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from lambda_scenarios.model.outcome import BackendFailed, Outcome, Returned, TimedOut
from lambda_scenarios.recording import billed
from lambda_scenarios.reports.record_json import json_text

if TYPE_CHECKING:
    from lambda_scenarios.model.scenario import Invocation

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


def answer(outcome: Outcome, *, indented: bool) -> str:
    """The function's result as JSON, or `{errorType, errorMessage, stackTrace, requestId}`.

    A result that is no JSON is a JSON string. Indented by two, or in one line; numbers keep their digits.
    """
    ending = outcome.ending
    if isinstance(ending, Returned):
        text = json_text(ending.payload)
    else:
        assert not isinstance(ending, BackendFailed), "there is no answer of a function that never ran"
        error = {
            "errorType": ending.error_type,
            "errorMessage": ending.message,
            "stackTrace": list(getattr(ending, "stack", ())),
            "requestId": outcome.request_id,
        }
        text = json.dumps(error, ensure_ascii=False)
    return _indented(text) if indented else text


def _indented(text: str) -> str:
    """JSON laid out as `json.dumps(…, indent=2)` does, token by token."""
    parts: list[str] = []
    depth = 0
    before = ""
    for piece in _TOKEN.findall(text):
        if piece in "]}":
            depth -= 1
            if before not in ("[", "{"):
                parts.append("\n" + "  " * depth)
        elif before in ("[", "{", ","):
            parts.append("\n" + "  " * depth)
        parts.append(": " if piece == ":" else piece)
        if piece in "[{":
            depth += 1
        before = piece
    return "".join(parts)


def report_line(outcome: Outcome, invocation: Invocation) -> str:
    """Lambda's last line about an invocation, separated by tabs.

    Source: docs.aws.amazon.com/lambda/latest/dg/python-logging.html and, for `Status`,
    docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html.
    """
    memory = outcome.memory_size_mb or invocation.context.memory_limit_in_mb or invocation.function.memory
    parts = [
        f"REPORT RequestId: {outcome.request_id}",
        f"Duration: {outcome.duration_ms:.2f} ms",
        f"Billed Duration: {billed(outcome)} ms",
        f"Memory Size: {memory} MB",
    ]
    if outcome.memory_mb is not None:
        parts.append(f"Max Memory Used: {outcome.memory_mb} MB")
    if outcome.init_ms is not None:
        parts.append(f"Init Duration: {outcome.init_ms:.2f} ms")
    ending = outcome.ending
    if isinstance(ending, TimedOut):
        parts.append("Status: timeout")
    elif not isinstance(ending, (Returned, BackendFailed)):
        parts += ["Status: error", f"Error Type: {ending.error_type}"]
    return "\t".join(parts)
