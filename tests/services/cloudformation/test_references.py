"""What `Ref`, `Fn::GetAtt` and the like give in the environment of a function."""

from __future__ import annotations

import json

import pytest
from tests.services.cloudformation.conftest import Project
from tests.services.conftest import faults, seen

from lambda_scenarios.services.catalog import ServiceOptions

RESOURCES = """\
  Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Sub '${AWS::StackName}-t'}}
  Simple: {Type: AWS::Serverless::SimpleTable}
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub 'b-${AWS::AccountId}'}}
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: t}}
  Value: {Type: AWS::SSM::Parameter, Properties: {Name: /v, Type: String, Value: !Ref Number}}
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: r}}
  Pool: {Type: AWS::Cognito::UserPool}
Parameters:
  Text: {Type: String, Default: text}
  Number: {Type: Number, Default: 10}
  List: {Type: CommaDelimitedList, Default: 'a, b,c'}
  Flag: {Type: String, Default: yes}
  Given: {Type: String}
  Ssm: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /config/name}
Mappings: {Sizes: {small: {number: 1, list: [x, y]}}}
Conditions: {IsText: !Equals [!Ref Text, text]}
"""
GIVEN = ServiceOptions(params=(("Given", "passed"),))


def values(project: Project, *written: str, options: ServiceOptions = GIVEN) -> list[str]:
    lines = "\n".join(f"V{index}: {text}" for index, text in enumerate(written))
    return list(project.variables(lines, RESOURCES, options=options).values())


def test_parameters(project: Project) -> None:
    written = ("!Ref Text", "!Ref Number", "!Join ['-', !Ref List]", "!Ref Flag", "!Ref Given")
    assert values(project, *written) == ["text", "10", "a-b-c", "true", "passed"]


def test_pseudo_parameters(project: Project) -> None:
    options = GIVEN._replace(region="cn-north-1")
    text = "!Sub '${AWS::Region} ${AWS::Partition} ${AWS::URLSuffix} ${AWS::StackName} ${AWS::AccountId}'"
    assert values(project, text, options=options) == [
        "cn-north-1 aws-cn amazonaws.com.cn orders 123456789012"
    ]


def test_names_that_the_template_gives(project: Project) -> None:
    service = project.with_variables(
        "A: !Ref Table\nB: !GetAtt Table.Arn\nC: !Ref Bucket\nD: !GetAtt Bucket.Arn\nE: !Ref Queue\n"
        "F: !GetAtt Queue.QueueName\nG: !Ref Topic\nH: !Ref Value\nI: !GetAtt Value.Value\n"
        "J: !GetAtt Role.Arn\n",
        RESOURCES,
    )
    assert [value for _, value in service.function("One").environment] == [
        "orders-t",
        "arn:aws:dynamodb:us-east-1:123456789012:table/orders-t",
        "b-123456789012",
        "arn:aws:s3:::b-123456789012",
        "https://sqs.us-east-1.amazonaws.com/123456789012/q",
        "q",
        "arn:aws:sns:us-east-1:123456789012:t",
        "/v",
        "10",
        "arn:aws:iam::123456789012:role/r",
    ]
    assert [seen(warning).problem for warning in service.warnings()] == [
        "the account is taken as 123456789012: without the name of a deployed stack, AWS is not asked"
    ]
    assert service.function("One").unresolved == ()


def test_names_that_aws_chooses_are_those_of_the_template_with_a_warning(project: Project) -> None:
    service = project.with_variables(
        "A: !Ref Simple\nB: !GetAtt Simple.Arn\nC: !Ref ServerlessRestApi\nD: !Sub '${One} ${One.Arn}'",
        RESOURCES,
    )
    function = service.function("One")
    assert dict(function.environment) == {
        "A": "Simple",
        "B": "arn:aws:dynamodb:us-east-1:123456789012:table/Simple",
        "C": "ServerlessRestApi",
        "D": "orders-One arn:aws:lambda:us-east-1:123456789012:function:orders-One",
    }
    warnings = [seen(warning) for warning in service.warnings()]
    assert [warning.problem for warning in warnings][:2] == [
        "A is made with `Simple` for Simple: AWS chooses the name",
        "B is made with `arn:aws:dynamodb:us-east-1:123456789012:table/Simple` for Simple.Arn: "
        "AWS chooses the name",
    ]
    assert (warnings[0].line, warnings[0].marked) == (11, "!Ref Simple")
    assert warnings[0].label == "`resolve: {'Simple': …}` in the scenario file gives it"
    assert {missing.path for missing in function.unresolved} == {f"environment.{name}" for name in "ABCD"}
    strict = project.with_variables("A: !Ref Simple", RESOURCES, options=ServiceOptions(strict=True))
    assert len(faults(lambda: strict.function("One"))) == 1


