"""moto's server as a process: an AWS of its own for tests, with a record of what was asked.

Fixtures for a `conftest.py`: `from tests.aws.moto_server import moto, moto_process`. One server serves all
tests of a process; `moto` is empty for each test, while `moto_process` is as the test before left it.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ACCOUNT = "123456789012"
REGION = "eu-west-1"

# Ends with its parent, however that ends: the standard input is a pipe that only the parent holds.
_SERVER = """\
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
from moto.server import DomainDispatcherApplication, create_backend_app
from moto.awslambda.models import LayerVersion
from werkzeug.serving import make_server
described = LayerVersion.get_layer_version
def with_location(version):
    # moto says `s3://`; AWS says where in S3 the archive is. `Moto.layer` puts it there.
    answer = described(version)
    answer["Content"]["Location"] = f"http://127.0.0.1:{server.port}/layers/{version.name}-{version.version}"
    return answer
LayerVersion.get_layer_version = with_location
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(server.port, flush=True)
server.serve_forever()
"""


def table(name: str, **more: Any) -> dict[str, Any]:
    """A table of DynamoDB in a template."""
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": name,
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            **more,
        },
    }


class Asked(NamedTuple):
    """A request that the server got. `operation` as in the API, where the request says it."""

    service: str
    operation: str


class Moto:
    """A running server. `environ` lets botocore in any process find it, and nothing of the user's."""

    def __init__(self, url: str, home: Path) -> None:
        self.url = url
        self._home = home
        self._clients: dict[tuple[str, str], Any] = {}

    @property
    def environ(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_CONFIG_FILE": str(self._home / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self._home / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(self._home),
            "PATH": os.environ.get("PATH", ""),
        }

    def client(self, service: str, region: str = REGION) -> Any:
        """A client to put things there with."""
        if (service, region) not in self._clients:
            import botocore.session

            self._clients[service, region] = botocore.session.Session().create_client(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id="testing",
                aws_secret_access_key="testing",
            )
        return self._clients[service, region]

    def stack(self, name: str, template: dict[str, Any], region: str = REGION) -> None:
        self.client("cloudformation", region).create_stack(StackName=name, TemplateBody=json.dumps(template))

    def layer(self, name: str, archive: bytes, served: bytes | None = None) -> str:
        """Publishes a version of a layer: its ARN. `served` is what a download gives instead."""
        client = self.client("lambda")
        published = client.publish_layer_version(LayerName=name, Content={"ZipFile": archive})
        s3 = self.client("s3", "us-east-1")
        s3.create_bucket(Bucket="layers")
        body = archive if served is None else served
        key = f"{name}-{published['Version']}"
        s3.put_object(Bucket="layers", Key=key, Body=body, ACL="public-read")  # moto knows no signatures
        return str(published["LayerVersionArn"])

    def reset(self) -> None:
        self._post("/moto-api/reset")

    @contextmanager
    def recorded(self) -> Iterator[list[Asked]]:
        """The requests that arrive inside the block; the list is filled at its end."""
        found: list[Asked] = []
        self._post("/moto-api/recorder/reset-recording")
        self._post("/moto-api/recorder/start-recording")
        try:
            yield found
        finally:
            self._post("/moto-api/recorder/stop-recording")
            with urllib.request.urlopen(self.url + "/moto-api/recorder/download-recording") as answer:
                lines = answer.read().decode().splitlines()
            found += [_asked(json.loads(line)) for line in lines if line.strip()]

    def _post(self, path: str) -> None:
        urllib.request.urlopen(urllib.request.Request(self.url + path, method="POST")).close()


def _asked(entry: dict[str, Any]) -> Asked:
    headers = {name.lower(): value for name, value in entry["headers"].items()}
    scope = re.search(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/", headers.get("authorization", ""))
    service = scope[1] if scope else ""
    target = headers.get("x-amz-target", "")
    if target:
        return Asked(service, target.rpartition(".")[2])
    body = entry.get("body") or ""
    text = base64.b64decode(body).decode("utf-8", "replace") if entry.get("body_encoded") else str(body)
    action = urllib.parse.parse_qs(text).get("Action")
    return Asked(
        service, action[0] if action else f"{entry['method']} {urllib.parse.urlsplit(entry['url']).path}"
    )


@contextmanager
def running(home: Path) -> Iterator[Moto]:
    """A server, ended when the block is left. `home` is a directory of its own."""
    if importlib.util.find_spec("moto") is None:
        pytest.skip("moto isn't installed: pip install 'moto[server]'")
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        cwd=home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "MOTO_RECORDER_FILEPATH": str(home / "recording")},
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port, f"moto ended with status {process.wait()}"
        yield Moto(f"http://127.0.0.1:{port}", home)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def moto_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    with running(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture
def moto(moto_process: Moto) -> Moto:
    moto_process.reset()
    return moto_process
