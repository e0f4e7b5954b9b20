"""One set of reports out of those of shards, cells and repeated runs.

Each result is known by its labels and its id. All of them go through a spool, as those of a run do, so that
reports are made of them in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from lambda_scenarios import __version__
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.record import (
    CoverageRecord,
    EnvironmentRecord,
    Planned,
    Record,
    RunEnd,
    RunInfo,
)
from lambda_scenarios.reports.report_file import ReportFile
from lambda_scenarios.reports.rerun import conditions
from lambda_scenarios.reports.spool import SpoolWriter
from lambda_scenarios.scenarios.discover import natural

Labels = tuple[tuple[str, str], ...]
_Key = tuple[Labels, str]  # all labels of a result, and its id

_SHOWN = 5  # of results that stand in several reports
_BAD = frozenset(("failed", "error", "flaky"))
_AT_ONCE = 200  # records written with one system call


class _Seen(NamedTuple):
    """Where a result stands (numbers of reports), and what it is."""

    reports: list[int]
    planned: Planned


def merge(
    reports: Sequence[ReportFile],
    *,
    reruns: bool,
    command: tuple[str, ...],
    spool: Callable[[RunInfo], SpoolWriter],
    coverage: CoverageRecord | None = None,
) -> tuple[str, ...]:
    """Writes all results to a new spool, each once, and the `coverage` of all runs; returns what is missing
    or doesn't fit, a line each.

    With `reruns`, the attempts of results that stand in several reports are united, in the order of their
    runs. Raises UsageError where they aren't wanted, or a report can't be read.
    """
    if reruns:
        reports = sorted(reports, key=lambda report: report.info.started)
    common = _common(reports)
    found, workers = _found(reports, common)
    if not reruns:
        _refuse_repeated(found, reports)
    gaps = _gaps(reports, reruns=reruns)
    writer = spool(_info(reports, common, command))
    cells = {labels: number for number, labels in enumerate(dict.fromkeys(labels for labels, _ in found))}
    for key in sorted(found, key=lambda key: (cells[key[0]], *_place(found[key].planned))):
        writer.planned([found[key].planned])
    records = _records(reports, found, common, _Environments(writer), workers)
    for written, record in enumerate(records, 1):
        writer.result(record)
        if written % _AT_ONCE == 0:
            writer.flush()
    if coverage is not None:
        writer.coverage(coverage)
    writer.end(_end(reports, gaps))
    writer.flush()
    return gaps


def _found(reports: Sequence[ReportFile], common: Labels) -> tuple[dict[_Key, _Seen], list[int]]:
    """Every result, and the number before that of the first worker of each report."""
    found: dict[_Key, _Seen] = {}
    workers = [0]
    for number, report in enumerate(reports):
        most = 0
        for record in report.records(payloads=False):
            key = _key(report, record)
            seen = found.get(key)
            if seen is None:
                labels = _without(key[0], common)
                planned = Planned(record.id, record.file, record.line, record.name, record.function, labels)
                seen = found[key] = _Seen([], planned)
            seen.reports.append(number)
            most = max((most, *(i.worker for a in record.attempts for i in a.invocations)))
        workers.append(workers[-1] + most)
    return found, workers


def _key(report: ReportFile, record: Record) -> _Key:
    return tuple(sorted({**dict(report.info.labels), **dict(record.labels)}.items())), record.id


def _common(reports: Sequence[ReportFile]) -> Labels:
    """The labels that all reports have alike: they say nothing about single results."""
    shared = set(reports[0].info.labels).intersection(*(report.info.labels for report in reports))
    return tuple(pair for pair in reports[0].info.labels if pair in shared)


def _without(labels: Labels, common: Labels) -> Labels:
    return tuple(pair for pair in labels if pair not in common)


def _place(planned: Planned) -> tuple[object, ...]:
    """Files in the order in which they are found, the scenarios of each in theirs."""
    return natural(planned.file), planned.line, natural(planned.name)


def _refuse_repeated(found: Mapping[_Key, _Seen], reports: Sequence[ReportFile]) -> None:
    repeated = [(key, seen.reports) for key, seen in found.items() if len(seen.reports) > 1]
    if not repeated:
        return
    notes = [
        f"{_shown(labels, name)}: {' and '.join(reports[number].shown for number in numbers)}"
        for (labels, name), numbers in repeated[:_SHOWN]
    ]
    if len(repeated) > _SHOWN:
        notes.append(f"and {len(repeated) - _SHOWN} more")
    one = len(repeated) == 1
    raise UsageError(
        Diagnostic(
            f"{'a result stands' if one else f'{len(repeated)} results stand'} in more than one report",
            notes=(
                *notes,
                "--reruns unites the attempts of runs that were repeated",
                "`run --label K=V` tells the cells of a matrix apart",
            ),
        )
    )


def _shown(labels: Labels, name: str) -> str:
    return " ".join((name, *(f"[{key}={value}]" for key, value in labels)))


def _gaps(reports: Sequence[ReportFile], *, reruns: bool) -> tuple[str, ...]:
    """Shards that are missing, runs that ended early (with `reruns`, but for those that were repeated to the
    end), shards that were not made of the same suite."""
    ended = {_part(report) for report in reports if report.end.interrupted is None}
    divisions: dict[tuple[Labels, int], dict[str, set[int]]] = {}
    gaps: list[str] = []
    for report in reports:
        shard = report.info.shard
        if report.end.interrupted is not None and not (reruns and _part(report) in ended):
            part = report.shown if shard is None else f"shard {shard.number}/{shard.of}"
            gaps.append(f"{_shown(report.info.labels, part)}: {report.end.interrupted}")
        if shard is not None:
            plans = divisions.setdefault((report.info.labels, shard.of), {})
            plans.setdefault(shard.plan, set()).add(shard.number)
    for (labels, of), plans in divisions.items():
        there = set().union(*plans.values())
        gaps += (_shown(labels, gap) for gap in _missing(there, of))
        whole = any(len(numbers) == of for numbers in plans.values())
        if len(plans) > 1 and not whole:
            gaps.append(
                f"{_shown(labels, f'the shards of {of}')} were not made of the same scenarios and timings: "
                "some may have run twice, or not at all"
            )
    return tuple(gaps)


def _part(report: ReportFile) -> tuple[Labels, tuple[int, int] | None]:
    """Which part of a matrix a run was."""
    shard = report.info.shard
    return report.info.labels, None if shard is None else (shard.number, shard.of)


def _missing(there: Set[int], of: int) -> Iterator[str]:
    """The shards that aren't there, neighbours in one."""
    before = 0
    for number in (*sorted(there), of + 1):
        if number - before == 2:
            yield f"shard {number - 1}/{of} is missing"
        elif number - before > 2:
            yield f"the shards {before + 1} to {number - 1} of {of} are missing"
        before = number


