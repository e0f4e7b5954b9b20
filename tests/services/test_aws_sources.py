"""Variables that AWS answers: what they give, when the next fallback is tried, and what is said if not."""

from __future__ import annotations

import json

import pytest
from tests.aws.moto_server import ACCOUNT, REGION, Asked, Moto
from tests.services.conftest import Workshop, faults

from lambda_scenarios.services.catalog import ServiceOptions

HERE = ServiceOptions(region=REGION)


@pytest.fixture(scope="module")
def parameters(moto_process: Moto) -> Moto:
    moto = moto_process
    moto.reset()
    moto.client("secretsmanager").create_secret(
        Name="database", SecretString=json.dumps({"password": "hush"})
    )
    ssm = moto.client("ssm")
    ssm.put_parameter(Name="/text", Value="of Ireland", Type="String")
    ssm.put_parameter(Name="/list", Value="a,b", Type="StringList")
    ssm.put_parameter(Name="/json", Value='{"a": {"b": 1}}', Type="SecureString")
    ssm.put_parameter(Name="/brace", Value="{no json", Type="SecureString")
    ssm.put_parameter(Name="/looks", Value='{"a": 1}', Type="String")
    moto.client("ssm", "us-west-2").put_parameter(Name="/text", Value="of Oregon", Type="String")
    outputs = {"Table": {"Value": "orders"}}
    resources = {"T": {"Type": "AWS::SNS::Topic"}}
    moto.stack("shared", {"Resources": resources, "Outputs": outputs})
    moto.stack("shared", {"Resources": resources, "Outputs": {"Table": {"Value": "far"}}}, "us-west-2")
    s3 = moto.client("s3")
    s3.create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="files", Key="a/b.txt", Body=b"content")
    return moto


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${ssm:/text}", "of Ireland"),
        ("${ssm(us-west-2):/text}", "of Oregon"),
        ("${ssm(raw, us-west-2):/text}", "of Oregon"),
        ("x-${ssm:/text}-y", "x-of Ireland-y"),
        ("${ssm(raw):/list}", "a,b"),
        ("${ssm(raw):/json}", '{"a": {"b": 1}}'),
        ("${ssm:/brace}", "{no json"),
        ("${ssm:/looks}", '{"a": 1}'),
        ("${ssm:/nowhere, 'fallback'}", "fallback"),
        ("${ssm:/nowhere, ssm:/text}", "of Ireland"),
        ("${cf:shared.Table}", "orders"),
        ("${cf(us-west-2):shared.Table}", "far"),
        ("${cf:nowhere.Table, 'x'}", "x"),
        ("${cf:shared.Nothing, 'x'}", "x"),
        ("${s3:files/a/b.txt}", "content"),
        ("${s3:files/a/c.txt, 'x'}", "x"),
        ("${aws:accountId}", ACCOUNT),
        ("${aws:region}", REGION),
        ("${ssm:/${self:custom.name}}", "of Ireland"),
    ],
)
def test_values(parameters: Moto, workshop: Workshop, written: str, value: str) -> None:
    quoted = written.replace("'", "''")
    found = workshop.environment(
        f"V: '{quoted}'", rest="custom: {name: text}", environ=parameters.environ, options=HERE
    )
    assert found == {"V": value}


def test_lists_and_json_are_values_not_texts(parameters: Moto, workshop: Workshop) -> None:
    found = workshop.environment(
        "A: ${self:custom.list.1}\nB: ${self:custom.json.a.b}",
        rest="custom: {list: '${ssm:/list}', json: '${ssm:/json}'}",
        environ=parameters.environ,
        options=HERE,
    )
    assert found == {"A": "b", "B": "1"}


def test_no_decryption(parameters: Moto, workshop: Workshop) -> None:
    found = workshop.environment("V: ${ssm(noDecrypt):/json}", environ=parameters.environ, options=HERE)
    assert found["V"] != '{"a": {"b": 1}}'


def test_a_secret_is_read_through_its_parameter(parameters: Moto, workshop: Workshop) -> None:
    found = workshop.environment(
        "V: ${self:custom.database.password}",
        rest="custom: {database: '${ssm:/aws/reference/secretsmanager/database}'}",
        environ=parameters.environ,
        options=HERE,
    )
    assert found == {"V": "hush"}


