"""`record` through the real program: what it writes is valid, passes at once, and destroys nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.program import running
from tests.program.running import VERSION

SERVICE = f"""\
service: shop
provider: {{name: aws, runtime: python{VERSION}, region: eu-west-1}}
functions:
  echo: {{handler: app.echo}}
  order: {{handler: app.order, events: [{{httpApi: POST /orders}}]}}
  binary: {{handler: app.binary, events: [{{httpApi: GET /image}}]}}
  look: {{handler: app.look}}
  big: {{handler: app.big}}
  fail: {{handler: app.fail}}
  slow: {{handler: app.slow, timeout: 1}}
  leave: {{handler: app.leave}}
  odd: {{handler: app.odd}}
"""
APP = """\
import base64, datetime, json, os, sys, time, uuid

def echo(event, context):
    return event

def order(event, context):
    print("creating")
    now = datetime.datetime.now(datetime.timezone.utc)
    body = {"id": str(uuid.uuid4()), "request": context.aws_request_id, "given": event["id"],
            "at": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "epoch": int(time.time()), "ms": time.time() * 1000,
            "name": "gr\\u00f6\\u00dfer", "tags": ["a: b", "yes", "1", "", None, True, 1.0]}
    headers = {"Content-Type": "application/json", "X-Request-Id": context.aws_request_id,
               "Date": now.strftime("%a, %d %b %Y %H:%M:%S GMT")}
    return {"statusCode": 201, "headers": headers, "body": json.dumps(body),
            "cookies": ["session=" + str(uuid.uuid4()) + "; Path=/"]}

def binary(event, context):
    return {"statusCode": 200, "body": base64.b64encode(bytes(range(256))).decode(), "isBase64Encoded": True}

def look(event, context):
    return {"name": os.environ.get("NAME"), "token": os.environ.get("API_TOKEN"),
            "log": context.log_stream_name, "more": getattr(context, "more", None)}

def big(event, context):
    return [{"n": n, "text": "x" * 100} for n in range(500)]

def fail(event, context):
    raise LookupError(f"no such order in {context.aws_request_id}: {event}")

def slow(event, context):
    time.sleep(60)

def leave(event, context):
    sys.exit(3)

def odd(event, context):
    return {1, 2}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "serverless.yml").write_text(SERVICE)
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "new.json").write_text('{"id": "11111111-2222-4333-8444-555555555555"}\n')
    return tmp_path


def record(directory: Path, *arguments: str, env: dict[str, str] | None = None) -> running.Done:
    done = running.run(directory, "record", *arguments, env=env)
    assert done.status == 0, done
    return done


def passes(directory: Path, *paths: str, env: dict[str, str] | None = None) -> None:
    validated = running.run(directory, "validate", *paths, env=env)
    assert validated.status == 0, validated
    done = running.run(directory, "run", *paths, env=env)
    assert done.status == 0, done.stdout + done.stderr


def scenarios(directory: Path, file: str = "s.yml") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((directory / file).read_text(encoding="utf-8"))["scenarios"]
    return found


@pytest.mark.parametrize("raw", [False, True])
def test_an_event_from_outside_of_the_project_is_copied(shop: Path, raw: bool) -> None:
    outside = shop.with_name(f"{shop.name}-outside.json")
    outside.write_text('{"id": "11111111-2222-4333-8444-555555555555"}')
    record(shop, "-f", "echo", "-p", str(outside), "-o", "s.yml", *(["--raw"] if raw else []))
    outside.unlink()
    passes(shop, "s.yml")
    (scenario,) = scenarios(shop)
    assert scenario["event"] == (
        '{"id": "11111111-2222-4333-8444-555555555555"}'
        if raw
        else {"id": "11111111-2222-4333-8444-555555555555"}
    )


def test_several_at_once_add_to_one_file(shop: Path) -> None:
    names = {f"n{number}" for number in range(6)}
    started = [
        running.start(shop, ("record", "-f", "echo", "-d", "1", "-o", "new/s.yml", "--name", name))
        for name in names
    ]
    for process in started:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, (out, err)
    assert {scenario["name"] for scenario in scenarios(shop, "new/s.yml")} == names
    assert sorted(os.listdir(shop / "new")) == ["s.yml"]