def _info(reports: Sequence[ReportFile], common: Labels, command: tuple[str, ...]) -> RunInfo:
    infos = [report.info for report in reports]
    alike = {tuple(conditions(info.command)) for info in infos}
    if len(alike) == 1:  # then failures are told with the command that repeats them
        command = ("lambda-scenarios", "run", *alike.pop())
    return RunInfo(
        version=__version__,
        started=min(info.started for info in infos),
        seed=", ".join(dict.fromkeys(info.seed for info in infos)),
        command=command,
        labels=common,
        services=tuple(dict.fromkeys(service for info in infos for service in info.services)),
        jobs=sum(info.jobs for info in infos),
    )


def _end(reports: Sequence[ReportFile], gaps: Sequence[str]) -> RunEnd:
    """They ran at the same time: the longest says how long it took."""
    ends = [report.end for report in reports]
    return RunEnd(
        max(end.wall_ms for end in ends),
        "; ".join(gaps) or None,
        tuple(dict.fromkeys(one for end in ends for one in end.stale_snapshots)),
        tuple(dict.fromkeys(one for end in ends for one in end.removed_snapshots)),
    )


class _Environments:
    """Numbers those of all reports anew, equal ones once."""

    def __init__(self, writer: SpoolWriter) -> None:
        self._writer = writer
        self._numbers: dict[tuple[Labels, str], int] = {}

    def of(self, report: ReportFile) -> dict[int, int]:
        """The new number of each of a report's environments."""
        found = {}
        for environment in report.environments:
            content = environment.variables, environment.identity
            if content not in self._numbers:
                self._numbers[content] = len(self._numbers) + 1
                self._writer.environment(EnvironmentRecord(self._numbers[content], *content))
            found[environment.key] = self._numbers[content]
        return found


def _records(
    reports: Sequence[ReportFile],
    found: Mapping[_Key, _Seen],
    common: Labels,
    environments: _Environments,
    workers: Sequence[int],
) -> Iterator[Record]:
    """Every result once; those of several reports when the last of these is read."""
    waiting: dict[_Key, list[Record]] = {}
    for number, report in enumerate(reports):
        numbers = environments.of(report)
        for record in report.records():
            key = _key(report, record)
            moved = renumbered(record, numbers, workers[number])
            moved = moved._replace(labels=_without(key[0], common))
            if len(found[key].reports) == 1:
                yield moved
                continue
            runs = waiting.setdefault(key, [])
            runs.append(moved)
            if len(runs) == len(found[key].reports):
                yield _united(waiting.pop(key))


def renumbered(record: Record, environments: Mapping[int, int], workers: int) -> Record:
    """The same with the numbers that environments have elsewhere, and those of workers after so many."""
    attempts = [
        attempt._replace(
            invocations=tuple(
                i._replace(
                    environment=environments.get(i.environment, i.environment), worker=i.worker + workers
                )
                for i in attempt.invocations
            )
        )
        for attempt in record.attempts
    ]
    return record._replace(attempts=tuple(attempts))


def _united(runs: Sequence[Record]) -> Record:
    """What several runs found of one scenario, in their order: the last that ran it decides."""
    ran = [run for run in runs if run.attempts] or list(runs[-1:])
    last = ran[-1]
    attempts = tuple(attempt for run in ran for attempt in run.attempts)
    flaky = last.status == "passed" and any(run.status in _BAD for run in ran[:-1])
    return last._replace(attempts=attempts, status="flaky" if flaky else last.status)