@pytest.mark.parametrize(
    ("written", "problem", "label", "note"),
    [
        (
            "${ssm:/nowhere}",
            "there is no parameter /nowhere in eu-west-1",
            "fallback",
            "'ssm:/nowhere': value",
        ),
        ("${cf:nowhere.A}", "there is no stack nowhere in eu-west-1", "deploy it", "'cf:nowhere.A': value"),
        ("${cf:shared.Tabel}", "has no output `Tabel`", "did you mean `Table`?", "resolve"),
        ("${s3:files/none}", "there is no none in the bucket files", "", "'s3:files/none': value"),
        ("${s3:nowhere/a, 1}", "NoSuchBucket", "", "resolve"),
        ("${cf:shared}", "`shared` names no output of a stack", "as in ${cf:stack.Output}", ""),
        ("${s3:files}", "`files` names no object", "as in ${s3:bucket/key}", ""),
        ("${ssm:}", "the name of a parameter is missing", "as in ${ssm:/path/name}", ""),
        ("${aws:account}", "`aws` knows `accountId` and `region`, not `account`", "", ""),
        ("${ssm:/text~true}", "`~true` is the way of version 2", "write `${ssm:/text}`", ""),
        ("${ssm:/text~false}", "`~false` is the way of version 2", "write `${ssm(noDecrypt):/text}`", ""),
        ("${ssm.us-west-2:/text}", "version 2 of the Framework", "write `${ssm(us-west-2):…}`", ""),
        ("${cf.us-west-2:shared.Table}", "version 2 of the", "write `${cf(us-west-2):…}`", ""),
    ],
)
def test_faults(
    parameters: Moto, workshop: Workshop, written: str, problem: str, label: str, note: str
) -> None:
    quoted = written.replace("'", "''")
    service = workshop.service_with(f"V: '{quoted}'", environ=parameters.environ, options=HERE)
    (fault,) = faults(lambda: service.function("one"))
    assert problem in fault.problem
    assert label in fault.label
    assert note in "\n".join(fault.notes)
    assert fault.marked == written


def test_what_another_function_needs_is_not_looked_up(parameters: Moto, workshop: Workshop) -> None:
    text = (
        "service: orders\n"
        "provider: {name: aws, runtime: python3.11, region: eu-west-1}\n"
        "functions:\n"
        "  one: {handler: handler.one, environment: {A: x}}\n"
        "  two: {handler: handler.two, environment: {A: '${ssm:/a}', B: '${cf:s.B}', C: {Ref: Table}}}\n"
        "resources: {Outputs: {X: {Value: '${ssm:/c}'}}}\n"
    )
    service = workshop.open(text, environ=parameters.environ)
    with parameters.recorded() as asked:
        assert service.function("one").environment == (("A", "x"),)
    assert asked == []


def test_a_value_that_many_refer_to_is_asked_for_once(parameters: Moto, workshop: Workshop) -> None:
    with parameters.recorded() as asked:
        workshop.environment(
            "A: ${ssm:/text}\nB: ${ssm:/text}\nC: x${self:custom.it}\n"
            "D: ${cf:shared.Table}\nE: ${cf:shared.X, 1}",
            rest="custom: {it: '${ssm:/text}'}",
            environ=parameters.environ,
            options=HERE,
        )
    assert asked == [Asked("ssm", "GetParameter"), Asked("cloudformation", "DescribeStacks")]


def test_values_of_a_scenario_file_come_first(parameters: Moto, workshop: Workshop) -> None:
    options = ServiceOptions(
        region=REGION,
        resolve=(
            ("ssm:/text", "given"),
            ("cf:shared.Table", "orders"),
            ("ssm:/list", ("x", "y")),
            ("gitVersion:sha1", "abc"),
        ),
    )
    with parameters.recorded() as asked:
        found = workshop.environment(
            "A: ${ssm(us-east-1):/text}\nB: ${cf:shared.Table}\nC: ${self:custom.l.0}\nD: ${gitVersion:sha1}",
            rest="custom: {l: '${ssm:/list}'}",
            environ=parameters.environ,
            options=options,
        )
    assert found == {"A": "given", "B": "orders", "C": "x", "D": "abc"}
    assert asked == []
