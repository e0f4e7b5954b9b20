"""What Lambda sends of the log with an answer: at most its last 4 KB, platform lines among it (pure).

Lines of the platform, as text and as JSON, by the function's log format:
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple


class Tail(NamedTuple):
    """`init_logs` is what was printed before the invocation began. `truncated`: the beginning of the
    invocation isn't there, so something may be missing. The figures are those of the REPORT, None where it
    has none of them; `init_failed`: loading was repeated inside the invocation, and failed."""

    logs: bytes = b""
    init_logs: bytes = b""
    truncated: bool = True
    duration_ms: float | None = None
    billed_ms: int | None = None
    memory_size_mb: int | None = None
    memory_mb: int | None = None
    init_ms: float | None = None
    init_failed: bool = False


# Of the platform, whichever the invocation.
_PLATFORM = re.compile(
    rb"^(?:INIT_START Runtime Version:|INIT_REPORT Init Duration:|INIT_REPORT Phase:|RESTORE_START "
    rb"|RESTORE_REPORT |EXTENSION\tName: |LOGS\tName: |TELEMETRY\tName: |XRAY TraceId: ).*(?:\n|\Z)",
    re.MULTILINE,
)
_FAILED_INIT = re.compile(rb"^INIT_REPORT [^\n]*Phase: invoke\tStatus: error", re.MULTILINE)


def read_tail(text: bytes, request_id: str) -> Tail:
    """The tail of an invocation, read."""
    of_json = b'"platform.' in text
    tail = _of_json(text, request_id) if of_json else None
    return tail or _of_text(text, request_id)


def _of_text(text: bytes, request_id: str) -> Tail:
    # What a function prints last may lack its newline: these lines needn't begin where a line does.
    request = re.escape(request_id.encode())
    start = re.search(rb"START RequestId: %s Version: [^\n]*(?:\n|\Z)" % request, text)
    before = text[: start.start()] if start else b""
    after = text[start.end() :] if start else text
    found = re.search(rb"REPORT RequestId: %s\t([^\n]*)" % request, after)
    of_platform = re.compile(
        rb"(?:END RequestId: %(id)s|REPORT RequestId: %(id)s\t[^\n]*)[ \t]*(?:\n|\Z)"
        rb"|^\S+ %(id)s Task timed out after [\d.]+ seconds(?:\n\n?|\Z)"
        rb"|^RequestId: %(id)s Error: Runtime exited [^\n]*(?:\n|\Z)(?:Runtime\.\w+(?:\n|\Z))?"
        % {b"id": request},
        re.MULTILINE,
    )
    figures = _figures(found[1]) if found else {}
    return Tail(
        logs=_PLATFORM.sub(b"", of_platform.sub(b"", after)),
        init_logs=_PLATFORM.sub(b"", before),
        truncated=start is None,
        duration_ms=figures.get("Duration"),
        billed_ms=_whole(figures.get("Billed Duration")),
        memory_size_mb=_whole(figures.get("Memory Size")),
        memory_mb=_whole(figures.get("Max Memory Used")),
        init_ms=figures.get("Init Duration", figures.get("Restore Duration")),
        init_failed=_FAILED_INIT.search(after) is not None,
    )


def _figures(line: bytes) -> dict[str, float]:
    """`Duration: 1.23 ms<TAB>Memory Size: 128 MB` by name."""
    found = re.findall(r"([A-Z][A-Za-z ]+): ([\d.]+) (?:ms|MB)", line.decode("utf-8", "replace"))
    return {name: number for name, text in found if (number := _number(text)) is not None}


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _of_json(text: bytes, request_id: str) -> Tail | None:
    """None where no line is an event of the platform after all."""
    lines: list[bytes] = []
    before: list[bytes] = []
    begun = any_event = init_failed = False
    metrics: dict[str, Any] = {}
    for line in text.splitlines(keepends=True):
        event = _event(line)
        if event is None:
            lines.append(line)
            continue
        any_event = True
        kind, record = event
        if kind == "platform.start" and record.get("requestId") == request_id and not begun:
            begun, before, lines = True, lines, []
        elif kind == "platform.report" and record.get("requestId") == request_id:
            found = record.get("metrics")
            metrics = found if isinstance(found, dict) else {}
        elif kind == "platform.initReport":
            init_failed |= record.get("phase") == "invoke" and record.get("status") == "error"
    if not any_event:
        return None
    figures = {name: _number(value) for name, value in metrics.items()}
    return Tail(
        logs=b"".join(lines),
        init_logs=b"".join(before),
        truncated=not begun,
        duration_ms=figures.get("durationMs"),
        billed_ms=_whole(figures.get("billedDurationMs")),
        memory_size_mb=_whole(figures.get("memorySizeMB")),
        memory_mb=_whole(figures.get("maxMemoryUsedMB")),
        init_ms=figures.get("initDurationMs", figures.get("restoreDurationMs")),
        init_failed=init_failed,
    )


def _event(line: bytes) -> tuple[str, dict[str, Any]] | None:
    """A line that is an event of the platform: its type and its record."""
    if b'"platform.' not in line:
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    kind, record = found.get("type"), found.get("record")
    if not isinstance(kind, str) or not kind.startswith("platform.") or not isinstance(record, dict):
        return None
    return kind, record
