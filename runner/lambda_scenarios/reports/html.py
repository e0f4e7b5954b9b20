"""The HTML report: one file that needs nothing else, opened by a double click.

What stands in the file, in this order: a summary that needs no JavaScript; the results, as JSON, in
pairs of `<script type="application/json">` blocks (`index`: what the list shows and the search reads;
`details`: the whole records, one a line, which the page parses only when a scenario is opened); the
environments; the script. The page is built from `html_assets/`, and the content security policy lets
exactly that script run and nothing be loaded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from lambda_scenarios.reports.html_excerpts import excerpt
from lambda_scenarios.reports.html_records import head_fields, index_entry, one_line
from lambda_scenarios.reports.html_summary import Summary, header, headline_of, summary_of
from lambda_scenarios.reports.html_text import escaped
from lambda_scenarios.reports.record_json import encode_environment
from lambda_scenarios.reports.style import UNICODE

if TYPE_CHECKING:
    from lambda_scenarios.model.record import CoverageRecord, EnvironmentRecord, RunEnd, RunInfo
    from lambda_scenarios.reports.history import History

_ASSETS = os.path.join(os.path.dirname(__file__), "html_assets")
_SCRIPTS = ("dom.js", "json.js", "text.js", "scenario.js", "report.js")

# What the content security policy allows. `tests/reports/test_html.py` says the new values after a
# change; they aren't computed here because hashlib would cost every run some milliseconds.
STYLE_DIGEST = "sha256-5qsvd1NknPoW3j7eW/lFs9lI+RmcURRURkZr4h74EaE="
SCRIPT_DIGEST = "sha256-06JNnoDEzTujZXtD8cbX2P0Cp78WLHyjI05s3YDKJx0="

# Of the pair of blocks that is written at once. Details are split into lines in the browser when
# one of the block's scenarios is opened, so that a block should be neither huge nor tiny.
_BLOCK_RECORDS = 64
_BLOCK_CHARACTERS = 200_000

# JSON may carry these as escapes wherever it may carry them at all; HTML gives some of them a meaning
# (`<`), forbids some (C1 controls, noncharacters), and UTF-8 can't encode others (lone surrogates).
_UNSAFE_IN_HTML = "[<\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"


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
    read more than once, and never held together.

    The chunks hold no lone surrogates: they can be encoded as UTF-8, which the page declares. They
    must be written without translation of newlines.
    """
    sections = ""
    if history is not None:
        from lambda_scenarios.reports import html_trends

        sections = html_trends.section(history, map(head_fields, records()))
    if coverage is not None:
        from lambda_scenarios.reports import html_coverage

        sections += html_coverage.section(coverage)
    summary = summary_of(records())
    yield _document_head(summary, end)
    yield from header(info, summary, end, sections)
    yield from _results(records())
    if history is not None:
        yield from _blocks("history", html_trends.lines(history, map(head_fields, records())))
    yield from _blocks("environments", (encode_environment(one) for one in environments))
    yield f"<script>{script()}</script>\n</body>\n</html>\n"


def _document_head(summary: Summary, end: RunEnd) -> str:
    worst, headline = headline_of(summary, end)
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
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{UNICODE.of(worst)} {escaped(headline)} {summary.share}</title>\n"
        f'<link rel="icon" href="{icon}">\n'
        f"<style>{style()}</style>\n</head>\n<body>\n"
    )


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


def _results(records: Iterable[str]) -> Iterator[str]:
    index: list[str] = []
    details: list[str] = []
    size = 0
    for text in records:
        line = one_line(excerpt(text))
        index.append(index_entry(line))
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
    return re.sub(_UNSAFE_IN_HTML, lambda found: f"\\u{ord(found[0]):04x}", text)
