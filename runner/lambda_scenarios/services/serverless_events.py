"""What invokes a function of a serverless.yml: its `events`, and `url`.

Forms: Serverless Framework 3, docs/providers/aws/events/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lambda_scenarios.model.values import Json
from lambda_scenarios.services import triggers
from lambda_scenarios.services.javascript_text import text_in_text
from lambda_scenarios.services.triggers import Trigger
from lambda_scenarios.services.variables import Located, Resolver, UnresolvableError

# What only AWS could tell is left as it is in the sample: `init` asks nobody.
_OF_AWS = re.compile(r"\$\{(?:cf|ssm|s3|aws|file\([^)]*\.[cm]?[jt]s)")


def read_triggers(
    resolver: Resolver, key: str, function: Located, functions: Iterable[Located]
) -> tuple[Trigger, ...]:
    """All that can be known of them, in the order of the file: those of the function `key`, and those of all
    `functions` that name it as their authorizer. Raises nothing."""
    found: list[Trigger] = []
    for located in _items(resolver, function):
        found += _of_event(_Event(resolver, located))
    try:
        url = resolver.follow(function, ("url",))
    except UnresolvableError:
        url = None
    if url is not None and url.value is not False:
        found.append(triggers.function_url())
    for located in (item for one in functions for item in _items(resolver, one)):
        trigger = _authorized(_Event(resolver, located), key)
        if trigger is not None and trigger not in found:
            found.append(trigger)
    return tuple(found)


def _items(resolver: Resolver, function: Located) -> Iterator[Located]:
    try:
        events = resolver.follow(function, ("events",))
    except UnresolvableError:
        return
    if events is None or not isinstance(events.value, list):
        return
    for index, item in enumerate(events.value):
        try:
            settled = resolver.settle(Located(item, events.origin.at(index)))
        except UnresolvableError:
            continue
        if isinstance(settled.value, dict):
            for kind in settled.value:
                yield Located({kind: settled.value[kind]}, settled.origin)
        elif isinstance(settled.value, str):
            yield Located({settled.value: None}, settled.origin)


class _Event:
    """One event: its kind, and what can be read of it."""

    def __init__(self, resolver: Resolver, located: Located) -> None:
        assert isinstance(located.value, dict)
        (self.kind,) = located.value
        self._resolver = resolver
        self._located = located

    def value(self, *path: str) -> Any:
        """The value there with all variables resolved; None where there is none, or it can't be had here."""
        if self._asks_aws(path):
            return None
        try:
            found = self._resolver.follow(self._located, (self.kind, *path))
            return None if found is None else self._resolver.deep(found)
        except UnresolvableError:
            return None

    def text(self, *path: str) -> str | None:
        value = self.value(*path)
        return text_in_text(value) if not isinstance(value, (dict, list)) else None

    def first(self, *path: str) -> str | None:
        """The text there, or the first of a list of them."""
        value = self.value(*path)
        if isinstance(value, list):
            value = value[0] if value else None
        return text_in_text(value) if not isinstance(value, (dict, list)) else None

    def of_provider(self, *path: str) -> str | None:
        try:
            found = self._resolver.lookup("provider", *path)
        except UnresolvableError:
            return None
        return None if found is None else text_in_text(found.value)

    def _asks_aws(self, path: tuple[str, ...]) -> bool:
        value: Json = self._located.value
        for key in (self.kind, *path):
            if not isinstance(value, dict):
                break
            value = value.get(key)
        return isinstance(value, str) and _OF_AWS.search(value) is not None


def _authorized(event: _Event, key: str) -> Trigger | None:
    """What the function `key` gets as the authorizer of an event of another's."""
    if event.kind in ("http", "websocket"):
        named = event.text("authorizer") or event.text("authorizer", "name")
        if named != key or event.text("authorizer", "arn") is not None:
            return None
        kind = event.text("authorizer", "type") or "token"
        return triggers.authorizer(token=event.kind == "http" and kind.lower() == "token")
    if event.kind == "httpApi":
        name = event.text("authorizer") or event.text("authorizer", "name")
        if name is not None and event.of_provider("httpApi", "authorizers", name, "functionName") == key:
            version = event.of_provider("httpApi", "authorizers", name, "payloadVersion")
            return triggers.authorizer(payload=version or "2.0")
    return None


def _of_event(event: _Event) -> list[Trigger]:
    read = _READERS.get(event.kind)
    return [triggers.unknown(event.kind)] if read is None else [read(event)]


