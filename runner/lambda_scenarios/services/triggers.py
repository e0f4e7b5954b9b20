"""What invokes a function, as a service file declares it: its sample event, and what differs in it.

Only `init` asks; nothing here is read in a run.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from lambda_scenarios.model.values import Json

_PARAMETER = re.compile(r"\{([^{}]+)\}")
# Methods whose requests have a body.
_WITH_BODY = frozenset(("POST", "PUT", "PATCH"))
# Events of AWS's services on EventBridge that have samples of their own.
_BY_SOURCE = {
    "aws.s3": "eventbridge-s3",
    "aws.ec2": "eventbridge-ec2",
    "aws.autoscaling": "eventbridge-autoscaling",
    "aws.ecs": "eventbridge-ecs-task",
    "aws.ecr": "eventbridge-ecr",
    "aws.codebuild": "eventbridge-codebuild",
    "aws.codepipeline": "eventbridge-codepipeline",
    "aws.iam": "eventbridge-cloudtrail",
    "aws.health": "eventbridge-health",
    "aws.cloudwatch": "eventbridge-alarm",
    "aws.states": "eventbridge-stepfunctions",
    "aws.guardduty": "eventbridge-guardduty",
}
# `trigger` of serverless.yml and of SAM: https://docs.aws.amazon.com/cognito/latest/developerguide/
# cognito-user-identity-pools-working-with-aws-lambda-triggers.html
_COGNITO = {
    "PreSignUp": "cognito-pre-sign-up",
    "PostConfirmation": "cognito-post-confirmation",
    "PreAuthentication": "cognito-pre-authentication",
    "PostAuthentication": "cognito-post-authentication",
    "PreTokenGeneration": "cognito-pre-token-generation",
    "PreTokenGenerationConfig": "cognito-pre-token-generation-v2",
    "CustomMessage": "cognito-custom-message",
    "CustomEmailSender": "cognito-custom-email-sender",
    "CustomSMSSender": "cognito-custom-sms-sender",
    "DefineAuthChallenge": "cognito-define-auth-challenge",
    "CreateAuthChallenge": "cognito-create-auth-challenge",
    "VerifyAuthChallengeResponse": "cognito-verify-auth-challenge",
    "UserMigration": "cognito-user-migration",
}


class Trigger(NamedTuple):
    """One thing that invokes a function.

    `sample` is the name of a sample event, None where the kind of event isn't known; `about` tells a person
    what it is; `changes` are values of the event, by location. `whole` is the event itself, as JSON can write
    it, where the declaration says it (`input`): a list of that one value.
    """

    sample: str | None
    about: str
    changes: tuple[tuple[str, Json], ...] = ()
    whole: tuple[Json, ...] = ()
    is_http: bool = False


def unknown(kind: str) -> Trigger:
    return Trigger(None, kind)


def plain(sample: str, about: str = "", **changes: Json) -> Trigger:
    return Trigger(sample, about or sample, tuple(changes.items()))


def given_input(value: Json, about: str) -> Trigger:
    """A schedule or a rule that says the event itself."""
    return Trigger(None, about, whole=(value,))


def rest_api(method: str, path: str) -> Trigger:
    """`method` may be ANY or `*`; `path` may begin without a slash, and hold `{parameters}`."""
    method, resource, filled, parameters = _route(method, path)
    changes: list[tuple[str, Json]] = [("httpMethod", method), ("resource", resource), ("path", filled)]
    if parameters:
        changes.append(("pathParameters", parameters))
    changes += [
        ("requestContext.httpMethod", method),
        ("requestContext.resourcePath", resource),
        ("requestContext.path", f"/prod{filled}"),
    ]
    sample = "rest-api-post" if method in _WITH_BODY else "rest-api"
    return Trigger(sample, f"{method} {resource}", tuple(changes), is_http=True)


def http_api(method: str, path: str, *, payload: str = "2.0") -> Trigger:
    """The same for HTTP APIs, by the version of their payload; a path `*` or `$default` is any."""
    if path in ("*", "$default", ""):
        path = "/"
    method, resource, filled, parameters = _route(method, path)
    if payload == "1.0":
        return rest_api(method, path)._replace(sample="http-api-v1")
    changes: list[tuple[str, Json]] = [
        ("routeKey", f"{method} {resource}"),
        ("rawPath", filled),
    ]
    if parameters:
        changes.append(("pathParameters", parameters))
    changes += [
        ("requestContext.routeKey", f"{method} {resource}"),
        ("requestContext.http.method", method),
        ("requestContext.http.path", filled),
    ]
    sample = "http-api-post" if method in _WITH_BODY else "http-api"
    return Trigger(sample, f"{method} {resource}", tuple(changes), is_http=True)


def alb(method: str, path: str, *, multi_value: bool = False) -> Trigger:
    """A target of a load balancer; `*` in the path stands for anything."""
    method, _, filled, _ = _route(method, path.replace("*", "example"))
    return Trigger(
        "alb-multi-value" if multi_value else "alb",
        f"{method} {path} of the load balancer",
        (("httpMethod", method), ("path", filled)),
        is_http=True,
    )


def function_url() -> Trigger:
    return Trigger("function-url", "POST to the function URL", is_http=True)


def websocket(route: str) -> Trigger:
    if route == "$connect":
        return Trigger("websocket-connect", "a client connects", is_http=True)
    if route == "$disconnect":
        return Trigger("websocket-disconnect", "a client has gone")
    changes: tuple[tuple[str, Json], ...] = (("requestContext.routeKey", route),)
    if not route.startswith("$"):
        changes = (*changes, ("body", f'{{"action":"{route}"}}'))
    return Trigger("websocket", f"message for {route}", changes, is_http=True)


def _route(method: str, path: str) -> tuple[str, str, str, dict[str, Json]]:
    """Method, resource, path with its parameters filled in, and these."""
    method = method.upper()
    if method in ("ANY", "*", "X-AMAZON-APIGATEWAY-ANY-METHOD", ""):
        method = "GET"
    resource = path if path.startswith("/") else f"/{path}"
    parameters: dict[str, Json] = {}

    def fill(match: re.Match[str]) -> str:
        name = match.group(1).removesuffix("+")
        value = "1" if name.lower().endswith("id") else "example"
        parameters[name] = value
        return value

    return method, resource, _PARAMETER.sub(fill, resource), parameters


def queue(arn: str | None) -> Trigger:
    """SQS, by the ARN of its queue where that is known."""
    if arn is None:
        return Trigger("sqs", "messages of a queue")
    sample = "sqs-fifo" if arn.endswith(".fifo") else "sqs"
    return Trigger(sample, f"messages of {_last(arn)}", _arn("Records[*].eventSourceARN", arn))


def topic(arn: str | None) -> Trigger:
    """SNS, by the ARN or the name of its topic."""
    if arn is None:
        return Trigger("sns", "a notification")
    return Trigger("sns", f"a notification of {_last(arn)}", _arn("Records[*].Sns.TopicArn", arn))


def stream(kind: str, arn: str | None, *, window: bool = False) -> Trigger:
    """`kind` is kinesis or dynamodb."""
    sample = "kinesis-window" if window and kind == "kinesis" else kind
    what = "changes of a table" if kind == "dynamodb" else "records of a stream"
    if arn is None:
        return Trigger(sample, what)
    parts = arn.split("/")
    name = parts[1] if len(parts) > 1 else _last(arn)
    about = f"changes of {name}" if kind == "dynamodb" else f"records of {name}"
    return Trigger(sample, about, _arn("Records[*].eventSourceARN", arn))


def bucket(name: str | None, event: str, key: str | None = None) -> Trigger:
    """S3; `event` as in `s3:ObjectCreated:*`, `key` that of an object that the rules let through."""
    removed = "ObjectRemoved" in event or "Lifecycle" in event
    changes: list[tuple[str, Json]] = []
    if name is not None:
        changes = [
            ("Records[*].s3.bucket.name", name),
            ("Records[*].s3.bucket.arn", f"arn:aws:s3:::{name}"),
        ]
    if key is not None:
        changes.append(("Records[*].s3.object.key", key))
    about = f"an object of {name or 'a bucket'} was {'removed' if removed else 'made'}"
    return Trigger("s3-delete" if removed else "s3", about, tuple(changes))


def rule(source: str | None, detail_type: str | None) -> Trigger:
    """EventBridge, by the first values of the rule's pattern."""
    changes: list[tuple[str, Json]] = []
    sample = _BY_SOURCE.get(source or "", "eventbridge")
    if source is not None:
        changes.append(("source", source))
    if detail_type is not None:
        changes.append(("detail-type", detail_type))
    return Trigger(sample, detail_type or source or "an event of EventBridge", tuple(changes))


def user_pool(trigger: str) -> Trigger:
    sample = _COGNITO.get(trigger)
    return Trigger(sample, f"Cognito: {trigger}") if sample else unknown(f"cognitoUserPool {trigger}")


_EDGE = ("viewer-request", "origin-request", "origin-response", "viewer-response")


def edge(event_type: str) -> Trigger:
    """CloudFront, as in `viewer-request`."""
    if event_type not in _EDGE:
        return unknown(f"cloudFront {event_type}")
    return Trigger(f"cloudfront-{event_type}", f"CloudFront: {event_type}")


def authorizer(*, token: bool = False, payload: str = "1.0") -> Trigger:
    """Who may call an API: by `token` or by the request, which HTTP APIs send in two versions."""
    sample = "authorizer-token" if token else "authorizer-request"
    return Trigger("authorizer-http-api" if payload == "2.0" else sample, "a request to be authorized")


def _arn(location: str, arn: str) -> tuple[tuple[str, Json], ...]:
    return ((location, arn),) if arn.startswith("arn:") else ()


def _last(arn: str) -> str:
    return arn.rpartition(":")[2]
