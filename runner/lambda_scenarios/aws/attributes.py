"""What `Fn::GetAtt` gives of a resource, where its type, its `Ref`, the region and the account tell.

Source: "Return values" of each type in docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/. What
can't be computed is asked for: by a call of the resource's own service where one is in the table, else from
Cloud Control, which knows most types.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from lambda_scenarios.aws.failures import LookupFailed
from lambda_scenarios.aws.partitions import partition_of

if TYPE_CHECKING:
    from lambda_scenarios.aws.lookups import Lookups, Resource


class _Facts(NamedTuple):
    """A resource's `Ref`, and where it is. `last` is what stands behind the last `/`, else `:`, of `ref`."""

    ref: str
    last: str
    region: str
    account: str
    partition: str
    suffix: str


class _Ask(NamedTuple):
    """A call that gives attributes: `named_by` is the parameter that takes the resource's `Ref`."""

    service: str
    operation: str
    named_by: str
    path: tuple[str, ...]  # in the answer


def _arn(service: str, rest: str) -> str:
    return "arn:{partition}:" + service + ":{region}:{account}:" + rest


# By type and attribute, a format of the fields of _Facts.
_COMPUTED: dict[str, dict[str, str]] = {
    "AWS::ApiGateway::RestApi": {"RestApiId": "{ref}"},
    "AWS::ApiGatewayV2::Api": {
        "ApiId": "{ref}",
        "ApiEndpoint": "https://{ref}.execute-api.{region}.{suffix}",
    },
    "AWS::AppSync::GraphQLApi": {"Arn": "{ref}", "ApiId": "{last}"},
    "AWS::Cognito::UserPool": {
        "Arn": _arn("cognito-idp", "userpool/{ref}"),
        "ProviderName": "cognito-idp.{region}.{suffix}/{ref}",
        "ProviderURL": "https://cognito-idp.{region}.{suffix}/{ref}",
        "UserPoolId": "{ref}",
    },
    "AWS::Cognito::UserPoolClient": {"ClientId": "{ref}"},
    "AWS::DynamoDB::Table": {"Arn": _arn("dynamodb", "table/{ref}")},
    "AWS::DynamoDB::GlobalTable": {"Arn": _arn("dynamodb", "table/{ref}")},
    "AWS::ECR::Repository": {
        "Arn": _arn("ecr", "repository/{ref}"),
        "RepositoryUri": "{account}.dkr.ecr.{region}.{suffix}/{ref}",
    },
    "AWS::ECS::Cluster": {"Arn": _arn("ecs", "cluster/{ref}")},
    "AWS::Events::EventBus": {"Arn": _arn("events", "event-bus/{ref}"), "Name": "{ref}"},
    "AWS::KMS::Key": {"Arn": _arn("kms", "key/{ref}"), "KeyId": "{ref}"},
    "AWS::Kinesis::Stream": {"Arn": _arn("kinesis", "stream/{ref}")},
    "AWS::KinesisFirehose::DeliveryStream": {"Arn": _arn("firehose", "deliverystream/{ref}")},
    "AWS::Lambda::Alias": {"AliasArn": "{ref}"},
    "AWS::Lambda::Function": {"Arn": _arn("lambda", "function:{ref}")},
    "AWS::Lambda::LayerVersion": {"LayerVersionArn": "{ref}"},
    "AWS::Lambda::Version": {"FunctionArn": "{ref}", "Version": "{last}"},
    "AWS::Logs::LogGroup": {"Arn": _arn("logs", "log-group:{ref}:*")},
    "AWS::S3::Bucket": {
        "Arn": "arn:{partition}:s3:::{ref}",
        "DomainName": "{ref}.s3.{suffix}",
        "DualStackDomainName": "{ref}.s3.dualstack.{region}.{suffix}",
        "RegionalDomainName": "{ref}.s3.{region}.{suffix}",
    },
    "AWS::SecretsManager::Secret": {"Id": "{ref}"},
    "AWS::SNS::Topic": {"TopicArn": "{ref}", "TopicName": "{last}"},
    "AWS::SQS::Queue": {"Arn": _arn("sqs", "{last}"), "QueueName": "{last}", "QueueUrl": "{ref}"},
    "AWS::StepFunctions::StateMachine": {"Arn": "{ref}", "Name": "{last}"},
}

