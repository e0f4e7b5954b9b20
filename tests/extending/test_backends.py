"""Backends of extensions, through the real program."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from tests.extending import packages
from tests.program import running

MODULE = """\
import os, sys
from lambda_scenarios.extensions import Backend, Command

def wrapped(worker):
    told = [worker.function, worker.name, worker.runtime, worker.handler, str(worker.memory)]
    environment = {**worker.environment, "WRAPPED": " ".join(told), "AT": worker.runtime_api}
    return Command(["sh", "-c", 'exec "$@"', "sh", *worker.command], environment)

def plain(worker):
    return worker.command

def client(worker):
    assert worker.command == ()
    return [sys.executable, os.path.join(os.path.dirname(__file__), "client.py")]

own = Backend(client, own_client=True)

def missing(worker):
    return ["no-such-program"]

def ending(worker):
    return ["false"]

def broken(worker):
    raise KeyError("x")

def nothing(worker):
    return None
"""
# The smallest client of the Runtime API, as a backend on another machine might bring it.
CLIENT = """\
import json, os, urllib.request
base = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(base + "next") as answer:
        event, request = json.load(answer), answer.headers["Lambda-Runtime-Aws-Request-Id"]
    print("served by another client", flush=True)
    if event == "hang":
        import time
        time.sleep(600)
    body = json.dumps({"served": event}).encode()
    urllib.request.urlopen(urllib.request.Request(base + request + "/response", body)).close()
"""
POINTS = {
    name: f"acme.backends:{name}"
    for name in ("wrapped", "plain", "own", "missing", "ending", "broken", "nothing")
}
ECHO = """\
import os, time
def handler(event, context):
    print("wrapped:", os.environ.get("WRAPPED"))
    if event == "sleep":
        time.sleep(60)
    return [event, os.environ.get("AT") == os.environ["AWS_LAMBDA_RUNTIME_API"]]
"""


def run(directory: Path, *scenarios: str, options: tuple[str, ...] = (), runtime: str = "") -> running.Done:
    runtime = runtime or f"python3.{sys.version_info[1]}"
    (directory / "echo.py").write_text(ECHO)
    (directory / "echo.rb").touch()
    (directory / "a.yml").write_text(
        f"functions: {{echo: {{handler: echo.handler, runtime: {runtime}, code: ., memory: 256}}}}\n"
        "defaults: {function: echo}\nscenarios:\n" + "".join(f"  - {each}\n" for each in scenarios)
    )
    env = packages.write(
        directory / "site",
        {"backends": POINTS},
        {"acme.backends": MODULE, "acme.client": CLIENT},
    )
    mark = {running.MARK: str(directory)}
    done = running.run(directory, "run", "a.yml", *options, env={**env, **mark})
    assert running.left_behind(str(directory)) == []
    return done


def invocations(directory: Path) -> dict[str, dict[str, object]]:
    found = json.loads((directory / "reports" / "report.json").read_text())["results"]
    return {result["name"]: result["attempts"][-1]["invocations"][0] for result in found}


def test_a_wrapper_gets_what_there_is_to_know(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        "{name: one, backend: wrapped, event: 1, expect: {output: [1, true]}}",
        "{name: two, backend: wrapped, event: 2, expect: {output: [2, true]}}",
        "{name: three, event: 3, expect: {output: [3, false]}}",
        "{name: four, backend: plain, event: 4, expect: {output: [4, false]}}",
        "{name: five, backend: \"{{ 'wrap' + 'ped' }}\", isolation: cold, event: 5, "
        "expect: {output: [5, true]}}",
    )
    assert done.status == 0, done.stdout + done.stderr
    found = invocations(tmp_path)
    assert [found[name]["backend"] for name in found] == ["wrapped", "wrapped", "local", "plain", "wrapped"]
    assert [found["one"]["worker"], found["one"]["nth"]] == [found["two"]["worker"], 1]
    assert found["two"]["nth"] == 2
    assert found["five"]["worker"] != found["one"]["worker"]
    told = f"wrapped: echo local-dev-echo python3.{sys.version_info[1]} echo.handler 256\n"
    assert found["one"]["logs"] == told


def test_a_wrapped_worker_is_killed_where_it_takes_too_long(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        "{name: one, timeout: 0.3, event: sleep, expect: {error: {message: {$contains: timed out}}}}",
        options=("--backend", "wrapped"),
    )
    assert done.status == 0, done.stdout + done.stderr


def test_a_client_of_its_own_needs_no_runtime_here(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        "{name: one, event: 1, expect: {output: {served: 1}, logs: served by another client}}",
        "{name: two, event: 2, expect: {output: {served: 2}}}",
        "{name: three, timeout: 1, event: hang, expect: {error: {message: {$contains: timed out}}}}",
        options=("--backend", "own"),
        runtime="ruby3.4",
    )
    assert done.status == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "missing",
            "the backend `missing` of acme-testing 1.0 could not be started: there is no no-such-program",
        ),
        ("broken", "the backend `broken` of acme-testing 1.0 could not be started: KeyError: 'x'"),
        ("nothing", "could not be started: it gave None, which is no list of texts"),
    ],
)
def test_one_that_fails_makes_an_error(tmp_path: Path, name: str, said: str) -> None:
    done = run(tmp_path, "{name: one}", options=("--backend", name))
    assert done.status == 1
    assert "1 error" in done.stdout
    assert said in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_one_whose_process_ends_is_told_as_others_are(tmp_path: Path) -> None:
    done = run(
        tmp_path, "{name: one, expect: {error: {type: Runtime.ExitError}}}", options=("--backend", "ending")
    )
    assert done.status == 0, done.stdout + done.stderr


def test_names_that_nobody_has(tmp_path: Path) -> None:
    done = run(tmp_path, "{name: one, backend: warpped}")
    assert done.status == 2
    assert "`backend` must be" in done.stderr
    assert "did you mean `wrapped`?" in done.stderr
    done = running.run(tmp_path, "run", "a.yml", "--backend", "lokal")
    assert done.status == 2
    assert "there is no backend `lokal`" in done.stderr
    assert "did you mean `local`?" in done.stderr


def test_invoke_knows_them_too(tmp_path: Path) -> None:
    run(tmp_path, "{name: one}")
    (tmp_path / "serverless.yml").write_text(
        f"service: s\nprovider: {{name: aws, runtime: python3.{sys.version_info[1]}}}\n"
        "functions: {echo: {handler: echo.handler}}\n"
    )
    env = packages.found_in(tmp_path / "site")
    done = running.run(tmp_path, "invoke", "-f", "echo", "-d", "1", "--backend", "wrapped", env=env)
    assert done.status == 0, done.stderr
    assert json.loads(done.stdout) == [1, True]
    assert os.path.exists(tmp_path / "site")
