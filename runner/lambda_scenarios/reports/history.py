"""`--history DIR`: what earlier runs gave, for the trends of the HTML report.

Each run leaves a file of its own, `<time>-<random>.index.json`: the status and the duration of each scenario.
No file is ever changed by another run, so that runs at the same time, and directories of several machines
that are copied together, don't meet. Beside it lies its `report.json` in full, of the latest runs only.
What is damaged is passed over; what is too old is removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.reports import record_reading

if TYPE_CHECKING:
    from lambda_scenarios.model.record import RunInfo, Status

FORMAT = 1
# Of all runs in a directory, whatever their labels, so that it can't grow for ever.
KEPT_RUNS = 200
KEPT_REPORTS = 10
SHOWN = 20

_INDEX = ".index.json"
_REPORT = ".report.json"
_FRESH = ".new"
_ABANDONED_S = 3600.0

_LETTERS: dict[Status, str] = {"passed": "p", "failed": "f", "error": "e", "flaky": "k", "skipped": "s"}
_GOOD = "pk"
_BAD = "fe"

# What makes a scenario slower: noise of a few milliseconds doesn't, nor one run that was slow.
_FACTOR = 1.5
_LEAST_MS = 5.0
_COMPARED = 5
_FLIPS = 3


class Past(NamedTuple):
    """Results of one scenario, the oldest first: a letter each of p(assed), f(ailed), e(rror), k (flaky),
    s(kipped), and milliseconds."""

    statuses: str
    durations: tuple[float, ...]

    def then(self, status: Status, duration_ms: float) -> Past:
        """With a further result; one that was not run is none."""
        letter = _LETTERS.get(status)
        return self if letter is None else Past(self.statuses + letter, (*self.durations, duration_ms))


NO_PAST = Past("", ())


class History(NamedTuple):
    """The runs of the same labels, by `key_of` each scenario; `runs` is how many of them there are."""

    runs: int
    scenarios: Mapping[str, Past]


def read(directory: str, info: RunInfo) -> History:
    """What the runs before `info` gave. An empty one where there is none."""
    runs: list[dict[str, tuple[str, float]]] = []
    for name in _names(directory, _INDEX)[:KEPT_RUNS]:
        if len(runs) == SHOWN:
            break
        found = _read_index(os.path.join(directory, name), info)
        if found is not None:
            runs.append(found)
    scenarios: dict[str, tuple[list[str], list[float]]] = {}
    for run in reversed(runs):
        for scenario, (letter, duration) in run.items():
            letters, durations = scenarios.setdefault(scenario, ([], []))
            letters.append(letter)
            durations.append(duration)
    return History(len(runs), {key: Past("".join(one), tuple(ms)) for key, (one, ms) in scenarios.items()})


def _names(directory: str, suffix: str) -> list[str]:
    """The files of a kind, the newest first: their names begin with their time."""
    try:
        return sorted((name for name in os.listdir(directory) if name.endswith(suffix)), reverse=True)
    except OSError:
        return []


def _read_index(path: str, info: RunInfo) -> dict[str, tuple[str, float]] | None:
    """None where it is damaged, of another format, or of a run with other labels."""
    try:
        with open(path, encoding="utf-8") as file:
            index = json.load(file)
        if index["format"] != FORMAT or index["labels"] != dict(info.labels):
            return None
        return {
            scenario: (letter, float(duration))
            for scenario, (letter, duration) in index["results"].items()
            if letter in _LETTERS.values()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def name_of(info: RunInfo) -> str:
    """What the files of a run begin with, unlike those of any other."""
    digits = "".join(character for character in info.started if character.isalnum())
    return f"{digits}-{os.urandom(4).hex()}"


def index(info: RunInfo, records: Callable[[], Iterable[str]]) -> Iterator[str]:
    """The file that later runs read, in chunks. `records` gives texts of `record_json.encode`."""
    head = {"format": FORMAT, "started": info.started, "labels": dict(info.labels)}
    yield json.dumps(head)[:-1] + ',\n"results": {'
    separator = "\n"
    for text in records():
        record = record_reading.decode(text, payloads=False)
        letter = _LETTERS.get(record.status)
        if letter is not None:
            key = key_of(record.id, (f"{name}={value}" for name, value in record.labels))
            yield f'{separator}{json.dumps(key)}: ["{letter}", {round(record.duration_ms, 3)!r}]'
            separator = ",\n"
    yield "\n}}\n"


def key_of(scenario: str, labels: Iterable[str]) -> str:
    """What a result is kept under. In merged reports an id may occur once for each cell of a matrix."""
    return " ".join((scenario, *labels))


def paths(directory: str, name: str) -> tuple[str, str]:
    """Of the index and of the report of a run."""
    return os.path.join(directory, name + _INDEX), os.path.join(directory, name + _REPORT)


def prune(directory: str) -> None:
    """Removes what is too old. Another run may do the same at the same time."""
    old = [*_names(directory, _INDEX)[KEPT_RUNS:], *_names(directory, _REPORT)[KEPT_REPORTS:]]
    for name in _names(directory, _FRESH):  # of runs that were killed while they wrote
        with contextlib.suppress(OSError):
            if os.stat(os.path.join(directory, name)).st_mtime < time.time() - _ABANDONED_S:
                old.append(name)
    for name in old:
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(directory, name))


# ---- what the results of one scenario say, the latest of them included


class Slower(NamedTuple):
    """Milliseconds: the median of the last three, and of those before."""

    now_ms: float
    before_ms: float


def slower(past: Past) -> Slower | None:
    """Whether it takes longer than it did: half as much again, in the median of its last three."""
    ran = [ms for letter, ms in zip(past.statuses, past.durations, strict=True) if letter in _GOOD]
    if len(ran) < _COMPARED + 3 or past.statuses[-1] not in _GOOD:
        return None
    now, before = _median(ran[-3:]), _median(ran[:-3])
    return Slower(now, before) if now >= before * _FACTOR and now - before >= _LEAST_MS else None


def changes(past: Past) -> int:
    """How often its result changed between good and bad, where that is often; each flaky one counts."""
    judged = [letter in _BAD for letter in past.statuses if letter != "s"]
    flips = sum(one != other for one, other in pairwise(judged))
    flaky = past.statuses.count("k")
    return flips + flaky if flips >= _FLIPS or flaky else 0


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
