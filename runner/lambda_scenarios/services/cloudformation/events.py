"""What invokes a function of a template: SAM's `Events`, and resources that name the function.

Forms: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
sam-property-function-eventsource.html, and CloudFormation's reference of the resources below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from lambda_scenarios.model.values import Json
from lambda_scenarios.services import triggers
from lambda_scenarios.services.evaluation import function_of
from lambda_scenarios.services.intrinsics import resolve
from lambda_scenarios.services.references import CannotResolve
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
            found.append(_of_sam(str(event["Type"]), _Values(stack, event.get("Properties"))))
    if resource.properties.value.get("FunctionUrlConfig") is not None:
        found.append(triggers.function_url())
    found += _of_resources(resource.name, stack)
    return _without_doubles(found)


class _Values:
    """The properties of an event or a resource, as far as the template itself says them.

    What refers to a resource has no value here: nobody is asked, and stand-ins would only look like facts.
    """

    def __init__(self, stack: Stack, value: Json) -> None:
        self.stack = stack
        self._value = value if isinstance(value, dict) else {}

    def raw(self, *path: str) -> Json:
        value: Json = self._value
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def text(self, *path: str) -> str | None:
        value = self.raw(*path)
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, dict) and _mentions_only_parameters(value, self.stack):
            try:
                value = resolve(value, self.stack)
            except CannotResolve:
                return None
        return value if isinstance(value, str) else None

    def target(self, *path: str) -> str | None:
        """The logical id of the resource that is referred to."""
        return logical_id(self.raw(*path))


def logical_id(value: Json) -> str | None:
    """What `Ref`, `Fn::GetAtt` or a `Fn::Sub` of one of them refers to."""
    kind = function_of(value)
    if kind is None or not isinstance(value, dict):
        return None
    inner = value[kind]
    if kind == "Fn::GetAtt":
        first = inner[0] if isinstance(inner, list) and inner else inner
        return first.split(".")[0] if isinstance(first, str) else None
    return inner if kind == "Ref" and isinstance(inner, str) else None


def _mentions_only_parameters(value: Mapping[str, Json], stack: Stack) -> bool:
    kind = function_of(dict(value))
    if kind == "Ref":
        return value["Ref"] in stack.section("Parameters")
    return kind == "Fn::Sub" and isinstance(value[kind], str) and "${" not in str(value[kind])


def _of_sam(kind: str, values: _Values) -> Trigger:
    read = _OF_SAM.get(kind)
    return triggers.unknown(kind) if read is None else read(values)


def _named(trigger: Trigger, what: str, name: str | None) -> Trigger:
    return trigger if name is None else trigger._replace(about=f"{what} {name}")


def _sam_http_api(values: _Values) -> Trigger:
    version = values.text("PayloadFormatVersion") or "2.0"
    return triggers.http_api(values.text("Method") or "GET", values.text("Path") or "*", payload=version)


def _sam_s3(values: _Values) -> Trigger:
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
    return _named(trigger, "objects of", values.target("Bucket"))


def _sam_schedule(sample: str) -> Callable[[_Values], Trigger]:
    def read(values: _Values) -> Trigger:
        about = values.text("Schedule") or values.text("ScheduleExpression") or "a schedule"
        return _given(values, about) or triggers.plain(sample, about)

    return read


def _given(values: _Values, about: str) -> Trigger | None:
    """`Input` is JSON in a text."""
    import json

    given = values.text("Input")
    if given is None:
        return None
    try:
        return triggers.given_input(json.loads(given), about)
    except (ValueError, RecursionError):
        return None


def _sam_rule(values: _Values) -> Trigger:
    given = _given(values, "a rule with its own input")
    return given or triggers.rule(values.text("Pattern", "source"), values.text("Pattern", "detail-type"))


def _sam_queue(values: _Values) -> Trigger:
    target = values.target("Queue")
    trigger = triggers.queue(values.text("Queue"))
    if target is not None and values.stack.resource(target).get("Type") == "AWS::SQS::Queue":
        fifo = _Values(values.stack, values.stack.resource(target).get("Properties")).raw("FifoQueue")
        trigger = trigger._replace(sample="sqs-fifo" if fifo in (True, "true") else "sqs")
    return _named(trigger, "messages of", target)


def _stream(kind: str) -> Callable[[_Values], Trigger]:
    def read(values: _Values) -> Trigger:
        window = values.raw("TumblingWindowInSeconds") is not None
        what = "changes of" if kind == "dynamodb" else "records of"
        return _named(
            triggers.stream(kind, values.text("Stream"), window=window), what, values.target("Stream")
        )

    return read


def _of(sample: str, about: str) -> Callable[[_Values], Trigger]:
    return lambda _values: triggers.plain(sample, about)


_OF_SAM: dict[str, Callable[[_Values], Trigger]] = {
    "Api": lambda values: triggers.rest_api(values.text("Method") or "GET", values.text("Path") or "/"),
    "HttpApi": _sam_http_api,
    "S3": _sam_s3,
    "SNS": lambda values: _named(
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


# Resources beside the function, as templates without SAM and those of the CDK have them.


def _of_resources(name: str, stack: Stack) -> Iterator[Trigger]:
    for other, located in stack.resources().items():
        resource = located.value
        assert isinstance(resource, dict)  # Stack.resources has no others
        kind = resource.get("Type")
        read = _OF_RESOURCE.get(kind) if isinstance(kind, str) else None
        if read is not None:
            yield from read(name, other, _Values(stack, resource.get("Properties")))


def _mapping(name: str, _other: str, values: _Values) -> Iterator[Trigger]:
    """AWS::Lambda::EventSourceMapping"""
    if values.target("FunctionName") != name:
        return
    arn, target = values.text("EventSourceArn"), values.target("EventSourceArn")
    kind = values.stack.type_of(target) if target else ""
    service = (arn or "").split(":")[2] if (arn or "").count(":") > 2 else _SERVICES.get(kind, "")
    if service == "sqs":
        yield _named(triggers.queue(arn), "messages of", target)
    elif service in ("kinesis", "dynamodb"):
        what = "changes of" if service == "dynamodb" else "records of"
        yield _named(triggers.stream(service, arn), what, target)
    elif service == "kafka":
        yield triggers.plain("msk", "records of Kafka")
    elif values.raw("SelfManagedEventSource") is not None:
        yield triggers.plain("kafka", "records of Kafka")
    elif service in ("mq", "rds"):
        yield triggers.plain("activemq" if service == "mq" else "documentdb")


_SERVICES = {
    "AWS::SQS::Queue": "sqs",
    "AWS::Kinesis::Stream": "kinesis",
    "AWS::DynamoDB::Table": "dynamodb",
    "AWS::DynamoDB::GlobalTable": "dynamodb",
    "AWS::MSK::Cluster": "kafka",
    "AWS::MSK::ServerlessCluster": "kafka",
    "AWS::AmazonMQ::Broker": "mq",
    "AWS::DocDB::DBCluster": "rds",
}
# Who may invoke a function; requests of API Gateway are told by their methods and routes.
_PRINCIPALS = {
    "s3.amazonaws.com": ("s3", "an object of a bucket"),
    "sns.amazonaws.com": ("sns", "a notification"),
    "events.amazonaws.com": ("eventbridge", "an event of EventBridge"),
    "scheduler.amazonaws.com": ("scheduler", "a schedule"),
    "logs.amazonaws.com": ("cloudwatch-logs", "lines of a log"),
    "iot.amazonaws.com": ("iot", "a device's message"),
    "ses.amazonaws.com": ("ses", "an e-mail"),
    "config.amazonaws.com": ("config-rule", "a resource changed"),
    "secretsmanager.amazonaws.com": ("secretsmanager-rotation", "a secret is rotated"),
    "elasticloadbalancing.amazonaws.com": ("alb", "a request of the load balancer"),
    "vpc-lattice.amazonaws.com": ("vpc-lattice", "a request of VPC Lattice"),
    "connect.amazonaws.com": ("connect", "a contact flow"),
    "lexv2.amazonaws.com": ("lex-v2", "an intent of Lex"),
    "bedrock.amazonaws.com": ("bedrock-agent", "an action of an agent"),
    "alexa-appkit.amazon.com": ("alexa", "an intent of the Alexa skill"),
    "alexa-connectedhome.amazon.com": ("alexa-smart-home", "an order of Alexa Smart Home"),
    "transfer.amazonaws.com": ("transfer-family", "a login of Transfer Family"),
}


def _permission(name: str, _other: str, values: _Values) -> Iterator[Trigger]:
    """AWS::Lambda::Permission"""
    principal = values.text("Principal")
    if values.target("FunctionName") != name or principal is None:
        return
    source = values.target("SourceArn")
    if principal == "events.amazonaws.com" and source is not None:
        rule = _Values(values.stack, values.stack.resource(source).get("Properties"))
        if rule.raw("EventPattern") is not None:
            yield triggers.rule(rule.text("EventPattern", "source"), rule.text("EventPattern", "detail-type"))
            return
        yield triggers.plain("schedule", rule.text("ScheduleExpression") or "a schedule")
    elif principal in _PRINCIPALS:
        sample, about = _PRINCIPALS[principal]
        trigger = triggers.plain(sample, about)
        yield trigger._replace(is_http=sample in ("alb", "vpc-lattice"))


def _method(name: str, _other: str, values: _Values) -> Iterator[Trigger]:
    """AWS::ApiGateway::Method"""
    if not _mentions(values.raw("Integration", "Uri"), name):
        return
    parts: list[str] = []
    at = values.target("ResourceId")
    for _ in range(50):  # a template may be wrong enough to go in circles
        parent = _Values(values.stack, values.stack.resource(at or "").get("Properties"))
        part = parent.text("PathPart")
        if part is None:
            break
        parts.insert(0, part)
        at = parent.target("ParentId")
    yield triggers.rest_api(values.text("HttpMethod") or "GET", "/" + "/".join(parts))


def _route(name: str, _other: str, values: _Values) -> Iterator[Trigger]:
    """AWS::ApiGatewayV2::Route"""
    found = _referred(values.raw("Target"))
    integrations = [one for one in found if values.stack.type_of(one) == "AWS::ApiGatewayV2::Integration"]
    for one in integrations:
        integration = _Values(values.stack, values.stack.resource(one).get("Properties"))
        if not _mentions(integration.raw("IntegrationUri"), name):
            continue
        method, _, path = (values.text("RouteKey") or "$default").partition(" ")
        api = _Values(values.stack, values.stack.resource(values.target("ApiId") or "").get("Properties"))
        if api.text("ProtocolType") == "WEBSOCKET":
            yield triggers.websocket(method)
        else:
            version = integration.text("PayloadFormatVersion") or "1.0"
            yield triggers.http_api(method if path else "GET", path or "*", payload=version)


def _sams_authorizers(name: str, _other: str, values: _Values) -> Iterator[Trigger]:
    """AWS::Serverless::Api, AWS::Serverless::HttpApi"""
    found = values.raw("Auth", "Authorizers")
    for one in (found if isinstance(found, dict) else {}).values():
        authorizer = _Values(values.stack, one)
        if _mentions(authorizer.raw("FunctionArn"), name):
            version = _payload(authorizer)
            token = not version and authorizer.text("FunctionPayloadType") != "REQUEST"
            yield triggers.authorizer(token=token, payload=version)


def _payload(authorizer: _Values) -> str:
    value = authorizer.raw("AuthorizerPayloadFormatVersion")
    number = isinstance(value, (int, float))
    return f"{value:.1f}" if number else authorizer.text("AuthorizerPayloadFormatVersion") or ""


def _authorizer(name: str, _other: str, values: _Values) -> Iterator[Trigger]:
    """AWS::ApiGateway::Authorizer, AWS::ApiGatewayV2::Authorizer"""
    if _mentions(values.raw("AuthorizerUri"), name):
        yield triggers.authorizer(token=values.text("Type") == "TOKEN", payload=_payload(values))


def _url(name: str, _other: str, values: _Values) -> Iterator[Trigger]:
    """AWS::Lambda::Url"""
    if values.target("TargetFunctionArn") == name:
        yield triggers.function_url()


_OF_RESOURCE: dict[str, Callable[[str, str, _Values], Iterator[Trigger]]] = {
    "AWS::Lambda::EventSourceMapping": _mapping,
    "AWS::Lambda::Permission": _permission,
    "AWS::ApiGateway::Method": _method,
    "AWS::ApiGatewayV2::Route": _route,
    "AWS::Serverless::Api": _sams_authorizers,
    "AWS::Serverless::HttpApi": _sams_authorizers,
    "AWS::ApiGateway::Authorizer": _authorizer,
    "AWS::ApiGatewayV2::Authorizer": _authorizer,
    "AWS::Lambda::Url": _url,
}


def _mentions(value: Json, name: str) -> bool:
    return name in _referred(value)


def _referred(value: Json) -> list[str]:
    """The logical ids that are referred to anywhere inside."""
    found = logical_id(value)
    if found is not None:
        return [found]
    if isinstance(value, dict):
        parts = list(value.values())
        if isinstance(value.get("Fn::Sub"), str):
            return [
                text.partition("}")[0].partition(".")[0] for text in str(value["Fn::Sub"]).split("${")[1:]
            ]
    else:
        parts = value if isinstance(value, list) else []
    return [name for part in parts for name in _referred(part)]


def _without_doubles(found: list[Trigger]) -> tuple[Trigger, ...]:
    """A method and its permissions for several stages tell of one thing."""
    kept: list[Trigger] = []
    for one in found:
        if one not in kept:
            kept.append(one)
    return tuple(kept)
