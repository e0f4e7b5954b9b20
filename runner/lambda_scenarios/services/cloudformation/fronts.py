"""Which HTTP front a function of a template stands behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios.services.cloudformation.values import settled
from lambda_scenarios.services.variables import UnresolvableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_scenarios.model.function import HttpSource
    from lambda_scenarios.model.values import Json
    from lambda_scenarios.services.cloudformation.code import Resource
    from lambda_scenarios.services.cloudformation.stack import Stack

_BY_EVENT: dict[str, HttpSource] = {"Api": "rest", "HttpApi": "http"}
_BY_API: dict[str, HttpSource] = {"AWS::ApiGateway::RestApi": "rest", "AWS::ApiGatewayV2::Api": "http"}
_DEEPEST = 30


def http_front(resource: Resource, stack: Stack) -> HttpSource | None:
    """The first API event, else the function URL, else who has permission to invoke it. Raises nothing."""
    try:
        events = settled(resource.properties.get("Events"), stack)
        url = settled(resource.properties.get("FunctionUrlConfig"), stack)
    except UnresolvableError:
        events = url = None
    for event in events.value.values() if events is not None and isinstance(events.value, dict) else ():
        kind = event.get("Type") if isinstance(event, dict) else None
        if isinstance(kind, str) and kind in _BY_EVENT:
            return _BY_EVENT[kind]
    if url is not None:
        return "url"
    return _by_permission(resource.name, stack)


def _by_permission(name: str, stack: Stack) -> HttpSource | None:
    """Plain CloudFormation, as the CDK writes it, tells by AWS::Lambda::Permission and AWS::Lambda::Url."""
    for other, located in stack.resources().items():
        kind = stack.type_of(other)
        if kind not in ("AWS::Lambda::Permission", "AWS::Lambda::Url") or not isinstance(located.value, dict):
            continue
        properties = located.value.get("Properties")
        if not isinstance(properties, dict):
            continue
        target = properties.get("TargetFunctionArn" if kind.endswith("Url") else "FunctionName")
        if name not in _named(target, 0):
            continue
        if kind == "AWS::Lambda::Url":
            return "url"
        principal = properties.get("Principal")
        if principal == "elasticloadbalancing.amazonaws.com":
            return "alb"
        if principal == "apigateway.amazonaws.com":
            return _api(properties.get("SourceArn"), stack)
    return None


def _api(source: Json, stack: Stack) -> HttpSource | None:
    """The kind of the API in a permission's SourceArn, else of the first one in the template."""
    for name in (*_named(source, 0), *stack.resources()):
        found = _BY_API.get(stack.type_of(name))
        if found is not None:
            return found
    return None


def _named(value: Json, depth: int) -> Iterator[str]:
    """The resources that functions inside of a value name."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref" and isinstance(item, str):
                yield item
            elif key == "Fn::GetAtt" and isinstance(item, list) and item and isinstance(item[0], str):
                yield item[0]
            elif key == "Fn::Sub" and isinstance(item, str):
                yield from (part.partition("}")[0].partition(".")[0] for part in item.split("${")[1:])
            else:
                yield from _named(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _named(item, depth + 1)
