"""Variables that AWS answers: this program and the Serverless Framework ask the same moto server."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.aws.moto_server import Moto, moto, moto_process  # noqa: F401 - fixtures
from tests.program import running
from tests.services import framework

HERE = Path(__file__).parent
TEMPLATE = {
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "orders"}}},
    "Outputs": {"TableName": {"Value": "orders-table"}},
}


def _fill(moto: Moto) -> None:  # noqa: F811 - it is the fixture's value
    for region in ("eu-west-1", "us-west-2"):
        ssm = moto.client("ssm", region)
        for name, value, kind in (
            ("plain", f"plain of {region}", "String"),
            ("timeout", "17", "String"),
            ("secret", "hidden", "SecureString"),
            ("list", "a,b,c", "StringList"),
            ("json", '{"a": [1, "x"]}', "SecureString"),
            ("dev/name", "nested", "String"),
            ("holds", "<${self:service}>", "String"),
        ):
            ssm.put_parameter(Name=f"/orders/{name}", Value=value, Type=kind)
        moto.stack("orders-stack", TEMPLATE, region)
    s3 = moto.client("s3", "us-east-1")
    s3.create_bucket(Bucket="orders-bucket")
    s3.put_object(Bucket="orders-bucket", Key="settings/name.txt", Body=b"from the object")


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is missing: apt-get install nodejs")
def test_the_framework_says_the_same(moto: Moto, tmp_path: Path) -> None:  # noqa: F811 - it is the fixture
    _fill(moto)
    directory = tmp_path / "sources"
    shutil.copytree(HERE / "print_aws/sources", directory)
    environ = {**moto.environ, "NODE_OPTIONS": f"--require={HERE / 'aws_endpoint.cjs'}"}
    printed = framework.prints(directory, (), environ, tmp_path)
    assert printed.configuration is not None, printed.refusal
    done = running.run(directory, "functions", "--json", env=moto.environ)
    assert done.status == 0, done.stderr
    ours = json.loads(done.stdout)
    # A list and a mapping are no texts, which is told.
    assert [missing["path"] for missing in ours[0]["unresolved"]] == ["environment.LIST", "environment.JSON"]
    assert framework.differences(framework.fields_of(printed.configuration), ours) == []
