"""Look-ups against moto's server: what they find, and how often they ask."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_scenarios.aws.lookups import LookupFailed, Lookups, NoSuchStack, Parameter, Resource
from tests.aws.moto_server import ACCOUNT, REGION, Asked, Moto, table

STACK: dict[str, Any] = {
    "Resources": {
        "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}},
        "Files": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "files"}},
        "Orders": table("orders", StreamSpecification={"StreamViewType": "NEW_IMAGE"}),
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"RoleName": "worker", "Path": "/team/", "AssumeRolePolicyDocument": {}},
        },
        "News": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "news"}},
    },
    "Outputs": {
        "Table": {"Value": {"Ref": "Orders"}, "Export": {"Name": "orders-table"}},
        "Queue": {"Value": {"Ref": "Jobs"}},
    },
}


@pytest.fixture
def lookups(moto: Moto) -> Lookups:
    return Lookups(moto.environ)


@pytest.fixture
def stack(moto: Moto) -> str:
    moto.stack("orders-dev", STACK)
    return "orders-dev"


def failure(action: Any) -> LookupFailed:
    with pytest.raises(LookupFailed) as caught:
        action()
    return caught.value


def test_resources_outputs_and_exports_of_a_stack(lookups: Lookups, stack: str) -> None:
    assert lookups.physical_id(stack, REGION, "Orders") == "orders"
    assert lookups.resources(stack, REGION)["News"] == Resource(
        "AWS::SNS::Topic", f"arn:aws:sns:{REGION}:{ACCOUNT}:news"
    )
    assert lookups.outputs(stack, REGION)["Table"] == "orders"
    assert lookups.export(REGION, "orders-table") == "orders"
    assert lookups.account_id(REGION) == ACCOUNT


def test_each_look_up_is_made_once_also_a_failing_one(moto: Moto, stack: str) -> None:
    moto.client("ssm").put_parameter(Name="/orders/key", Value="k", Type="String")
    lookups = Lookups(moto.environ)
    with moto.recorded() as asked:
        for _ in range(3):
            lookups.physical_id(stack, REGION, "Orders")
            lookups.physical_id(stack, REGION, "Jobs")
            lookups.attribute(stack, REGION, "Jobs", "Arn")
            lookups.outputs(stack, REGION)
            lookups.export(REGION, "orders-table")
            lookups.ssm("/orders/key", REGION)
            assert lookups.ssm("/nowhere", REGION) is None
            failure(lambda: lookups.export(REGION, "other"))
            failure(lambda: lookups.outputs("nowhere", REGION))
            failure(lambda: lookups.resources("nowhere", REGION))
            failure(lambda: lookups.attribute(stack, REGION, "News", "Nothing"))
    assert sorted(asked) == sorted(
        [
            Asked("cloudformation", "ListStackResources"),
            Asked("sts", "GetCallerIdentity"),
            Asked("cloudformation", "DescribeStacks"),
            Asked("cloudformation", "ListExports"),
            Asked("ssm", "GetParameter"),
            Asked("ssm", "GetParameter"),
            Asked("cloudformation", "DescribeStacks"),
            Asked("cloudformation", "ListStackResources"),
        ]
    )


@pytest.mark.parametrize(
    ("resource", "attribute"),
    [
        ("Jobs", "Arn"),
        ("Jobs", "QueueName"),
        ("Files", "Arn"),
        ("Files", "DomainName"),
        ("Orders", "Arn"),
        ("Orders", "StreamArn"),
        ("Role", "Arn"),
        ("Role", "RoleId"),
        ("News", "TopicName"),
    ],
)
def test_attributes_are_what_cloudformation_itself_makes_of_them(
    moto: Moto, lookups: Lookups, resource: str, attribute: str
) -> None:
    outputs = {"Attribute": {"Value": {"Fn::GetAtt": [resource, attribute]}}}
    moto.stack("oracle", {**STACK, "Outputs": outputs})
    found = lookups.attribute("oracle", REGION, resource, attribute)
    assert found == lookups.outputs("oracle", REGION)["Attribute"]


def test_what_a_stack_lacks_is_said_with_what_was_perhaps_meant(lookups: Lookups, stack: str) -> None:
    missing = failure(lambda: lookups.physical_id(stack, REGION, "Order"))
    assert missing.reason == "the stack orders-dev in eu-west-1 has no resource `Order`"
    assert missing.notes == (
        "did you mean `Orders`?",
        "deploy it first",
    )
    unknown = failure(lambda: lookups.export(REGION, "orders-tabel"))
    assert unknown.reason == "no stack in eu-west-1 exports `orders-tabel`"
    assert "did you mean `orders-table`?" in unknown.notes


def test_a_stack_that_is_not_deployed_is_named_with_its_region(lookups: Lookups) -> None:
    missing = failure(lambda: lookups.outputs("orders-qa", "eu-north-1"))
    assert isinstance(missing, NoSuchStack)
    assert missing.reason == "there is no stack orders-qa in eu-north-1"
    assert not missing.general


def test_parameters_and_objects(moto: Moto, lookups: Lookups) -> None:
    ssm = moto.client("ssm")
    ssm.put_parameter(Name="/list", Value="a,b", Type="StringList")
    ssm.put_parameter(Name="/secret", Value="s3cret", Type="SecureString")
    assert lookups.ssm("/list", REGION) == Parameter("StringList", "a,b")
    assert lookups.ssm("/secret", REGION) == Parameter("SecureString", "s3cret")
    encrypted = lookups.ssm("/secret", REGION, decrypt=False)
    assert encrypted is not None
    assert encrypted.value != "s3cret"
    assert lookups.ssm("/list", "us-west-2") is None
    s3 = moto.client("s3")
    s3.create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="files", Key="a/b.txt", Body="grüße".encode())
    assert lookups.s3_text("files", "a/b.txt", REGION) == "grüße"
    assert lookups.s3_text("files", "a/c.txt", REGION) is None
    assert "NoSuchBucket" in failure(lambda: lookups.s3_text("nowhere", "a", REGION)).reason


def test_all_pages_of_a_region_s_exports_are_read(moto: Moto, lookups: Lookups) -> None:
    topics = {f"T{n}": {"Type": "AWS::SNS::Topic"} for n in range(150)}
    moto.stack(
        "many",
        {
            "Resources": topics,
            "Outputs": {f"O{n}": {"Value": str(n), "Export": {"Name": f"export-{n}"}} for n in range(150)},
        },
    )
    with moto.recorded() as asked:
        assert [lookups.export(REGION, f"export-{n}") for n in range(150)] == [str(n) for n in range(150)]
    assert asked == [Asked("cloudformation", "ListExports")] * 2
