"""`invoke --backend aws` through the real program."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.backends.aws.fake_lambda import Fake, Reply, Request, echo
from tests.program import running

SERVICE = """\
service: shop
provider: {name: aws, runtime: python3.11, region: eu-west-1}
functions:
  echo: {handler: app.handler}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "serverless.yml").write_text(SERVICE)
    (tmp_path / "app.py").write_text("def handler(event, context): return 'local'\n")
    return tmp_path


def invoke(shop: Path, fake: Fake, *arguments: str) -> running.Done:
    return running.run(shop, "invoke", "-f", "echo", "--backend", "aws", *arguments, env=fake.environ)


def test_a_result(shop: Path, fake: Fake) -> None:
    fake.functions["shop-dev-echo"] = lambda request: Reply(request.event, log="printed\n", init=True)
    done = invoke(shop, fake, "-d", '{"a": 1}', "-c", '{"client_context": {"b": 2}}', "--qualifier", "7")
    assert (done.status, done.stdout) == (0, '{"a": 1}\n')
    (request,) = fake.requests
    assert (request.qualifier, request.client_context) == ("7", {"b": 2})
    assert done.stderr == (
        f"printed\nREPORT RequestId: {request.id}\tDuration: 1.50 ms\tBilled Duration: 2 ms\t"
        "Memory Size: 256 MB\tMax Memory Used: 45 MB\tInit Duration: 30.25 ms\n"
    )


def test_an_error(shop: Path, fake: Fake) -> None:
    payload = {"errorType": "ValueError", "errorMessage": "no", "stackTrace": ["a"], "requestId": "<id>"}
    fake.functions["shop-dev-echo"] = lambda _: Reply(payload, error=True)
    done = invoke(shop, fake, "-d", "{}")
    assert done.status == 1
    (request,) = fake.requests
    assert json.loads(done.stdout) == {**payload, "requestId": request.id}
    assert "Status: error\tError Type: ValueError" in done.stderr


def test_not_deployed(shop: Path, fake: Fake) -> None:
    fake.functions.clear()
    done = invoke(shop, fake, "-d", "{}")
    assert (done.status, done.stdout) == (1, "")
    assert "error: there is no function shop-dev-echo in eu-west-1\n" in done.stderr


def test_no_credentials(shop: Path, fake: Fake) -> None:
    done = running.run(shop, "invoke", "-f", "echo", "--backend", "aws", env={"AWS_ENDPOINT_URL": fake.url})
    assert done.status == 2
    assert "error: deployed functions can't be invoked: there are no AWS credentials" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-e", "A=b"), "environment variables can't be set on AWS"),
        (("--log-format", "json"), "environment variables can't be set on AWS"),
        (("--inherit-env",), "--inherit-env can't be had on AWS"),
        (("-c", '{"function_name": "f"}'), "`function_name` of the context can't be chosen on AWS"),
        (("--assume-role",), "--assume-role is about functions that run here"),
        (("--docker",), "--docker and --backend aws contradict each other"),
    ],
)
def test_what_cant_be_had(shop: Path, fake: Fake, arguments: tuple[str, ...], told: str) -> None:
    done = invoke(shop, fake, "-d", "{}", *arguments)
    assert (done.status, told in done.stderr) == (2, True), done
    assert not fake.requests


def test_variables_are_left_out_where_asked(shop: Path, fake: Fake) -> None:
    assert invoke(shop, fake, "-d", "{}", "-e", "A=b", "--inherit-env", "--ignore-env").status == 0


def test_a_qualifier_needs_aws(shop: Path, fake: Fake) -> None:
    done = running.run(shop, "invoke", "-f", "echo", "-d", "{}", "--qualifier", "7", env=fake.environ)
    assert (done.status, "--qualifier is about functions on AWS" in done.stderr) == (2, True)


def test_an_interrupt(shop: Path, fake: Fake) -> None:
    def never(request: Request) -> Reply:
        fake.released.wait()
        return echo(request)

    fake.functions["shop-dev-echo"] = never
    started = running.start(shop, ("invoke", "-f", "echo", "--backend", "aws", "-d", "{}"), fake.environ)
    fake.wait_for(1)
    started.send_signal(signal.SIGINT)
    _, stderr = started.communicate(timeout=30)
    assert started.returncode == 130
    assert b"the function may still run on AWS" in stderr
