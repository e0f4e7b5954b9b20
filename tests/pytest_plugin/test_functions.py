"""The fixture `lambda_function` in a pytest of its own."""

from __future__ import annotations

from pathlib import Path

from tests.pytest_plugin.pytests import SERVICE, project, run

FUNCTIONS = """\
import pytest
from lambda_scenarios.pytest_project import LambdaError

def test_result(lambda_function):
    create = lambda_function("create")
    assert create({"what": 1}) == {"id": "o-1", "what": 1, "secret": None}

def test_warm(lambda_function):
    count = lambda_function("count")
    first, second = count.invoke(), count.invoke()
    assert (first.output["calls"], second.output["calls"]) == (1, 2)
    assert first.init_ms is not None and second.init_ms is None

def test_env_and_context(lambda_function):
    assert lambda_function("clean")()["echo"] == {}, "as of a scenario without an event"
    assert lambda_function("clean")(None)["echo"] is None
    got = lambda_function("get")({"id": "o-1"}, env={"OF_STEP": "x"}, context={"function_name": "f"})
    assert got == {"found": "o-1", "env": "x", "name": "f"}

def test_error(lambda_function):
    with pytest.raises(LambdaError) as caught:
        lambda_function("get")({"id": "unknown"})
    assert caught.value.error_type == "KeyError"
    assert any("app.py" in line for line in caught.value.stack)

def test_unexpected(lambda_function):
    lambda_function("get")({"id": "unknown"})

def test_unknown(lambda_function):
    lambda_function("craete")
"""


def test_functions_in_tests_of_python(tmp_path: Path) -> None:
    project(tmp_path, "  - {name: shares, function: count}\n")
    (tmp_path / "all.yml").unlink()
    (tmp_path / "serverless.yml").write_text(SERVICE)
    (tmp_path / "test_shop.py").write_text(FUNCTIONS)
    done = run(tmp_path, "-q")
    assert "2 failed, 4 passed" in done.stdout, done.stdout
    assert "LambdaError: KeyError: 'unknown'" in done.stdout
    assert "did you mean `create`?" in done.stdout
    assert "pytest_project.py" not in done.stdout, "no internal frames"


SETTINGS = """\
stage: test
timeout: 1
env: {OF_PROJECT: "{{ vars.name }}", OF_DIRECTORY: project}
var: {name: configured}
"""
SEEN = """\
import os, time

def seen(event, context):
    names = ("STAGE", "OF_PROJECT", "OF_DIRECTORY", "OF_CALL")
    return {
        **{name: os.environ.get(name) for name in names},
        "name": context.function_name,
        "memory": int(context.memory_limit_in_mb),
        "custom": getattr(context, "custom", None),
        "client": context.client_context and context.client_context.custom,
    }

def sleep(event, context):
    print("token-of-the-project")
    time.sleep(event)
"""
SEEN_SERVICE = """\
service: shop
provider: {name: aws, runtime: python3.11, environment: {STAGE: "${sls:stage}"}}
functions:
  seen: {handler: app.seen}
  sleep: {handler: app.sleep, environment: {API_TOKEN: token-of-the-project}}
"""
OF_PROJECT = """\
import datetime, os, pytest
from lambda_scenarios.pytest_project import LambdaError, Unusable

@pytest.fixture(scope="module")
def seen(lambda_function):
    return lambda_function("seen")

def test_settings(seen):
    got = seen()
    assert got["STAGE"] == "test"
    assert got["OF_PROJECT"] == "configured"
    assert got["OF_DIRECTORY"] == "directory"

def test_env(seen):
    got = seen(env={"OF_CALL": 1.5, "OF_PROJECT": None, "OF_DIRECTORY": True})
    assert (got["OF_CALL"], got["OF_PROJECT"], got["OF_DIRECTORY"]) == ("1.5", None, "true")

@pytest.mark.parametrize("context", (
    {"functionName": "f", "memoryLimitInMB": 512, "clientContext": {"custom": {"a": 1}}, "custom": [1]},
    {"function_name": "f", "memory_limit_in_mb": 512, "client_context": {"custom": {"a": 1}}, "custom": [1]},
))
def test_context(seen, context):
    got = seen(context=context)
    assert (got["name"], got["memory"], got["custom"], got["client"]) == ("f", 512, [1], {"a": 1})

def test_timeout(lambda_function):
    with pytest.raises(LambdaError, match="1.00 seconds"):
        lambda_function("sleep")(30)
    with pytest.raises(LambdaError, match="0.50 seconds"):
        lambda_function("sleep")(30, timeout=0.5)

@pytest.mark.parametrize("call, said", (
    ({"timeout": 0}, "more than 0, not 0"),
    ({"timeout": -1}, "more than 0, not -1"),
    ({"timeout": "2"}, "more than 0, not '2'"),
    ({"timeout": True}, "more than 0, not True"),
    ({"event": datetime.date(2020, 1, 1)}, "date is not JSON"),
    ({"event": float("nan")}, "not JSON compliant"),
    ({"event": "x" * 7_000_000}, "at most 6291456"),
    ({"env": {"A=B": "1"}}, "can't be the name"),
    ({"env": {"A": [1]}}, "must be a text, not list"),
    ({"context": {"memory_limit_in_mb": "lots"}}, "number of megabytes"),
    ({"context": {"custom": object()}}, "the context can't be written as JSON"),
))
def test_refused(seen, call, said):
    with pytest.raises(Unusable, match=said):
        seen(**call)
    assert seen()["STAGE"] == "test", "the next one is served"

def test_shown_is_masked(lambda_function, capsys):
    result = lambda_function("sleep").invoke(0)
    assert "token-of-the-project" in result.logs
    assert "token-of-the-project" not in capsys.readouterr().out

def test_wrong_here(lambda_function):
    lambda_function("seen")(timeout=0)
"""


