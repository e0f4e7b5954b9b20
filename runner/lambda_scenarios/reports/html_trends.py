"""What the HTML report says of earlier runs: which scenarios got slower or change their results, and the last
results of each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lambda_scenarios.phrases import plural
from lambda_scenarios.reports.history import NO_PAST, SHOWN, History, Past, changes, key_of, slower
from lambda_scenarios.reports.html_text import escaped
from lambda_scenarios.reports.text import milliseconds

_LISTED = 10


# The fields of a record but its attempts.
Fields = Mapping[str, Any]


def _with_this_run(history: History, results: Iterable[Fields]) -> Iterator[tuple[str, Past]]:
    """The scenarios that earlier runs had too, this run's result the last."""
    for result in results:
        key = key_of(result["id"], result.get("labels", ()))
        past = history.scenarios.get(key, NO_PAST)
        if past.statuses:
            yield key, past.then(result["status"], result["duration_ms"])


def section(history: History, results: Iterable[Fields]) -> str:
    """HTML. Nothing where no earlier run is known."""
    if not history.runs:
        return ""
    grown: list[tuple[float, str, str]] = []
    changing: list[tuple[int, str, str]] = []
    for scenario, past in _with_this_run(history, results):
        if (found := slower(past)) is not None:
            said = f"{milliseconds(found.before_ms)} → {milliseconds(found.now_ms)}"
            grown.append((found.now_ms / max(found.before_ms, 0.001), scenario, said))
        if times := changes(past):
            changing.append((times, scenario, f"{times} times in {plural(len(past.statuses), 'run')}"))
    lists = [
        _list(title, found)
        for title, found in (("Slower than before", grown), ("Changing results", changing))
        if found
    ]
    runs = plural(history.runs, "earlier run")
    body = "".join(lists) or "<p>No scenario got slower, and none changes its result often.</p>\n"
    return f'<section class="trends" aria-label="Trends"><h2>Compared with {runs}</h2>\n{body}</section>\n'


def _list(title: str, found: list[tuple[float, str, str]] | list[tuple[int, str, str]]) -> str:
    ordered = sorted(found, key=lambda item: (-item[0], item[1]))
    items = "".join(
        f"<li><bdi>{escaped(scenario)}</bdi> <span>{escaped(said)}</span></li>\n"
        for _, scenario, said in ordered[:_LISTED]
    )
    more = len(found) - _LISTED
    last = f"<li>… and {more} more</li>\n" if more > 0 else ""
    return f"<h3>{title}</h3>\n<ul>\n{items}{last}</ul>\n"


def lines(history: History, results: Iterable[Fields]) -> Iterator[str]:
    """For the script: `[key, letters, milliseconds]` of each scenario that earlier runs had too, as JSON."""
    for scenario, past in _with_this_run(history, results):
        durations = [round(ms, 1) for ms in past.durations[-SHOWN:]]
        yield json.dumps([scenario, past.statuses[-SHOWN:], durations], ensure_ascii=False)
