"""What invokes a function of a template, as resources beside it say: in templates without SAM, in the CDK's.

Forms: CloudFormation's reference of these resources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from lambda_scenarios.services import triggers
from lambda_scenarios.services.cloudformation.event_values import Values, mentions, named, referred
from lambda_scenarios.services.triggers import Trigger

if TYPE_CHECKING:
    from lambda_scenarios.services.cloudformation.stack import Stack


def of_resources(name: str, stack: Stack) -> Iterator[Trigger]:
    """Of the function of that logical id."""
    for other, located in stack.resources().items():
        resource = located.value
        assert isinstance(resource, dict)  # Stack.resources has no others
        kind = resource.get("Type")
        if not isinstance(kind, str):
            continue
        read = _custom if kind.startswith("Custom::") else _OF_RESOURCE.get(kind)
        if read is not None:
            yield from read(name, other, Values(stack, resource.get("Properties")))


def _mapping(name: str, _other: str, values: Values) -> Iterator[Trigger]:
    """AWS::Lambda::EventSourceMapping"""
    if values.target("FunctionName") != name:
        return
    arn, target = values.text("EventSourceArn"), values.target("EventSourceArn")
    kind = values.stack.type_of(target) if target else ""
    service = (arn or "").split(":")[2] if (arn or "").count(":") > 2 else _SERVICES.get(kind, "")
    if service == "sqs":
        yield named(triggers.queue(arn), "messages of", target)
    elif service in ("kinesis", "dynamodb"):
        what = "changes of" if service == "dynamodb" else "records of"
        yield named(triggers.stream(service, arn), what, target)
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


def _permission(name: str, _other: str, values: Values) -> Iterator[Trigger]:
    """AWS::Lambda::Permission"""
    principal = values.text("Principal")
    if values.target("FunctionName") != name or principal is None:
        return
    source = values.target("SourceArn")
    if principal == "events.amazonaws.com" and source is not None:
        rule = Values(values.stack, values.stack.resource(source).get("Properties"))
        if rule.raw("EventPattern") is not None:
            yield triggers.rule(rule.text("EventPattern", "source"), rule.text("EventPattern", "detail-type"))
            return
        yield triggers.plain("schedule", rule.text("ScheduleExpression") or "a schedule")
    elif principal in _PRINCIPALS:
        sample, about = _PRINCIPALS[principal]
        trigger = triggers.plain(sample, about)
        yield trigger._replace(is_http=sample in ("alb", "vpc-lattice"))


def _method(name: str, _other: str, values: Values) -> Iterator[Trigger]:
    """AWS::ApiGateway::Method"""
    if not mentions(values.raw("Integration", "Uri"), name):
        return
    parts: list[str] = []
    at = values.target("ResourceId")
    for _ in range(50):  # a template may be wrong enough to go in circles
        parent = Values(values.stack, values.stack.resource(at or "").get("Properties"))
        part = parent.text("PathPart")
        if part is None:
            break
        parts.insert(0, part)
        at = parent.target("ParentId")
    yield triggers.rest_api(values.text("HttpMethod") or "GET", "/" + "/".join(parts))


def _route(name: str, _other: str, values: Values) -> Iterator[Trigger]:
    """AWS::ApiGatewayV2::Route"""
    found = referred(values.raw("Target"))
    integrations = [one for one in found if values.stack.type_of(one) == "AWS::ApiGatewayV2::Integration"]
    for one in integrations:
        integration = Values(values.stack, values.stack.resource(one).get("Properties"))
        if not mentions(integration.raw("IntegrationUri"), name):
            continue
        method, _, path = (values.text("RouteKey") or "$default").partition(" ")
        api = Values(values.stack, values.stack.resource(values.target("ApiId") or "").get("Properties"))
        if api.text("ProtocolType") == "WEBSOCKET":
            yield triggers.websocket(method)
        else:
            version = integration.text("PayloadFormatVersion") or "1.0"
            yield triggers.http_api(method if path else "GET", path or "*", payload=version)


def _sams_api(name: str, other: str, values: Values) -> Iterator[Trigger]:
    """AWS::Serverless::Api, AWS::Serverless::HttpApi"""
    yield from _open_api(name, other, values)
    found = values.raw("Auth", "Authorizers")
    for one in (found if isinstance(found, dict) else {}).values():
        authorizer = Values(values.stack, one)
        if mentions(authorizer.raw("FunctionArn"), name):
            version = _payload(authorizer)
            token = not version and authorizer.text("FunctionPayloadType") != "REQUEST"
            yield triggers.authorizer(token=token, payload=version)


def _payload(authorizer: Values) -> str:
    value = authorizer.raw("AuthorizerPayloadFormatVersion")
    number = isinstance(value, (int, float))
    return f"{value:.1f}" if number else authorizer.text("AuthorizerPayloadFormatVersion") or ""


def _authorizer(name: str, _other: str, values: Values) -> Iterator[Trigger]:
    """AWS::ApiGateway::Authorizer, AWS::ApiGatewayV2::Authorizer"""
    if mentions(values.raw("AuthorizerUri"), name):
        yield triggers.authorizer(token=values.text("Type") == "TOKEN", payload=_payload(values))


def _open_api(name: str, other: str, values: Values) -> Iterator[Trigger]:
    """AWS::ApiGateway::RestApi, AWS::ApiGatewayV2::Api, and SAM's: an API that the template describes"""
    paths = values.raw("Body", "paths") or values.raw("DefinitionBody", "paths")
    is_rest = values.stack.type_of(other) in ("AWS::ApiGateway::RestApi", "AWS::Serverless::Api")
    for path, methods in (paths if isinstance(paths, dict) else {}).items():
        for method, about in (methods if isinstance(methods, dict) else {}).items():
            integration = Values(values.stack, about).raw("x-amazon-apigateway-integration")
            found = Values(values.stack, integration)
            if mentions(found.raw("uri"), name):
                version = found.text("payloadFormatVersion") or "1.0"
                yield (
                    triggers.rest_api(method, path)
                    if is_rest
                    else triggers.http_api(method, path, payload=version)
                )


