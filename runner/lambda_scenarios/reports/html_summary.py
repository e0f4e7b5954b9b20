"""What the HTML report says before a scenario is opened: its header, and the tables without JavaScript."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.reports.html_records import FATE, PASSED, file_of, head_of, one_line, said_of
from lambda_scenarios.reports.html_text import escaped, grouped, status_class
from lambda_scenarios.reports.rerun import rerun
from lambda_scenarios.reports.style import UNICODE
from lambda_scenarios.reports.text import seconds, shell_quote

if TYPE_CHECKING:
    from lambda_scenarios.model.record import RunEnd, RunInfo, SnapshotFate, Status

STATUSES: tuple[Status, ...] = ("failed", "error", "flaky", "not run", "skipped", "passed")

# Of the summary for readers without JavaScript.
_STATIC_PROBLEMS = 200
_STATIC_FILES = 200
_STATIC_SNAPSHOTS = 50


class _Problem(NamedTuple):
    """A scenario that did not pass, for the summary without JavaScript."""

    status: Status
    name: str
    place: str
    said: str


class Summary(NamedTuple):
    """What is counted of a run, and its first problems and files by name."""

    counts: dict[Status, int]
    problems: list[_Problem]  # the first ones only
    files: dict[str, dict[Status, int]]  # the first ones only; their names are JSON texts
    files_left_out: int
    snapshots: dict[SnapshotFate, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def share(self) -> str:
        """What stands behind the headline's numbers."""
        noun = "scenario" if self.total == 1 else "scenarios"
        return f"of {grouped(self.total)} {noun}" if self.total else ""


def summary_of(records: Iterable[str]) -> Summary:
    """The summary of records, given as JSON texts."""
    counts: dict[Status, int] = dict.fromkeys(STATUSES, 0)
    files: dict[str, dict[Status, int]] = {}
    left_out = 0
    snapshots: dict[SnapshotFate, int] = {}
    kept: dict[Status, list[_Problem]] = {}
    for text in records:
        line = one_line(text)
        head = head_of(line)
        fields = None if PASSED in head else json.loads(head)
        status: Status = "passed" if fields is None else fields["status"]
        counts[status] += 1
        if (fate := FATE.search(head)) is not None:
            which: SnapshotFate = "written" if fate[1] == "written" else "updated"
            snapshots[which] = snapshots.get(which, 0) + 1
        file = file_of(head)
        of_file = files.get(file)
        if of_file is not None:
            of_file[status] = of_file.get(status, 0) + 1
        elif len(files) < _STATIC_FILES:
            files[file] = {status: 1}
        else:
            left_out += 1
        if fields is not None and status != "passed" and len(kept.setdefault(status, [])) < _STATIC_PROBLEMS:
            said = said_of(json.loads(line))
            place = f"{fields['file']}:{fields['line']}"
            kept[status].append(_Problem(status, fields["name"], place, said[0] if said else ""))
    problems = [problem for status in STATUSES for problem in kept.get(status, [])]
    return Summary(counts, problems[:_STATIC_PROBLEMS], files, left_out, snapshots)


def header(info: RunInfo, summary: Summary, end: RunEnd, sections: str) -> Iterator[str]:
    """From the beginning of the body to the tables; `sections` is HTML that belongs below the facts."""
    worst, headline = headline_of(summary, end)
    yield '<a class="skip-link" href="#results">Skip to the results</a>\n<header class="run">\n'
    yield f'<p class="program">lambda-scenarios <span>{escaped(info.version)}</span></p>\n'
    symbol = UNICODE.of(worst)
    yield (
        f'<h1 class="{status_class(worst)}"><span class="symbol" aria-hidden="true">{symbol}</span> '
        f"{escaped(headline)} <small>{summary.share}</small></h1>\n"
    )
    yield from (f'<p class="service">{escaped(service)}</p>\n' for service in info.services)
    if end.interrupted:
        yield f'<p class="interrupted">The run ended early: {escaped(end.interrupted)}</p>\n'
    yield from _snapshots(summary, end)
    yield _bar(summary)
    yield '<ul id="counts">\n'
    for status in STATUSES:
        if summary.counts[status]:
            yield (
                f'<li data-status="{status}"><span class="symbol {status_class(status)}" aria-hidden="true">'
                f"{UNICODE.of(status)}</span> <b>{grouped(summary.counts[status])}</b> {status}</li>\n"
            )
    yield "</ul>\n"
    yield from _facts(info, end)
    yield sections
    yield '</header>\n<main id="results" tabindex="-1">\n<noscript>\n'
    yield from _static_summary(summary)
    yield "</noscript>\n</main>\n"