def test_facts_of_the_account_that_are_made_up_are_told_once_where_they_are_needed(project: Project) -> None:
    lines = (
        "A: a\nB: !GetAtt Topic.TopicName\nC: !Ref Topic\nD: !Ref AWS::AccountId\n"
        "E: !Select [0, !GetAZs '']\nF: !Select [1, !GetAZs '']\nG: !Ref AWS::StackId"
    )
    service = project.with_variables(lines, RESOURCES)
    assert service.warnings() == ()
    values = dict(service.function("One").environment)
    assert (values["D"], values["E"], values["F"]) == ("123456789012", "us-east-1a", "us-east-1b")
    why = "without the name of a deployed stack, AWS is not asked"
    found = [seen(warning) for warning in service.warnings()]
    assert [(warning.problem, warning.line) for warning in found] == [
        (f"the account is taken as 123456789012: {why}", 13),
        (f"the availability zones of us-east-1 are taken as us-east-1a, us-east-1b, us-east-1c: {why}", 15),
        (f"the id of the stack orders is taken as {values['G']}: {why}", 17),
    ]
    assert "`resolve: {'AWS::AccountId': '…'}` in the scenario file says which it is" in found[0].notes
    strict = project.with_variables(lines, RESOURCES, options=ServiceOptions(strict=True))
    assert len(faults(lambda: strict.function("One"))) == 3
    given = ServiceOptions(resolve=(("AWS::AccountId", "1"), ("AWS::StackId", "arn:s")))
    known = project.with_variables("C: !Ref Topic\nG: !Ref AWS::StackId", RESOURCES, options=given)
    assert dict(known.function("One").environment) == {"C": "arn:aws:sns:us-east-1:1:t", "G": "arn:s"}
    assert known.warnings() == ()


def test_an_account_that_decides_a_condition_is_told(project: Project) -> None:
    conditions = "Conditions: {Ours: !Equals [!Ref AWS::AccountId, '1']}\n"
    service = project.with_variables("A: !If [Ours, a, b]", conditions)
    assert dict(service.function("One").environment) == {"A": "b"}
    (warning,) = map(seen, service.warnings())
    assert (warning.marked, warning.line) == ("!Equals [!Ref AWS::AccountId, '1']", 12)


def test_what_only_aws_knows_is_passed_as_json(project: Project) -> None:
    service = project.with_variables(
        "A: !GetAtt Pool.ProviderNam\nB: !Sub '${Simple.StreamArn}'\nC: !ImportValue vpc", RESOURCES
    )
    found = dict(service.function("One").environment)
    assert json.loads(found["A"]) == {"Fn::GetAtt": ["Pool", "ProviderNam"]}
    assert json.loads(found["B"]) == {"Fn::Sub": "${Simple.StreamArn}"}
    assert json.loads(found["C"]) == {"Fn::ImportValue": "vpc"}
    problems = [warning.problem for warning in service.warnings()]
    assert problems[0] == "A is left as JSON: only AWS knows `Pool.ProviderNam`"
    assert problems[2].startswith("C is left as JSON: ")


def test_values_of_the_scenario_file_come_first(project: Project) -> None:
    options = ServiceOptions(
        resolve=(
            ("Simple", "real-table"),
            ("Simple.StreamArn", "arn:stream"),
            ("vpc", "vpc-1"),
            ("ssm:/config/name", "from-ssm"),
            ("AWS::AccountId", "999999999999"),
            ("secretsmanager:s:SecretString:key", "a secret"),
        )
    )
    service = project.with_variables(
        "A: !Ref Simple\nB: !GetAtt Simple.StreamArn\nC: !ImportValue vpc\nD: !Ref Ssm\nE: !Ref Bucket\n"
        "F: '{{resolve:secretsmanager:s:SecretString:key}}!'\n",
        RESOURCES,
        options=options,
    )
    assert [value for _, value in service.function("One").environment] == [
        "real-table", "arn:stream", "vpc-1", "from-ssm", "b-999999999999", "a secret!",
    ]  # fmt: skip
    assert service.warnings() == ()


def test_what_systems_manager_would_tell(project: Project) -> None:
    service = project.with_variables("A: !Ref Ssm\nB: 'x{{resolve:ssm:/p}}'", RESOURCES)
    assert dict(service.function("One").environment) == {"A": "/config/name", "B": "x{{resolve:ssm:/p}}"}
    (warning,) = service.warnings()
    assert warning.problem == "A, B are made with stand-ins: there are no AWS credentials"


