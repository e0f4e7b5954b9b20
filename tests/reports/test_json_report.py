"""`report.json` is valid under its schema, whatever the records hold."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
from hypothesis import given
from hypothesis import strategies as st
from tests.reports import samples

from lambda_scenarios.reports import json_report, record_json, record_reading

if TYPE_CHECKING:
    from lambda_scenarios.model.record import EnvironmentRecord, Record, RunEnd, RunInfo

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "report.schema.json").read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def rendered(
    records: list[Record],
    info: RunInfo = samples.INFO,
    environments: list[EnvironmentRecord] | None = None,
    end: RunEnd = samples.END,
) -> str:
    counts = Counter(record.status for record in records)
    chosen = [samples.ENVIRONMENT] if environments is None else environments
    return "".join(json_report.render(info, counts, chosen, map(record_json.encode, records), end))


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_one_of_each() -> None:
    text = rendered(list(samples.ALL))
    report = json.loads(text)
    VALIDATOR.validate(report)
    assert report["schema_version"] == json_report.SCHEMA_VERSION
    assert report["summary"] == {
        "total": 8, "passed": 2, "failed": 2, "error": 1, "flaky": 1, "skipped": 1, "not run": 1
    }  # fmt: skip
    assert report["run"]["labels"] == {"python": "3.11"}
    assert report["environments"][0]["variables"] == {"TABLE": "orders-dev", "STAGE": "dev"}
    assert [result["id"] for result in report["results"]] == [record.id for record in samples.ALL]
    # Each result is a line, so that line tools can read the file.
    lines = [line.rstrip(",") for line in text.splitlines() if line.startswith('{"id":')]
    assert [record_reading.decode(line) for line in lines] == list(samples.ALL)


def test_nothing_ran() -> None:
    report = json.loads(rendered([], environments=[]))
    VALIDATOR.validate(report)
    assert (report["summary"]["total"], report["results"], report["environments"]) == (0, [], [])


def test_a_field_that_the_schema_does_not_know_is_found() -> None:
    report = json.loads(rendered([samples.FAILED]))
    report["results"][0]["attempts"][0]["invocations"][0]["surprise"] = 1
    assert not VALIDATOR.is_valid(report)


@given(
    st.lists(samples.records, max_size=3),
    samples.runs,
    st.lists(samples.environments, max_size=2),
    samples.ends
)  # fmt: skip
def test_anything(
    records: list[Record], info: RunInfo, environments: list[EnvironmentRecord], end: RunEnd
) -> None:
    text = rendered(records, info, environments, end)
    VALIDATOR.validate(json.loads(text.encode().decode()))


def test_chunks_are_bounded() -> None:
    records = (record_json.encode(samples.record(f"n{n}")) for n in range(2_000))
    chunks = list(json_report.render(samples.INFO, {"passed": 2_000}, [], records, samples.END))
    assert max(map(len, chunks)) < 100_000
    assert len(json.loads("".join(chunks))["results"]) == 2_000
