"""The options of `invoke`, one by one and beside each other."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.invoke.project import invoke, result, service
from tests.program import running

needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="needs Node.js: apt-get install nodejs (Debian)"
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return service(tmp_path_factory.mktemp("shop"))


class TestEvent:
    @pytest.mark.parametrize(
        ("text", "event"),
        [
            ('{"a": [1, null]}', {"a": [1, None]}),
            ("hello world", "hello world"),
            ("5", 5),
            ("null", None),
            ("{broken", "{broken"),
            ("NaN", "NaN"),
            ("", ""),
            ("-1", -1),
            ("ünïcödé", "ünïcödé"),
        ],
    )
    def test_data_is_json_where_it_parses(self, shop: Path, text: str, event: Any) -> None:
        assert result(invoke(shop, "-f", "echo", "--data", text, stdin=b'"not read"')) == event

    def test_data_may_look_like_an_option(self, shop: Path) -> None:
        assert result(invoke(shop, "-f", "echo", "--data=--path")) == "--path"
        assert result(invoke(shop, "-d", "-five of them", "-f", "echo")) == "-five of them"
        done = invoke(shop, "-f", "echo", "-d", "--path")
        assert (done.status, "--data: expected one argument" in done.stderr) == (2, True)

    @pytest.mark.parametrize(
        ("data", "event"),
        [(b"", {}), (b" \n", {}), (b'{"a": 1}\n', {"a": 1}), (b"plain\n", "plain\n"), (b"\xef\xbb\xbf7", 7)],
    )
    def test_the_standard_input(self, shop: Path, data: bytes, event: Any) -> None:
        assert result(invoke(shop, "-f", "echo", stdin=data)) == event

    def test_raw_is_a_string_even_where_it_is_json(self, shop: Path) -> None:
        (shop / "five.json").write_text("5")
        assert result(invoke(shop, "-f", "echo", "--raw", "-d", "5")) == "5"
        assert result(invoke(shop, "-f", "echo", "--raw", "-p", "five.json")) == "5"
        assert result(invoke(shop, "-f", "echo", "--raw", stdin=b"5")) == "5"

    def test_numbers_keep_their_digits(self, shop: Path) -> None:
        (shop / "src" / "digits.py").write_text(
            "from decimal import Decimal\ndef handler(event, context):\n    return Decimal('1.10')\n"
        )
        text = (shop / "serverless.yml").read_text()
        (shop / "digits.yml").write_text(text + "  digits: {handler: src/digits.handler}\n")
        done = invoke(shop, "-f", "digits", "--service", "digits.yml")
        assert done.stdout == "1.10\n"

    @pytest.mark.parametrize(
        ("name", "text", "event"),
        [
            ("e.json", '{"a": 1}', {"a": 1}),
            ("e.jsonc", '{"a": 1, // one\n}', {"a": 1}),
            ("e.yml", "a: [1, no]", {"a": [1, "no"]}),
            ("e.yaml", "a: 1", {"a": 1}),
            ("e.txt", '{"a": 1}', {"a": 1}),
            ("e.csv", "a;b", "a;b"),
            pytest.param("e.js", "module.exports = {a: 1}", {"a": 1}, marks=needs_node),
            pytest.param("f.cjs", "module.exports = () => ({a: 1})", {"a": 1}, marks=needs_node),
            pytest.param("e.mjs", "export default async () => ({a: 1})", {"a": 1}, marks=needs_node),
        ],
    )
    def test_a_file(self, shop: Path, name: str, text: str, event: Any) -> None:
        (shop / "lib").mkdir(exist_ok=True)
        (shop / "lib" / name).write_text(text)
        arguments = ("-f", "echo", "--data", "loses", "-p", f"lib/{name}")
        assert result(invoke(shop, *arguments)) == event
        # From the service's root, wherever one stands.
        assert result(invoke(shop / "lib", *arguments)) == event

    @pytest.mark.parametrize(
        ("name", "text", "told"),
        [
            ("c.json", '{"a": 1, // one\n "b": 2}', ["c.json has comments", ":1:10", "name it `c.jsonc`"]),
            ("d.json", '{"a": 1,\n "b" 2}', ["d.json is no JSON", ":2:6"]),
            ("d.yml", "a: 1\n\tb: 2", [":2:1", "tabs"]),
            ("empty.json", "", ["empty.json is empty"]),
            pytest.param("t.js", "throw new Error('no')", ["t.js", "no"], marks=needs_node),
            pytest.param("u.js", "module.exports = {f() {}}", ["u.js", "function"], marks=needs_node),
        ],
    )
    def test_a_file_that_cannot_be_parsed(self, shop: Path, name: str, text: str, told: list[str]) -> None:
        (shop / name).write_text(text)
        for option, other in (("-p", ()), ("-x", ("-d", "{}"))):
            done = invoke(shop, "-f", "echo", option, name, *other)
            assert (done.status, done.stdout) == (2, "")
            assert [part for part in told if part not in done.stderr] == []
            assert "REPORT" not in done.stderr

    def test_a_link_that_leads_to_itself(self, shop: Path) -> None:
        (shop / "loop.json").symlink_to("loop.json")
        done = invoke(shop, "-f", "echo", "-p", "loop.json")
        assert done.status == 2
        assert "--path: `loop.json` is a link that leads nowhere\n   = to loop.json\n" in done.stderr

    def test_a_pipe_by_name(self, shop: Path) -> None:
        assert result(invoke(shop, "-f", "echo", "-p", "/dev/stdin", stdin=b'{"a": 1}')) == {"a": 1}

    def test_a_file_that_is_not_there(self, shop: Path) -> None:
        (shop / "here").mkdir()
        (shop / "here" / "event.json").write_text("{}")
        done = invoke(shop / "here", "-f", "echo", "-p", "event.json")
        assert done.status == 2
        assert "paths count from the service's root, not from here: --path here/event.json" in done.stderr
        (shop / "orders.json").write_text("{}")
        assert "did you mean `orders.json`?" in invoke(shop, "-f", "echo", "-p", "order.json").stderr

    def test_too_large(self, shop: Path) -> None:
        (shop / "large.txt").write_text("x" * (6 * 1024 * 1024 + 1))
        done = invoke(shop, "-f", "echo", "-p", "large.txt")
        assert (done.status, done.stdout) == (2, "")
        assert "Lambda takes at most 6291456" in done.stderr
        done = invoke(shop, "-f", "echo", stdin=b"x" * (6 * 1024 * 1024 + 1))
        assert "Lambda takes at most 6291456" in done.stderr


class TestContext:
    def test_an_object_is_merged(self, shop: Path) -> None:
        context = '{"functionName": "mine", "more": {"deep": 1}}'
        found = result(invoke(shop, "-f", "look", "-d", "[]", "-c", context))
        assert (found["context"], found["name"], found["more"]) == ("LambdaContext", "mine", {"deep": 1})

    @pytest.mark.parametrize(("text", "value"), [("hello", "hello"), ("[1, 2]", [1, 2]), ("5", 5)])
    def test_anything_else_takes_its_place(self, shop: Path, text: str, value: Any) -> None:
        assert result(invoke(shop, "-f", "look", "-d", "[]", "--context", text))["name"] == value

    def test_mistakes_name_the_option(self, shop: Path) -> None:
        done = invoke(shop, "-f", "look", "-d", "[]", "-c", '{"aws_request_id": 5}')
        assert (done.status, done.stderr) == (
            2,
            "error: --context: `aws_request_id` must be a text\n\n1 error.\n",
        )

    def test_a_file_wins(self, shop: Path) -> None:
        (shop / "context.yml").write_text("function_name: of the file\n")
        for option in ("-x", "--contextPath", "--context-path"):
            arguments = ("-f", "look", "-d", "[]", "-c", '{"function_name": "loses"}', option, "context.yml")
            assert result(invoke(shop, *arguments))["name"] == "of the file"

    def test_a_near_miss_is_told(self, shop: Path) -> None:
        done = invoke(shop, "-f", "look", "-d", "[]", "-c", '{"functoinName": "x"}')
        assert done.status == 0
        assert "did you mean `functionName`?" in done.stderr

    def test_a_wrong_type(self, shop: Path) -> None:
        done = invoke(shop, "-f", "look", "-c", '{"memory_limit_in_mb": "much"}')
        assert done.status == 2
        assert "`memory_limit_in_mb` must be a number of megabytes" in done.stderr


class TestEnvironment:
    def test_the_later_wins(self, shop: Path) -> None:
        names = (
            '["STAGE", "LEVEL", "IS_LOCAL", "AWS_REGION", "EMPTY", "AWS_LAMBDA_FUNCTION_NAME", "SHELL_ONLY"]'
        )
        found = result(
            invoke(
                shop,
                *(
                    "-f",
                    "look",
                    "-d",
                    names,
                    "-s",
                    "qa",
                    "-r",
                    "us-west-2",
                    "-e",
                    "LEVEL=given",
                    "--env",
                    "EMPTY=",
                ),
                env={"SHELL_ONLY": "x", "LEVEL": "shell"},
            )
        )["environment"]
        assert found == {
            "STAGE": "qa",
            "LEVEL": "given",
            "IS_LOCAL": "true",
            "AWS_REGION": "us-west-2",
            "EMPTY": "",
            "AWS_LAMBDA_FUNCTION_NAME": "shop-qa-look",
            "SHELL_ONLY": None,
        }

    def test_all_of_the_shell(self, shop: Path) -> None:
        found = result(
            invoke(shop, "-f", "look", "-d", '["SHELL_ONLY"]', "--inherit-env", env={"SHELL_ONLY": "x"})
        )
        assert found["environment"] == {"SHELL_ONLY": "x"}

    def test_is_local_can_be_overridden(self, shop: Path) -> None:
        found = result(invoke(shop, "-f", "look", "-d", '["IS_LOCAL"]', "-e", "IS_LOCAL=false"))
        assert found["environment"] == {"IS_LOCAL": "false"}

    def test_a_variable_without_a_value(self, shop: Path) -> None:
        done = invoke(shop, "-f", "echo", "-e", "NAME")
        assert done.status == 2
        assert "--env takes NAME=VALUE, not `NAME`" in done.stderr

    def test_the_format_of_logs(self, shop: Path) -> None:
        done = invoke(shop, "-f", "chat", "--log-format", "json")
        (line,) = [line for line in done.stderr.splitlines() if '"logged"' in line]
        assert json.loads(line)["level"] == "WARNING"


class TestService:
    def test_parameters(self, shop: Path) -> None:
        text = (shop / "serverless.yml").read_text().replace("LEVEL: provider", 'LEVEL: "${param:level}"')
        (shop / "params.yml").write_text(text)
        arguments = (
            "-f",
            "look",
            "--service",
            "params.yml",
            "-d",
            '["LEVEL", "STAGE"]',
            "--param",
            "level=p",
        )
        assert result(invoke(shop, *arguments))["environment"] == {"LEVEL": "function", "STAGE": "dev"}
        done = invoke(shop, "-f", "echo", "--service", "params.yml")
        assert done.status == 2
        assert "--param level=value" in done.stderr

    def test_from_anywhere(self, shop: Path, tmp_path: Path) -> None:
        assert result(invoke(shop / "src", "-f", "echo", "-d", "1")) == 1
        assert result(invoke(tmp_path, "-f", "echo", "-d", "1", "--service", str(shop))) == 1
        done = invoke(tmp_path, "-f", "echo")
        assert done.status == 2
        assert "there is no service file here or above" in done.stderr

    def test_no_such_function(self, shop: Path) -> None:
        done = invoke(shop, "-f", "ecko")
        assert done.status == 2
        assert "did you mean `echo`?" in done.stderr
        assert invoke(shop).status == 2

    def test_a_timeout_of_its_own(self, shop: Path) -> None:
        done = invoke(shop, "-f", "slow", "--timeout", "0.3")
        assert "timed out after 0.30 seconds" in json.loads(done.stdout)["errorMessage"]

    def test_a_missing_runtime(self, shop: Path) -> None:
        text = (shop / "serverless.yml").read_text()
        (shop / "dotnet.yml").write_text(text.replace("src/app.echo}", "src/app.echo, runtime: dotnet8}", 1))
        done = invoke(
            shop, "-f", "echo", "--service", "dotnet.yml", env={"DOCKER_HOST": "unix:///nowhere.sock"}
        )
        assert (done.status, done.stdout) == (2, "")
        assert "no Docker engine answers at /nowhere.sock" in done.stderr
        assert "the runtime dotnet8 is run in a container" in done.stderr
        assert "--missing-runtime" not in done.stderr


def test_output_comes_as_it_is_written(shop: Path) -> None:
    process = running.start(shop, ["invoke", "-f", "slow", "--timeout", "30"])
    assert process.stderr is not None
    assert process.stderr.readline() == b"begun\n"
    assert process.poll() is None
    done = running.interrupt(process)
    assert (done.status, done.stdout) == (130, "")
    assert "the function was ended (SIGINT)" in done.stderr


def test_a_terminal_gets_indented_json_and_readable_stacks(shop: Path) -> None:
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*running.PROGRAM, "invoke", "-f", "fail"],
        cwd=shop,
        env=running.environment(),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            data = os.read(leader, 65536)
        except OSError:  # Linux: the other end is closed
            break
        if not data:
            break
        shown += data
    os.close(leader)
    assert process.wait(timeout=60) == 1
    lines = shown.decode().replace("\r\n", "\n").split("\n")
    assert '  "errorType": "LookupError",' in lines
    assert "Traceback (most recent call last):" in lines


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full, as on Linux")
def test_a_standard_error_that_takes_no_more(shop: Path) -> None:
    for arguments in (("-f", "chat"), ("-f", "echo")):
        with open("/dev/full", "wb") as full:
            process = subprocess.run(
                [*running.PROGRAM, "invoke", *arguments],
                cwd=shop,
                env=running.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=full,
                timeout=60,
                check=False,
            )
        # Not 1: that is an error of the function.
        assert process.returncode == 3


def test_an_error_with_a_hint(shop: Path) -> None:
    (shop / "src" / "sdk.py").write_text("def handler(event, context):\n    import botocore.no_such_part\n")
    text = (shop / "serverless.yml").read_text()
    (shop / "sdk.yml").write_text(text + "  sdk: {handler: src/sdk.handler}\n")
    done = invoke(shop, "-f", "sdk", "--service", "sdk.yml")
    assert done.status == 1
    *_, first, second = done.stderr.splitlines()
    assert first == "hint: Lambda brings the AWS SDK with it, this machine does not:"
    assert second.startswith("pip install botocore")


def test_a_runtime_that_is_missing(shop: Path) -> None:
    text = (shop / "serverless.yml").read_text()
    (shop / "old.js").write_text("")
    (shop / "other.yml").write_text(text + "  old: {handler: old.handler, runtime: nodejs20.x}\n")
    done = invoke(shop, "-f", "old", "--service", "other.yml", env={"PATH": ""})
    assert done.status == 2
    assert done.stderr.startswith("error: old needs Node.js 20, which isn't on this machine\n   = to install")
    assert "scenario" not in done.stderr
