"""Sample events against the types that handlers in Go are written with (aws-lambda-go)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lambda_scenarios.sample_events.samples import sample_event

TYPES = {
    "http-api": "APIGatewayV2HTTPRequest",
    "http-api-post": "APIGatewayV2HTTPRequest",
    "http-api-v1": "APIGatewayProxyRequest",
    "rest-api": "APIGatewayProxyRequest",
    "rest-api-post": "APIGatewayProxyRequest",
    "websocket": "APIGatewayWebsocketProxyRequest",
    "websocket-connect": "APIGatewayWebsocketProxyRequest",
    "websocket-disconnect": "APIGatewayWebsocketProxyRequest",
    "authorizer-token": "APIGatewayCustomAuthorizerRequest",
    "authorizer-request": "APIGatewayCustomAuthorizerRequestTypeRequest",
    "authorizer-http-api": "APIGatewayV2CustomAuthorizerV2Request",
    "function-url": "LambdaFunctionURLRequest",
    "alb": "ALBTargetGroupRequest",
    "alb-multi-value": "ALBTargetGroupRequest",
    "appsync-authorizer": "AppSyncLambdaAuthorizerRequest",
    "sqs": "SQSEvent",
    "sqs-fifo": "SQSEvent",
    "sqs-sns": "SQSEvent",
    "sqs-s3": "SQSEvent",
    "sns": "SNSEvent",
    "kinesis": "KinesisEvent",
    "dynamodb": "DynamoDBEvent",
    "msk": "KafkaEvent",
    "kafka": "KafkaEvent",
    "activemq": "ActiveMQEvent",
    "rabbitmq": "RabbitMQEvent",
    "cloudwatch-logs": "CloudwatchLogsEvent",
    "firehose": "KinesisFirehoseEvent",
    "firehose-kinesis": "KinesisFirehoseEvent",
    "firehose-cloudwatch-logs": "KinesisFirehoseEvent",
    "kinesis-analytics-output": "KinesisAnalyticsOutputDeliveryEvent",
    "iot-authorizer": "IoTCoreCustomAuthorizerRequest",
    "iot-provisioning": "IoTPreProvisionHookRequest",
    "iot-button": "IoTButtonEvent",
    "s3": "S3Event",
    "s3-delete": "S3Event",
    "s3-batch": "S3BatchJobEvent",
    "s3-batch-v2": "S3BatchJobEventV2",
    "s3-object-lambda": "S3ObjectLambdaEvent",
    "eventbridge": "EventBridgeEvent",
    "schedule": "CloudWatchEvent",
    "eventbridge-autoscaling": "AutoScalingEvent",
    "eventbridge-codebuild": "CodeBuildEvent",
    "eventbridge-ecr": "ECRImageActionEvent",
    "cognito-sync": "CognitoEvent",
    "cognito-pre-sign-up": "CognitoEventUserPoolsPreSignup",
    "cognito-post-confirmation": "CognitoEventUserPoolsPostConfirmation",
    "cognito-pre-authentication": "CognitoEventUserPoolsPreAuthentication",
    "cognito-post-authentication": "CognitoEventUserPoolsPostAuthentication",
    "cognito-pre-token-generation": "CognitoEventUserPoolsPreTokenGen",
    "cognito-pre-token-generation-v2": "CognitoEventUserPoolsPreTokenGenV2_0",
    "cognito-custom-message": "CognitoEventUserPoolsCustomMessage",
    "cognito-define-auth-challenge": "CognitoEventUserPoolsDefineAuthChallenge",
    "cognito-create-auth-challenge": "CognitoEventUserPoolsCreateAuthChallenge",
    "cognito-verify-auth-challenge": "CognitoEventUserPoolsVerifyAuthChallenge",
    "cognito-user-migration": "CognitoEventUserPoolsMigrateUser",
    "lex-v1": "LexEvent",
    "connect": "ConnectEvent",
    "ses": "SimpleEmailEvent",
    "config-rule": "ConfigEvent",
    "config-periodic": "ConfigEvent",
    "secretsmanager-rotation": "SecretsManagerSecretRotationEvent",
    "codepipeline": "CodePipelineJobEvent",
    "codecommit": "CodeCommitEvent",
    # The type has texts alone; AWS documents numbers, and a function may return any.
    "kinesis-window": "KinesisTimeWindowEvent",
}
REFUSED = {"kinesis-window": "TimeWindowProperties.state of type string"}

_MODULE = """module samples

go 1.18

require github.com/aws/aws-lambda-go v1.49.0
"""
_PROGRAM = """package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/events"
)

var found = map[string]any{
%s
}

func main() {
	for name, value := range found {
		data, err := os.ReadFile(name + ".json")
		if err == nil {
			err = json.Unmarshal(data, value)
		}
		fmt.Printf("%%s: %%v\\n", name, err)
	}
}
"""


def test_they_are_of_their_types(tmp_path: Path) -> None:
    if shutil.which("go") is None:
        pytest.skip("Go is missing: apt-get install golang-go")
    table = "\n".join(f'\t"{name}": new(events.{kind}),' for name, kind in TYPES.items())
    (tmp_path / "main.go").write_text(_PROGRAM % table)
    (tmp_path / "go.mod").write_text(_MODULE)
    for name in TYPES:
        (tmp_path / f"{name}.json").write_text(json.dumps(sample_event(name)))
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"}
    fetched = subprocess.run(
        ("go", "mod", "download"), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    if fetched.returncode and not os.environ.get("CI"):
        pytest.skip(f"aws-lambda-go can't be fetched: {fetched.stderr}")
    done = subprocess.run(
        ("go", "run", "."), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert found.keys() == TYPES.keys()
    wrong = {name: said for name, said in found.items() if said != "<nil>"}
    assert wrong.keys() == REFUSED.keys()
    assert all(REFUSED[name] in said for name, said in wrong.items())
