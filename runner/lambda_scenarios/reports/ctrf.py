"""CTRF, the Common Test Report Format: one JSON file for dashboards and notifiers of many test runners.

Written after its specification (https://github.com/ctrf-io/ctrf, `spec/ctrf.md`), and valid under its schema.
It knows fewer statuses than this program: `error` becomes `failed`, `flaky` becomes `passed` with
`flaky: true`, `not run` becomes `pending`; `rawStatus` has the original.
"""

from __future__ import annotations

import json
from calendar import timegm
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lambda_scenarios.reports import record_reading
from lambda_scenarios.reports.rerun import rerun
from lambda_scenarios.reports.telling import (
    LOG_OF_FAILED,
    LOG_OF_PASSED,
    attempts_of,
    end_of,
    labelled,
    logs_of,
    told,
    told_attempt,
)
from lambda_scenarios.reports.text import log_lines, strip_ansi

if TYPE_CHECKING:
    from lambda_scenarios.model.record import AttemptRecord, Record, RunEnd, RunInfo, Status

# The only one that has been published; readers refuse others.
SPEC_VERSION = "0.0.0"

_STATUSES: dict[Status, str] = {
    "passed": "passed",
    "failed": "failed",
    "error": "failed",
    "flaky": "passed",
    "skipped": "skipped",
    "not run": "pending",
}


def render(
    info: RunInfo, counts: Mapping[Status, int], records: Callable[[], Iterable[str]], end: RunEnd
) -> Iterator[str]:
    """The report in chunks. `records` gives texts of `record_json.encode`; each takes a line of its own."""
    totals = dict.fromkeys(("passed", "failed", "skipped", "pending", "other"), 0)
    for status, count in counts.items():
        totals[_STATUSES[status]] += count
    start = _milliseconds(info.started)
    summary = {
        "tests": sum(counts.values()),
        **totals,
        "flaky": counts.get("flaky", 0),
        "start": start,
        "stop": start + round(end.wall_ms),
        "duration": round(end.wall_ms),
    }
    tool = {"name": "lambda-scenarios", "version": info.version}
    labels = dict(info.labels)
    conditions = rerun(info.command)
    environment: dict[str, Any] = {
        "extra": {"services": list(info.services), "seed": info.seed, "labels": labels}
    }
    yield (
        f'{{"reportFormat":"CTRF","specVersion":"{SPEC_VERSION}","generatedBy":"lambda-scenarios",\n'
        f'"results":{{"tool":{json.dumps(tool)},\n"summary":{json.dumps(summary)},\n'
        f'"environment":{json.dumps(environment)},\n"tests":['
    )
    chunk: list[str] = []
    size = 0
    separator = "\n"
    for text in records():
        record = record_reading.decode(text, payloads=False)
        chunk.append(separator + json.dumps(_test(record, labels, conditions)))
        separator = ",\n"
        size += len(chunk[-1])
        if size > 1 << 16:
            yield "".join(chunk)
            chunk.clear()
            size = 0
    yield "".join(chunk) + "\n]}}\n"


def _test(record: Record, labels: Mapping[str, str], conditions: str) -> dict[str, Any]:
    last = record.attempts[-1] if record.attempts else None
    test: dict[str, Any] = {
        "testId": labelled(record.id, record) or "::",
        "name": labelled(record.name, record) or "(no name)",
        "status": _STATUSES[record.status],
        "rawStatus": record.status,
        "duration": round(record.duration_ms),
        "suite": [record.file],
        "filePath": record.file,
        "line": record.line,
        "extra": _extra(record),
    }
    if record.tags:
        test["tags"] = list(record.tags)
    if labels or record.labels:
        test["labels"] = {**labels, **dict(record.labels)}
    if last is not None and last.invocations:
        test["start"] = _milliseconds(last.invocations[0].started)
        test["stop"] = test["start"] + round(record.duration_ms)
        test["threadId"] = str(last.invocations[0].worker)
    if record.status in ("failed", "error"):
        test |= _fault(record, told_attempt(record), conditions)
    elif record.status != "passed":
        test["message"] = _message(record)
    if last is not None:
        if logs := logs_of(last):
            limit = LOG_OF_PASSED if record.status == "passed" else LOG_OF_FAILED
            test["stdout"] = log_lines(end_of(logs, limit))
        if steps := _steps(told_attempt(record) or last):
            test["steps"] = steps
    if attempts_of(record) > 1:
        test["retries"] = len(record.attempts) - 1
        test["retryAttempts"] = [
            _attempt(record, n, each, conditions) for n, each in enumerate(record.attempts, 1)
        ]
        test["flaky"] = record.status == "flaky"
    return test


def _steps(attempt: AttemptRecord) -> list[dict[str, Any]]:
    """The steps of a scenario that has some: the first that fails is the last that ran."""
    ran = [
        {
            "name": i.step,
            "status": "passed",
            "extra": {"function": i.function, "duration": round(i.duration_ms), "request_id": i.request_id},
        }
        for i in attempt.invocations
        if i.step
    ]
    if ran and attempt.status in ("failed", "error"):
        ran[-1]["status"] = "failed"
    return [*ran, *({"name": step, "status": "pending"} for step in attempt.not_run)]


def _message(record: Record) -> str:
    if record.status == "flaky":
        return f"passed at attempt {len(record.attempts)}"
    return record.reason or record.status


def _extra(record: Record) -> dict[str, Any]:
    extra: dict[str, Any] = {"function": record.function}
    if record.description:
        extra["description"] = record.description
    if record.attempts:
        extra["request_ids"] = [i.request_id for i in record.attempts[-1].invocations]
    return extra


def _fault(record: Record, attempt: AttemptRecord | None, conditions: str) -> dict[str, Any]:
    said = told(record, attempt, conditions)
    return {"message": strip_ansi(said.message), "trace": strip_ansi(said.text)}


def _attempt(record: Record, number: int, attempt: AttemptRecord, conditions: str) -> dict[str, Any]:
    duration = sum(i.duration_ms for i in attempt.invocations)
    found: dict[str, Any] = {
        "attempt": number,
        "status": _STATUSES[attempt.status],
        "duration": round(duration),
    }
    if attempt.status not in ("passed", "skipped"):
        found |= _fault(record, attempt, conditions)
    if attempt.invocations:
        found["start"] = _milliseconds(attempt.invocations[0].started)
        found["stop"] = found["start"] + found["duration"]
    if logs := logs_of(attempt):
        found["stdout"] = log_lines(end_of(logs, LOG_OF_FAILED))
    return found


def _milliseconds(started: str) -> int:
    """Since the epoch, of a time as records have it (`2026-03-01T10:00:00.123Z`)."""
    try:
        numbers = [int(part) for part in (started[:4], *(started[n : n + 2] for n in (5, 8, 11, 14, 17)))]
        fraction = started[20:23]
        return timegm((*numbers, 0, 0, 0)) * 1000 + (int(fraction) if fraction.isdigit() else 0)
    except (ValueError, IndexError):
        return 0
