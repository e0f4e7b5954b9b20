"""`events` through the real program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lambda_scenarios.sample_events.catalogue import SAMPLES, find
from lambda_scenarios.sample_events.samples import sample_event
from tests.program import running


def test_the_list_names_every_sample(tmp_path: Path) -> None:
    done = running.run(tmp_path, "events")
    assert (done.status, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")] == list(SAMPLES)
    listed = json.loads(running.run(tmp_path, "events", "--json").stdout)
    assert [entry["name"] for entry in listed] == list(SAMPLES)
    assert {"name", "group", "about", "aliases"} == set(listed[0])


def test_an_event_is_json_and_nothing_else(tmp_path: Path) -> None:
    done = running.run(tmp_path, "events", "httpApi", "-r", "eu-west-1")
    assert (done.status, done.stderr) == (0, "")
    assert json.loads(done.stdout) == sample_event("http-api", "eu-west-1")


@pytest.mark.parametrize(
    ("option", "path", "value"),
    [
        ("Records[0].body=hello", ("Records", 0, "body"), "hello"),
        ("Records[0].body=7", ("Records", 0, "body"), 7),
        ('Records[0].body="7"', ("Records", 0, "body"), "7"),
        ("Records[0].body=a=b", ("Records", 0, "body"), "a=b"),
        ("Records[0].body=", ("Records", 0, "body"), ""),
        ("Records[0].body={broken", ("Records", 0, "body"), "{broken"),
        ("Records[0].body=NaN", ("Records", 0, "body"), "NaN"),
        ("Records[0].body=[1e999]", ("Records", 0, "body"), "[1e999]"),
        ('Records[1]["a=b"].c=null', ("Records", 1, "a=b"), {"c": None}),
        ("added.list[0].x=[1]", ("added",), {"list": [{"x": [1]}]}),
        ("-dash=1", ("-dash",), 1),
    ],
)
def test_set_changes_it(tmp_path: Path, option: str, path: tuple[str | int, ...], value: object) -> None:
    done = running.run(tmp_path, "events", "sqs", "--set", option)
    assert (done.status, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    for step in path:
        found = found[step]
    assert found == value


def test_set_makes_what_the_event_has_as_null(tmp_path: Path) -> None:
    parameter = (
        "--set",
        "queryStringParameters.page=2",
        "--set",
        "requestContext.authorizer.claims.sub=c-42",
    )
    done = running.run(tmp_path, "events", "rest-api", *parameter)
    assert (done.status, done.stderr) == (0, "")
    event = json.loads(done.stdout)
    assert sample_event("rest-api")["queryStringParameters"] is None  # type: ignore[index,call-overload]  # JSON
    assert event["queryStringParameters"] == {"page": 2}
    assert event["requestContext"]["authorizer"] == {"claims": {"sub": "c-42"}}


@pytest.mark.parametrize(
    "name", ["cloudwatchEvent", "CloudWatchEvent", "EventBridgeRule", "IoTRule", "cognitoUserPool"]
)
def test_the_names_of_service_files_are_known(name: str) -> None:
    assert find(name) is not None


@pytest.mark.parametrize(
    ("arguments", "problem", "advice"),
    [
        (("sqqs",), "there is no sample event `sqqs`", "did you mean `sqs`"),
        (("sqs", "--set", "Records"), "--set takes LOCATION=VALUE, not `Records`", ""),
        (("sqs", "--set", "=1"), "--set takes LOCATION=VALUE, not `=1`", ""),
        (("sqs", "--set", "a[=1"), "--set a[=1: `a[` is no location", "as in a.b"),
        (("sqs", "--set", "Records.x=1"), "`Records.x` can't be set: Records is an array", ""),
        (("--set", "a=1"), "--set is about one event", ""),
        (("-r", "eu-west-1"), "--region is about one event", ""),
        (("sqs", "sns"), "`sns` is one too many", ""),
    ],
)
def test_mistakes(tmp_path: Path, arguments: tuple[str, ...], problem: str, advice: str) -> None:
    done = running.run(tmp_path, "events", *arguments)
    assert (done.status, done.stdout) == (2, "")
    assert problem in done.stderr
    assert advice in done.stderr
