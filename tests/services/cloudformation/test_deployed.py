"""Templates whose stack is deployed: AWS is asked for what the template doesn't say."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from tests.aws.moto_server import ACCOUNT, REGION, Moto, moto_process, table
from tests.services.cloudformation.conftest import SAM, Project

from lambda_scenarios.services.catalog import ServiceOptions

__all__ = ["moto_process"]

RESOURCES = """\
  Orders: {Type: AWS::Serverless::SimpleTable}
  Jobs: {Type: AWS::SQS::Queue}
  Named: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Sub 'named-${AWS::AccountId}'}}
  Later: {Type: AWS::SNS::Topic}
Parameters:
  Rate: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /rates}
"""
STACK: dict[str, Any] = {
    "Resources": {
        "Orders": table("orders-x7"),
        "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs-x7"}},
    },
    "Outputs": {"V": {"Value": "vpc-7", "Export": {"Name": "vpc"}}},
}
CONFIG = f'[default.global.parameters]\nstack_name = "shop"\nregion = "{REGION}"\n'
LINES = (
    "A: !Ref Orders\nB: !GetAtt Orders.Arn\nC: !GetAtt Jobs.QueueName\nD: !ImportValue vpc\nE: !Ref Rate\n"
    "F: !Ref Named\nG: 'x{{resolve:ssm:/rates}}'\nH: !Select [0, !GetAZs '']"
)


@pytest.fixture(scope="module")
def deployed(moto_process: Moto) -> Moto:
    moto_process.reset()
    moto_process.stack("shop", STACK)
    moto_process.client("ssm").put_parameter(Name="/rates", Value="r", Type="String")
    return moto_process


def test_the_stack_of_samconfig_is_asked(deployed: Moto, project: Project) -> None:
    project.environ = dict(deployed.environ)
    service = project.with_variables(LINES, RESOURCES, {"samconfig.toml": CONFIG})
    assert dict(service.function("One").environment) == {
        "A": "orders-x7",
        "B": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders-x7",
        "C": "jobs-x7",
        "D": "vpc-7",
        "E": "r",
        "F": f"named-{ACCOUNT}",
        "G": "xr",
        "H": f"{REGION}a",
    }
    assert service.warnings() == ()


def test_the_id_of_the_stack_is_asked_for(deployed: Moto, project: Project) -> None:
    project.environ = dict(deployed.environ)
    service = project.with_variables("A: !Ref AWS::StackId", "", {"samconfig.toml": CONFIG})
    (value,) = dict(service.function("One").environment).values()
    assert (
        value == deployed.client("cloudformation").describe_stacks(StackName="shop")["Stacks"][0]["StackId"]
    )
    assert service.warnings() == ()


def test_what_is_not_deployed_yet(deployed: Moto, project: Project) -> None:
    project.environ = dict(deployed.environ)
    service = project.with_variables("A: !Ref Later", RESOURCES, {"samconfig.toml": CONFIG})
    (value,) = dict(service.function("One").environment).values()
    assert value.endswith(":Later")
    (warning,) = service.warnings()
    assert (
        warning.problem
        == f"A is made with `{value}` for Later: the stack shop in {REGION} has no resource `Later`"
    )


def test_layers_by_arn_are_downloaded(deployed: Moto, project: Project) -> None:
    project.environ = dict(deployed.environ)
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("python/far.py", "")
    arn = deployed.layer("far", archive.getvalue())
    service = project.open(
        f"{SAM}Parameters: {{Far: {{Type: String, Default: '{arn}'}}}}\nResources:\n  One:\n"
        "    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: python3.11\n"
        f"      Handler: far.handler\n      CodeUri: src\n      Layers: [!Ref Far, '{arn[:-1]}99']\n"
    )
    (directory,) = service.function("One").layers
    assert (Path(directory) / "python" / "far.py").is_file()
    (warning,) = service.warnings()
    assert warning.problem.startswith(f"layer {arn[:-1]}99 is left out: ")


def test_without_the_name_of_a_stack_nothing_is_asked(deployed: Moto, project: Project) -> None:
    project.environ = dict(deployed.environ)
    options = ServiceOptions(region=REGION)
    with deployed.recorded() as asked:
        service = project.with_variables("A: !Ref Orders\nB: !Ref AWS::AccountId", RESOURCES, options=options)
        assert dict(service.function("One").environment) == {"A": "Orders", "B": "123456789012"}
    assert asked == []
