"""The HTML report: one file that needs nothing else, opened by a double click.

What stands in the file, in this order: a summary that needs no JavaScript; the results, as JSON, in
pairs of `<script type="application/json">` blocks (`index`: what the list shows and the search reads;
`details`: the whole records, one a line, which the page parses only when a scenario is opened); the
environments; the script. The page is built from `html_assets/`, and the content security policy lets
exactly that script run and nothing be loaded.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from lambda_scenarios.reports.html_excerpts import excerpt
from lambda_scenarios.reports.record_json import encode_environment
from lambda_scenarios.reports.rerun import rerun
from lambda_scenarios.reports.text import seconds, shell_quote

if TYPE_CHECKING:
    from lambda_scenarios.model.record import (
        CoverageRecord,
        EnvironmentRecord,
        RunEnd,
        RunInfo,
        SnapshotFate,
        Status,
    )
    from lambda_scenarios.reports.history import History

_ASSETS = os.path.join(os.path.dirname(__file__), "html_assets")
_SCRIPTS = ("dom.js", "json.js", "text.js", "scenario.js", "report.js")

# What the content security policy allows. `tests/reports/test_html.py` says the new values after a
# change; they aren't computed here because hashlib would cost every run some milliseconds.
STYLE_DIGEST = "sha256-5qsvd1NknPoW3j7eW/lFs9lI+RmcURRURkZr4h74EaE="
SCRIPT_DIGEST = "sha256-ElV4hwF+AofbDN8kFmbV5t91ufJhv8Qd4bRnSmy37WE="

STATUSES: tuple[Status, ...] = ("failed", "error", "flaky", "not run", "skipped", "passed")
_SYMBOLS: dict[Status, str] = {
    "failed": "✗",
    "error": "!",
    "flaky": "↻",
    "not run": "–",
    "skipped": "○",
    "passed": "✓",
}

# Of the pair of blocks that is written at once. Details are split into lines in the browser when
# one of the block's scenarios is opened, so that a block should be neither huge nor tiny.
_BLOCK_RECORDS = 64
_BLOCK_CHARACTERS = 200_000

# Of the summary for readers without JavaScript.
_STATIC_PROBLEMS = 200
_STATIC_FILES = 200
_STATIC_SNAPSHOTS = 50

_SEARCHED_CHARACTERS = 4_000

# JSON may carry these as escapes wherever it may carry them at all; HTML gives some of them a meaning
# (`<`), forbids some (C1 controls, noncharacters), and UTF-8 can't encode others (lone surrogates).
_UNSAFE_IN_HTML = re.compile("[<\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_UNSAFE_IN_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")

# What Lambda puts before the message of a timeout or an exit.
_REQUEST = re.compile(r"RequestId: [0-9a-f-]{36} Error: ")

# Keys of an encoded record, `attempts` being the last one. They can't stand inside of a JSON string,
# where a quote is escaped, and no field before the last holds an object. What passed (nearly all) is
# read by these alone: parsing would take longer than all the rest.
_LAST_FIELD = '"attempts":'
_FATE = re.compile(r'"snapshot":\s*"(written|updated)"')
_PASSED = '"status":"passed"'
_FILE = re.compile(r'"file":\s*("[^"\\]*(?:\\.[^"\\]*)*")')


class _Problem(NamedTuple):
    """A scenario that did not pass, for the summary without JavaScript."""

    status: Status
    name: str
    place: str
    said: str


class _Summary(NamedTuple):
    counts: dict[Status, int]
    problems: list[_Problem]  # the first ones only
    files: dict[str, dict[Status, int]]  # the first ones only; their names are JSON texts
    files_left_out: int
    snapshots: dict[SnapshotFate, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def render(
    info: RunInfo,
    environments: Iterable[EnvironmentRecord],
    records: Callable[[], Iterable[str]],
    end: RunEnd,
    history: History | None = None,
    coverage: CoverageRecord | None = None,
) -> Iterator[str]:
    """The report, in chunks of some hundred kilobytes; with `history`, what changed since is told,
    with `coverage`, how much of the code ran.

    `records` gives, each time it is called, a fresh iterator of records as JSON texts: objects with
    the fields of `model.record.Record`, `event`, `context` and `output` being JSON values. They are
    read twice, and never held together.

    The chunks hold no lone surrogates: they can be encoded as UTF-8, which the page declares. They
    must be written without translation of newlines.
    """
    sections = ""
    if history is not None:
        from lambda_scenarios.reports import html_trends

        sections = html_trends.section(history, map(_head_fields, records()), _text)
    if coverage is not None:
        from lambda_scenarios.reports import html_coverage

        sections += html_coverage.section(coverage, _text)
    yield from _opening(info, _summary(records()), end, sections)
    yield from _results(records())
    if history is not None:
        yield from _blocks("history", html_trends.lines(history, map(_head_fields, records())))
    yield from _blocks("environments", (encode_environment(one) for one in environments))
    yield f"<script>{script()}</script>\n</body>\n</html>\n"


def _head_fields(text: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(_head(_one_line(text)))
    return fields


def style() -> str:
    """The style sheet, as it stands in the page."""
    return _asset("report.css")


def script() -> str:
    """The script, as it stands in the page: the parts share one scope."""
    parts = "\n".join(_asset(name) for name in _SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}}})();\n'


def _asset(name: str) -> str:
    with open(os.path.join(_ASSETS, name), encoding="utf-8") as file:
        return file.read()


# ---- results


def _results(records: Iterable[str]) -> Iterator[str]:
    index: list[str] = []
    details: list[str] = []
    size = 0
    for text in records:
        line = _one_line(excerpt(text))
        index.append(_index_entry(line))
        details.append(line)
        size += len(line)
        if len(details) == _BLOCK_RECORDS or size > _BLOCK_CHARACTERS:
            yield _block("index", index) + _block("details", details)
            index, details, size = [], [], 0
    if details:
        yield _block("index", index) + _block("details", details)


def _blocks(name: str, lines: Iterable[str]) -> Iterator[str]:
    held: list[str] = []
    for line in lines:
        held.append(line)
        if len(held) == _BLOCK_RECORDS:
            yield _block(name, held)
            held = []
    if held:
        yield _block(name, held)


def _block(name: str, lines: list[str]) -> str:
    """A JSON array for the script, one element a line."""
    embedded = _embedded(",\n".join(lines))
    return f'<script type="application/json" data-block="{name}">[\n{embedded}\n]</script>\n'


def _embedded(text: str) -> str:
    """A JSON text that means the same, and that nothing in HTML takes for anything else."""
    if text.isascii():
        return text.replace("<", "\\u003c").replace("\x7f", "\\u007f")
    return _UNSAFE_IN_HTML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _one_line(text: str) -> str:
    # In valid JSON a raw newline can only stand between tokens.
    return text.strip().replace("\r", " ").replace("\n", " ")


def _head(line: str) -> str:
    """A record without its attempts, as JSON text: what the list needs, found without parsing."""
    end = line.find(_LAST_FIELD)
    head = line[:end].rstrip(" \t,") + "}"
    if end > 0 and '"status":' in head and '"duration_ms":' in head:
        return head
    fields = json.loads(line)  # written by someone else, in another order
    fields.pop("attempts", None)
    return json.dumps(fields)


def _index_entry(line: str) -> str:
    head = _head(line)
    passed = _PASSED in head
    if passed and '"error":{' not in line:
        return head
    said = _said(json.loads(line))
    searched = "\n".join(said)[:_SEARCHED_CHARACTERS]
    problem = said[0][:_SEARCHED_CHARACTERS] if said and not passed else ""
    more = {"problem": problem, "searched": searched}
    return head[:-1] + "," + json.dumps(more, ensure_ascii=False)[1:]


def _said(record: dict[str, Any]) -> list[str]:
    """What the record says is wrong: the most telling first."""
    reasons, errors, mismatches, values = [], [], [], []
    if record["reason"]:
        reasons.append(record["reason"])
    for attempt in record["attempts"]:
        for invocation in attempt["invocations"]:
            error = invocation["error"]
            if error is not None:
                errors.append(f"{error['type']}: {_REQUEST.sub('', error['message'])}")
            for mismatch in invocation["mismatches"]:
                mismatches.append(f"{mismatch['location'] or mismatch['expectation']}: {mismatch['message']}")
                values.append(f"{mismatch['expectation']} {mismatch['expected']} {mismatch['found']}"[:600])
    return reasons + errors + mismatches + values


# ---- the summary, for readers without JavaScript too


def _summary(records: Iterable[str]) -> _Summary:
    counts: dict[Status, int] = dict.fromkeys(STATUSES, 0)
    files: dict[str, dict[Status, int]] = {}
    left_out = 0
    snapshots: dict[SnapshotFate, int] = {}
    kept: dict[Status, list[_Problem]] = {}
    for text in records:
        line = _one_line(text)
        head = _head(line)
        fields = None if _PASSED in head else json.loads(head)
        status: Status = "passed" if fields is None else fields["status"]
        counts[status] += 1
        if (fate := _FATE.search(head)) is not None:
            which: SnapshotFate = "written" if fate[1] == "written" else "updated"
            snapshots[which] = snapshots.get(which, 0) + 1
        file = _file(head)
        of_file = files.get(file)
        if of_file is not None:
            of_file[status] = of_file.get(status, 0) + 1
        elif len(files) < _STATIC_FILES:
            files[file] = {status: 1}
        else:
            left_out += 1
        if fields is not None and status != "passed" and len(kept.setdefault(status, [])) < _STATIC_PROBLEMS:
            said = _said(json.loads(line))
            place = f"{fields['file']}:{fields['line']}"
            kept[status].append(_Problem(status, fields["name"], place, said[0] if said else ""))
    problems = [problem for status in STATUSES for problem in kept.get(status, [])]
    return _Summary(counts, problems[:_STATIC_PROBLEMS], files, left_out, snapshots)


def _file(head: str) -> str:
    found = _FILE.search(head)
    return found[1] if found else '""'


def _opening(info: RunInfo, summary: _Summary, end: RunEnd, sections: str) -> Iterator[str]:
    worst, headline = _headline(summary, end)
    noun = "scenario" if summary.total == 1 else "scenarios"
    aside = f"of {_number(summary.total)} {noun}" if summary.total else ""
    policy = (
        f"default-src 'none'; script-src '{SCRIPT_DIGEST}'; style-src '{STYLE_DIGEST}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    colour = (
        "%231f7a43" if worst == "passed" else "%23c22f35" if worst in ("failed", "error") else "%2394610b"
    )
    icon = (
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
        f"%3Ccircle cx='8' cy='8' r='7' fill='{colour}'/%3E%3C/svg%3E"
    )
    yield (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_SYMBOLS[worst]} {_text(headline)} {aside}</title>\n"
        f'<link rel="icon" href="{icon}">\n'
        f"<style>{style()}</style>\n</head>\n<body>\n"
    )
    yield '<a class="skip-link" href="#results">Skip to the results</a>\n<header class="run">\n'
    yield f'<p class="program">lambda-scenarios <span>{_text(info.version)}</span></p>\n'
    yield (
        f'<h1 class="{_class(worst)}"><span class="symbol" aria-hidden="true">{_SYMBOLS[worst]}</span> '
        f"{_text(headline)} <small>{aside}</small></h1>\n"
    )
    yield from (f'<p class="service">{_text(service)}</p>\n' for service in info.services)
    if end.interrupted:
        yield f'<p class="interrupted">The run ended early: {_text(end.interrupted)}</p>\n'
    yield from _snapshots(summary, end)
    yield _bar(summary)
    yield '<ul id="counts">\n'
    for status in STATUSES:
        if summary.counts[status]:
            yield (
                f'<li data-status="{status}"><span class="symbol {_class(status)}" aria-hidden="true">'
                f"{_SYMBOLS[status]}</span> <b>{_number(summary.counts[status])}</b> {status}</li>\n"
            )
    yield "</ul>\n"
    yield from _facts(info, end)
    yield sections
    yield '</header>\n<main id="results" tabindex="-1">\n<noscript>\n'
    yield from _static_summary(summary)
    yield "</noscript>\n</main>\n"


def _snapshots(summary: _Summary, end: RunEnd) -> Iterator[str]:
    counts = [f"{_number(number)} {fate}" for fate, number in sorted(summary.snapshots.items(), reverse=True)]
    if end.removed_snapshots:
        counts.append(f"{_number(len(end.removed_snapshots))} removed")
    if counts:
        yield f'<p class="service">Snapshots: {", ".join(counts)}</p>\n'
    if stale := end.stale_snapshots:
        named = ", ".join(map(_text, stale[:_STATIC_SNAPSHOTS]))
        more = (
            f" and {_number(len(stale) - _STATIC_SNAPSHOTS)} more" if len(stale) > _STATIC_SNAPSHOTS else ""
        )
        yield (
            '<p class="interrupted">Snapshots that belong to no scenario any more '
            f"(<code>--update-snapshots</code> removes them): {named}{more}</p>\n"
        )


def _headline(summary: _Summary, end: RunEnd) -> tuple[Status, str]:
    counts = summary.counts
    wrong: list[Status] = [status for status in ("failed", "error") if counts[status]]
    if wrong:
        return wrong[0], ", ".join(f"{_number(counts[status])} {status}" for status in wrong)
    if not summary.total:
        return "not run", "No scenario was run"
    if counts["not run"]:
        return "not run", f"{_number(counts['not run'])} not run"
    fine: list[Status] = [status for status in ("passed", "flaky", "skipped") if counts[status]]
    text = ", ".join(f"{_number(counts[status])} {status}" for status in fine)
    return ("not run" if end.interrupted else fine[0]), text


def _bar(summary: _Summary) -> str:
    """The shares of the statuses, as a picture: the numbers stand below it."""
    parts, left = [], 0.0
    for status in STATUSES:
        width = 1000 * summary.counts[status] / max(summary.total, 1)
        if width:
            parts.append(
                f'<rect class="{_class(status)}" x="{left:.2f}" width="{width:.2f}" height="1"></rect>'
            )
        left += width
    return (
        '<svg class="shares" viewBox="0 0 1000 1" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(parts)}</svg>\n"
    )


def _facts(info: RunInfo, end: RunEnd) -> Iterator[str]:
    started = re.sub(r"T(\d\d:\d\d:\d\d).*", r" \1 UTC", info.started)
    facts = [
        ("Started", f'<time datetime="{_text(info.started)}">{_text(started)}</time>'),
        ("Took", seconds(end.wall_ms)),
        ("Jobs", str(info.jobs)),
        ("Seed", f"<code>{_text(info.seed)}</code>"),
    ]
    if info.labels:
        labels = " ".join(f'<span class="label">{_text(k)}={_text(v)}</span>' for k, v in info.labels)
        facts.append(("Labels", labels))
    command = " ".join(shell_quote(word) for word in info.command)
    facts.append(
        (
            "Command",
            f'<code id="command" data-conditions="{_text(rerun(info.command))}">{_text(command)}</code>',
        )
    )
    yield '<dl class="facts">\n'
    yield from (f"<div><dt>{name}</dt><dd>{value}</dd></div>\n" for name, value in facts)
    yield "</dl>\n"


def _static_summary(summary: _Summary) -> Iterator[str]:
    if summary.problems:
        yield "<table><caption>Scenarios that did not pass</caption>\n"
        heads = "".join(f"<th>{name}</th>" for name in ("Status", "Scenario", "Place", "What was said"))
        yield f"<thead><tr>{heads}</tr></thead>\n<tbody>\n"
        for status, name, place, said in summary.problems:
            yield (
                f'<tr><td class="{_class(status)}">{status}</td><td>{_text(name)}</td>'
                f"<td>{_text(place)}</td><td>{_text(said[:600])}</td></tr>\n"
            )
        yield "</tbody></table>\n"
        left_out = summary.total - summary.counts["passed"] - len(summary.problems)
        if left_out:
            yield f"<p>… and {_number(left_out)} more.</p>\n"
    if summary.files:
        heads = "".join(f"<th>{status}</th>" for status in STATUSES if summary.counts[status])
        yield f"<table><caption>Files</caption>\n<thead><tr><th>File</th>{heads}</tr></thead>\n<tbody>\n"
        for file, counts in summary.files.items():
            cells = "".join(f"<td>{counts.get(s, 0) or ''}</td>" for s in STATUSES if summary.counts[s])
            yield f"<tr><td>{_text(json.loads(file))}</td>{cells}</tr>\n"
        yield "</tbody></table>\n"
    if summary.files_left_out:
        yield f"<p>… and {_number(summary.files_left_out)} scenarios of other files.</p>\n"
    yield "<p>Each scenario in detail, filters and search need JavaScript; it is all in this file.</p>\n"


# ---- text


def _text(text: str) -> str:
    """Text as HTML; what can't stand in a page becomes U+FFFD."""
    safe = _UNSAFE_IN_TEXT.sub("\ufffd", text)
    return safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _class(status: Status) -> str:
    return status.replace(" ", "-")


def _number(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")  # a narrow no-break space, read alike everywhere
