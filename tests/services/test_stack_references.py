"""Intrinsic functions in environments: given by the scenario file, known from the service file, looked up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.aws.moto_server import ACCOUNT, REGION, Asked, Moto, table
from tests.services.conftest import Workshop, faults, seen

from lambda_scenarios.model.function import Unresolved
from lambda_scenarios.services.catalog import Service, ServiceOptions

HERE = ServiceOptions(region=REGION)

STACK: dict[str, Any] = {
    "Resources": {
        "Orders": table("orders-x7"),
        "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs-x7"}},
    },
    "Outputs": {"T": {"Value": "rates-x7", "Export": {"Name": "exported-tableName"}}},
}

RESOURCES = """\
custom: {colour: red}
resources:
  - Parameters:
      Size: {Type: Number, Default: 3}
      Zones: {Type: CommaDelimitedList, Default: 'a, b'}
    Mappings:
      Sizes: {dev: {small: '1', large: '9'}, prod: {small: '5', large: '50'}}
    Conditions:
      IsProd: !Equals ['${sls:stage}', prod]
      IsDev: !Not [!Condition IsProd]
  - Resources:
      Named: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Sub 'named-${AWS::Region}'}}
      Files: {Type: AWS::S3::Bucket, Properties: {BucketName: 'files-${self:custom.colour}'}}
      Mail: {Type: AWS::SQS::Queue, Properties: {QueueName: mail}}
      Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: news}}
      Role: {Type: AWS::IAM::Role, Properties: {RoleName: worker, Path: /team/}}
      Orders: {Type: AWS::DynamoDB::Table}
