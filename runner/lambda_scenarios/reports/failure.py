"""A failed scenario in full, for the console: what was expected where, the source, the stack, the output."""

from __future__ import annotations

import os
import re
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.phrases import plural, shown_path
from lambda_scenarios.reports import telling
from lambda_scenarios.reports.text import (
    cut,
    display_width,
    log_lines,
    longest_line,
    pad,
    printable,
    shell_quote,
    shown_line,
    shown_log_line,
    with_line_feeds,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lambda_scenarios.model.record import ErrorRecord, InvocationRecord, MismatchRecord, Record
    from lambda_scenarios.reports.style import Look, Paint

# More than this is for the report: what is most important should not scroll away.
MAX_MISMATCHES = 10
MAX_DIFF_LINES = 80
MAX_LOG_LINES = 40
MAX_MESSAGE_LINES = 20
_MAX_FRAMES = 8
_MAX_HELD = 6
_MAX_IDS = 10
_LINES_BEFORE = 2

_PYTHON_FRAME = re.compile(r'\s*File "(?P<path>[^"]+)", line (?P<line>\d+)(?:, in (?P<name>\S+))?')
_NODE_FRAME = re.compile(
    r"\s*at (?:(?P<name>[^(]*?) \()?(?:file://)?(?P<path>[^()\s]+?):(?P<line>\d+):\d+\)?\s*$"
)
_RUBY_FRAME = re.compile(r"\s*(?:from )?(?P<path>/?[^\s:]+):(?P<line>\d+):in [`'](?P<name>[^']*)'")
_LIBRARY = re.compile(
    r"[/\\](?:site-packages|dist-packages|node_modules|gems)[/\\]|[/\\]lib[/\\]python\d|[/\\]lib[/\\]ruby[/\\]"
    r"|^(?:<frozen|node:|internal/)|[/\\]lambda_scenarios[/\\]runtimes[/\\]|^/var/(?:runtime|lang)/"
)


# How an error is logged: awslambdaric's bootstrap.py, and Errors.js and LogPatch.js of Node.js's client.
_PYTHON_LOGGED = "\rTraceback (most recent call last):"
_NODE_LOGGED = (
    r"\S+\t[^\t\n]*\tERROR\t(?:Invoke Error|Init Error|Uncaught Exception|Unhandled Promise Rejection) ?\t"
    r'\{"errorType":[^\n]*\}\n?\Z'
)

# What they expect stands in another file: the place in the YAML is one and the same for all of it.
_OF_ANOTHER_FILE = ("expect.snapshot", "expect.output_path")

_SIGN_PAINT: dict[str, Paint] = {"-": "red", "+": "green"}


class _Frame(NamedTuple):
    path: str
    line: int
    name: str
    source: str  # "" where the stack doesn't hold it


class Sources:
    """The lines of source files, read when they are asked for, once; secrets in them masked by `mask`."""

    def __init__(self, root: str, mask: Callable[[str], str] = str) -> None:
        """`root`: what relative paths begin at (else the process's directory), and shown paths are relative
        to; absolute."""
        self.root = root
        self.mask = mask
        self._files: dict[str, list[str]] = {}

    def lines(self, file: str) -> list[str]:
        """The lines of a file; none where it can't be read."""
        if file not in self._files:
            self._files[file] = self._read(os.path.join(self.root, file)) or self._read(file)
        return self._files[file]

    @staticmethod
    def _read(path: str) -> list[str]:
        try:
            with open(path, encoding="utf-8", errors="replace") as stream:
                text = stream.read(1 << 24)
        except (OSError, ValueError):  # ValueError: a NUL in the path
            return []
        # For YAML, more characters end a line than for languages, where a form feed may begin a section.
        return text.splitlines() if path.endswith((".yml", ".yaml")) else text.split("\n")

    def line(self, file: str, number: int) -> str:
        """One line, from 1; empty where there is none."""
        lines = self.lines(file)
        return self.mask(lines[number - 1]) if 0 < number <= len(lines) else ""

    def around(self, file: str, number: int, column: int, width: int) -> tuple[str, str, str]:
        """One line in three parts: before the stretch that begins at `column` (from 1), it, and after it."""
        raw = self.lines(file)[number - 1]
        start, end = column - 1, column - 1 + width
        parts = self.mask(raw[:start]), self.mask(raw[start:end]), self.mask(raw[end:])
        # A secret that lies across the borders is found only in the whole line.
        masked = self.mask(raw)
        return parts if "".join(parts) == masked else ("", "", masked)


def block(record: Record, look: Look, sources: Sources, conditions: str) -> Iterator[str]:
    """The lines of one failed scenario, without the rule above them. `conditions` is `rerun` of its run."""
    yield look.paint(f"{look.symbols.of(record.status)} {_shown(record.id, look)}", "red", "bold")
    yield ""
    if record.reason:
        yield from (f"  {line}" for line in _message(record.reason, look))
        yield ""
    if record.status == "flaky":
        yield f"  it passed at attempt {len(record.attempts)}, and no scenario may be flaky (--fail-on-flaky)"
        yield ""
    number = telling.most_telling(record)
    if number is not None:
        yield from _attempt(record, number, look, sources)
    again = f"lambda-scenarios run {shell_quote(record.id)}{conditions}"
    yield f"  {look.paint('again:', 'dim')} {again}"


def _attempt(record: Record, number: int, look: Look, sources: Sources) -> Iterator[str]:
    attempt = record.attempts[number]
    if len(record.attempts) > 1:
        yield f"  {telling.nth_attempt(record, number)}:"
        yield ""
    last = attempt.invocations[-1:]
    for place, invocation in enumerate(attempt.invocations):
        # Of those that ended in an error, and should, nothing is to be told.
        if invocation.mismatches or (invocation.ending != "returned" and invocation in last):
            if which := telling.which(attempt, place):
                yield f"  {look.paint(_shown(which, look), 'bold')}"
                yield ""
            yield from _invocation(invocation, record.reason, look, sources)
    if attempt.not_run:
        names = _shown(", ".join(attempt.not_run), look)
        yield f"  not run: {plural(len(attempt.not_run), 'step')} ({names})"
    for invocation in [one for one in attempt.invocations if one.before][-1:]:
        yield f"  {_shown(telling.served_before(invocation, look.symbols.more), look)}"
        if invocation.replay is not None:
            yield f"  {look.paint('again, after those:', 'dim')} {printable(invocation.replay)}"


def not_judged(reason: str, ids: list[str], look: Look) -> Iterator[str]:
    """The lines for scenarios that ended in one and the same error, without an outcome."""
    first, *notes = _message(reason, look)
    verdict = f"{plural(len(ids), 'scenario')} could not be judged: {first}"
    yield look.paint(f"{look.symbols.error} {verdict}", "red", "bold")
    yield from (f"  {line}" for line in notes)
    yield ""
    yield from (f"    {_shown(scenario_id, look)}" for scenario_id in ids[:_MAX_IDS])
    if (more := len(ids) - _MAX_IDS) > 0:
        yield f"    {look.symbols.more} {more} more in the report"


def _shown(text: str, look: Look) -> str:
    return shown_line(text, look.symbols.more)


def _message(text: str, look: Look) -> list[str]:
    """The lines of a message, at least one; of a long one the first, and how many more there are."""
    lines = with_line_feeds(text).removesuffix("\n").split("\n")
    shown = [_shown(line, look) for line in lines[:MAX_MESSAGE_LINES]]
    if (more := len(lines) - MAX_MESSAGE_LINES) > 0:
        shown.append(f"{look.symbols.more} {plural(more, 'line')} more in the report")
    return shown


def _invocation(i: InvocationRecord, reason: str | None, look: Look, sources: Sources) -> Iterator[str]:
    shown = i.mismatches[:MAX_MISMATCHES]
    for expectation, group in groupby(shown, lambda m: m.expectation):
        if expectation in _OF_ANOTHER_FILE:
            yield from _mismatches_of_file(tuple(group), look, sources)
        else:
            for m in group:
                yield from _mismatch(m, _message(m.message, look), look, sources)
    if (more := len(i.mismatches) - MAX_MISMATCHES) > 0:
        verb = "does" if more == 1 else "do"
        yield f"  {plural(more, 'more expectation')} {verb} not hold: see the report"
        yield ""
    if i.error is not None and i.error.message != reason:
        told = any(i.error.message in m.message for m in i.mismatches) and i.error.message != ""
        told = told or (i.ending == "timed out" and any("timed out" in m.message for m in i.mismatches))
        yield from _error(i.error, look, sources, with_message=not told)
    if i.hint is not None:
        yield from (f"  {'hint: ' if n == 0 else ''}{line}" for n, line in enumerate(_message(i.hint, look)))
        yield ""
    if i.held and i.mismatches:
        yield f"  {_held(i.held, look)}"
    yield from _output(i, look)


def _mismatches_of_file(group: tuple[MismatchRecord, ...], look: Look, sources: Sources) -> Iterator[str]:
    """Differences from a value of another file, which only their places in the result tell apart."""
    if len(group) == 1 and group[0].location == "output":
        yield from _mismatch(group[0], _message(group[0].message, look), look, sources)
        return
    message = [line for m in group for line in _message(f"{m.location}: {m.message}", look)]
    yield from _mismatch(group[0], message, look, sources)


def _mismatch(m: MismatchRecord, message: list[str], look: Look, sources: Sources) -> Iterator[str]:
    place = f"{shown_path(m.file, sources.root)}:{m.line}:{m.column}" if m.file and m.line else ""
    yield f"  {pad(_shown(m.expectation, look), 41)}  {look.paint(printable(place), 'cyan')}".rstrip()
    yield ""
    if m.file and 0 < m.line <= len(sources.lines(m.file)):
        yield from _excerpt(sources, m, message, look)
    else:
        yield from (f"    {look.paint(line, 'red')}" for line in message)
    yield ""
    if m.diff:
        for line in m.diff[:MAX_DIFF_LINES]:
            text = f"  {line.sign} {_shown(line.text, look)}"
            paint = _SIGN_PAINT.get(line.sign)
            yield look.paint(text, paint) if paint else text
        if (more := len(m.diff) - MAX_DIFF_LINES) > 0:
            yield f"    {look.symbols.more} {plural(more, 'line')} more in the report"
        yield ""


def _excerpt(sources: Sources, m: MismatchRecord, message: list[str], look: Look) -> Iterator[str]:
    """The lines that lead to the expectation, and a caret under it with the message beside it."""
    bar = look.symbols.bar
    room = max(20, look.width - 11)
    for number in range(_first_shown(sources.lines(m.file), m.line), m.line):
        line = printable(sources.line(m.file, number).expandtabs(8)).rstrip()
        yield look.paint(f"{number:>7} {bar} {cut(line, room, look.symbols.more)}".rstrip(), "dim")
    # A tab inside of what is marked is so rare that its width may be wrong.
    before, marked, after = (
        printable(part.expandtabs(8)) for part in sources.around(m.file, m.line, m.column, m.width)
    )
    after = after.rstrip()
    if display_width(before) + min(display_width(marked), 20) > room:
        # Left of the caret only as much as leaves half of the line for what stands there.
        while before and display_width(before) > room // 2 - display_width(look.symbols.more):
            before = before[1:]
        before = look.symbols.more + before
    indent = display_width(before)
    yield f"{m.line:>7} {bar} {cut(before + marked + after, room, look.symbols.more)}".rstrip()
    width = max(1, min(display_width(marked.rstrip()), room - indent))
    carets = look.paint("^" * width, "red")
    first, *rest = message
    if indent + width + 1 + display_width(first) <= max(room, longest_line(look.width)):
        yield f"{'':7} {bar} {'':{indent}}{carets} {look.paint(first, 'red')}".rstrip()
    else:
        yield f"{'':7} {bar} {'':{indent}}{carets}"
        rest = message
    yield from (f"{'':7} {bar} {look.paint(line, 'red')}" for line in rest)


def _first_shown(lines: list[str], number: int) -> int:
    """Where an excerpt begins: deeper lines before the one meant belong to something else."""
    indent = _indent(lines[number - 1])
    first = number
    while first > 1 and number - first < _LINES_BEFORE and lines[first - 2].strip():
        if _indent(lines[first - 2]) > indent:
            break
        first -= 1
        indent = _indent(lines[first - 1])
    return first


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _held(held: tuple[str, ...], look: Look) -> str:
    names = [
        printable(re.sub(r"^(?:expect\.)?(?:(?:http|output)\.)?", "", name)) for name in held[:_MAX_HELD]
    ]
    if len(held) > _MAX_HELD:
        names.append(look.symbols.more)
    verb = "holds" if len(held) == 1 else "hold"
    return _shown(
        f"{plural(len(held), 'other expectation')} of this scenario {verb} ({', '.join(names)})", look
    )


def _output(i: InvocationRecord, look: Look) -> Iterator[str]:
    """What the function printed; what its modules printed while they were loaded only where that may
    say what went wrong."""
    about_logs = any(m.expectation.startswith("expect.log") for m in i.mismatches)
    error = None if about_logs else i.error
    ended = i.ending in ("timed out", "worker died") and not i.logs
    if i.ending == "init failed" or ended or about_logs:
        yield from _log("output while loading", i.init_logs, error, "", look)
    request = f", request {printable(i.request_id)[:8]}" if i.request_id else ""
    truncated = ", the beginning is missing" if i.logs_truncated else ""
    yield from _log("output of the function", i.logs, error, request + truncated, look)


def _log(title: str, text: str, error: ErrorRecord | None, notes: str, look: Look) -> Iterator[str]:
    """The last lines of a log, without `error`, under a title; nothing for an empty log."""
    lines = log_lines(text if error is None else _without_error(text, error))
    if not lines:
        return
    yield f"  {title} ({plural(len(lines), 'line')}{notes}):"
    if (more := len(lines) - MAX_LOG_LINES) > 0:
        yield f"    {look.symbols.more} {plural(more, 'line')} more in the report"
    yield from (f"    {shown_log_line(line, look.symbols.more)}".rstrip() for line in lines[-MAX_LOG_LINES:])


def _without_error(logs: str, error: ErrorRecord) -> str:
    """The output without the line in which Lambda's clients log the error last: it is shown already."""
    title = f"[ERROR] {error.type}: {error.message}".removesuffix(": ") + _PYTHON_LOGGED
    start = logs.rfind(title)
    if start < 0:
        start = logs.removesuffix("\n").rfind("\n") + 1
        return logs[:start] if re.match(_NODE_LOGGED, logs[start:]) else logs
    alone = logs[start - 1 : start] in ("", "\n") and "\n" not in logs[start + len(title) :].removesuffix(
        "\n"
    )
    return logs[:start] if alone else logs


def _error(error: ErrorRecord, look: Look, sources: Sources, *, with_message: bool) -> Iterator[str]:
    frames, hidden = user_frames(error.stack)
    if with_message:
        first, *rest = _message(f"{error.type}: {error.message}", look)
        yield f"  {look.paint(first.removesuffix(': '), 'red', 'bold')}"
        yield from (f"  {line}" for line in rest)
    elif not frames:
        return
    for frame in frames:
        path = shown_path(frame.path, sources.root)
        name = f" in {_shown(frame.name, look)}" if frame.name else ""
        yield f"    {look.paint(_shown(f'{path}:{frame.line}', look), 'cyan')}{name}"
        if text := (frame.source or sources.line(frame.path, frame.line)).strip():
            yield f"      {cut(printable(text), max(20, look.width - 6), look.symbols.more)}"
    if hidden:
        yield look.paint(f"    {plural(hidden, 'frame')} more in the report", "dim")
    yield ""


def user_frames(stack: tuple[str, ...]) -> tuple[tuple[_Frame, ...], int]:
    """The frames of a stack trace (Python, Node.js, Ruby) that are in the user's code, and how many aren't
    shown. Where none is, all of them count as the user's."""
    lines = [line for entry in stack for line in entry.replace("\xa0", " ").splitlines()]
    frames: list[_Frame] = []
    for n, line in enumerate(lines):
        match = _PYTHON_FRAME.match(line) or _NODE_FRAME.match(line) or _RUBY_FRAME.match(line)
        if match is None:
            continue
        source = ""
        if match.re is _PYTHON_FRAME and n + 1 < len(lines) and not _PYTHON_FRAME.match(lines[n + 1]):
            source = lines[n + 1].strip()
        frames.append(_Frame(match["path"], int(match["line"]), match["name"] or "", source))
    users = [frame for frame in frames if not _LIBRARY.search(frame.path)] or frames
    # Where too many are left (a recursion), the ends tell the most: how it began, and where it broke.
    if len(users) > _MAX_FRAMES:
        users = users[: _MAX_FRAMES // 2] + users[-_MAX_FRAMES // 2 :]
    return tuple(users), len(frames) - len(users)