def _route(event: _Event) -> tuple[str, str]:
    """Method and path: `GET /path` as a text, or two keys."""
    text = event.text()
    if text is None:
        return event.text("method") or "GET", event.text("path") or "/"
    method, _, path = text.strip().partition(" ")
    return (method, path.strip() or "*") if path or method != "*" else ("GET", "*")


def _http(event: _Event) -> Trigger:
    method, path = _route(event)
    return triggers.rest_api(method, "/" if path == "*" else path)


def _http_api(event: _Event) -> Trigger:
    method, path = _route(event)
    return triggers.http_api(method, path, payload=event.of_provider("httpApi", "payload") or "2.0")


def _websocket(event: _Event) -> Trigger:
    return triggers.websocket(event.text() or event.text("route") or "$default")


def _alb(event: _Event) -> Trigger:
    return triggers.alb(
        event.first("conditions", "method") or "GET",
        event.first("conditions", "path") or "/",
        multi_value=event.value("multiValueHeaders") is True,
    )


def _s3(event: _Event) -> Trigger:
    name = event.text() or event.text("bucket")
    rules = event.value("rules")
    ends = {"prefix": "", "suffix": ""}
    for one in rules if isinstance(rules, list) else ():
        if isinstance(one, dict):
            ends.update({key: str(one[key]) for key in ends if one.get(key) is not None})
    key = f"{ends['prefix']}example{ends['suffix']}" if any(ends.values()) else None
    return triggers.bucket(name, event.text("event") or "s3:ObjectCreated:*", key)


def _schedule(event: _Event) -> Trigger:
    rate = event.text() or event.first("rate") or "a schedule"
    given = event.value("input")
    if given is not None:
        return triggers.given_input(given, rate)
    return triggers.plain("scheduler" if event.text("method") == "scheduler" else "schedule", rate)


def _sns(event: _Event) -> Trigger:
    return triggers.topic(event.text() or event.text("arn") or event.text("topicName"))


def _sqs(event: _Event) -> Trigger:
    return triggers.queue(event.text() or event.text("arn"))


def _stream(event: _Event) -> Trigger:
    arn = event.text() or event.text("arn")
    kind = event.text("type") or ("dynamodb" if ":dynamodb:" in (arn or "") else "kinesis")
    window = event.value("tumblingWindowInSeconds") is not None
    return triggers.stream("dynamodb" if kind == "dynamodb" else "kinesis", arn, window=window)


def _event_bridge(event: _Event) -> Trigger:
    given = event.value("input")
    if given is not None:
        return triggers.given_input(given, "a rule with its own input")
    if event.value("schedule") is not None and event.value("pattern") is None:
        return triggers.plain("schedule", event.first("schedule") or "a schedule")
    return triggers.rule(event.first("pattern", "source"), event.first("pattern", "detail-type"))


def _cloudwatch_event(event: _Event) -> Trigger:
    given = event.value("input")
    if given is not None:
        return triggers.given_input(given, "a rule with its own input")
    return triggers.rule(event.first("event", "source"), event.first("event", "detail-type"))


def _of(sample: str, about: str) -> Callable[[_Event], Trigger]:
    return lambda _event: triggers.plain(sample, about)


_READERS: dict[str, Callable[[_Event], Trigger]] = {
    "http": _http,
    "httpApi": _http_api,
    "websocket": _websocket,
    "alb": _alb,
    "s3": _s3,
    "schedule": _schedule,
    "sns": _sns,
    "sqs": _sqs,
    "stream": _stream,
    "eventBridge": _event_bridge,
    "cloudwatchEvent": _cloudwatch_event,
    "cognitoUserPool": lambda event: triggers.user_pool(event.text("trigger") or "PreSignUp"),
    "cloudFront": lambda event: triggers.edge(event.text("eventType") or "viewer-request"),
    "cloudwatchLog": _of("cloudwatch-logs", "lines of a log"),
    "iot": _of("iot", "a device's message"),
    "iotFleetProvisioning": _of("iot-provisioning", "a device is to be provisioned"),
    "msk": _of("msk", "records of Kafka"),
    "kafka": _of("kafka", "records of Kafka"),
    "activemq": _of("activemq", "messages of ActiveMQ"),
    "rabbitmq": _of("rabbitmq", "messages of RabbitMQ"),
    "alexaSkill": _of("alexa", "an intent of the Alexa skill"),
    "alexaSmartHome": _of("alexa-smart-home", "an order of Alexa Smart Home"),
}
