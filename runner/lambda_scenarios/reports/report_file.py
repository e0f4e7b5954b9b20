"""A `report.json` of an earlier run, read again: for `merge`, and for the times of `--timings`.

Its results stand one a line, as they did in the spool, and are handed on as these texts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn, get_args

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.record import CoverageRecord, EnvironmentRecord, Record, RunEnd, RunInfo, Status
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.reports import record_reading
from lambda_scenarios.reports.json_report import RESULTS, SCHEMA_VERSION

_STATUSES = frozenset(get_args(Status))


class ReportFile(NamedTuple):
    """All of a report but its results. `results` says where in the file these begin, in bytes; None in a file
    that another program has laid out anew."""

    path: str
    shown: str  # the path, for messages
    info: RunInfo
    end: RunEnd
    environments: tuple[EnvironmentRecord, ...]
    results: int | None
    coverage: CoverageRecord | None = None

    def records(self, payloads: bool = True) -> Iterator[Record]:
        """The results, one after another. Raises UsageError where one can't be read."""
        for record in self._decoded(payloads):
            try:
                _check_record(record)
            except ValueError as problem:
                self._refuse_result(problem)
            yield record

    def _decoded(self, payloads: bool) -> Iterator[Record]:
        try:
            if self.results is None:
                yield from map(record_reading.decode_value, _whole(self.path, self.shown)["results"])
                return
            for text in self._texts(self.results):
                yield record_reading.decode(text, payloads)
        except (ValueError, TypeError) as problem:
            self._refuse_result(problem)

    def _refuse_result(self, problem: Exception) -> NoReturn:
        _refuse(self.shown, f"one of its results can't be read: {problem}")

    def _texts(self, begin: int) -> Iterator[str]:
        with open(self.path, "rb") as file:
            file.seek(begin)
            for line in file:
                if line[:1] != b"{":
                    if line[:1] == b"]":
                        return
                    break
                if line[-1:] != b"\n":
                    break
                yield line.rstrip(b",\n").decode("utf-8", "replace")
        _refuse(self.shown, "it is cut off: the run was killed, or it was copied in part")


def read(path: str, cwd: str) -> ReportFile:
    """The report at `path` (relative to `cwd`).

    Raises UsageError where it can't be read, is no report of this program, or one of another version.
    """
    shown = shown_path(os.path.join(cwd, path), cwd)
    path = os.path.join(cwd, path)
    lines: list[bytes] = []
    results: int | None = None
    try:
        with open(path, "rb") as file:
            for line in file:
                if line == RESULTS.encode():
                    results = file.tell()
                    break
                lines.append(line)
    except OSError as problem:
        raise UsageError(Diagnostic(f"can't read {shown}: {problem.strerror}")) from None
    beginning = b"".join(lines) + b'"results":[]}'
    head = _whole(path, shown) if results is None else _parsed(beginning, shown)
    version = head.get("schema_version")
    if "run" not in head or "results" not in head or version is None:
        _refuse(shown, "it is no report.json of lambda-scenarios")
    if version != SCHEMA_VERSION:
        made_by = head["run"].get("version") if isinstance(head["run"], dict) else None
        raise UsageError(
            Diagnostic(
                f"{shown} is a report of version {version}, and this program reads version {SCHEMA_VERSION}",
                notes=(f"it was written by lambda-scenarios {made_by}: all jobs need the same release",)
                if made_by
                else (),
            )
        )
    try:
        info = record_reading.decode_run(json.dumps(head["run"]))
        end = record_reading.decode_end(json.dumps(head["end"]))
        _check_run(info, end)
        return ReportFile(
            path,
            shown,
            info,
            end,
            tuple(record_reading.decode_environment(json.dumps(one)) for one in head["environments"]),
            results,
            record_reading.decode_coverage(json.dumps(head["coverage"])) if "coverage" in head else None,
        )
    except (KeyError, TypeError, ValueError) as problem:
        _refuse(shown, f"it isn't what this release of lambda-scenarios writes: {problem}")


def _check_run(info: RunInfo, end: RunEnd) -> None:
    """Raises ValueError where a value is none of its type: somebody has changed the file."""
    texts = {
        "version": (info.version,),
        "started": (info.started,),
        "seed": (info.seed,),
        "command": info.command,
        "labels": tuple(text for label in info.labels for text in label),
        "services": info.services,
        "interrupted": () if end.interrupted is None else (end.interrupted,),
        "snapshots": (*end.stale_snapshots, *end.removed_snapshots),
    }
    for name, values in texts.items():
        if not all(isinstance(value, str) for value in values):
            raise ValueError(f"`{name}` must be text")
    shard = info.shard
    numbers = (info.jobs,) if shard is None else (info.jobs, shard.number, shard.of)
    if not all(type(value) is int for value in numbers) or not isinstance(end.wall_ms, (int, float)):
        raise ValueError("a number is none")
    if shard is not None and not (1 <= shard.number <= shard.of and isinstance(shard.plan, str)):
        raise ValueError("there is no such shard")


def _check_record(record: Record) -> None:
    """The same of what is asked of each result."""
    texts = (record.id, record.file, record.name, record.function)
    labels = (text for label in record.labels for text in label)
    if not all(isinstance(text, str) for text in (*texts, *labels)):
        raise ValueError("not a record: a text is none")
    if type(record.line) is not int or not isinstance(record.duration_ms, (int, float)):
        raise ValueError("not a record: a number is none")
    if record.status not in _STATUSES:
        raise ValueError(f"not a record: there is no status {record.status!r}")


def _whole(path: str, shown: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            return _parsed(file.read(), shown)
    except OSError as problem:
        raise UsageError(Diagnostic(f"can't read {shown}: {problem.strerror}")) from None


def _parsed(text: bytes, shown: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        _refuse(shown, "it is no JSON, or only the beginning of a report")
    if not isinstance(value, dict):
        _refuse(shown, "it is no report.json of lambda-scenarios")
    return value


def _refuse(shown: str, reason: str) -> NoReturn:
    raise UsageError(Diagnostic(f"{shown} can't be used: {reason}"))
