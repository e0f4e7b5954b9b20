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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambda_scenarios.model.record import (
        AttemptRecord,
        CoverageRecord,
        EnvironmentRecord,
        ErrorRecord,
        InvocationRecord,
        MismatchRecord,
        Planned,
        Record,
        RunEnd,
        RunInfo,
    )

# Deeper payloads are kept as text: readers of the report (browsers, this program) have a limit too.
MAX_DEPTH = 200

# Compiled by `re` when they are needed, which is seldom.
_SURROGATE = "[\ud800-\udfff]"
_STRING = r'"(?:[^"\\]|\\.)*"'


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