def _snapshots(summary: Summary, end: RunEnd) -> Iterator[str]:
    counts = [f"{grouped(number)} {fate}" for fate, number in sorted(summary.snapshots.items(), reverse=True)]
    if end.removed_snapshots:
        counts.append(f"{grouped(len(end.removed_snapshots))} removed")
    if counts:
        yield f'<p class="service">Snapshots: {", ".join(counts)}</p>\n'
    if stale := end.stale_snapshots:
        named = ", ".join(map(escaped, stale[:_STATIC_SNAPSHOTS]))
        more = (
            f" and {grouped(len(stale) - _STATIC_SNAPSHOTS)} more" if len(stale) > _STATIC_SNAPSHOTS else ""
        )
        yield (
            '<p class="interrupted">Snapshots that belong to no scenario any more '
            f"(<code>--update-snapshots</code> removes them): {named}{more}</p>\n"
        )


def headline_of(summary: Summary, end: RunEnd) -> tuple[Status, str]:
    """How the run ended, in a status and in words."""
    counts = summary.counts
    wrong: list[Status] = [status for status in ("failed", "error") if counts[status]]
    if wrong:
        return wrong[0], ", ".join(f"{grouped(counts[status])} {status}" for status in wrong)
    if not summary.total:
        return "not run", "No scenario was run"
    if counts["not run"]:
        return "not run", f"{grouped(counts['not run'])} not run"
    fine: list[Status] = [status for status in ("passed", "flaky", "skipped") if counts[status]]
    text = ", ".join(f"{grouped(counts[status])} {status}" for status in fine)
    return ("not run" if end.interrupted else fine[0]), text


def _bar(summary: Summary) -> str:
    """The shares of the statuses, as a picture: the numbers stand below it."""
    parts, left = [], 0.0
    for status in STATUSES:
        width = 1000 * summary.counts[status] / max(summary.total, 1)
        if width:
            parts.append(
                f'<rect class="{status_class(status)}" x="{left:.2f}" width="{width:.2f}" height="1"></rect>'
            )
        left += width
    return (
        '<svg class="shares" viewBox="0 0 1000 1" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(parts)}</svg>\n"
    )


def _facts(info: RunInfo, end: RunEnd) -> Iterator[str]:
    started = re.sub(r"T(\d\d:\d\d:\d\d).*", r" \1 UTC", info.started)
    facts = [
        ("Started", f'<time datetime="{escaped(info.started)}">{escaped(started)}</time>'),
        ("Took", seconds(end.wall_ms)),
        ("Jobs", str(info.jobs)),
        ("Seed", f"<code>{escaped(info.seed)}</code>"),
    ]
    if info.labels:
        labels = " ".join(f'<span class="label">{escaped(k)}={escaped(v)}</span>' for k, v in info.labels)
        facts.append(("Labels", labels))
    command = " ".join(shell_quote(word) for word in info.command)
    facts.append(
        (
            "Command",
            f'<code id="command" data-conditions="{escaped(rerun(info.command))}">{escaped(command)}</code>',
        )
    )
    yield '<dl class="facts">\n'
    yield from (f"<div><dt>{name}</dt><dd>{value}</dd></div>\n" for name, value in facts)
    yield "</dl>\n"


def _static_summary(summary: Summary) -> Iterator[str]:
    if summary.problems:
        yield "<table><caption>Scenarios that did not pass</caption>\n"
        heads = "".join(f"<th>{name}</th>" for name in ("Status", "Scenario", "Place", "What was said"))
        yield f"<thead><tr>{heads}</tr></thead>\n<tbody>\n"
        for status, name, place, said in summary.problems:
            yield (
                f'<tr><td class="{status_class(status)}">{status}</td><td>{escaped(name)}</td>'
                f"<td>{escaped(place)}</td><td>{escaped(said[:600])}</td></tr>\n"
            )
        yield "</tbody></table>\n"
        left_out = summary.total - summary.counts["passed"] - len(summary.problems)
        if left_out:
            yield f"<p>… and {grouped(left_out)} more.</p>\n"
    if summary.files:
        heads = "".join(f"<th>{status}</th>" for status in STATUSES if summary.counts[status])
        yield f"<table><caption>Files</caption>\n<thead><tr><th>File</th>{heads}</tr></thead>\n<tbody>\n"
        for file, counts in summary.files.items():
            cells = "".join(f"<td>{counts.get(s, 0) or ''}</td>" for s in STATUSES if summary.counts[s])
            yield f"<tr><td>{escaped(json.loads(file))}</td>{cells}</tr>\n"
        yield "</tbody></table>\n"
    if summary.files_left_out:
        yield f"<p>… and {grouped(summary.files_left_out)} scenarios of other files.</p>\n"
    yield "<p>Each scenario in detail, filters and search need JavaScript; it is all in this file.</p>\n"
