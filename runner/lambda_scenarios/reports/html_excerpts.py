"""What the HTML report keeps of records that would make the page too large to be opened.

Browsers hold the whole page in memory. Of an over-long text its beginning and its end stay, of an over-long
payload its beginning; each says how much is missing, and that `report.json` has all of it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lambda_scenarios.model.record import DiffLine
from lambda_scenarios.phrases import plural
from lambda_scenarios.reports import record_json, record_reading

if TYPE_CHECKING:
    from lambda_scenarios.model.record import ErrorRecord, InvocationRecord, MismatchRecord

# In characters.
MAX_TEXT = 256 * 1024
MAX_PAYLOAD = 1_000_000
_MAX_MESSAGE = 16_000
_PAYLOAD_KEPT = 64 * 1024
_STACK_ENTRY = 4_000
_DIFF_LINE = 4_000
# Instead of in the middle of a line, a text is cut at a line end that is as near as this.
_LINE_END_WITHIN = 4_000


def excerpt(text: str) -> str:
    """A record as JSON text without its over-long parts; most are given back as they are.

    A text that `record_json.encode` has not written stays whole.
    """
    if len(text) <= MAX_TEXT:
        return text
    try:
        record = record_reading.decode(text)
    except ValueError:
        return text
    kept = record._replace(
        reason=None if record.reason is None else _text(record.reason, _MAX_MESSAGE),
        attempts=tuple(
            attempt._replace(invocations=tuple(map(_invocation, attempt.invocations)))
            for attempt in record.attempts
        ),
    )
    return text if kept == record else record_json.encode(kept)


def _invocation(i: InvocationRecord) -> InvocationRecord:
    return i._replace(
        event=_payload(i.event),
        context=None if i.context is None else _payload(i.context),
        output=None if i.output is None else _payload(i.output),
        error=None if i.error is None else _error(i.error),
        logs=_text(i.logs),
        init_logs=_text(i.init_logs),
        mismatches=tuple(map(_mismatch, i.mismatches)),
    )


def _text(text: str, limit: int = MAX_TEXT) -> str:
    """At most about `limit` characters of a text, from both ends, and a line that says what is missing.

    The page recognises that line: `LEFT_OUT` in html_assets/scenario.js.
    """
    if len(text) <= limit:
        return text
    half = limit // 2
    within = min(_LINE_END_WITHIN, half)
    start, end = half, len(text) - half
    start = text.rfind("\n", start - within, start) + 1 or start
    end = text.find("\n", end, end + within) + 1 or end
    lines = text.count("\n", start, end)
    what = f"{plural(lines, 'line')}, " if lines else ""
    before = "" if text[start - 1] == "\n" else "\n"
    note = f"[… {what}{end - start} characters are left out here: report.json has all …]"
    return f"{text[:start]}{before}{note}\n{text[end:]}"


def _payload(text: str) -> str:
    if len(text) <= MAX_PAYLOAD:
        return text
    note = f"({len(text)} characters of JSON, of which this is the beginning: report.json has all)"
    return json.dumps(f"{note} {text[:_PAYLOAD_KEPT]}", ensure_ascii=False)


def _error(error: ErrorRecord) -> ErrorRecord:
    stack = error.stack
    if sum(map(len, stack)) > MAX_TEXT:
        ends = MAX_TEXT // _STACK_ENTRY // 2
        if len(stack) > 2 * ends:
            gap = f"[… {plural(len(stack) - 2 * ends, 'line')} left out here: report.json has all …]"
            stack = (*stack[:ends], gap, *stack[-ends:])
        stack = tuple(_text(entry, _STACK_ENTRY) for entry in stack)
    return error._replace(
        type=_text(error.type, _MAX_MESSAGE), message=_text(error.message, _MAX_MESSAGE), stack=stack
    )


def _mismatch(m: MismatchRecord) -> MismatchRecord:
    return m._replace(
        message=_text(m.message, _MAX_MESSAGE),
        expected=_text(m.expected),
        found=_text(m.found),
        diff=_diff(m.diff),
    )


def _diff(lines: tuple[DiffLine, ...]) -> tuple[DiffLine, ...]:
    if sum(len(line.text) for line in lines) <= MAX_TEXT:
        return lines
    kept: list[DiffLine] = []
    room = MAX_TEXT
    for line in lines:
        more = len(line.text) - _DIFF_LINE
        text = (
            line.text if more <= 0 else f"{line.text[:_DIFF_LINE]}… ({more} characters more: see report.json)"
        )
        room -= len(text)
        if room < 0:
            kept.append(
                DiffLine(" ", f"[… {plural(len(lines) - len(kept), 'line')} more: see report.json …]")
            )
            break
        kept.append(DiffLine(line.sign, text))
    return tuple(kept)
