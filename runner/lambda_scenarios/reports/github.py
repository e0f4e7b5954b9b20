"""GitHub Actions: annotations at the lines of the scenario files, and a job summary in Markdown.

Commands and their escaping are those of actions/runner (`src/Runner.Common/ActionCommand.cs`,
https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions). It shows ten annotations
of a kind a step and 4,096 characters of each (`ExecutionContext.cs`), and drops a summary that is larger than
1 MiB (`FileCommandManager.cs`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.phrases import plural
from lambda_scenarios.reports.rerun import rerun
from lambda_scenarios.reports.telling import end_of, labelled, logs_of, told, told_attempt
from lambda_scenarios.reports.text import log_lines, printable, seconds, strip_ansi

if TYPE_CHECKING:
    from lambda_scenarios.model.record import Record, RunEnd, RunInfo, Status
    from lambda_scenarios.reports.targets import GitHub

SUMMARY_BYTES = 1024 * 1024
_SHOWN = 10
_MESSAGE = 3_500
_TITLE = 200
_SNAPSHOTS = 20
_TEXT = 8_000
_LOGS = 4_000
# What is kept free of a summary for its last line.
_RESERVE = 400


class _Annotation(NamedTuple):
    """`file` is "" where it is about no file."""

    kind: str  # error, warning
    file: str
    line: int
    column: int
    width: int
    title: str
    message: str


def stopped(token: str) -> str:
    """The command after which the runner takes no commands from the output, which holds the functions' own.
    `resumed` ends that."""
    return f"::stop-commands::{token}"


def resumed(token: str) -> str:
    return f"::{token}::"


def commands(info: RunInfo, records: Iterable[Record], end: RunEnd, github: GitHub) -> Iterator[str]:
    """The lines of the commands, as one group of the log; none where there is nothing to say.

    `records` are those that failed, ended in error, are flaky or were not run.
    """
    labels = ", ".join(f"{name}={value}" for name, value in info.labels)
    suffix = f" [{labels}]" if labels else ""
    conditions = rerun(info.command)
    kinds = {"error": _Kind("error"), "warning": _Kind("warning")}
    wrong = _Alike()
    for record in records:
        if wrong.take(record):
            continue
        kind = kinds["warning" if record.status == "flaky" else "error"]
        kind.add(_annotation(record, github, suffix, conditions) if len(kind.shown) < _SHOWN else None)
    for record, count in wrong.unjudged.values():
        one = _annotation(record, github, suffix, conditions)
        if count > 1:
            one = one._replace(title=f"{count} scenarios could not be judged{suffix}")
        kinds["error"].add(one)
    if wrong.not_run:
        title = (
            f"{plural(wrong.not_run, 'scenario')} {'was' if wrong.not_run == 1 else 'were'} not run{suffix}"
        )
        why = end.interrupted or "the run ended before"
        kinds["warning"].add(_Annotation("warning", "", 0, 0, 0, title, why))
    if stale := end.stale_snapshots:
        verb = "belongs" if len(stale) == 1 else "belong"
        title = f"{plural(len(stale), 'snapshot')} {verb} to no scenario any more{suffix}"
        why = "\n".join((*stale[:_SNAPSHOTS], "--update-snapshots removes them"))
        kinds["warning"].add(_Annotation("warning", "", 0, 0, 0, title, why))
    lines = [_command(one) for kind in kinds.values() for one in kind.first()]
    if lines:
        yield f"::group::{plural(len(lines), 'annotation')}"
        yield from lines
        yield "::endgroup::"


class _Kind:
    """The annotations of one kind: the first ones, and how many there are."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.shown: list[_Annotation] = []
        self.count = 0

    def add(self, one: _Annotation | None) -> None:
        self.count += 1
        if one is not None and len(self.shown) < _SHOWN:
            self.shown.append(one)

    def first(self) -> list[_Annotation]:
        """As many as GitHub shows; the last one tells how many more there are."""
        if self.count <= _SHOWN:
            return self.shown
        title = f"{self.count - _SHOWN + 1} more"
        more = _Annotation(self.name, "", 0, 0, 0, title, "GitHub shows ten: see the job summary")
        return [*self.shown[: _SHOWN - 1], more]


class _Alike:
    """What is told once for many scenarios: those that were not judged for one and the same reason (the
    first of them, and how many), and how many were not run."""

    def __init__(self) -> None:
        self.unjudged: dict[str, tuple[Record, int]] = {}
        self.not_run = 0

    def take(self, record: Record) -> bool:
        """Whether `record` is one of these, and is counted now."""
        if record.status == "not run":
            self.not_run += 1
        elif record.status == "error" and not record.attempts:
            first, count = self.unjudged.get(record.reason or "", (record, 0))
            self.unjudged[record.reason or ""] = first, count + 1
        else:
            return False
        return True


