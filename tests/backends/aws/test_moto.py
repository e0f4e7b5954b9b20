"""Deployed functions in moto's server: found, missed, named by their stacks."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws.moto_server import REGION, Moto
from tests.program import running

ROLE = "arn:aws:iam::123456789012:role/service-role"
TEMPLATE = """\
Resources:
  echo:
    Type: AWS::Lambda::Function
    Properties: {Runtime: python3.11, Handler: app.handler, Role: ROLE, Code: ., Timeout: 7}
"""


@pytest.fixture
def answering(moto: Moto) -> Iterator[Moto]:
    """moto runs functions in containers; told so, it needs none and answers with the event."""

    def configure(use_docker: bool) -> None:
        body = json.dumps({"lambda": {"use_docker": use_docker}}).encode()
        request = urllib.request.Request(moto.url + "/moto-api/config", body, method="POST")
        urllib.request.urlopen(request).close()

    configure(False)
    yield moto
    configure(True)


def shop(directory: Path) -> Path:
    (directory / "serverless.yml").write_text(
        f"service: shop\nprovider: {{name: aws, runtime: python3.11, region: {REGION}}}\n"
        "functions:\n  echo: {handler: app.handler}\n"
    )
    (directory / "app.py").write_text("def handler(event, context): return event\n")
    (directory / "s.yml").write_text("scenarios:\n  - {name: one, function: echo, event: {a: 1}}\n")
    return directory


def report(directory: Path) -> Any:
    return json.loads((directory / "reports" / "report.json").read_text())


def test_there_is_none(moto: Moto, tmp_path: Path) -> None:
    done = running.run(shop(tmp_path), "run", "s.yml", "--backend", "aws", env=moto.environ)
    assert done.status == 1
    assert f"there is no function shop-dev-echo in {REGION}" in done.stdout


def test_the_request_is_as_moto_reads_it(answering: Moto, tmp_path: Path) -> None:
    with answering.recorded() as asked:
        done = running.run(shop(tmp_path), "run", "s.yml", "--backend", "aws", env=answering.environ)
    assert done.status == 0, done
    assert [one.operation for one in asked] == ["POST /2015-03-31/functions/shop-dev-echo/invocations"]
    (invocation,) = report(tmp_path)["results"][0]["attempts"][0]["invocations"]
    assert invocation["output"] == {"a": 1}
    assert invocation["logs_truncated"], "moto sends no log, so nothing is known of it"


class TestNamesThatAwsChooses:
    def project(self, directory: Path) -> Path:
        shop(directory)
        (directory / "serverless.yml").unlink()
        (directory / "template.yaml").write_text(TEMPLATE)
        (directory / "samconfig.toml").write_text(
            f'version = 0.1\n[default.global.parameters]\nstack_name = "shop"\nregion = "{REGION}"\n'
        )
        return directory

    def test_they_are_looked_up(self, answering: Moto, tmp_path: Path) -> None:
        code = {"ZipFile": "def handler(event, context): return event"}
        properties = {"Runtime": "python3.11", "Handler": "index.handler", "Role": ROLE, "Code": code}
        echo = {"Type": "AWS::Lambda::Function", "Properties": properties}
        answering.client("iam", "us-east-1").create_role(
            RoleName="service-role", AssumeRolePolicyDocument="{}"
        )
        answering.stack("shop", {"Resources": {"echo": echo}})
        client = answering.client("cloudformation")
        found = client.describe_stack_resource(StackName="shop", LogicalResourceId="echo")
        name = found["StackResourceDetail"]["PhysicalResourceId"]
        assert name != "shop-echo"
        with answering.recorded() as asked:
            done = running.run(
                self.project(tmp_path), "run", "s.yml", "--backend", "aws", env=answering.environ
            )
        assert done.status == 0, done
        assert asked[-1].operation == f"POST /2015-03-31/functions/{name}/invocations"

    def test_or_given(self, answering: Moto, tmp_path: Path) -> None:
        self.project(tmp_path)
        file = tmp_path / "s.yml"
        file.write_text("resolve: {echo: shop-echo-1A2B}\n" + file.read_text())
        with answering.recorded() as asked:
            done = running.run(tmp_path, "run", "s.yml", "--backend", "aws", env=answering.environ)
        assert done.status == 0, done
        assert [one.operation for one in asked] == ["POST /2015-03-31/functions/shop-echo-1A2B/invocations"]

    def test_or_told_to_be_unknown(self, answering: Moto, tmp_path: Path) -> None:
        done = running.run(self.project(tmp_path), "run", "s.yml", "--backend", "aws", env=answering.environ)
        assert done.status == 1
        assert "the name of echo on AWS isn't known: there is no stack shop" in done.stdout
        assert "`resolve: {echo: NAME}` of the scenario file" in done.stdout
