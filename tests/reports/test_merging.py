"""Any reports, divided and merged: every result is there once, to the letter."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reports import samples

from lambda_scenarios.errors import UsageError
from lambda_scenarios.model.record import EnvironmentRecord, Record
from lambda_scenarios.reports import json_report, merging, record_json, record_reading, report_file, spool

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ENVIRONMENTS = tuple(EnvironmentRecord(key, (("KEY", str(key)),), "nobody's") for key in range(3))


def write(
    path: str, records: Sequence[Record], started: str = samples.INFO.started
) -> report_file.ReportFile:
    texts = [record_json.encode(record) for record in records]
    info = samples.INFO._replace(labels=(), started=started)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.writelines(json_report.render(info, {}, ENVIRONMENTS, texts, samples.END))
    return report_file.read(path, os.path.dirname(path))


def merged(
    directory: str, reports: Sequence[report_file.ReportFile], *, reruns: bool = False
) -> dict[tuple[object, str], Record]:
    writers: list[spool.SpoolWriter] = []

    def begin(info: object) -> spool.SpoolWriter:
        assert isinstance(info, type(samples.INFO))
        writers.append(spool.SpoolWriter(directory, info))
        return writers[0]

    merging.merge(reports, reruns=reruns, command=("lambda-scenarios", "merge"), spool=begin)
    found = spool.read(writers[0].path)
    records = list(found.records())
    writers[0].remove()
    assert found.damaged == 0
    keys: dict[tuple[object, str], Record] = {
        (frozenset(record.labels), record.id): record for record in records
    }
    assert len(keys) == len(records)
    return keys


def alike(record: Record) -> Record:
    """Without what `merge` numbers anew."""
    attempts = [
        attempt._replace(invocations=tuple(i._replace(worker=0, environment=0) for i in attempt.invocations))
        for attempt in record.attempts
    ]
    return record._replace(labels=(), attempts=tuple(attempts))


@settings(max_examples=50, deadline=None)
@given(
    parts=st.lists(st.lists(samples.records, max_size=3), min_size=1, max_size=4),
)
def test_any_division_is_the_whole(
    parts: list[list[Record]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    taken: set[tuple[object, str]] = set()
    divided: list[list[Record]] = []
    for part in parts:
        divided.append([])
        for drawn in part:
            # As they are read: payloads in one line, surrogates as they come back.
            record = record_reading.decode(record_json.encode(drawn))
            key = (frozenset(record.labels), record.id)
            if key not in taken:
                taken.add(key)
                divided[-1].append(record)
    directory = str(tmp_path_factory.mktemp("merge"))
    reports = [write(f"{directory}/{number}.json", part) for number, part in enumerate(divided)]
    found = merged(directory, reports)
    assert {key: alike(record) for key, record in found.items()} == {
        (frozenset(record.labels), record.id): alike(record) for part in divided for record in part
    }


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("failed", "passed"), "flaky"),
        (("error", "passed"), "flaky"),
        (("passed", "failed"), "failed"),
        (("passed", "passed"), "passed"),
        (("failed", "not run"), "failed"),
        (("not run", "passed"), "passed"),
        (("not run", "not run"), "not run"),
        (("failed", "flaky", "passed"), "flaky"),
        (("failed", "passed", "failed"), "failed"),
        (("skipped", "passed"), "passed"),
    ],
)
def test_of_repeated_runs_the_last_that_ran_decides(
    statuses: tuple[str, ...], expected: str, tmp_path: Path
) -> None:
    reports = []
    for number, status in enumerate(statuses):
        record = samples.record("one")._replace(status=status)  # type: ignore[arg-type]  # one of them
        if status in ("not run", "skipped"):
            record = record._replace(attempts=())
        started = f"2026-03-0{number + 1}T10:00:00.000Z"
        reports.append(write(str(tmp_path / f"{number}.json"), [record], started))
    (found,) = merged(str(tmp_path), list(reversed(reports)), reruns=True).values()
    assert found.status == expected
    with pytest.raises(UsageError, match="in more than one report"):
        merged(str(tmp_path), reports)
