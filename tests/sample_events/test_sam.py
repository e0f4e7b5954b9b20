"""Sample events against those of `sam local generate-event`: what is there is here, of the same type."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from tests.conformance import sam_wheel

from lambda_scenarios.model.values import Json
from lambda_scenarios.sample_events.samples import sample_event

SAME = {
    "alb": "alb/ALBRequest",
    "alexa": "alexa-skills-kit/AlexaIntentMyColorIs",
    "alexa-launch": "alexa-skills-kit/AlexaStartSession",
    "appsync": "appsync/AppSyncDirectResolver",
    "authorizer-token": "apigateway/ApiGatewayAuthorizer",
    "authorizer-request": "apigateway/ApiGatewayRestRequestAuthorizer",
    "cloudformation-create": "cloudformation/CfnCreateRequest",
    "cloudfront-origin-request": "cloudfront/CloudFrontHttpRedirect",
    "cloudfront-viewer-request": "cloudfront/CloudFrontABTest",
    "cloudfront-viewer-response": "cloudfront/CloudFrontModifyResponseHeader",
    "cloudwatch-logs": "cloudwatch/CloudwatchLogs",
    "codecommit": "codecommit/CodeCommit",
    "codepipeline": "codepipeline/CodePipeline",
    "cognito-sync": "cognito/CognitoSyncTrigger",
    "config-periodic": "config/PeriodicRule",
    "config-rule": "config/ConfigurationItemChangeNotification",
    "connect": "connect/ConnectContactFlowEvent",
    "dynamodb": "dynamodb/DynamoDBUpdate",
    "firehose": "kinesis/KinesisFirehose",
    "firehose-cloudwatch-logs": "kinesis/KinesisFirehoseCloudwatchLogsProcessor",
    "firehose-kinesis": "kinesis/KinesisFirehoseStreamsAsSource",
    "http-api": "apigateway/HttpApi",
    "kinesis": "kinesis/Kinesis",
    "kinesis-analytics": "kinesis/KinesisAnalyticsKpl",
    "lex-v1": "lex/LexBookHotel",
    "lex-v2": "lex-v2/LexBookHotel",
    "rest-api-post": "apigateway/AwsProxy",
    "s3": "s3/S3Put",
    "s3-batch": "s3/S3BatchInvocation",
    "s3-delete": "s3/S3Delete",
    "sagemaker-pre-labeling": "sagemaker/PreHumanTask",
    "schedule": "cloudwatch/ScheduledEvent",
    "ses": "ses/SesEmailReceiving",
    "sns": "sns/Sns",
    "sqs": "sqs/Sqs",
    "workmail": "workmail/WorkMail",
}

# Mappings whose keys are the user's own.
_FREE = frozenset(
    (
        *("headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters"),
        *("pathParameters", "stageVariables", "arguments", "claims", "slots", "slotDetails"),
        *("MessageAttributes", "datasetRecords", "ResourceProperties", "Keys", "NewImage", "OldImage"),
    )
)

# What SAM's has and the sample hasn't: where the paths begin, and why.
_NONE_GIVEN = "parameters that this request doesn't have"
DIFFERENCES: dict[str, dict[str, str]] = {
    "appsync": {"identity.groups": "the user is in one"},
    "authorizer-request": {
        "requestContext.identity.apiKey": "without an API key",
        "requestContext.identity.clientCert": "without mutual TLS",
    },
    "connect": {"Details.ContactData.Queue": "the contact is in one"},
    "firehose-kinesis": {
        "deliverySteamArn": "misspelt there",
        "records[].kinesisRecordMetadata.subsequenceNumber": "a number, as AWS's own types for Go have it",
    },
    "http-api": {
        "body": "of a GET",
        "cookies": _NONE_GIVEN,
        "pathParameters": _NONE_GIVEN,
        "queryStringParameters": _NONE_GIVEN,
        "stageVariables": _NONE_GIVEN,
        "requestContext.authentication": "without mutual TLS",
        "requestContext.authorizer": "without an authorizer",
    },
    "lex-v2": {"proposedNextState": "of a dialogue that goes on"},
    "rest-api-post": {
        "queryStringParameters": _NONE_GIVEN,
        "multiValueQueryStringParameters": _NONE_GIVEN,
        "pathParameters": _NONE_GIVEN,
        "stageVariables": _NONE_GIVEN,
    },
}


@pytest.mark.parametrize("name", SAME)
def test_nothing_of_sams_is_missing(name: str) -> None:
    directory = sam_wheel.unpacked("samcli/lib/generated_sample_events")
    text = (directory / "events" / f"{SAME[name]}.json").read_text(encoding="utf-8")
    theirs = _shape(json.loads(re.sub(r"\{\{\{\w+\}\}\}", "x", text)))
    ours = _shape(sample_event(name))
    wrong = {
        path: (kinds, ours.get(path)) for path, kinds in theirs.items() if not kinds <= ours.get(path, set())
    }
    known = DIFFERENCES.get(name, {})
    assert {path: kinds for path, kinds in wrong.items() if not path.startswith(tuple(known))} == {}
    assert [start for start in known if not any(path.startswith(start) for path in wrong)] == []


def _shape(value: Json) -> dict[str, set[str]]:
    """The JSON types at each path; all items of a list are one."""
    found: dict[str, set[str]] = {}
    for path, kind in _types(value, ""):
        found.setdefault(path, set()).add(kind)
    return found


def _types(value: Json, path: str) -> Iterator[tuple[str, str]]:
    yield (
        path,
        "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__,
    )
    if isinstance(value, dict):
        for key, item in () if path.rpartition(".")[2] in _FREE else value.items():
            yield from _types(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from _types(item, f"{path}[]")
