"""Records as JSON, one line each: the form that the spool, `report.json` and the HTML report share.

The keys are the field names of `model.record`; pairs (`labels`, `variables`) become objects. `event`,
`context` and `output` are JSON texts in a record and are put into the line as they are, so that a number
keeps its digits and nothing is parsed to be written. `context` and `output` are left out where there is
none, which keeps "no output" and the output `null` apart.
"""

from __future__ import annotations

import json
import re
from json.encoder import encode_basestring as _quote  # C; leaves non-ASCII characters as they are
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

# Deeper payloads are kept as text: readers of the report (browsers, this program) have a limit too.
MAX_DEPTH = 200

# Compiled by `re` when they are needed, which is seldom.
_SURROGATE = "[\ud800-\udfff]"
_STRING = r'"(?:[^"\\]|\\.)*"'
_scan = json.JSONDecoder().raw_decode  # (text, index) -> (value, index of its end)


def _refuse(name: str) -> None:
    raise ValueError(name)


_strict_decode = json.JSONDecoder(parse_constant=_refuse).decode


def json_text(payload: bytes | str) -> str:
    """The text of a payload for `event`, `context` and `output` of a record: always one line of JSON.

    What is not JSON (`NaN` included), not UTF-8, or nested deeper than `MAX_DEPTH`, becomes a JSON
    string that holds the payload's text.
    """
    text = payload if isinstance(payload, str) else payload.decode("utf-8", "replace")
    try:
        _strict_decode(text)
    except (ValueError, RecursionError):
        return json.dumps(text)
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        return json.dumps(text)
    return _one_line(text.strip(" \t\r\n"))


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in re.sub(r"[^\[\]{}]", "", re.sub(_STRING, "", text)):
        depth += 1 if character in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _one_line(text: str) -> str:
    # Raw line ends are white space between tokens: strings can't hold them.
    if "\n" in text or "\r" in text:
        return text.replace("\n", " ").replace("\r", " ")
    return text


def _valid_utf8(line: str) -> str:
    # Outside of strings JSON is ASCII, so that the escape is right wherever a surrogate stands.
    if line.isascii():
        return line
    return re.sub(_SURROGATE, lambda match: f"\\u{ord(match[0]):04x}", line)


def _text(value: str | None) -> str:
    return "null" if value is None else _quote(value)


def _number(value: float | None) -> str:
    return "null" if value is None else repr(value)


def _list(values: tuple[str, ...]) -> str:
    return f"[{','.join([_quote(value) for value in values])}]" if values else "[]"


def _pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    return f"{{{','.join([f'{_quote(name)}:{_quote(value)}' for name, value in pairs])}}}"


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    """What a labelled record begins with: texts, so that no key of theirs looks like one of the record's."""
    return f'"labels":{_list(tuple(f"{name}={value}" for name, value in labels))},' if labels else ""


def _mismatch(m: MismatchRecord) -> str:
    diff = ",".join([f'{{"sign":{_quote(line.sign)},"text":{_quote(line.text)}}}' for line in m.diff])
    return (
        f'{{"expectation":{_quote(m.expectation)},"location":{_quote(m.location)},'
        f'"message":{_quote(m.message)},"expected":{_quote(m.expected)},"found":{_quote(m.found)},'
        f'"file":{_quote(m.file)},"line":{m.line},"column":{m.column},"width":{m.width},"diff":[{diff}]}}'
    )


def _error(error: ErrorRecord | None) -> str:
    if error is None:
        return "null"
    return f'{{"type":{_quote(error.type)},"message":{_quote(error.message)},"stack":{_list(error.stack)}}}'


