"""Sample events against the types that handlers in TypeScript are written with (@types/aws-lambda)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.services import npm_packages

from lambda_scenarios.sample_events.samples import sample_event

TYPES = {
    "http-api": "APIGatewayProxyEventV2",
    "http-api-post": "APIGatewayProxyEventV2",
    "http-api-v1": "APIGatewayProxyEvent",
    "rest-api": "APIGatewayProxyEvent",
    "rest-api-post": "APIGatewayProxyEvent",
    "websocket": "APIGatewayProxyWebsocketEventV2",
    "websocket-connect": "APIGatewayProxyWebsocketEventV2 & {headers: object; multiValueHeaders: object}",
    "websocket-disconnect": "APIGatewayProxyWebsocketEventV2 & {headers: object; multiValueHeaders: object}",
    "authorizer-token": "APIGatewayTokenAuthorizerEvent",
    "authorizer-request": "APIGatewayRequestAuthorizerEvent",
    "authorizer-http-api": "APIGatewayRequestAuthorizerEventV2",
    "function-url": "LambdaFunctionURLEvent",
    "alb": "ALBEvent",
    "alb-multi-value": "ALBEvent",
    "appsync": "AppSyncResolverEvent<{id: string}>",
    "appsync-batch": "AppSyncResolverEvent<{}, {id: string; name: string}>[]",
    "appsync-authorizer": "AppSyncAuthorizerEvent",
    "cloudfront-viewer-request": "CloudFrontRequestEvent",
    "cloudfront-origin-request": "CloudFrontRequestEvent",
    "cloudfront-viewer-response": "CloudFrontResponseEvent",
    "cloudfront-origin-response": "CloudFrontResponseEvent",
    "sqs": "SQSEvent",
    "sqs-fifo": "SQSEvent",
    "sqs-sns": "SQSEvent",
    "sqs-s3": "SQSEvent",
    "sns": "SNSEvent",
    "kinesis": "KinesisStreamEvent",
    "kinesis-window": "KinesisStreamTumblingWindowEvent",
    "dynamodb": "DynamoDBStreamEvent",
    "msk": "MSKEvent",
    "kafka": "SelfManagedKafkaEvent",
    "cloudwatch-logs": "CloudWatchLogsEvent",
    "firehose": "FirehoseTransformationEvent",
    "firehose-kinesis": "FirehoseTransformationEvent",
    "firehose-cloudwatch-logs": "FirehoseTransformationEvent",
    "iot-authorizer": "IoTCustomAuthorizerEvent",
    "iot-provisioning": "IoTPreProvisioningHookEvent",
    "s3": "S3Event",
    "s3-delete": "S3Event",
    "s3-batch": "S3BatchEvent",
    "transfer-family": "TransferFamilyAuthorizerEvent",
    "eventbridge": "EventBridgeEvent<'OrderCreated', {orderId: string; [key: string]: unknown}>",
    "schedule": "ScheduledEvent",
    "scheduler": "ScheduledEvent<string>",
    "eventbridge-s3": "S3ObjectCreatedNotificationEvent",
    "eventbridge-codebuild": "CodeBuildCloudWatchStateEvent",
    "eventbridge-codepipeline": "CodePipelineCloudWatchPipelineEvent",
    "eventbridge-guardduty": "EventBridgeEvent<'GuardDuty Finding', any>",
    "cognito-pre-sign-up": "PreSignUpTriggerEvent",
    "cognito-post-confirmation": "PostConfirmationTriggerEvent",
    "cognito-pre-authentication": "PreAuthenticationTriggerEvent",
    "cognito-post-authentication": "PostAuthenticationTriggerEvent",
    "cognito-pre-token-generation": "PreTokenGenerationTriggerEvent",
    "cognito-pre-token-generation-v2": "PreTokenGenerationV2TriggerEvent",
    "cognito-custom-message": "CustomMessageTriggerEvent",
    "cognito-custom-email-sender": "CustomEmailSenderTriggerEvent",
    "cognito-custom-sms-sender": "CustomSMSSenderTriggerEvent",
    "cognito-define-auth-challenge": "DefineAuthChallengeTriggerEvent",
    "cognito-create-auth-challenge": "CreateAuthChallengeTriggerEvent",
    "cognito-verify-auth-challenge": "VerifyAuthChallengeResponseTriggerEvent",
    "cognito-user-migration": "UserMigrationTriggerEvent",
    "lex-v2": "LexV2Event",
    "lex-v1": "LexEvent",
    "connect": "ConnectContactFlowEvent",
    "ses": "SESEvent",
    "cloudformation-create": "CloudFormationCustomResourceCreateEvent",
    "cloudformation-update": "CloudFormationCustomResourceUpdateEvent",
    "cloudformation-delete": "CloudFormationCustomResourceDeleteEvent",
    "cloudwatch-alarm": "CloudWatchAlarmEvent",
    "secretsmanager-rotation": "SecretsManagerRotationEvent",
    "codepipeline": "CodePipelineEvent",
    "codecommit": "CodeCommitTriggerEvent",
}

_TO_FILL = "Cognito sends null for what the function is to fill in; the types are those of what it returns"
_NULL = "Type 'null' is not assignable"
_ONLY = "Object literal may only specify known properties, and '\"{}\"' does not exist"

# Where the types and the events that AWS documents differ: why, and what the compiler says in part.
DIFFERENCES: dict[str, tuple[str, tuple[str, ...]]] = {
    "authorizer-request": ("the authorizer itself has no result yet", ("Property 'authorizer' is missing",)),
    "cognito-create-auth-challenge": (_TO_FILL, (_NULL, _NULL, _NULL)),
    "cognito-define-auth-challenge": (_TO_FILL, (_NULL,)),
    "cognito-pre-token-generation": (_TO_FILL, (_NULL,)),
    "cognito-pre-token-generation-v2": (_TO_FILL, (_NULL,)),
    "cognito-user-migration": (_TO_FILL, (_NULL,) * 5),
    "cognito-verify-auth-challenge": (_TO_FILL, (_NULL,)),
    "connect": ("documented, and not among the types", (_ONLY.format("CustomerId"),)),
    "eventbridge-codebuild": ("documented, and not among the types", (_ONLY.format("md5sum"),)),
    "firehose-kinesis": (
        "documented as text, sent as a number",
        ("'number' is not assignable to type 'string'",) * 2,
    ),
    "http-api-v1": ("payload 1.0 of HTTP APIs has no API keys", ("apiKey, apiKeyId",)),
    "kinesis-window": ("documented, and not among the types", (_ONLY.format("shardId"),)),
    "lex-v2": ("documented, and not among the types", (_ONLY.format("interpretationSource"),) * 2),
    "s3-delete": ("a deleted object has neither", ("size, eTag",)),
    "secretsmanager-rotation": ("documented, and not among the types", (_ONLY.format("RotationToken"),)),
    "websocket": ("documented, and not among the types", (_ONLY.format("identity"),)),
    "websocket-connect": ("documented, and not among the types", (_ONLY.format("identity"),)),
    "websocket-disconnect": ("documented, and not among the types", (_ONLY.format("identity"),)),
}


def test_they_are_of_their_types(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("Node.js is missing: apt-get install nodejs")
    packages = npm_packages.installed("@types/aws-lambda@8.10.164", "typescript@5.9.3")
    (tmp_path / "node_modules").symlink_to(packages / "node_modules")
    for name, written in TYPES.items():
        of_package = re.sub(r"\b([A-Z]\w*Event\w*)", r"aws.\1", written)
        event = json.dumps(sample_event(name), indent=1)
        (tmp_path / f"{name}.ts").write_text(
            f"import type * as aws from 'aws-lambda';\nexport const event: {of_package} = {event};\n"
        )
    done = subprocess.run(
        (
            "node_modules/.bin/tsc",
            "--strict",
            "--noEmit",
            "--skipLibCheck",
            "--pretty",
            "false",
            *(f"{name}.ts" for name in TYPES),
        ),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        place, _, problem = line.partition("): ")
        if problem:
            found.setdefault(place.partition(".ts(")[0], []).append(problem)
    expected = {name: said for name, (_, said) in DIFFERENCES.items()}
    assert {name: said for name, said in found.items() if name not in expected} == {}
    assert [
        (name, said, problems)
        for name, said in expected.items()
        if len(problems := found.get(name, [])) != len(said)
        or not all(part in problem for part, problem in zip(said, problems, strict=True))
    ] == []
