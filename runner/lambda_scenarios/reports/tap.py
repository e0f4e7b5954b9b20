"""TAP, the Test Anything Protocol, version 14 (https://testanything.org/tap-version-14-specification.html).

One test point a scenario, its id as the description, and a block of YAML below it. The block keeps to what
Perl's TAP::Parser reads of YAML as well: mappings by indentation, double-quoted strings, literal blocks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from lambda_scenarios.reports import record_reading
from lambda_scenarios.reports.rerun import rerun
from lambda_scenarios.reports.telling import (
    LOG_OF_FAILED,
    attempts_of,
    end_of,
    labelled,
    logs_of,
    told,
    told_attempt,
)
from lambda_scenarios.reports.text import log_lines, printable, strip_ansi

if TYPE_CHECKING:
    from lambda_scenarios.model.record import AttemptRecord, Record, RunEnd, RunInfo, Status

# What a double-quoted string of YAML can't hold as it is (production 1, c-printable), and line breaks that
# older versions of YAML knew. JSON's own escapes deal with the rest; lone surrogates have none in YAML.
_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufdd0-\ufdef\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BEYOND = re.compile("[\U0001fffe-\U0010ffff]")


def render(
    info: RunInfo, counts: Mapping[Status, int], records: Callable[[], Iterable[str]], end: RunEnd
) -> Iterator[str]:
    """The report in chunks, one a scenario. `records` gives texts of `record_json.encode`."""
    total = sum(counts.values())
    conditions = rerun(info.command)
    yield "TAP version 14\n"
    yield f"1..{total}\n" if total else "1..0 # no scenario was run\n"
    yield f"# lambda-scenarios {_line(info.version)}, seed {_line(info.seed)}\n"
    yield from (f"# {_line(service)}\n" for service in info.services)
    yield from (f"# label {_line(name)}={_line(value)}\n" for name, value in info.labels)
    for number, text in enumerate(records(), 1):
        record = record_reading.decode(text, payloads=False)
        yield f"{_point(number, record)}\n{''.join(_diagnostics(record, conditions))}"
    if end.interrupted:
        # What was not reached is told as skipped: a harness must not take the whole for a success.
        yield f"Bail out! {_line(end.interrupted)}\n"


def _line(text: str) -> str:
    """One line in which nothing is a directive."""
    return printable(strip_ansi(text)).replace("\\", "\\\\").replace("#", "\\#").strip()


def _point(number: int, record: Record) -> str:
    verdict = "not ok" if record.status in ("failed", "error") else "ok"
    description = _line(labelled(record.id, record))
    if description.endswith("{"):
        description += " ."  # node-tap begins a block of subtests there
    line = f"{verdict} {number} - {description}"
    if record.status in ("skipped", "not run"):
        reason = (record.reason or "").partition("\n")[0].removeprefix("not run: ")
        parts = ("not run:" if record.status == "not run" else "", _line(reason))
        line += " ".join((" # SKIP", *filter(None, parts))).rstrip(":")
    return line


def _diagnostics(record: Record, conditions: str) -> Iterator[str]:
    """The lines of the YAML block; none for what never ran and needs no explanation."""
    if record.status in ("skipped", "not run") and not record.attempts:
        return
    yield "  ---\n"
    if record.attempts:
        yield f"  duration_ms: {record.duration_ms:.3f}\n"
    if record.status in ("failed", "error"):
        yield from _fault(record, told_attempt(record), conditions)
    elif record.status == "flaky":
        yield from _attempts(record)
        yield "  flaky: true\n"
    yield "  ...\n"


def _attempts(record: Record) -> Iterator[str]:
    """How many there were, and what each that failed is told as, by its number. Perl's parser reads no quoted
    items of a list."""
    yield f"  attempts: {len(record.attempts)}\n"
    yield "  failed_attempts:\n"
    for number, attempt in enumerate(record.attempts, 1):
        if attempt.status in ("failed", "error"):
            yield f"    {number}: {_quoted(told(record, attempt).message)}\n"


def _fault(record: Record, attempt: AttemptRecord | None, conditions: str) -> Iterator[str]:
    said = told(record, attempt, conditions)
    yield f"  message: {_quoted(said.message)}\n"
    yield f"  severity: {'fail' if record.status == 'failed' else 'error'}\n"
    if attempts_of(record) > 1:
        yield from _attempts(record)
    invocations = attempt.invocations if attempt else ()
    if invocations and invocations[-1].step:
        yield f"  step: {_quoted(invocations[-1].step)}\n"
    mismatches = [m for i in invocations for m in i.mismatches if m.file]
    place = mismatches[0] if mismatches else None
    yield "  at:\n"
    yield f"    file: {_quoted(place.file if place else record.file)}\n"
    yield f"    line: {place.line if place else record.line}\n"
    if place:
        yield f"    column: {place.column}\n"
        yield f"  expected: {_quoted(place.expected)}\n"
        yield f"  found: {_quoted(place.found)}\n"
    yield from _block("detail", said.text)
    if attempt is not None and (logs := logs_of(attempt)):
        yield from _block("output", end_of(logs, LOG_OF_FAILED))


def _quoted(text: str) -> str:
    """A double-quoted string that YAML and JSON read alike."""
    text = _SURROGATE.sub("\ufffd", _BEYOND.sub(_noncharacter, strip_ansi(text)))
    return _NOT_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def _noncharacter(match: re.Match[str]) -> str:
    return "\ufffd" if ord(match[0]) & 0xFFFE == 0xFFFE else match[0]


def _block(key: str, text: str) -> Iterator[str]:
    """A literal block, for people. Its first line must not be indented, which would be taken for its
    indentation; control characters are shown as escapes."""
    lines = [printable(_BEYOND.sub(_noncharacter, line.expandtabs(4))).rstrip() for line in log_lines(text)]
    while lines and not lines[0].strip():
        del lines[0]
    if not lines:
        return
    lines[0] = lines[0].lstrip()
    yield f"  {key}: |\n"
    # Perl's parser wants the indentation of an empty line too.
    yield from (f"    {_readable(line)}\n" for line in lines)


def _readable(line: str) -> str:
    return _NOT_YAML.sub("\ufffd", line)
