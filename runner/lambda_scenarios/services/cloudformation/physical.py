"""What `Ref` and `Fn::GetAtt` give of a resource, as far as the template itself tells.

Source: "Return values" of each type in docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/.
"""

from __future__ import annotations

from typing import NamedTuple


class Known(NamedTuple):
    """`name` is the property with the physical name; `ref` makes what `Ref` gives of the name."""

    name: str
    ref: str = "{name}"


def _arn(service: str, rest: str) -> str:
    return "arn:{partition}:" + service + ":{region}:{account}:" + rest


# What SAM makes of its own types.
CLOUDFORMATION_TYPES = {
    "AWS::Serverless::Api": "AWS::ApiGateway::RestApi",
    "AWS::Serverless::Application": "AWS::CloudFormation::Stack",
    "AWS::Serverless::Function": "AWS::Lambda::Function",
    "AWS::Serverless::GraphQLApi": "AWS::AppSync::GraphQLApi",
    "AWS::Serverless::HttpApi": "AWS::ApiGatewayV2::Api",
    "AWS::Serverless::LayerVersion": "AWS::Lambda::LayerVersion",
    "AWS::Serverless::SimpleTable": "AWS::DynamoDB::Table",
    "AWS::Serverless::StateMachine": "AWS::StepFunctions::StateMachine",
}

NAMED: dict[str, Known] = {
    "AWS::ApiGateway::ApiKey": Known("Name"),
    "AWS::CloudWatch::Alarm": Known("AlarmName"),
    "AWS::DynamoDB::GlobalTable": Known("TableName"),
    "AWS::DynamoDB::Table": Known("TableName"),
    "AWS::ECR::Repository": Known("RepositoryName"),
    "AWS::ECS::Cluster": Known("ClusterName"),
    "AWS::Events::EventBus": Known("Name"),
    "AWS::Events::Rule": Known("Name"),
    "AWS::IAM::Role": Known("RoleName"),
    "AWS::IAM::User": Known("UserName"),
    "AWS::Kinesis::Stream": Known("Name"),
    "AWS::KinesisFirehose::DeliveryStream": Known("DeliveryStreamName"),
    "AWS::Lambda::Function": Known("FunctionName"),
    "AWS::Logs::LogGroup": Known("LogGroupName"),
    "AWS::S3::Bucket": Known("BucketName"),
    "AWS::SNS::Topic": Known("TopicName", _arn("sns", "{name}")),
    "AWS::SQS::Queue": Known("QueueName", "https://sqs.{region}.{suffix}/{account}/{name}"),
    "AWS::SSM::Parameter": Known("Name"),
    "AWS::Scheduler::ScheduleGroup": Known("Name"),
    "AWS::StepFunctions::StateMachine": Known("StateMachineName", _arn("states", "stateMachine:{name}")),
}

# SAM's own types name some properties differently.
NAMES_OF_SAM = {"AWS::Serverless::StateMachine": "Name"}

# What `aws.attributes` asks for, since only AWS knows it for certain: formats of `name` and `path`.
LOCAL_ATTRIBUTES: dict[str, dict[str, str]] = {
    "AWS::IAM::Role": {"Arn": "arn:{partition}:iam::{account}:role{path}{name}"},
    "AWS::IAM::User": {"Arn": "arn:{partition}:iam::{account}:user{path}{name}"},
}
