"""CTRF: valid under the schema that its project publishes, and readable by its own reader."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reports import samples
from tests.services import npm_packages

from lambda_scenarios.model.record import AttemptRecord, Record, RunEnd, RunInfo
from lambda_scenarios.reports import ctrf, record_json


@pytest.fixture(scope="module")
def validator() -> Any:
    package = npm_packages.installed("ctrf@0.3.0") / "node_modules" / "ctrf"
    schema = json.loads((package / "dist" / "ctrf-schema-0.0.json").read_text())
    return jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())


def chunks(records: tuple[Record, ...], info: RunInfo = samples.INFO, end: RunEnd = samples.END) -> list[str]:
    counts = Counter(record.status for record in records)
    return list(ctrf.render(info, counts, lambda: map(record_json.encode, records), end))


def document(records: tuple[Record, ...], info: RunInfo = samples.INFO, end: RunEnd = samples.END) -> Any:
    return json.loads("".join(chunks(records, info, end)).encode())


def test_one_of_each(validator: Any) -> None:
    found = document(samples.ALL)
    validator.validate(found)
    results = found["results"]
    assert results["summary"] == {
        "tests": 8, "passed": 3, "failed": 3, "skipped": 1, "pending": 1, "other": 0, "flaky": 1,
        "start": 1772359200123, "stop": 1772359200963, "duration": 840,
    }  # fmt: skip
    assert [(test["rawStatus"], test["status"]) for test in results["tests"]] == [
        ("passed", "passed"),
        ("failed", "failed"),
        ("failed", "failed"),
        ("flaky", "passed"),
        ("passed", "passed"),
        ("skipped", "skipped"),
        ("error", "failed"),
        ("not run", "pending"),
    ]
    assert Counter(test["status"] for test in results["tests"]) == {
        name: results["summary"][name] for name in ("passed", "failed", "skipped", "pending")
    }


def test_a_failure_says_what_and_where() -> None:
    (test,) = document((samples.FAILED,))["results"]["tests"]
    assert test["testId"] == f"{samples.FILE}::keeps the customer's currency"
    assert test["message"] == 'output.body.total.currency: expected "USD", found "EUR"'
    assert f"{samples.FILE}:31:24" in test["trace"]
    assert '+     "currency": "EUR"' in test["trace"]
    assert test["stdout"] == ["currency of c-42 not found, falling back to EUR", "order o-17 stored"]
    assert (test["line"], test["filePath"], test["suite"]) == (25, samples.FILE, [samples.FILE])
    assert test["start"] == 1772359201500
    assert test["labels"] == {"python": "3.11"}


def test_attempts_are_kept() -> None:
    (test,) = document((samples.FLAKY,))["results"]["tests"]
    assert (test["flaky"], test["retries"]) == (True, 1)
    assert [(each["attempt"], each["status"]) for each in test["retryAttempts"]] == [
        (1, "failed"),
        (2, "passed"),
    ]
    assert "USD" in test["retryAttempts"][0]["message"]
    assert "message" not in test["retryAttempts"][1]


def test_steps(validator: Any) -> None:
    first, second = samples.invocation(step="create"), samples.invocation(step="fetch")
    attempt = AttemptRecord("failed", (first, second), not_run=("delete",))
    found = document((samples.record(status="failed", attempts=(attempt,)),))
    validator.validate(found)
    steps = found["results"]["tests"][0]["steps"]
    assert [(step["name"], step["status"]) for step in steps] == [
        ("create", "passed"),
        ("fetch", "failed"),
        ("delete", "pending"),
    ]


def test_a_warm_check_is_no_retry(validator: Any) -> None:
    attempts = tuple(AttemptRecord("passed", (samples.invocation(),), kind) for kind in ("cold", "warm"))
    found = document((samples.record(attempts=attempts),))
    validator.validate(found)
    assert "retries" not in found["results"]["tests"][0]


def test_what_never_ran_says_why() -> None:
    skipped, error, not_run = document((samples.SKIPPED, samples.ERROR, samples.NOT_RUN))["results"]["tests"]
    assert (skipped["message"], not_run["message"]) == ("needs SES", "--max-time")
    assert error["message"] == "scenario needs Ruby 3.3, which isn't on this machine"
    assert "apt-get install ruby" in error["trace"]


def test_nothing_ran(validator: Any) -> None:
    found = document(())
    validator.validate(found)
    assert found["results"]["tests"] == []


@given(st.lists(samples.records, max_size=3).map(tuple), samples.runs, samples.ends)
def test_anything(validator: Any, records: tuple[Record, ...], info: RunInfo, end: RunEnd) -> None:
    found = document(records, info, end)
    validator.validate(found)
    assert [test["filePath"] for test in found["results"]["tests"]] == [record.file for record in records]


def test_chunks_are_bounded() -> None:
    many = tuple(samples.record(f"number {number}") for number in range(1_000))
    assert max(map(len, chunks(many))) < 200_000