def _invocation(i: InvocationRecord) -> str:
    context = "" if i.context is None else f',"context":{_one_line(i.context)}'
    output = "" if i.output is None else f',"output":{_one_line(i.output)}'
    mismatches = ",".join([_mismatch(m) for m in i.mismatches]) if i.mismatches else ""
    return (
        f'{{"step":{_quote(i.step)},"function":{_quote(i.function)},"function_name":{_quote(i.function_name)},'
        f'"runtime":{_quote(i.runtime)},"backend":{_quote(i.backend)},'
        f'"request_id":{_quote(i.request_id)},"started":{_quote(i.started)},'
        f'"duration_ms":{i.duration_ms!r},"billed_ms":{i.billed_ms},"init_ms":{_number(i.init_ms)},'
        f'"memory_mb":{_number(i.memory_mb)},"memory_size_mb":{i.memory_size_mb},'
        f'"timeout_s":{i.timeout_s!r},"worker":{i.worker},"nth":{i.nth},"environment":{i.environment},'
        f'"ending":{_quote(i.ending)},"event":{_one_line(i.event)}{context}{output},'
        f'"error":{_error(i.error)},"logs":{_quote(i.logs)},"init_logs":{_quote(i.init_logs)},'
        f'"logs_truncated":{"true" if i.logs_truncated else "false"},"before":{_list(i.before)},'
        f'"replay":{_text(i.replay)},'
        f'"hint":{_text(i.hint)},'
        f'"held":{_list(i.held)},'
        f'"mismatches":[{mismatches}]}}'
    )


def _attempt(attempt: AttemptRecord) -> str:
    invocations = ",".join([_invocation(i) for i in attempt.invocations])
    return (
        f'{{"status":{_quote(attempt.status)},"kind":{_quote(attempt.kind)},"reason":{_text(attempt.reason)},'
        f'"not_run":{_list(attempt.not_run)},"invocations":[{invocations}]}}'
    )


def encode(record: Record) -> str:
    """One record as one line of JSON, without the line end; always encodable as UTF-8.

    The JSON texts in the record are trusted to be JSON (see `json_text`).
    """
    r = record
    return _valid_utf8(
        f'{{{_labels(r.labels)}"id":{_quote(r.id)},"file":{_quote(r.file)},"line":{r.line},"name":{_quote(r.name)},'
        f'"description":{_quote(r.description)},"tags":{_list(r.tags)},"function":{_quote(r.function)},'
        f'"status":{_quote(r.status)},"reason":{_text(r.reason)},"duration_ms":{r.duration_ms!r},'
        f'"snapshot":{_text(r.snapshot)},'
        f'"attempts":[{",".join([_attempt(attempt) for attempt in r.attempts])}]}}'
    )


def encode_environment(environment: EnvironmentRecord) -> str:
    """`{"key": 1, "variables": {…}, "identity": "…"}` in one line."""
    e = environment
    return _valid_utf8(f'{{"key":{e.key},"variables":{_pairs(e.variables)},"identity":{_quote(e.identity)}}}')


def encode_planned(planned: Planned) -> str:
    """One planned scenario in one line; begins like a record, up to `file`."""
    p = planned
    return _valid_utf8(
        f'{{{_labels(p.labels)}"id":{_quote(p.id)},"file":{_quote(p.file)},"line":{p.line},"name":{_quote(p.name)},'
        f'"function":{_quote(p.function)}}}'
    )


def encode_run(info: RunInfo) -> str:
    """The run's header in one line."""
    shard = ""
    if info.shard is not None:
        number, of, plan = info.shard
        shard = f',"shard":{{"number":{number},"of":{of},"plan":{_quote(plan)}}}'
    return _valid_utf8(
        f'{{"version":{_quote(info.version)},"started":{_quote(info.started)},"seed":{_quote(info.seed)},'
        f'"command":{_list(info.command)},"labels":{_pairs(info.labels)},'
        f'"services":{_list(info.services)},"jobs":{info.jobs}{shard}}}'
    )


def encode_end(end: RunEnd) -> str:
    """`{"wall_ms": 840.5, "interrupted": null, …}` in one line."""
    return _valid_utf8(
        f'{{"wall_ms":{end.wall_ms!r},"interrupted":{_text(end.interrupted)},'
        f'"stale_snapshots":{_list(end.stale_snapshots)},"removed_snapshots":{_list(end.removed_snapshots)}}}'
    )


def encode_coverage(coverage: CoverageRecord) -> str:
    """`{"lines": 412, "covered": 344, "files": […], "unmeasured": […]}` in one line."""
    files = ",".join(
        [
            f'{{"path":{_quote(file.path)},"lines":{file.lines},"covered":{file.covered},'
            f'"branches":{file.branches},"taken":{file.taken}}}'
            for file in coverage.files
        ]
    )
    return _valid_utf8(
        f'{{"lines":{coverage.lines},"covered":{coverage.covered},"files":[{files}],'
        f'"unmeasured":{_list(coverage.unmeasured)}}}'
    )


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