def _user_pool(name: str, _other: str, values: Values) -> Iterator[Trigger]:
    """AWS::Cognito::UserPool"""
    found = values.raw("LambdaConfig")
    for trigger, target in (found if isinstance(found, dict) else {}).items():
        if mentions(target, name):
            yield triggers.user_pool(trigger)


def _data_source(name: str, _other: str, values: Values) -> Iterator[Trigger]:
    """AWS::AppSync::DataSource"""
    if mentions(values.raw("LambdaConfig", "LambdaFunctionArn"), name):
        yield triggers.plain("appsync", "a field of a GraphQL API")


def _delivery_stream(name: str, _other: str, values: Values) -> Iterator[Trigger]:
    """AWS::KinesisFirehose::DeliveryStream"""
    if mentions(values.raw(), name):
        yield triggers.plain("firehose", "records of Data Firehose")


def _custom(name: str, _other: str, values: Values) -> Iterator[Trigger]:
    """AWS::CloudFormation::CustomResource, Custom::*"""
    if mentions(values.raw("ServiceToken"), name):
        yield triggers.plain("cloudformation-create", "a custom resource that is made")


def _url(name: str, _other: str, values: Values) -> Iterator[Trigger]:
    """AWS::Lambda::Url"""
    if values.target("TargetFunctionArn") == name:
        yield triggers.function_url()


_OF_RESOURCE: dict[str, Callable[[str, str, Values], Iterator[Trigger]]] = {
    "AWS::Lambda::EventSourceMapping": _mapping,
    "AWS::Lambda::Permission": _permission,
    "AWS::ApiGateway::Method": _method,
    "AWS::ApiGatewayV2::Route": _route,
    "AWS::Serverless::Api": _sams_api,
    "AWS::Serverless::HttpApi": _sams_api,
    "AWS::ApiGateway::Authorizer": _authorizer,
    "AWS::ApiGatewayV2::Authorizer": _authorizer,
    "AWS::ApiGateway::RestApi": _open_api,
    "AWS::ApiGatewayV2::Api": _open_api,
    "AWS::Cognito::UserPool": _user_pool,
    "AWS::AppSync::DataSource": _data_source,
    "AWS::KinesisFirehose::DeliveryStream": _delivery_stream,
    "AWS::CloudFormation::CustomResource": _custom,
    "AWS::Lambda::Url": _url,
}
