"""The whole program against an AWS of its own: what functions get, what is asked, and what is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.aws.moto_server import REGION, Asked, Moto, table
from tests.program import running
from tests.program.running import VERSION

SERVICE = f"""\
service: orders
provider:
  name: aws
  runtime: python{VERSION}
  region: {REGION}
  environment: {{TABLE: !Ref Orders}}
functions:
  one: {{handler: app.handler, environment: {{KEY: '${{ssm:/key}}', RATES: !ImportValue rates}}}}
  two: {{handler: app.handler, environment: {{KEY: '${{ssm:/key}}', QUEUE: !GetAtt Jobs.Arn}}}}
  other: {{handler: app.handler, environment: {{KEY: '${{ssm:/nowhere}}'}}}}
"""
STACK = {
    "Resources": {
        "Orders": table("orders-x7"),
        "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}},
    },
    "Outputs": {"Rates": {"Value": "rates-x7", "Export": {"Name": "rates"}}},
}
SCENARIOS = """\
scenarios:
  - name: one
    function: one
    expect:
      output: {TABLE: orders-x7, KEY: s3cret-of-ssm, RATES: rates-x7, QUEUE: null, AWS_ACCESS_KEY_ID: made-up}
  - name: two
    function: two
    expect:
      output_includes: {QUEUE: 'arn:aws:sqs:eu-west-1:123456789012:jobs'}
"""
HANDLER = """\
import os


def handler(event, context):
    found = {name: os.environ.get(name) for name in ("TABLE", "KEY", "RATES", "QUEUE", "AWS_ACCESS_KEY_ID")}
    if found["AWS_ACCESS_KEY_ID"] != "testing":
        found["AWS_ACCESS_KEY_ID"] = "made-up"
    return found
"""


@pytest.fixture
def project(tmp_path: Path, moto: Moto) -> Path:
    moto.stack("orders-dev", STACK)
    moto.client("ssm").put_parameter(Name="/key", Value="s3cret-of-ssm", Type="SecureString")
    (tmp_path / "serverless.yml").write_text(SERVICE)
    (tmp_path / "app.py").write_text(HANDLER)
    (tmp_path / "s.yml").write_text(SCENARIOS)
    return tmp_path


def test_functions_get_what_the_stack_says_and_each_is_asked_once(project: Path, moto: Moto) -> None:
    with moto.recorded() as asked:
        done = running.run(project, "run", "s.yml", env=moto.environ)
    assert done.status == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert sorted(asked) == [
        Asked("cloudformation", "ListExports"),
        Asked("cloudformation", "ListStackResources"),
        Asked("ssm", "GetParameter"),
        Asked("sts", "GetCallerIdentity"),
    ]


def test_functions_tells_what_is_unresolved_and_why(project: Path, moto: Moto) -> None:
    done = running.run(project, "functions", "--json", env=moto.environ)
    assert done.status == 0, done.stderr
    one, two, other = json.loads(done.stdout)
    assert one["environment"] == {"TABLE": "orders-x7", "KEY": "s3cret-of-ssm", "RATES": "rates-x7"}
    assert (one["unresolved"], two["unresolved"]) == ([], [])
    assert other["unresolved"] == [
        {
            "path": "environment.KEY",
            "reason": "cannot resolve `${ssm:/nowhere}`: there is no parameter /nowhere in eu-west-1",
        }
    ]
    elsewhere = running.run(project, "functions", "--json", "-r", "us-west-2", env=moto.environ)
    reasons = [missing["reason"] for missing in json.loads(elsewhere.stdout)[0]["unresolved"]]
    assert "there is no stack orders-dev in us-west-2" in reasons


@pytest.mark.parametrize("command", ["functions", "run", "validate"])
def test_a_profile_that_isn_t_there_is_named(project: Path, moto: Moto, command: str) -> None:
    paths = [] if command == "functions" else ["s.yml"]
    done = running.run(project, command, *paths, "--aws-profile", "nobody", env=moto.environ)
    assert "there is no AWS profile `nobody`" in done.stdout + done.stderr
    # `functions` prints reasons alone, the others what helps as well: once, not for each value.
    times = 0 if command == "functions" else 1
    assert (done.stdout + done.stderr).count("`aws configure list-profiles`") == times
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("profile", "more"),
    [("dev", ()), ("none", ("--aws-profile", "dev"))],
)
def test_the_profile_of_the_service_file_and_that_of_the_command_line(
    project: Path, moto: Moto, profile: str, more: tuple[str, ...]
) -> None:
    text = SERVICE.replace("  name: aws\n", f"  name: aws\n  profile: {profile}\n")
    (project / "serverless.yml").write_text(text)
    (project / "credentials").write_text("[dev]\naws_access_key_id = a\naws_secret_access_key = b\n")
    environ = {
        **moto.environ,
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
        "AWS_SHARED_CREDENTIALS_FILE": str(project / "credentials"),
    }
    done = running.run(project, "functions", "--json", *more, env=environ)
    assert json.loads(done.stdout)[0]["environment"]["TABLE"] == "orders-x7", done


def test_without_credentials_resolve_is_enough(project: Path) -> None:
    given = (
        "resolve:\n  Orders: orders-x7\n  rates: rates-x7\n  ssm:/key: s3cret-of-ssm\n"
        "  Jobs.Arn: arn:aws:sqs:eu-west-1:123456789012:jobs\n"
    )
    (project / "s.yml").write_text(given + SCENARIOS)
    done = running.run(project, "run", "s.yml")
    assert done.status == 0, done.stdout + done.stderr
    assert done.stderr == ""
    refused = running.run(project, "run", "s.yml", "--strict")
    assert refused.status == 0, refused.stderr


def test_without_credentials_it_is_said_once(project: Path) -> None:
    (project / "serverless.yml").write_text(SERVICE.replace("KEY: '${ssm:/key}', ", ""))
    done = running.run(project, "run", "s.yml", "--no-reports")
    assert done.stderr.count("there are no AWS credentials") == 1
    assert "TABLE, RATES, QUEUE are left as JSON: there are no AWS credentials" in done.stderr
    strict = running.run(project, "validate", "s.yml", "--strict")
    assert strict.status == 2
    assert strict.stdout == ""


def test_no_secret_of_aws_is_in_a_report_whatever_the_variable_is_called(project: Path, moto: Moto) -> None:
    moto.client("secretsmanager").create_secret(Name="db", SecretString='{"words": "hush-hush-hush"}')
    text = SERVICE.replace("KEY: '${ssm:/key}'", "WORDS: '{{resolve:secretsmanager:db:SecretString:words}}'")
    text = text.replace("RATES: !ImportValue rates", "URL: 'https://x/${ssm:/key}'")
    (project / "serverless.yml").write_text(text)
    (project / "app.py").write_text(
        "import os\n\n\ndef handler(event, context):\n"
        "    print(os.environ['URL'])\n    return os.environ['WORDS']\n"
    )
    (project / "s.yml").write_text(
        "scenarios: [{name: one, function: one, expect: {output: hush-hush-hush}},"
        " {name: other, function: one, expect: {output: 1}}]\n"
    )
    done = running.run(project, "run", "s.yml", env=moto.environ)
    assert "1 passed · 1 failed" in done.stdout
    reports = [
        (project / "reports" / name).read_text() for name in ("report.json", "report.html", "junit.xml")
    ]
    for text in (done.stdout, *reports):
        assert "s3cret-of-ssm" not in text
        assert "hush-hush-hush" not in text