def _annotation(record: Record, github: GitHub, suffix: str, conditions: str) -> _Annotation:
    attempt = told_attempt(record)
    said = told(record, attempt, conditions)
    file, line, column, width = os.path.join(github.root, record.file), record.line, 0, 0
    for mismatch in (m for i in (attempt.invocations if attempt else ()) for m in i.mismatches):
        if mismatch.file:
            file = os.path.join(github.cwd, mismatch.file)
            line, column, width = mismatch.line, mismatch.column, mismatch.width
            break
    title = labelled(record.name, record)
    if attempt is not None and attempt.invocations and attempt.invocations[-1].step:
        title += f", step {attempt.invocations[-1].step}"
    if record.status == "flaky":
        title = f"flaky, passed at attempt {len(record.attempts)}: {title}"
    return _Annotation(
        "warning" if record.status == "flaky" else "error",
        _within(file, github.workspace),
        line,
        column,
        width,
        title[:_TITLE] + suffix,
        said.text,
    )


def _within(path: str, workspace: str) -> str:
    """The path as annotations name files of the repository: from its root."""
    if not workspace:
        return path
    relative = os.path.relpath(path, workspace)
    return path if relative.startswith("..") else relative


def _command(one: _Annotation) -> str:
    properties = []
    if one.file:
        properties += [f"file={_property(printable(one.file))}", f"line={one.line}"]
        if one.column:
            properties += [f"col={one.column}", f"endColumn={one.column + one.width}"]
    properties.append(f"title={_property(_clean(one.title))}")
    message = _clean(one.message)
    if len(message) > _MESSAGE:
        message = message[:_MESSAGE] + "\n… (more in the job summary)"
    return f"::{one.kind} {','.join(properties)}::{_data(message)}"


def _clean(text: str) -> str:
    return "\n".join(printable(line) for line in log_lines(text))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# ---- the job summary


def summary(
    info: RunInfo, counts: Mapping[Status, int], records: Iterable[Record], end: RunEnd, room: int
) -> Iterator[str]:
    """Markdown, in chunks of together at most `room` bytes; what doesn't fit is told as a number.

    `records` are those that failed, ended in error, are flaky or were not run.
    """
    left = room - _RESERVE
    omitted = 0
    for text, stands_for in _parts(info, counts, records, end):
        size = len(text.encode("utf-8", "replace"))
        if omitted or size > left:
            omitted += stands_for
            continue
        left -= size
        yield text.encode("utf-8", "replace").decode()
    if omitted and room > _RESERVE:
        yield f"\n… and {omitted} more, for which a summary has no room: the reports have them.\n"


def _parts(
    info: RunInfo, counts: Mapping[Status, int], records: Iterable[Record], end: RunEnd
) -> Iterator[tuple[str, int]]:
    """Pieces of the summary, and how many scenarios each tells of."""
    yield _head(info, counts, end), 0
    conditions = rerun(info.command)
    alike = _Alike()
    for record in records:
        if not alike.take(record):
            yield _scenario(record, conditions), 1
    for record, count in alike.unjudged.values():
        what = record.id if count == 1 else f"{count} scenarios could not be judged"
        first = (record.reason or "").partition("\n")[0]
        title = f"{_SYMBOLS['error']} {_html(what)}: {_html(first)}"
        yield _folded(title, _fence(record.reason or "error", "text")), count


_SYMBOLS: dict[Status, str] = {
    "failed": "❌",
    "error": "❗",
    "flaky": "🔁",
    "not run": "➖",
    "skipped": "⚪",
    "passed": "✅",
}


def _head(info: RunInfo, counts: Mapping[Status, int], end: RunEnd) -> str:
    told = [f"{_SYMBOLS[status]} {counts[status]} {status}" for status in _SYMBOLS if counts.get(status)]
    lines = [f"## {' · '.join(told) or 'no scenario was run'}", ""]
    facts = [*info.services, seconds(end.wall_ms), f"seed {info.seed}"]
    facts[-1:-1] = [f"{name}={value}" for name, value in info.labels]
    if end.interrupted:
        facts.insert(0, f"the run ended early: {end.interrupted}")
    lines += [f"<p>{'<br>'.join(map(_html, facts))}</p>", ""]
    return "\n".join(lines) + "\n"


def _scenario(record: Record, conditions: str) -> str:
    attempt = told_attempt(record)
    said = told(record, attempt, conditions)
    place = f"{record.file}:{record.line}"
    note = f" (passed at attempt {len(record.attempts)})" if record.status == "flaky" else ""
    name = _html(labelled(record.name, record))
    title = f"{_SYMBOLS[record.status]} <b>{name}</b>{note} <code>{_html(place)}</code>"
    text = said.text if len(said.text) <= _TEXT else said.text[:_TEXT] + "\n… (more in the reports)"
    # Lines of a diff are coloured where their sign comes first.
    body = _fence(re.sub(r"(?m)^  ([-+]) ", r"\1 ", text), "diff")
    if attempt is not None and (logs := logs_of(attempt)):
        body += f"\noutput of the function:\n\n{_fence(end_of(logs, _LOGS), 'text')}"
    return _folded(title, body)


def _folded(title: str, body: str) -> str:
    # Markdown inside of HTML needs the empty lines; the title's own line must have none.
    return f"<details><summary>{title}</summary>\n\n{body}\n</details>\n\n"


def _fence(text: str, language: str) -> str:
    """A block of code that nothing in it can end."""
    cleaned = _clean(text)
    longest = max((len(run) for run in re.findall("`+", cleaned)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{cleaned}\n{fence}\n"


def _html(text: str) -> str:
    line = printable(strip_ansi(text))
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
