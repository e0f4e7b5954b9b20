"""Sample events in themselves: digests and encodings are right, accounts and keys are made up."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambda_scenarios import schemas
from lambda_scenarios.errors import UsageError
from lambda_scenarios.sample_events import samples
from lambda_scenarios.sample_events.catalogue import SAMPLES, find
from lambda_scenarios.sample_events.samples import sample_event

DATA = Path(samples.__file__).parent / "data"


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in it, those in strings of JSON too."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _objects(item)
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            inner = json.loads(value)
        except ValueError:
            return
        yield from _objects(inner)


every = pytest.mark.parametrize("name", SAMPLES)


def test_each_has_its_file_and_its_place_in_the_schema() -> None:
    assert {path.stem for path in DATA.glob("*.json")} == SAMPLES.keys()
    assert schemas.load("scenario")["definitions"]["event_from"]["examples"] == list(SAMPLES)
    names = [*SAMPLES, *(alias for sample in SAMPLES.values() for alias in sample.aliases)]
    assert len(names) == len(set(names))
    assert all(name == name.lower() for name in names)


@every
def test_digests_are_right(name: str) -> None:
    for one in _objects(sample_event(name)):
        if "md5OfBody" in one:
            assert one["md5OfBody"] == hashlib.md5(one["body"].encode()).hexdigest()
        if "md5OfMessageAttributes" in one:
            assert one["md5OfMessageAttributes"] == _of_attributes(one["messageAttributes"])


def test_digests_of_attributes_are_those_of_sqs(monkeypatch: pytest.MonkeyPatch) -> None:
    """As moto's SQS answers."""
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "testing")
    event: Any = sample_event("sqs")
    first = event["Records"][0]
    with mock_aws():
        client = boto3.client("sqs", region_name="us-east-1")
        sent = client.send_message(
            QueueUrl=client.create_queue(QueueName="orders")["QueueUrl"],
            MessageBody=first["body"],
            MessageAttributes={
                key: {"DataType": item["dataType"], "StringValue": item["stringValue"]}
                for key, item in first["messageAttributes"].items()
            },
        )
    assert sent["MD5OfMessageBody"] == first["md5OfBody"]
    assert sent["MD5OfMessageAttributes"] == first["md5OfMessageAttributes"]


def _of_attributes(attributes: dict[str, dict[str, str]]) -> str:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html"""
    text = b""
    for key, item in sorted(attributes.items()):
        for part in (key, item["dataType"]):
            text += struct.pack(">I", len(part.encode())) + part.encode()
        value = item["stringValue"].encode()
        text += b"\x01" + struct.pack(">I", len(value)) + value
    return hashlib.md5(text).hexdigest()


@every
def test_payloads_can_be_read(name: str) -> None:
    def decoded(text: str) -> bytes:
        return base64.b64decode(text, validate=True)

    for one in _objects(sample_event(name)):
        if name.startswith(("kinesis", "firehose", "activemq", "rabbitmq")) and isinstance(
            one.get("data"), str
        ):
            payload = decoded(one["data"])
            if name == "firehose-cloudwatch-logs":
                payload = gzip.decompress(payload)
            assert one.get("messageType") == "jms/bytes-message" or json.loads(payload)
        if name in ("msk", "kafka") and "offset" in one:
            assert json.loads(decoded(one["value"])) and decoded(one["key"])
        if "awslogs" in one:
            logs = json.loads(gzip.decompress(decoded(one["awslogs"]["data"])))
            assert logs["messageType"] == "DATA_MESSAGE" and logs["logEvents"]


@every
def test_everything_is_of_the_made_up_account(name: str) -> None:
    text = (DATA / f"{name}.json").read_text(encoding="utf-8")
    assert set(re.findall(r"arn:aws[\w-]*:[\w-]+:[\w-]*:(\d+):", text)) <= {"123456789012"}
    assert set(re.findall(r"\b(?:AKIA|ASIA)\w{8,}", text)) <= {"AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"}
    regions = re.findall(r"\b(?:us|eu|ap|sa|ca|me|af)-(?:\w+)-\d\b", text)
    assert set(regions) <= {samples.REGION}
    addresses = set(re.findall(r"\b\d+\.\d+\.\d+\.\d+\b", text))
    assert all(one.startswith(("192.0.2.", "198.51.100.", "203.0.113.", "10.")) for one in addresses)


@every
def test_the_region_is_that_of_the_service(name: str) -> None:
    event = sample_event(name, "eu-west-1")
    text = json.dumps(event)
    assert samples.REGION not in text
    assert json.loads(text.replace("eu-west-1", samples.REGION)) == sample_event(name) or "md5OfBody" in text
    for one in _objects(event):
        if "md5OfBody" in one:
            assert one["md5OfBody"] == hashlib.md5(one["body"].encode()).hexdigest()


def test_sources_that_batch_have_several_records() -> None:
    for name in ("sqs", "sqs-fifo", "sqs-sns", "kinesis", "dynamodb", "firehose", "kinesis-analytics"):
        event: Any = sample_event(name)
        assert len(event.get("Records", event.get("records"))) > 1


@pytest.mark.parametrize(
    "name", ["http", "httpApi", "stream", "SQS", "alexaSkill", "cloudwatchLog", "eventBridge"]
)
def test_other_names_are_known(name: str) -> None:
    assert find(name) is not None


@pytest.mark.parametrize(
    ("wrong", "advised"),
    [
        ("sq", "`sqs`"),
        ("dynamdb", "`dynamodb`"),
        ("cognito-presignup", "`cognito-pre-sign-up`"),
        ("api-gatway", "`rest-api`"),
        ("qqqq", "lists them all"),
        ("", "lists them all"),
    ],
)
def test_a_wrong_name_is_told_with_the_nearest(wrong: str, advised: str) -> None:
    with pytest.raises(UsageError) as raised:
        sample_event(wrong)
    (told,) = raised.value.diagnostics
    assert told.problem == f"there is no sample event `{wrong}`"
    assert advised in " ".join(told.notes)