"""


@pytest.fixture(scope="module")
def deployed(moto_process: Moto) -> Moto:
    moto_process.reset()
    moto_process.stack("orders-dev", STACK)
    moto_process.client("ssm").put_parameter(Name="/rates", Value="r", Type="String")
    moto_process.client("secretsmanager").create_secret(Name="db", SecretString='{"user": "u", "port": 5432}')
    return moto_process


def opened(
    workshop: Workshop,
    values: str,
    environ: Mapping[str, str],
    resolve: Mapping[str, str | tuple[str, ...]] = {},
    *,
    rest: str = RESOURCES,
    strict: bool = False,
) -> Service:
    options = HERE._replace(resolve=tuple(resolve.items()), strict=strict)
    return workshop.service_with(values, rest=rest, environ=environ, options=options)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("!Ref Orders", "orders-x7"),
        ("{Ref: Jobs}", "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs-x7"),
        ("{'Fn::ImportValue': exported-tableName}", "rates-x7"),
        ("!GetAtt Orders.Arn", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders-x7"),
        ("{'Fn::GetAtt': [Jobs, QueueName]}", "jobs-x7"),
        ("!Sub '${Orders}/${Jobs.Arn}'", f"orders-x7/arn:aws:sqs:{REGION}:{ACCOUNT}:jobs-x7"),
        ("!Sub '${AWS::AccountId}'", ACCOUNT),
        ("!Join [':', [a, !Ref Orders]]", "a:orders-x7"),
        ("!Select [1, !Split [-, !Ref Orders]]", "x7"),
        ("!Base64 {Ref: Orders}", "b3JkZXJzLXg3"),
        ("'{{resolve:ssm:/rates}}/{{resolve:secretsmanager:db:SecretString:user}}'", "r/u"),
        ("!Sub '{{resolve:secretsmanager:db:SecretString:port}}-${AWS::Region}'", "5432-eu-west-1"),
    ],
)
def test_looked_up_in_the_deployed_stack(
    deployed: Moto, workshop: Workshop, written: str, value: str
) -> None:
    service = opened(workshop, f"V: {written}", deployed.environ)
    assert service.function("one").environment == (("V", value),)
    assert service.warnings() == ()
    assert service.function("one").unresolved == ()


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("!Sub '${AWS::Region}.${AWS::URLSuffix}.${AWS::Partition}.${AWS::StackName}'",
         "eu-west-1.amazonaws.com.aws.orders-dev"),
        ("!Ref OneLambdaFunction", "orders-dev-one"),
        ("!Ref OtherLogGroup", "/aws/lambda/orders-dev-other"),
        ("!Ref IamRoleLambdaExecution", "orders-dev-eu-west-1-lambdaRole"),
        ("!Ref Named", "named-eu-west-1"),
        ("!Ref Files", "files-red"),
        ("!GetAtt Files.Arn", "arn:aws:s3:::files-red"),
        ("!GetAtt Files.RegionalDomainName", "files-red.s3.eu-west-1.amazonaws.com"),
        ("!Ref Size", "3"),
        ("!Select [1, !Ref Zones]", "b"),
        ("!FindInMap [Sizes, '${sls:stage}', large]", "9"),
        ("!If [IsProd, a, !If [IsDev, b, c]]", "b"),
        ("!Join ['-', [!Ref Named, x]]", "named-eu-west-1-x"),
        ("plain", "plain"),
    ],
)  # fmt: skip
def test_known_from_the_service_file_without_aws(workshop: Workshop, written: str, value: str) -> None:
    service = opened(workshop, f"V: {written}", {})
    assert service.function("one").environment == (("V", value),)
    assert service.warnings() == ()


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("!GetAtt OneLambdaFunction.Arn", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders-dev-one"),
        ("!GetAtt Role.Arn", f"arn:aws:iam::{ACCOUNT}:role/team/worker"),
        ("!Ref Mail", f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/mail"),
        ("!GetAtt Mail.Arn", f"arn:aws:sqs:{REGION}:{ACCOUNT}:mail"),
        ("!Ref Topic", f"arn:aws:sns:{REGION}:{ACCOUNT}:news"),
        ("!Ref AWS::AccountId", ACCOUNT),
    ],
)
def test_without_aws_the_account_is_that_of_the_mock_context(
    workshop: Workshop, written: str, value: str
) -> None:
    service = opened(workshop, f"V: {written}", {})
    assert service.function("one").environment == (("V", value),)
    (warning,) = map(seen, service.warnings())
    assert warning.problem == "the account is taken as 123456789012: there are no AWS credentials"
    assert (warning.line, warning.marked) == (8, written)
    given = opened(workshop, f"V: {written}", {}, {"AWS::AccountId": "210987654321"})
    assert given.function("one").environment == (("V", value.replace(ACCOUNT, "210987654321")),)
    assert given.warnings() == ()


def test_a_scenario_file_s_values_come_first_and_nothing_is_asked(deployed: Moto, workshop: Workshop) -> None:
    given: dict[str, str | tuple[str, ...]] = {
        "Orders": "given",
        "exported-tableName": "exported",
        "Jobs.Arn": "arn:given",
        "Named": "other",
        "Zones": ("x", "y"),
        "ssm:/rates": "z",
        "AWS::AccountId": "1",
    }
    with deployed.recorded() as asked:
        service = opened(
            workshop,
            "A: !Ref Orders\nB: !ImportValue exported-tableName\nC: !GetAtt Jobs.Arn\nD: !GetAtt Named.Arn\n"
            "E: !Select [1, !Ref Zones]\nF: '{{resolve:ssm:/rates}}'\nG: !GetAtt Orders.Arn",
            deployed.environ,
            given,
        )
        assert dict(service.function("one").environment) == {
            "A": "given",
            "B": "exported",
            "C": "arn:given",
            "D": f"arn:aws:dynamodb:{REGION}:1:table/other",
            "E": "y",
            "F": "z",
            "G": f"arn:aws:dynamodb:{REGION}:1:table/given",
        }
    assert asked == []


def test_each_look_up_is_made_once_for_all_functions(deployed: Moto, workshop: Workshop) -> None:
    text = (
        "service: orders\n"
        "provider: {name: aws, runtime: python3.11, region: eu-west-1, environment: {T: {Ref: Orders}}}\n"
        "functions:\n"
        "  one: {handler: handler.one, environment: {Q: !Ref Jobs, R: !ImportValue exported-tableName}}\n"
        "  two: {handler: handler.two, environment: {Q: !GetAtt Jobs.Arn, R: !ImportValue other}}\n"
        "  three: {handler: handler.three, environment: {T: !Sub '${AWS::AccountId}', R: !Ref Nowhere}}\n"
    )
    service = workshop.open(text, environ=deployed.environ)
    with deployed.recorded() as asked:
        for key in ("one", "two", "three", "one"):
            service.function(key)
            service.summary(key)
    assert sorted(asked) == [
        Asked("cloudformation", "ListExports"),
        Asked("cloudformation", "ListStackResources"),
        Asked("sts", "GetCallerIdentity"),
    ]


def test_what_can_t_be_resolved_is_passed_as_json_and_told(deployed: Moto, workshop: Workshop) -> None:
    service = opened(
        workshop,
        "A: !Ref Order\nB: !GetAtt [Orders, Nothing]\nC: !Sub '${Orders}-${Nope}'\nD: [1, x]\n"
        "E: {'Fn::Nope': 1}\nF: '{{resolve:ssm:/none}}'\nG: !FindInMap [Sizes, qa, large]",
        deployed.environ,
    )
    function = service.function("one")
    assert dict(function.environment) == {
        "A": '{"Ref":"Order"}',
        "B": '{"Fn::GetAtt":["Orders","Nothing"]}',
        "C": '{"Fn::Sub":"${Orders}-${Nope}"}',
        "D": '[1,"x"]',
        "E": '{"Fn::Nope":1}',
        "F": "{{resolve:ssm:/none}}",
        "G": '{"Fn::FindInMap":["Sizes","qa","large"]}',
    }
    assert function.unresolved[0] == Unresolved(
        "environment.A", "the stack orders-dev in eu-west-1 has no resource `Order`"
    )
    warnings = [seen(warning) for warning in service.warnings()]
    assert [(warning.line, warning.column) for warning in warnings][:2] == [(8, 10), (9, 10)]
    assert warnings[0].problem.startswith("A is left as JSON: the stack orders-dev in eu-west-1 has no")
    assert "did you mean `Orders`?" in warnings[0].notes
    assert "or give it in the scenario file: `resolve: {'Order': value}`" in warnings[0].notes
    assert warnings[2].marked == "${Nope}"
    assert "an environment variable is a text, and this is a list" in warnings[3].problem
    assert warnings[5].problem == "F is left as written: there is no parameter /none in eu-west-1"
    assert warnings[6].problem == "G is left as JSON: the mapping `Sizes` has no `qa`"
    assert len(warnings) == 7
    service.summary("one")
    assert len(service.warnings()) == 7


def test_without_credentials_one_warning_tells_of_all_variables(workshop: Workshop) -> None:
    text = (
        "service: orders\n"
        "provider: {name: aws, runtime: python3.11, environment: {T: {Ref: Orders}}}\n"
        "functions:\n"
        "  one: {handler: handler.one, environment: {Q: !Ref Jobs, R: !ImportValue x}}\n"
        "  two: {handler: handler.two, environment: {Q2: !GetAtt Jobs.Arn, S: !ImportValue y}}\n"
    )
    service = workshop.open(text)
    service.function("one")
    service.function("two")
    (warning,) = service.warnings()
    assert warning.problem == "T, Q, R, Q2, S are left as JSON: there are no AWS credentials"
    assert "or give it in the scenario file: `resolve: {'Orders': value}`" in warning.notes
    strict = workshop.open(text, options=ServiceOptions(strict=True))
    (fault,) = faults(lambda: strict.function("one"))
    assert fault.problem == "T, Q, R are left as JSON: there are no AWS credentials"


def test_without_credentials_variables_are_told_of_once(workshop: Workshop) -> None:
    text = (
        "service: orders\n"
        "provider: {name: aws, runtime: python3.11}\n"
        "functions:\n"
        "  one: {handler: handler.one, environment: {A: '${ssm:/a}', B: '${cf:s.B}'}}\n"
        "  two: {handler: handler.two, environment: {C: '${ssm:/c}'}}\n"
    )
    service = workshop.open(text)
    (first,) = faults(lambda: service.function("one"))
    assert first.problem == "cannot resolve `${ssm:/a}`: there are no AWS credentials"
    assert faults(lambda: service.function("two")) == [first]
    assert [one.path for one in service.summary("two").unresolved] == ["environment.C"]


def test_strict_makes_errors_of_what_can_t_be_resolved(deployed: Moto, workshop: Workshop) -> None:
    service = opened(workshop, "A: !Ref Nowhere\nB: !Ref Orders", deployed.environ, strict=True)
    (fault,) = faults(lambda: service.function("one"))
    assert "has no resource `Nowhere`" in fault.problem


def test_another_name_for_the_stack(deployed: Moto, workshop: Workshop) -> None:
    text = (
        "service: sales\n"
        "provider: {name: aws, runtime: python3.11, region: eu-west-1, stackName: orders-dev}\n"
        "functions: {one: {handler: handler.one, environment: {T: !Ref Orders}}}\n"
    )
    assert workshop.open(text, environ=deployed.environ).function("one").environment == (("T", "orders-x7"),)
    other = workshop.open(text.replace("orders-dev", "nowhere"), environ=deployed.environ)
    other.function("one")
    (warning,) = other.warnings()
    assert warning.problem == "T is left as JSON: there is no stack nowhere in eu-west-1"
    assert any("deploy it" in note for note in warning.notes)


def test_no_value_leaves_a_variable_out(workshop: Workshop) -> None:
    service = opened(workshop, "A: !If [IsProd, x, !Ref AWS::NoValue]\nB: b", {})
    assert service.function("one").environment == (("B", "b"),)


def test_a_circle_of_conditions_and_names(workshop: Workshop) -> None:
    rest = (
        "resources:\n"
        "  Conditions: {A: !Condition B, B: !Not [!Condition A]}\n"
        "  Resources: {T: {Type: AWS::SNS::Topic, Properties: {TopicName: !GetAtt T.TopicName}}}\n"
    )
    service = opened(workshop, "A: !If [A, x, y]\nB: !Ref T", {}, rest=rest)
    service.function("one")
    problems = [warning.problem for warning in service.warnings()]
    assert problems == [
        "A is left as JSON: these conditions refer to each other in a circle: A → B → A",
        "B is left as JSON: there are no AWS credentials",
    ]