def test_a_response_with_ids_and_times(shop: Path) -> None:
    done = record(shop, "-f", "order", "-p", "events/new.json", "-o", "scenarios/order.yml")
    assert done.stdout.splitlines() == [
        "scenarios/order.yml: order takes new",
        "next: lambda-scenarios run 'scenarios/order.yml::order takes new'",
    ]
    assert "creating" in done.stderr and "REPORT RequestId" in done.stderr
    (scenario,) = scenarios(shop, "scenarios/order.yml")
    assert scenario["event_path"] == "../events/new.json"
    http = scenario["expect"]["http"]
    assert http["status"] == 201
    assert http["headers"]["Content-Type"] == "application/json"
    assert http["headers"]["X-Request-Id"] == {"$format": "uuid"}
    assert http["headers"]["Date"].keys() == {"$regex"}
    assert http["cookies"]["$unordered"][0].keys() == {"$regex"}
    body = http["body"]
    assert body["id"] == body["request"] == {"$format": "uuid"}
    assert body["given"] == "11111111-2222-4333-8444-555555555555"
    assert body["at"] == {"$format": "date-time"}
    assert body["epoch"] == body["ms"] == {"$type": "number"}
    assert body["tags"] == ["a: b", "yes", "1", "", None, True, 1.0]
    passes(shop, "scenarios")


def test_scenarios_are_added_and_comments_stay(shop: Path) -> None:
    (shop / "s.yml").write_text("# mine\nscenarios:\n  - name: first # kept\n    function: echo\n# the end\n")
    for data in ("1", '"text"', '{"a": "{{ b }}", "$gt": 1, "c": "{% raw %}"}', "no json: {", "null"):
        record(shop, "-f", "echo", "-d", data, "-o", "s.yml")
    text = (shop / "s.yml").read_text()
    assert text.startswith("# mine\nscenarios:\n  - name: first # kept\n    function: echo\n# the end\n")
    assert [scenario["name"] for scenario in scenarios(shop)] == [
        "first",
        "echo is invoked",
        *(f"echo is invoked ({number})" for number in range(2, 6)),
    ]
    passes(shop, "s.yml")


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("fail", {"type": "LookupError", "message": ...}),
        ("leave", {"type": "Runtime.ExitError", "message": ...}),
        ("slow", {"type": "Sandbox.Timedout", "message": ...}),
        ("odd", {"type": "Runtime.MarshalError", "message": ...}),
    ],
)
def test_errors_are_recorded_as_such(shop: Path, function: str, expected: dict[str, Any]) -> None:
    record(shop, "-f", function, "-d", '{"a": [1]}', "-o", "s.yml")
    (scenario,) = scenarios(shop)
    error = scenario["expect"]["error"]
    assert error.keys() == expected.keys()
    assert error["type"] == expected["type"]
    passes(shop, "s.yml")


def test_large_and_binary_results_stand_beside_the_file(shop: Path) -> None:
    done = record(shop, "-f", "big", "-o", "scenarios/s.yml", "-d", "{}")
    assert "  with scenarios/s.files/big-is-invoked.output.json" in done.stdout.splitlines()
    record(shop, "-f", "binary", "-o", "scenarios/s.yml", "-d", "{}", "--name", "an image")
    record(shop, "-f", "echo", "-o", "scenarios/s.yml", "-d", json.dumps({"x": "y" * 9000}))
    big, image, echoed = scenarios(shop, "scenarios/s.yml")
    assert big["expect"] == {"output_path": "s.files/big-is-invoked.output.json"}
    assert image["expect"]["output"]["isBase64Encoded"] is True
    assert echoed["event_path"] == "s.files/echo-is-invoked.event.json"
    passes(shop, "scenarios")


def test_what_was_given_is_given_again(shop: Path) -> None:
    secret = {"API_TOKEN": "not-to-be-written"}
    options = (
        "-e",
        "NAME=it's",
        "-e",
        "API_TOKEN=not-to-be-written",
        "-c",
        '{"more": "m"}',
        "--timeout",
        "5",
    )
    done = record(shop, "-f", "look", "-o", "s.yml", "-d", "{}", *options)
    # The shell of whoever records needn't have it.
    assert done.stdout.splitlines()[-1].startswith("next: API_TOKEN=… lambda-scenarios run 's.yml::")
    text = (shop / "s.yml").read_text()
    assert "not-to-be-written" not in text
    (scenario,) = scenarios(shop)
    assert scenario["expect"]["output"]["token"] == "{{ env.API_TOKEN }}"
    assert scenario["env"] == {"NAME": "it's", "API_TOKEN": "{{ env.API_TOKEN }}"}
    assert (scenario["timeout"], scenario["context"]) == (5.0, {"more": "m"})
    passes(shop, "s.yml", env=secret)


