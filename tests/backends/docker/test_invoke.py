"""`invoke` in a container: `--docker`, and `image:` functions by themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.backends.docker import images
from tests.invoke.project import invoke, result
from tests.program.running import VERSION

APP = """\
import os, sys, time
def echo(event, context):
    print("inside", os.getcwd())
    found = {name: os.environ.get(name) for name in event.get("names", ())}
    return {"event": event, "name": context.function_name, "environment": found}
def fail(event, context):
    raise LookupError("no such order")
def slow(event, context):
    print("begun", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop")
    root.chmod(0o755)
    (root / "app.py").write_text(APP)
    (root / "serverless.yml").write_text(
        f"service: shop\nprovider: {{name: aws, runtime: python{VERSION}}}\nfunctions:\n"
        "  echo: {handler: app.echo, environment: {OWN: function}}\n"
        "  fail: {handler: app.fail}\n"
        "  slow: {handler: app.slow, timeout: 1}\n"
        f"  built: {{image: {{uri: '{images.python()}', command: [app.echo]}}}}\n"
    )
    return root


def docker(shop: Path, *arguments: str, env: dict[str, str] | None = None) -> tuple[str, ...]:
    return ("--docker", "--docker-image", f"python{VERSION}={images.python()}", *arguments)


def test_the_result(shop: Path) -> None:
    names = '{"names": ["IS_LOCAL", "OWN", "GIVEN", "BY_DOCKER"]}'
    arguments = docker(shop, "-f", "echo", "-d", names, "-e", "GIVEN=yes", "--docker-arg", "-e BY_DOCKER=too")
    done = invoke(shop, *arguments)
    found = result(done)
    assert found["name"] == "shop-dev-echo"
    assert found["environment"] == {
        "IS_LOCAL": "true",
        "OWN": "function",
        "GIVEN": "yes",
        "BY_DOCKER": "too",
    }
    assert "inside /var/task\n" in done.stderr
    assert "REPORT RequestId: " in done.stderr


def test_an_error(shop: Path) -> None:
    done = invoke(shop, *docker(shop, "-f", "fail"))
    assert done.status == 1
    assert json.loads(done.stdout)["errorType"] == "LookupError"


def test_a_timeout(shop: Path) -> None:
    done = invoke(shop, *docker(shop, "-f", "slow"))
    assert done.status == 1
    assert json.loads(done.stdout)["errorType"] == "Sandbox.Timedout"
    assert "begun\n" in done.stderr


def test_the_users_keys_come_along(shop: Path, tmp_path: Path) -> None:
    """Their files don't: what they say does."""
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = AKIAOFTHEFILE0000000\naws_secret_access_key = of-the-file-itself\n"
    )
    names = '{"names": ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SHARED_CREDENTIALS_FILE"]}'
    environ = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
    found = result(invoke(shop, *docker(shop, "-f", "echo", "-d", names), env=environ))
    assert found["environment"] == {
        "AWS_ACCESS_KEY_ID": "AKIAOFTHEFILE0000000",
        "AWS_SECRET_ACCESS_KEY": "of-the-file-itself",
        "AWS_SHARED_CREDENTIALS_FILE": None,
    }


def test_a_function_that_is_an_image_needs_no_option(shop: Path) -> None:
    # Its code is in the image: this one has none of its own, and says so.
    done = invoke(shop, "-f", "built")
    assert done.status == 1
    assert json.loads(done.stdout)["errorType"] == "Runtime.ImportModuleError"


@pytest.mark.no_engine
def test_without_an_engine(shop: Path) -> None:
    done = invoke(shop, "-f", "echo", "--docker", env={"DOCKER_HOST": "unix:///nowhere/docker.sock"})
    assert (done.status, done.stdout) == (2, "")
    assert "Docker" in done.stderr


@pytest.mark.no_engine
def test_arguments_for_no_container(shop: Path) -> None:
    done = invoke(shop, "-f", "echo", "-d", "{}", "--docker-arg", "-p 9229:9229")
    assert done.status == 0
    assert "--docker-arg and --docker-image change nothing" in done.stderr