def test_functions_are_invoked_as_scenarios_of_the_same_place_are(tmp_path: Path) -> None:
    (tmp_path / "lambda-scenarios.yml").write_text(SETTINGS)
    (tmp_path / "serverless.yml").write_text(SEEN_SERVICE)
    (tmp_path / "app.py").write_text(SEEN)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "_defaults.yml").write_text("defaults: {env: {OF_DIRECTORY: directory}}\n")
    (tmp_path / "tests" / "test_seen.py").write_text(OF_PROJECT)
    done = run(tmp_path, "-q")
    assert "1 failed, 17 passed" in done.stdout, done.stdout
    assert "Unusable: `timeout` must be a number of seconds, more than 0, not 0" in done.stdout
    assert "pytest_functions.py:" not in done.stdout, "no internal frames"


def test_the_command_line_goes_over_the_test(tmp_path: Path) -> None:
    (tmp_path / "serverless.yml").write_text(SEEN_SERVICE)
    (tmp_path / "app.py").write_text(SEEN)
    (tmp_path / "test_seen.py").write_text(
        "def test_over(lambda_function):\n"
        "    got = lambda_function('seen')(env={'OF_CALL': 'test', 'OF_PROJECT': 'test'}, timeout=0.0001)\n"
        "    assert (got['STAGE'], got['OF_CALL'], got['OF_PROJECT']) == ('prod', 'line', 'test')\n"
    )
    done = run(tmp_path, "-q", "--scenarios=--stage prod -e OF_CALL=line --timeout 20")
    assert "1 passed" in done.stdout, done.stdout


def test_a_project_that_cannot_be_read_is_told_to_the_test(tmp_path: Path) -> None:
    (tmp_path / "lambda-scenarios.yml").write_text("jbs: 2\n")
    (tmp_path / "test_a.py").write_text("def test_a(lambda_function):\n    lambda_function('f')\n")
    done = run(tmp_path, "-q")
    assert "unknown key `jbs`" in done.stdout and "did you mean `jobs`?" in done.stdout
    assert "lambda-scenarios.yml:1:1" in done.stdout
    assert "pytest_project.py:" not in done.stdout and "pytest_plugin.py:" not in done.stdout


CLEANS_UP = """\
import pytest

@pytest.fixture(scope="module")
def order(lambda_function):
    yield lambda_function("create")({"what": 1})
    print("cleaned", lambda_function("create")({"what": 2})["what"])

def test_stops(order):
    raise BREAK

def test_never(order):
    pass
"""


def test_fixtures_clean_up_by_functions_whatever_ended_the_session(tmp_path: Path) -> None:
    project(tmp_path, "  - {name: shares, function: count}\n")
    (tmp_path / "all.yml").unlink()
    (tmp_path / "serverless.yml").write_text(SERVICE)
    for raised in ("AssertionError", "KeyboardInterrupt"):
        (tmp_path / "test_shop.py").write_text(CLEANS_UP.replace("BREAK", raised))
        done = run(tmp_path, "-q", "-s", "-x")
        assert "cleaned 2" in done.stdout, done.stdout + done.stderr
