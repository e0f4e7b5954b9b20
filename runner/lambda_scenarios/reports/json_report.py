"""`report.json`: the whole run for other programs (schemas/report.schema.json)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from lambda_scenarios.reports import record_json

if TYPE_CHECKING:
    from lambda_scenarios.model.record import CoverageRecord, EnvironmentRecord, RunEnd, RunInfo, Status

# Raised where a reader of the old form would misread the new one.
SCHEMA_VERSION = 1
# The line before the results, which have one line each.
RESULTS = '"results":[\n'

STATUSES: tuple[Status, ...] = ("passed", "failed", "error", "flaky", "skipped", "not run")


def render(
    info: RunInfo,
    counts: Mapping[Status, int],
    environments: Iterable[EnvironmentRecord],
    records: Iterable[str],
    end: RunEnd,
    coverage: CoverageRecord | None = None,
) -> Iterator[str]:
    """The report in chunks. `records` are texts of `record_json.encode`; each takes a line of its own."""
    covered = "" if coverage is None else f'"coverage":{record_json.encode_coverage(coverage)},\n'
    summary = ",".join(f'"{status}":{counts.get(status, 0)}' for status in STATUSES)
    yield (
        f'{{"schema_version":{SCHEMA_VERSION},\n"run":{record_json.encode_run(info)},\n'
        f'"end":{record_json.encode_end(end)},\n'
        f'"summary":{{"total":{sum(counts.values())},{summary}}},\n{covered}"environments":['
    )
    yield ",".join("\n" + record_json.encode_environment(environment) for environment in environments)
    yield f"],\n{RESULTS}"
    chunk: list[str] = []
    size = 0
    separator = ""
    for text in records:
        chunk.append(separator + text)
        separator = ",\n"
        size += len(text)
        if size > 1 << 16:
            yield "".join(chunk)
            chunk.clear()
            size = 0
    yield "".join(chunk) + ("\n]}\n" if separator else "]}\n")