# The ARN of a role or user has its path in it, which its name doesn't tell.
_ASKED: dict[str, dict[str, _Ask]] = {
    "AWS::ApiGateway::RestApi": {
        "RootResourceId": _Ask("apigateway", "GetRestApi", "restApiId", ("rootResourceId",))
    },
    "AWS::DynamoDB::Table": {
        "StreamArn": _Ask("dynamodb", "DescribeTable", "TableName", ("Table", "LatestStreamArn"))
    },
    "AWS::IAM::Role": {
        "Arn": _Ask("iam", "GetRole", "RoleName", ("Role", "Arn")),
        "RoleId": _Ask("iam", "GetRole", "RoleName", ("Role", "RoleId")),
    },
    "AWS::IAM::User": {"Arn": _Ask("iam", "GetUser", "UserName", ("User", "Arn"))},
    "AWS::Lambda::Url": {
        "FunctionUrl": _Ask("lambda", "GetFunctionUrlConfig", "FunctionName", ("FunctionUrl",))
    },
    "AWS::SSM::Parameter": {
        "Type": _Ask("ssm", "GetParameter", "Name", ("Parameter", "Type")),
        "Value": _Ask("ssm", "GetParameter", "Name", ("Parameter", "Value")),
    },
}


def attribute_of(lookups: Lookups, resource: Resource, region: str, attribute: str) -> str:
    """What `Fn::GetAtt` gives of a deployed resource. Raises LookupFailed."""
    kind, ref = resource
    if kind == "AWS::CloudFormation::Stack" and attribute.startswith("Outputs."):
        outputs = lookups.outputs(ref, region)
        return _text(outputs.get(attribute.partition(".")[2]), resource, attribute)
    found = computed(resource, attribute, region, lambda: lookups.account_id(region))
    if found is not None:
        return found
    call = _ASKED.get(kind, {}).get(attribute)
    if call is not None:
        answer = lookups.ask(call.service, region, call.operation, **{call.named_by: ref})
        return _text(_at(answer, call.path), resource, attribute)
    if kind.startswith(("Custom::", "AWS::CloudFormation::CustomResource")):
        raise LookupFailed(f"{attribute} is an attribute of a custom resource, which AWS doesn't tell")
    answer = lookups.ask("cloudcontrol", region, "GetResource", TypeName=kind, Identifier=ref)
    properties = json.loads(answer["ResourceDescription"]["Properties"])
    return _text(_at(properties, tuple(attribute.split("."))), resource, attribute)


def computed(resource: Resource, attribute: str, region: str, account: Callable[[], str]) -> str | None:
    """An attribute that the resource's `Ref` tells, None where none does. `account` is asked if needed."""
    pattern = _COMPUTED.get(resource.type, {}).get(attribute)
    if pattern is None:
        return None
    partition = partition_of(region)
    ref = resource.physical_id
    facts = _Facts(
        ref,
        _last_part(ref),
        region,
        account() if "{account}" in pattern else "",
        partition.name,
        partition.url_suffix,
    )
    return pattern.format_map(facts._asdict())


def _at(answer: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        answer = answer.get(name) if isinstance(answer, dict) else None
    return answer


def _text(value: Any, resource: Resource, attribute: str) -> str:
    if value is None or isinstance(value, (dict, list)):
        raise LookupFailed(f"{resource.physical_id} ({resource.type}) has no attribute {attribute}")
    return str(value)


def _last_part(ref: str) -> str:
    return ref.rpartition("/" if "/" in ref else ":")[2]