def test_events_of_programs_and_raw_ones(shop: Path) -> None:
    (shop / "events" / "made.js").write_text("module.exports = {made: [1, 2]};\n")
    record(shop, "-f", "echo", "-p", "events/made.js", "-o", "s.yml")
    record(shop, "-f", "echo", "-p", "events/new.json", "--raw", "-o", "s.yml")
    made, raw = scenarios(shop)
    assert made["event"] == {"made": [1, 2]}
    assert (raw["event_path"], raw["raw"]) == ("events/new.json", True)
    passes(shop, "s.yml")


def test_another_directory_names_its_service(tmp_path: Path, shop: Path) -> None:
    (shop / "elsewhere" / "deep").mkdir(parents=True)
    (shop / "elsewhere" / "serverless.yml").write_text(SERVICE.replace("service: shop", "service: other"))
    (shop / "elsewhere" / "app.py").write_text(APP)
    record(shop, "-f", "echo", "-d", "1", "-o", "elsewhere/deep/s.yml", "-s", "prod")
    document = yaml.safe_load((shop / "elsewhere" / "deep" / "s.yml").read_text())
    assert (document["service"], document["stage"]) == ("../../serverless.yml", "prod")
    passes(shop, "elsewhere/deep/s.yml")


@pytest.mark.parametrize(
    ("content", "arguments", "problem"),
    [
        (None, ("-o", "s.txt"), "s.txt is no name of a scenario file"),
        (None, (), "--output"),
        (None, ("-o", "app.py/s.yml"), "app.py/s.yml can't be read: Not a directory"),
        (None, ("-o", "new/deep/s.yml", "--service", "other.yml"), "no such service: other.yml"),
        ("scenarios:\n  - {nme: x}\n", ("-o", "s.yml"), "unknown key `nme`"),
        ("scenarios: [\n", ("-o", "s.yml"), "s.yml"),
        ("vars: {}\n", ("-o", "s.yml"), "s.yml"),
        (
            "scenarios:\n  - {name: x, function: echo}\n",
            ("-o", "s.yml", "--name", "x"),
            "there is a scenario `x` already",
        ),
        (
            "functions: {echo: {handler: a.b, runtime: python3.11}}\nservice: null\n"
            "scenarios:\n  - {name: x, skip: true}\n",
            ("-o", "s.yml"),
            "",
        ),
    ],
)
def test_mistakes_change_nothing(
    shop: Path, content: str | None, arguments: tuple[str, ...], problem: str
) -> None:
    if content is not None:
        (shop / "s.yml").write_text(content)
    before = sorted(path.name for path in shop.iterdir())
    done = running.run(shop, "record", "-f", "echo", "-d", "1", *arguments)
    assert done.status == 2
    assert problem in done.stderr
    assert "REPORT" not in done.stderr or not problem  # nothing was invoked
    assert sorted(path.name for path in shop.iterdir() if path.name != "__pycache__") == before
    assert content is None or (shop / "s.yml").read_text() == content


def test_the_standard_input_is_the_event(shop: Path) -> None:
    done = subprocess.run(
        [*running.PROGRAM, "record", "-f", "echo", "-o", "s.yml"],
        cwd=shop,
        env=running.environment(),
        input=b'{"from": "input"}',
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done
    assert scenarios(shop)[0]["event"] == {"from": "input"}
    passes(shop, "s.yml")


def test_what_a_kill_leaves_is_no_scenario_file(shop: Path) -> None:
    """The last moment before the file takes its place."""
    arguments = ["record", "-f", "echo", "-d", "1", "-o", "scenarios/s.yml"]
    killed = (
        "import os, signal, sys\n"
        "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"sys.argv = ['lambda-scenarios', *{arguments!r}]\n"
        "from lambda_scenarios.entry import console_script\nconsole_script()\n"
    )
    done = subprocess.run([sys.executable, "-c", killed], cwd=shop, env=running.environment(), check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(os.listdir(shop / "scenarios")) == 1
    assert running.run(shop, "list").stdout == ""
    record(shop, *arguments[1:])
    assert running.run(shop, "list").stdout.count("\n") == 1
