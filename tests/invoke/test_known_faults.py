"""What `serverless invoke local` is known to do wrong, and this doesn't: one test each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.invoke.project import SERVICE, invoke, result, service
from tests.program import running
from tests.program.running import VERSION


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return service(tmp_path_factory.mktemp("shop"))


def test_a_timeout_is_enforced(shop: Path) -> None:
    done = invoke(shop, "-f", "slow")
    assert done.status == 1
    error = json.loads(done.stdout)
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert "begun\n" in done.stderr
    assert "Status: timeout" in done.stderr


def test_a_context_survives_an_event_from_a_file(shop: Path) -> None:
    (shop / "event.json").write_text('["AWS_REGION"]')
    found = result(invoke(shop, "-f", "look", "--path", "event.json", "--context", '{"more": "kept"}'))
    assert (found["more"], found["environment"]) == ("kept", {"AWS_REGION": "eu-west-1"})


@pytest.mark.parametrize("name", ["fail", "odd", "leave"])
def test_an_error_is_no_success(shop: Path, name: str) -> None:
    done = invoke(shop, "-f", name)
    assert done.status == 1
    error = json.loads(done.stdout)
    assert set(error) == {"errorType", "errorMessage", "stackTrace", "requestId"}
    expected = {"fail": "LookupError", "odd": "Runtime.MarshalError", "leave": "Runtime.ExitError"}
    assert error["errorType"] == expected[name]
    assert "Status: error" in done.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js: apt-get install nodejs (Debian)")
def test_a_result_without_json_is_no_null(tmp_path: Path) -> None:
    (tmp_path / "app.js").write_text(
        "exports.handler = async () => { const ring = {}; ring.ring = ring; return ring; };\n"
    )
    (tmp_path / "serverless.yml").write_text(
        "service: ring\nprovider: {name: aws, runtime: nodejs20.x}\n"
        "functions: {ring: {handler: app.handler}}\n"
    )
    done = invoke(tmp_path, "-f", "ring")
    assert done.status == 1
    assert "stringify" in json.loads(done.stdout)["errorMessage"]


@pytest.mark.skipif(shutil.which("ruby") is None, reason="needs Ruby: apt-get install ruby (Debian)")
def test_an_error_of_ruby_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "app.rb").write_text(
        "def fail(event:, context:)\n  raise ArgumentError, 'no such order'\nend\n"
        "def leave(event:, context:)\n  exit 3\nend\n"
        "def fine(event:, context:)\n  puts 'printed'\n  {'event' => event}\nend\n"
    )
    (tmp_path / "serverless.yml").write_text(
        "service: gems\nprovider: {name: aws, runtime: ruby3.3}\nfunctions:\n"
        + "".join(f"  {name}: {{handler: app.{name}}}\n" for name in ("fail", "leave", "fine"))
    )
    done = invoke(tmp_path, "-f", "fail")
    assert done.status == 1
    error = json.loads(done.stdout)
    assert (error["errorType"], error["errorMessage"]) == ("Function<ArgumentError>", "no such order")
    done = invoke(tmp_path, "-f", "leave")
    assert (done.status, json.loads(done.stdout)["errorType"]) == (1, "Function<SystemExit>")
    done = invoke(tmp_path, "-f", "fine", "-d", "1")
    assert result(done) == {"event": 1}
    assert "printed\n" in done.stderr


def test_the_result_stands_alone(shop: Path) -> None:
    done = invoke(shop, "-f", "chat")
    assert done.stdout == '"the result"\n'
    printed, _, report = done.stderr.partition("REPORT RequestId: ")
    assert printed.startswith('{"looks": "like a result"}\nto stderr\n[WARNING]')
    assert printed.endswith("logged\nno end of line\n")
    assert report


def test_an_open_standard_input_is_not_waited_for_in_silence(shop: Path) -> None:
    process = subprocess.Popen(
        [*running.PROGRAM, "invoke", "-f", "echo"],
        cwd=shop,
        env=running.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stderr is not None
    # Nothing is written, and nothing closed, until it has said what it waits for.
    assert b"waiting for the event on the standard input" in process.stderr.readline()
    out, _ = process.communicate(b'{"late": true}', timeout=60)
    assert (process.returncode, json.loads(out)) == (0, {"late": True})


@pytest.mark.parametrize("name", ["invoke", "code", "python_client", "nodejs_client", "bootstrap"])
def test_a_module_of_any_name_is_the_users_own(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text("def handler(event, context):\n    return __file__\n")
    (tmp_path / "serverless.yml").write_text(
        f"service: names\nprovider: {{name: aws, runtime: python{VERSION}}}\n"
        f"functions: {{it: {{handler: {name}.handler}}}}\n"
    )
    assert os.path.samefile(result(invoke(tmp_path, "-f", "it")), tmp_path / f"{name}.py")


def test_a_variable_that_another_function_lacks_blocks_nothing(shop: Path) -> None:
    assert result(invoke(shop, "-f", "echo", "-d", "1")) == 1
    done = invoke(shop, "-f", "broken")
    assert done.status == 2
    assert "NOBODY_SETS_THIS is not set" in done.stderr


def test_variables_of_the_call_are_not_there_while_the_service_file_is_read(tmp_path: Path) -> None:
    text = SERVICE.replace("{STAGE:", "{SEEN: \"${env:IS_LOCAL, 'no'} ${env:GIVEN, 'no'}\", STAGE:")
    found = result(invoke(service(tmp_path, text), "-f", "look", "-e", "GIVEN=yes", "-d", "[]"))[
        "environment"
    ]
    assert (found["SEEN"], found["IS_LOCAL"], found["GIVEN"]) == ("no no", "true", "yes")