def test_numbers_booleans_and_null(project: Project) -> None:
    service = project.with_variables(
        "A: 1.10\nB: true\nC: on\nD: 010\nE: 012345678909\nF: null\nG: !Ref AWS::NoValue\n"
        "H: {a: 1}\nI: 2020-01-02\nJ: 1e3\nK: 12:30\nL: ''\n",
        RESOURCES,
    )
    assert dict(service.function("One").environment) == {
        "A": "1.1", "B": "true", "C": "true", "D": "8", "E": "012345678909", "H": '{"a":1}',
        "I": "2020-01-02", "J": "1e3", "K": "750", "L": "",
    }  # fmt: skip
    assert [warning.problem for warning in service.warnings()] == [
        "F is null, which CloudFormation refuses",
        "H is left as JSON: an environment variable is a text, and this is a mapping",
    ]


@pytest.mark.parametrize(
    ("written", "problem", "marked", "label"),
    [
        (
            "!Ref Tabel",
            "cannot resolve `!Ref Tabel`: there is no parameter or resource `Tabel`",
            "!Ref Tabel",
            "did you mean `Table`?",
        ),
        (
            "!Ref Given",
            "cannot resolve `!Ref Given`: parameter `Given` has no value and no default",
            "!Ref Given",
            "",
        ),
        (
            "!Sub 'a-${Tabel.Arn}-b'",
            "cannot resolve `${Tabel.Arn}`: there is no parameter or resource `Tabel`",
            "${Tabel.Arn}",
            "did you mean `Table`?",
        ),
        (
            "!GetAtt Tabel.Arn",
            "cannot resolve `!GetAtt Tabel.Arn`: there is no parameter or resource `Tabel`",
            "!GetAtt Tabel.Arn",
            "did you mean `Table`?",
        ),
        (
            "!FindInMap [Sizes, smal, number]",
            "cannot resolve `!FindInMap`: there is no key `smal` in mapping `Sizes`",
            "!FindInMap [Sizes, smal, number]",
            "did you mean `small`?",
        ),
        (
            "!Join ['', [a, !Ref Tabel]]",
            "cannot resolve `!Ref Tabel`: there is no parameter or resource `Tabel`",
            "!Ref Tabel",
            "did you mean `Table`?",
        ),
        (
            "!Ref AWS::Regin",
            "cannot resolve `!Ref AWS::Regin`: there is no pseudo parameter `AWS::Regin`",
            "!Ref AWS::Regin",
            "did you mean `AWS::Region`?",
        ),
        (
            "!If [IsTxt, a, b]",
            "cannot resolve `!If`: there is no condition `IsTxt`",
            "IsTxt",
            "did you mean `IsText`?",
        ),
        (
            "{Fn::Jion: ['', []]}",
            "cannot resolve `!Jion`: there is no function `Fn::Jion`",
            "['', []]",
            "did you mean `Fn::Join`?",
        ),
        (
            "!Select [3, !Ref List]",
            "cannot resolve `!Select`: `Fn::Select` has no element 3: the list has 3 elements",
            "3",
            "",
        ),
        (
            "!Transform {Name: Shout}",
            "cannot resolve `!Transform`: the macro `Shout` runs in AWS only",
            "!Transform {Name: Shout}",
            "",
        ),
    ],
)
def test_mistakes_have_their_places(
    project: Project, written: str, problem: str, marked: str, label: str
) -> None:
    service = project.with_variables(f"A: {written}", RESOURCES)
    (fault,) = faults(lambda: service.function("One"))
    assert (fault.problem, fault.marked, fault.label) == (problem, marked, label)
    (missing,) = service.summary("One").unresolved
    assert (missing.path, missing.reason) == ("environment.A", problem)


@pytest.mark.parametrize(
    ("parameter", "value", "problem", "label"),
    [
        (
            "{Type: String, AllowedValues: [dev, prod]}",
            "prd",
            "parameter `P` can't be `prd`",
            "did you mean `prod`?",
        ),
        ("{Type: Number}", "x", "parameter `P` is a number, not `x`", ""),
        ("{Default: x}", "x", "parameter `P` has no `Type`", ""),
        ("{Type: String, Default: !Ref P}", None, "the default of parameter `P` must be a plain value", ""),
    ],
)
def test_values_that_parameters_refuse(
    project: Project, parameter: str, value: str | None, problem: str, label: str
) -> None:
    options = ServiceOptions(params=(("P", value),) if value is not None else ())
    service = project.with_variables("A: !Ref P", f"Parameters: {{P: {parameter}}}\n", options=options)
    (fault,) = faults(lambda: service.function("One"))
    assert (fault.problem, fault.label) == (f"cannot resolve `!Ref P`: {problem}", label)


def test_a_parameter_that_is_misspelt(project: Project) -> None:
    service = project.with_variables(
        "A: x", RESOURCES, options=ServiceOptions(params=(("Txt", "1"), ("zzz", "2")))
    )
    assert [warning.problem for warning in service.warnings()] == [
        "template.yaml has no parameter `Txt`: did you mean `Text`?"
    ]
