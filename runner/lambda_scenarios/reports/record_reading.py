"""Records out of their JSON, as `record_json` has written it or another program has anew."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from lambda_scenarios.model.record import (
    AttemptRecord,
    CoverageRecord,
    CoveredFile,
    DiffLine,
    EnvironmentRecord,
    ErrorRecord,
    InvocationRecord,
    MismatchRecord,
    Planned,
    Record,
    RunEnd,
    RunInfo,
    ShardRecord,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_scan = json.JSONDecoder().raw_decode  # (text, index) -> (value, index of its end)

# Begin the JSON texts of an invocation. They can't stand inside of a JSON string, where a quote is
# escaped, and no field before `event` holds anything but strings and numbers.
_EVENT = ',"event":'
_CONTEXT = ',"context":'
_OUTPUT = ',"output":'


class _Payloads(NamedTuple):
    event: str
    context: str | None
    output: str | None
    end: int


def _payloads(text: str, at: int) -> _Payloads:
    """The JSON texts, as they were written, of the first invocation after `at`."""
    start = text.index(_EVENT, at) + len(_EVENT)
    end = _scan(text, start)[1]
    event, context, output = text[start:end], None, None
    if text.startswith(_CONTEXT, end):
        start = end + len(_CONTEXT)
        end = _scan(text, start)[1]
        context = text[start:end]
    if text.startswith(_OUTPUT, end):
        start = end + len(_OUTPUT)
        end = _scan(text, start)[1]
        output = text[start:end]
    return _Payloads(event, context, output, end)


# What lies before and after the payloads of an invocation can be parsed without them: these close, or
# take away, what the payloads lie in.
_ERROR = ',"error":'
_AFTER_HEAD = "}]}]}"
_AFTER_INVOCATION = "]}]}"


def _without_payloads(text: str) -> dict[str, Any]:
    """The parsed record, at most one invocation of which lacks its payloads.

    Reports read many records that passed, and don't need what was sent and returned.
    """
    # More than one of these: several attempts or invocations, or a payload with the same key.
    if text.count('"invocations":') != 1 or text.count('"request_id":') != 1:
        return _loaded(text)
    head = json.loads(text[: text.index(_EVENT)] + _AFTER_HEAD)
    # Strings can't hold the key unescaped, and nothing after the payloads has it: the last one is it.
    tail = text[text.rindex(_ERROR) + 1 : -len(_AFTER_INVOCATION)]
    head["attempts"][0]["invocations"][0].update(json.loads("{" + tail))
    return head  # type: ignore[no-any-return]  # json


# KeyError where a field is missing; what a later version may have added is passed over.
_record_fields = itemgetter(*Record._fields)
_invocation_fields = itemgetter(*InvocationRecord._fields)
_mismatch_fields = itemgetter(*MismatchRecord._fields)
_NO_PAYLOADS = _Payloads("null", None, None, 0)


def _decoded_mismatch(found: dict[str, Any]) -> MismatchRecord:
    found["diff"] = tuple([DiffLine(line["sign"], line["text"]) for line in found["diff"]])
    return MismatchRecord._make(_mismatch_fields(found))


def _decoded_invocation(found: dict[str, Any], payloads: _Payloads) -> InvocationRecord:
    found["event"], found["context"], found["output"], _ = payloads
    if (error := found["error"]) is not None:
        found["error"] = ErrorRecord(error["type"], error["message"], tuple(error["stack"]))
    found["before"] = tuple(found["before"])
    found["held"] = tuple(found["held"])
    found["mismatches"] = tuple([_decoded_mismatch(m) for m in found["mismatches"]])
    return InvocationRecord._make(_invocation_fields(found))


def id_of(text: str) -> str:
    """The id of the record that `encode` wrote, or `encode_planned`; nothing behind it is looked at."""
    # Quotes inside of strings are escaped: this ends the id.
    found: str = json.loads(text[: text.index('","file":') + 1] + "}")["id"]
    return found


def decode(text: str, payloads: bool = True) -> Record:
    """The record that `encode` wrote, its JSON texts to the letter (line ends in them apart).

    Without `payloads` it is faster, and the invocations have no event, context and output.
    Raises ValueError where the text is not what `encode` writes.
    """
    at = 0

    def texts(invocation: dict[str, Any]) -> _Payloads:  # noqa: ARG001  # they come in the order of the text
        nonlocal at
        found = _payloads(text, at)
        at = found.end
        return found

    try:
        if payloads:
            return _decoded(_loaded(text), texts)
        return _decoded(_without_payloads(text), lambda _: _NO_PAYLOADS)
    except (KeyError, TypeError, AttributeError, StopIteration, RecursionError) as defect:
        raise ValueError(f"not a record: {defect!r}") from defect


def decode_value(value: Any) -> Record:
    """The same of what another program has read and written: keys in any order, and perhaps more of them.

    Raises ValueError where it is no record.
    """
    try:
        return _decoded(dict(value), _written_payloads)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as defect:
        raise ValueError(f"not a record: {defect!r}") from defect


def _written_payloads(invocation: dict[str, Any]) -> _Payloads:
    def text(name: str) -> str | None:
        return _dumped(invocation[name]) if name in invocation else None

    return _Payloads(_dumped(invocation["event"]), text("context"), text("output"), 0)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _decoded(found: dict[str, Any], payloads: Callable[[dict[str, Any]], _Payloads]) -> Record:
    """KeyError, TypeError or AttributeError where it is no record."""
    attempts = [
        AttemptRecord(
            attempt["status"],
            tuple([_decoded_invocation(one, payloads(one)) for one in attempt["invocations"]]),
            attempt["kind"],
            attempt["reason"],
            tuple(attempt["not_run"]),
        )
        for attempt in found["attempts"]
    ]
    found["attempts"] = tuple(attempts)
    found["tags"] = tuple(found["tags"])
    found["labels"] = _decoded_labels(found)
    return Record._make(_record_fields(found))


def _decoded_labels(found: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    parts = [label.partition("=") for label in found.get("labels", ())]
    return tuple([(name, value) for name, _, value in parts])


def _loaded(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("an object was expected")
    return value


def decode_environment(text: str) -> EnvironmentRecord:
    """The inverse of `encode_environment`; ValueError for anything else."""
    found = _loaded(text)
    try:
        return EnvironmentRecord(found["key"], tuple(found["variables"].items()), found["identity"])
    except (KeyError, AttributeError) as defect:
        raise ValueError(f"not an environment: {defect!r}") from defect


def decode_planned(text: str) -> Planned:
    """The inverse of `encode_planned`; ValueError for anything else."""
    found = _loaded(text)
    try:
        found["labels"] = _decoded_labels(found)
        return Planned(**found)
    except (TypeError, AttributeError) as defect:
        raise ValueError(f"not a planned scenario: {defect}") from defect


def decode_run(text: str) -> RunInfo:
    """The inverse of `encode_run`; ValueError for anything else."""
    found = _loaded(text)
    try:
        found["command"] = tuple(found["command"])
        found["labels"] = tuple(found["labels"].items())
        found["services"] = tuple(found["services"])
        if "shard" in found:
            found["shard"] = ShardRecord(**found["shard"])
        return RunInfo(**found)
    except (KeyError, TypeError, AttributeError) as defect:
        raise ValueError(f"not a run: {defect!r}") from defect


def decode_coverage(text: str) -> CoverageRecord:
    """The inverse of `encode_coverage`; ValueError for anything else."""
    found = _loaded(text)
    try:
        files = tuple(CoveredFile(**file) for file in found["files"])
        return CoverageRecord(files, tuple(found["unmeasured"]))
    except (KeyError, TypeError) as defect:
        raise ValueError(f"not a coverage: {defect!r}") from defect


def decode_end(text: str) -> RunEnd:
    """The inverse of `encode_end`; ValueError for anything else."""
    found = _loaded(text)
    try:
        for name in ("stale_snapshots", "removed_snapshots"):
            found[name] = tuple(found.get(name, ()))
        return RunEnd(**found)
    except TypeError as defect:
        raise ValueError(f"not the end of a run: {defect}") from defect
