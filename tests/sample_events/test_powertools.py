"""Sample events against the models and data classes of AWS Lambda Powertools for Python."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import pydantic
import pytest
from aws_lambda_powertools.utilities import data_classes
from aws_lambda_powertools.utilities.data_classes import (
    active_mq_event,
    api_gateway_authorizer_event,
    appsync_authorizer_event,
    cognito_user_pool_event,
    common,
    rabbit_mq_event,
    s3_object_event,
    transfer_family_event,
)
from aws_lambda_powertools.utilities.parser import models
from aws_lambda_powertools.utilities.parser.models import cognito

from lambda_scenarios.sample_events.samples import sample_event

MODELS: dict[str, Any] = {
    "http-api": models.APIGatewayProxyEventV2Model,
    "http-api-post": models.APIGatewayProxyEventV2Model,
    "http-api-v1": models.APIGatewayProxyEventModel,
    "rest-api": models.APIGatewayProxyEventModel,
    "rest-api-post": models.APIGatewayProxyEventModel,
    "websocket": models.APIGatewayWebSocketMessageEventModel,
    "websocket-connect": models.APIGatewayWebSocketConnectEventModel,
    "websocket-disconnect": models.APIGatewayWebSocketDisconnectEventModel,
    "authorizer-token": models.ApiGatewayAuthorizerToken,
    "authorizer-request": models.ApiGatewayAuthorizerRequest,
    "authorizer-http-api": models.ApiGatewayAuthorizerRequestV2,
    "function-url": models.LambdaFunctionUrlModel,
    "alb": models.AlbModel,
    "vpc-lattice": models.VpcLatticeV2Model,
    "vpc-lattice-v1": models.VpcLatticeModel,
    "appsync": models.AppSyncResolverEventModel,
    "appsync-events": models.AppSyncEventsModel,
    "sqs": models.SqsModel,
    "sqs-fifo": models.SqsModel,
    "sqs-s3": models.S3SqsEventNotificationModel,
    "sns": models.SnsModel,
    "kinesis": models.KinesisDataStreamModel,
    "dynamodb": models.DynamoDBStreamModel,
    "msk": models.KafkaMskEventModel,
    "kafka": models.KafkaSelfManagedEventModel,
    "cloudwatch-logs": models.CloudWatchLogsModel,
    "firehose": models.KinesisFirehoseModel,
    "firehose-kinesis": models.KinesisFirehoseModel,
    "s3": models.S3Model,
    "s3-delete": models.S3Model,
    "s3-batch": models.S3BatchOperationModel,
    "s3-batch-v2": models.S3BatchOperationModel,
    "s3-object-lambda": models.S3ObjectLambdaEvent,
    "transfer-family": models.TransferFamilyAuthorizer,
    "eventbridge": models.EventBridgeModel,
    "schedule": models.EventBridgeModel,
    "eventbridge-s3": models.S3EventNotificationEventBridgeModel,
    "cognito-pre-sign-up": models.CognitoPreSignupTriggerModel,
    "cognito-post-confirmation": models.CognitoPostConfirmationTriggerModel,
    "cognito-pre-authentication": models.CognitoPreAuthenticationTriggerModel,
    "cognito-post-authentication": models.CognitoPostAuthenticationTriggerModel,
    "cognito-pre-token-generation": cognito.CognitoPreTokenGenerationTriggerModelV1,
    "cognito-pre-token-generation-v2": cognito.CognitoPreTokenGenerationTriggerModelV2AndV3,
    "cognito-custom-message": models.CognitoCustomMessageTriggerModel,
    "cognito-custom-email-sender": models.CognitoCustomEmailSenderTriggerModel,
    "cognito-custom-sms-sender": models.CognitoCustomSMSSenderTriggerModel,
    "cognito-define-auth-challenge": models.CognitoDefineAuthChallengeTriggerModel,
    "cognito-create-auth-challenge": models.CognitoCreateAuthChallengeTriggerModel,
    "cognito-verify-auth-challenge": models.CognitoVerifyAuthChallengeTriggerModel,
    "cognito-user-migration": models.CognitoMigrateUserTriggerModel,
    "bedrock-agent": models.BedrockAgentEventModel,
    "bedrock-agent-function": models.BedrockAgentFunctionEventModel,
    "ses": models.SesModel,
    "cloudformation-create": models.CloudFormationCustomResourceCreateModel,
    "cloudformation-update": models.CloudFormationCustomResourceUpdateModel,
    "cloudformation-delete": models.CloudFormationCustomResourceDeleteModel,
}


# Where the models and the events that AWS documents differ, by what the model refuses.
REFUSED = {
    # https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html: lists of values
    "vpc-lattice": {"headers", "queryStringParameters"},
    # The model wants a mapping, where Cognito sends a list.
    "cognito-pre-token-generation-v2": {"request.scopes"},
    # Cognito sends null for what the function is to fill in.
    "cognito-verify-auth-challenge": {"response.answerCorrect"},
}


@pytest.mark.parametrize("name", MODELS)
def test_models_take_them(name: str) -> None:
    refused: set[str] = set()
    try:
        MODELS[name].model_validate(sample_event(name))
    except pydantic.ValidationError as error:
        for one in error.errors():
            path = ".".join(map(str, one["loc"]))
            refused.add(path.partition(".")[0] if name == "vpc-lattice" else path)
    assert refused == REFUSED.get(name, set())


CLASSES: dict[str, Any] = {
    "alb": data_classes.ALBEvent,
    "alb-multi-value": data_classes.ALBEvent,
    "rest-api": data_classes.APIGatewayProxyEvent,
    "http-api": data_classes.APIGatewayProxyEventV2,
    "websocket": data_classes.APIGatewayWebSocketEvent,
    "authorizer-token": api_gateway_authorizer_event.APIGatewayAuthorizerTokenEvent,
    "authorizer-request": api_gateway_authorizer_event.APIGatewayAuthorizerRequestEvent,
    "authorizer-http-api": api_gateway_authorizer_event.APIGatewayAuthorizerEventV2,
    "function-url": data_classes.LambdaFunctionUrlEvent,
    "vpc-lattice": data_classes.VPCLatticeEventV2,
    "vpc-lattice-v1": data_classes.VPCLatticeEvent,
    "appsync": data_classes.AppSyncResolverEvent,
    "appsync-authorizer": appsync_authorizer_event.AppSyncAuthorizerEvent,
    "appsync-events": data_classes.AppSyncResolverEventsEvent,
    "sqs": data_classes.SQSEvent,
    "sqs-sns": data_classes.SQSEvent,
    "sns": data_classes.SNSEvent,
    "kinesis": data_classes.KinesisStreamEvent,
    "dynamodb": data_classes.DynamoDBStreamEvent,
    "msk": data_classes.KafkaEvent,
    "activemq": active_mq_event.ActiveMQEvent,
    "rabbitmq": rabbit_mq_event.RabbitMQEvent,
    "cloudwatch-logs": data_classes.CloudWatchLogsEvent,
    "firehose-kinesis": data_classes.KinesisFirehoseEvent,
    "s3": data_classes.S3Event,
    "s3-batch": data_classes.S3BatchOperationEvent,
    "s3-batch-v2": data_classes.S3BatchOperationEvent,
    "s3-object-lambda": s3_object_event.S3ObjectLambdaEvent,
    "transfer-family": transfer_family_event.TransferFamilyAuthorizer,
    "eventbridge": data_classes.EventBridgeEvent,
    "eventbridge-s3": data_classes.S3EventBridgeNotificationEvent,
    "cognito-pre-sign-up": cognito_user_pool_event.PreSignUpTriggerEvent,
    "cognito-post-authentication": cognito_user_pool_event.PostAuthenticationTriggerEvent,
    "cognito-custom-message": cognito_user_pool_event.CustomMessageTriggerEvent,
    "cognito-verify-auth-challenge": cognito_user_pool_event.VerifyAuthChallengeResponseTriggerEvent,
    "bedrock-agent": data_classes.BedrockAgentEvent,
    "bedrock-agent-function": data_classes.BedrockAgentFunctionEvent,
    "connect": data_classes.ConnectContactFlowEvent,
    "ses": data_classes.SESEvent,
    "cloudformation-create": data_classes.CloudFormationCustomResourceEvent,
    "cloudwatch-alarm": data_classes.CloudWatchAlarmEvent,
    "cloudwatch-widget": data_classes.CloudWatchDashboardCustomWidgetEvent,
    "config-rule": data_classes.AWSConfigRuleEvent,
    "config-periodic": data_classes.AWSConfigRuleEvent,
    "secretsmanager-rotation": data_classes.SecretsManagerEvent,
    "codepipeline": data_classes.CodePipelineJobEvent,
    "codedeploy-hook": data_classes.CodeDeployLifecycleHookEvent,
}

# Properties that an event of this kind doesn't have: of other payloads, of other users, of messages inside.
WITHOUT = {
    "rest-api": {"version"},
    "authorizer-request": {"version", "identity_source", "authorization_token"},
    "activemq": {"messages.json_data"},  # of the message that is bytes
    "s3-object-lambda": {"user_identity.user_name"},  # of IAM users
}
# The class reads the URLs as they are written in events of SNS, not as in its messages.
_NESTED = {"sqs": ("records.decoded_nested",), "sqs-sns": ("records.decoded_nested",)}


@pytest.mark.parametrize("name", CLASSES)
def test_data_classes_find_everything(name: str) -> None:
    missing = set(_walk(CLASSES[name](sample_event(name)), "", set()))
    missing = {path for path in missing if not path.startswith(_NESTED.get(name, ("-",)))}
    assert missing == WITHOUT.get(name, set())


def _walk(value: Any, path: str, seen: set[type]) -> list[str]:
    """Every property of the data class, and of those in it, that can't be read."""
    failed: list[str] = []
    kind = type(value)
    if kind in seen:
        return failed
    for name in dir(kind):
        attribute = inspect.getattr_static(kind, name)
        if name.startswith("_") or not isinstance(attribute, (property, functools.cached_property)):
            continue
        here = f"{path}.{name}".lstrip(".")
        try:
            found = getattr(value, name)
            items = list(found) if inspect.isgenerator(found) else found
        except (KeyError, TypeError, AttributeError, ValueError, IndexError):
            failed.append(here)
            continue
        for item in items if isinstance(items, list) else [items]:
            if isinstance(item, common.DictWrapper):
                failed += _walk(item, here, seen | {kind})
    return failed
