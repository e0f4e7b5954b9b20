"""What invokes a function of a template: SAM's `Events`, and what resources beside it say.

Forms: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
sam-property-function-eventsource.html.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lambda_scenarios.services import triggers
from lambda_scenarios.services.cloudformation.event_values import Values, named
from lambda_scenarios.services.cloudformation.resource_events import of_resources
from lambda_scenarios.services.triggers import Trigger

if TYPE_CHECKING:
    from lambda_scenarios.services.cloudformation.code import Resource
    from lambda_scenarios.services.cloudformation.stack import Stack


def read_template_triggers(resource: Resource, stack: Stack) -> tuple[Trigger, ...]:
    """All that the template tells: SAM's own, then those of other resources. Raises nothing."""
    found: list[Trigger] = []
    events = resource.properties.value.get("Events")
    for event in (events if isinstance(events, dict) else {}).values():
        if isinstance(event, dict) and isinstance(event.get("Type"), str):
            found.append(_of_sam(str(event["Type"]), Values(stack, event.get("Properties"))))
    if resource.properties.value.get("FunctionUrlConfig") is not None:
        found.append(triggers.function_url())
    found += of_resources(resource.name, stack)
    return _without_doubles(found)


def _of_sam(kind: str, values: Values) -> Trigger:
    read = _OF_SAM.get(kind)
    return triggers.unknown(kind) if read is None else read(values)


def _sam_http_api(values: Values) -> Trigger:
    version = values.text("PayloadFormatVersion") or "2.0"
    return triggers.http_api(values.text("Method") or "GET", values.text("Path") or "*", payload=version)


def _sam_s3(values: Values) -> Trigger:
    rules = values.raw("Filter", "S3Key", "Rules")
    ends = {"prefix": "", "suffix": ""}
    for one in rules if isinstance(rules, list) else ():
        if (
            isinstance(one, dict)
            and str(one.get("Name")).lower() in ends
            and isinstance(one.get("Value"), str)
        ):
            ends[str(one["Name"]).lower()] = str(one["Value"])
    key = f"{ends['prefix']}example{ends['suffix']}" if any(ends.values()) else None
    trigger = triggers.bucket(values.text("Bucket"), values.text("Events") or "s3:ObjectCreated:*", key)
    return named(trigger, "objects of", values.target("Bucket"))


def _sam_schedule(sample: str) -> Callable[[Values], Trigger]:
    def read(values: Values) -> Trigger:
        about = values.text("Schedule") or values.text("ScheduleExpression") or "a schedule"
        return _given(values, about) or triggers.plain(sample, about)

    return read


def _given(values: Values, about: str) -> Trigger | None:
    """`Input` is JSON in a text."""
    import json

    given = values.text("Input")
    if given is None:
        return None
    try:
        return triggers.given_input(json.loads(given), about)
    except (ValueError, RecursionError):
        return None


def _sam_rule(values: Values) -> Trigger:
    given = _given(values, "a rule with its own input")
    return given or triggers.rule(values.text("Pattern", "source"), values.text("Pattern", "detail-type"))


def _sam_queue(values: Values) -> Trigger:
    target = values.target("Queue")
    trigger = triggers.queue(values.text("Queue"))
    if target is not None and values.stack.resource(target).get("Type") == "AWS::SQS::Queue":
        fifo = Values(values.stack, values.stack.resource(target).get("Properties")).raw("FifoQueue")
        trigger = trigger._replace(sample="sqs-fifo" if fifo in (True, "true") else "sqs")
    return named(trigger, "messages of", target)


def _stream(kind: str) -> Callable[[Values], Trigger]:
    def read(values: Values) -> Trigger:
        window = values.raw("TumblingWindowInSeconds") is not None
        what = "changes of" if kind == "dynamodb" else "records of"
        return named(
            triggers.stream(kind, values.text("Stream"), window=window), what, values.target("Stream")
        )

    return read


def _of(sample: str, about: str) -> Callable[[Values], Trigger]:
    return lambda _values: triggers.plain(sample, about)


_OF_SAM: dict[str, Callable[[Values], Trigger]] = {
    "Api": lambda values: triggers.rest_api(values.text("Method") or "GET", values.text("Path") or "/"),
    "HttpApi": _sam_http_api,
    "S3": _sam_s3,
    "SNS": lambda values: named(
        triggers.topic(values.text("Topic")), "a notification of", values.target("Topic")
    ),
    "SQS": _sam_queue,
    "Kinesis": _stream("kinesis"),
    "DynamoDB": _stream("dynamodb"),
    "DocumentDB": _of("documentdb", "changes of a collection"),
    "MSK": _of("msk", "records of Kafka"),
    "SelfManagedKafka": _of("kafka", "records of Kafka"),
    "MQ": _of("activemq", "messages of ActiveMQ"),
    "Schedule": _sam_schedule("schedule"),
    "ScheduleV2": _sam_schedule("scheduler"),
    "CloudWatchEvent": _sam_rule,
    "EventBridgeRule": _sam_rule,
    "CloudWatchLogs": _of("cloudwatch-logs", "lines of a log"),
    "IoTRule": _of("iot", "a device's message"),
    "AlexaSkill": _of("alexa", "an intent of the Alexa skill"),
    "Cognito": lambda values: triggers.user_pool(values.text("Trigger") or "PreSignUp"),
}


def _without_doubles(found: list[Trigger]) -> tuple[Trigger, ...]:
    """A method and its permissions for several stages tell of one thing."""
    kept: list[Trigger] = []
    for one in found:
        if one not in kept:
            kept.append(one)
    return tuple(kept)
