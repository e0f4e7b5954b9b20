"""What a function sees of its surroundings, what scenarios share, and what belongs to whom."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.program import running

# Everything is tried on both.
RUNTIMES = ("python", "node")
both = pytest.mark.parametrize("runtime", RUNTIMES)

SERVICE = """\
service: surroundings
provider:
  name: aws
  region: eu-central-1
  memorySize: 256
  environment: {FROM_PROVIDER: provider, LEVEL: provider}
functions:
  python: {handler: probe.look, runtime: python3.11, environment: {LEVEL: function, AWS_REGION: eu-north-1}}
  node: {handler: probe.look, runtime: nodejs20.x, environment: {LEVEL: function, AWS_REGION: eu-north-1}}
  pythonSlow: {handler: probe.sleep, runtime: python3.11, timeout: 50}
"""
PYTHON = """\
import os, sys, time

counter = 0

def look(event, context):
    global counter
    counter += 1
    if isinstance(context, str):
        return {"context": context}
    client = context.client_context
    return {
        "count": counter,
        "cwd": os.getcwd(),
        "env": dict(os.environ),
        # Backwards, since a report masks what is secret.
        "key": os.environ.get("AWS_SECRET_ACCESS_KEY", "")[::-1],
        "context": {
            "aws_request_id": context.aws_request_id,
            "function_name": context.function_name,
            "function_version": context.function_version,
            "invoked_function_arn": context.invoked_function_arn,
            "memory_limit_in_mb": int(context.memory_limit_in_mb),
            "log_group_name": context.log_group_name,
            "log_stream_name": context.log_stream_name,
            "identity": context.identity and context.identity.cognito_identity_id,
            "client_context": client and client.custom,
            "remaining": context.get_remaining_time_in_millis(),
            "extra": getattr(context, "extra", None),
        },
    }

def sleep(event, context):
    print("asleep")
    time.sleep(60)
"""
NODE = """\
let counter = 0
exports.look = async (event, context) => {
  counter += 1
  if (typeof context === 'string') return { context }
  return {
    count: counter,
    cwd: process.cwd(),
    env: { ...process.env },
    key: [...(process.env.AWS_SECRET_ACCESS_KEY ?? '')].reverse().join(''),
    context: {
      aws_request_id: context.awsRequestId,
      function_name: context.functionName,
      function_version: context.functionVersion,
      invoked_function_arn: context.invokedFunctionArn,
      memory_limit_in_mb: Number(context.memoryLimitInMB),
      log_group_name: context.logGroupName,
      log_stream_name: context.logStreamName,
      identity: context.identity ? context.identity.cognitoIdentityId ?? null : null,
      client_context: context.clientContext ? context.clientContext.custom : null,
      remaining: context.getRemainingTimeInMillis(),
      extra: context.extra ?? null,
    },
  }
}
"""
CONTEXT = {
    "aws_request_id": "5f1c8a3e-24a8-4f5c-9f0e-8d9a1c7b2e10",
    "function_name": "renamed",
    "function_version": "7",
    "invoked_function_arn": "arn:aws:lambda:eu-central-1:123456789012:function:renamed:live",
    "memory_limit_in_mb": 512,
    "log_group_name": "/logs/renamed",
    "log_stream_name": "2026/03/01/[7]abc",
    "identity": {"cognitoIdentityId": "i-1", "cognitoIdentityPoolId": "p-1"},
    "client_context": {"custom": {"theme": "dark"}},
    "remaining_time_ms": 4321,
    "extra": {"deep": [1]},
}
CAMEL_CASE = {
    "awsRequestId": "6f1c8a3e-24a8-4f5c-9f0e-8d9a1c7b2e10",
    "functionName": "renamed in camelCase",
    "memoryLimitInMB": 128,
}
SHELL = {
    "SHELL_ONLY": "shell",
    "LEVEL": "shell",
    "LC_TIME": "C",
    "LANG": "C.UTF-8",
    "TMPDIR": "/tmp",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "no_proxy": "localhost",
    "REQUESTS_CA_BUNDLE": "/nowhere/ca.pem",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:4567",
    "AWS_ACCESS_KEY_ID": "AKIASHELLSHELLSHELL0",
    "AWS_SECRET_ACCESS_KEY": "key of the shell",
    "AWS_PROFILE": "of-the-shell",
    "AWS_REGION": "ap-south-1",
    "AWS_LAMBDA_FUNCTION_NAME": "of the shell",
    "PYTHONPATH": "",
    "NODE_OPTIONS": "--no-warnings",
}


class Result(NamedTuple):
    """A scenario of the JSON report: its invocation and the function's result."""

    status: str
    invocation: dict[str, Any]
    output: Any


Results = dict[str, Result]


def ran(project: Path, *options: str, env: Mapping[str, str] | None = None, status: int = 0) -> Results:
    """Runs a project, and gives its results by the names of the scenarios."""
    done = running.run(project, "run", "--no-reports", "--json", "-", "--seed", "1", *options, env=env)
    assert done.status == status, done
    results = {}
    for result in json.loads(done.stdout)["results"]:
        invocation = result["attempts"][-1]["invocations"][-1] if result["attempts"] else {}
        results[result["name"]] = Result(result["status"], invocation, invocation.get("output"))
    return results


def write(project: Path, scenarios: list[dict[str, Any]], name: str = "s.yml", **top: Any) -> None:
    (project / "scenarios").mkdir(exist_ok=True)
    (project / "scenarios" / name).write_text(json.dumps({**top, "scenarios": scenarios}))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service with a probe for each runtime, and no scenarios."""
    if shutil.which("node") is None:
        pytest.fail("these tests need Node.js: apt-get install nodejs")
    project = tmp_path_factory.mktemp("surroundings")
    (project / "serverless.yml").write_text(SERVICE)
    (project / "probe.py").write_text(PYTHON)
    (project / "probe.js").write_text(NODE)
    running.localise(project)
    return project


@pytest.fixture(scope="module")
def seen(project: Path) -> Results:
    """One run, with one worker at a time, from a shell that is full of variables."""
    scenarios: list[dict[str, Any]] = []
    for function in RUNTIMES:
        named: dict[str, dict[str, Any]] = {
            "plain": {},
            "plain again": {},
            "after": {"event": {"a": 1}},
            "cold": {"isolation": "cold"},
            "warm after cold": {},
            "env": {
                "env": {"LEVEL": "scenario", "NUMBER": 1, "FLAG": True, "LANG": None, "FROM_PROVIDER": None}
            },
            "env in another order": {
                "env": {
                    "FROM_PROVIDER": None,
                    "FLAG": "true",
                    "NUMBER": "1",
                    "LEVEL": "scenario",
                    "LANG": None,
                }
            },
            "inherits keys": {"credentials": "inherit"},
            "context": {"context": CONTEXT},
            "context in camelCase": {"context": CAMEL_CASE},
            "context replaced": {"context": "no context"},
        }
        scenarios += [
            {"name": f"{function} {name}", "function": function, "timeout": 20, **keys}
            for name, keys in named.items()
        ]
    write(project, scenarios)
    return ran(project, "-j", "1", "-e", "FROM_COMMAND=1", "-e", "EMPTY=", env=SHELL)


def variables(results: Results, name: str) -> dict[str, str]:
    found: dict[str, str] = results[name].output["env"]
    return found


@both
class TestEnvironment:
    def test_the_shell_is_not_seen(self, seen: Results, runtime: str) -> None:
        found = variables(seen, f"{runtime} plain")
        assert "SHELL_ONLY" not in found
        assert "NODE_OPTIONS" not in found
        assert not [name for name in found if name.startswith(("PYTEST", "HYPOTHESIS", "VIRTUAL_ENV"))]

    def test_what_every_program_needs_of_the_shell_is(self, seen: Results, runtime: str) -> None:
        found = variables(seen, f"{runtime} plain")
        for name in (
            *("LC_TIME", "LANG", "TMPDIR", "HTTPS_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE"),
            *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"),
        ):
            assert found.get(name) == SHELL[name], name
        assert found["PATH"] == running.environment()["PATH"]

    def test_the_variables_of_lambda(self, seen: Results, runtime: str, project: Path) -> None:
        found = variables(seen, f"{runtime} plain")
        assert found["AWS_LAMBDA_FUNCTION_NAME"] == f"surroundings-dev-{runtime}"
        assert found["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
        assert found["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
        assert found["AWS_DEFAULT_REGION"] == "eu-central-1"
        assert found["LAMBDA_TASK_ROOT"] == str(project)
        assert found["_HANDLER"] == "probe.look"
        assert found["TZ"] == ":UTC"
        assert found["AWS_EXECUTION_ENV"].startswith(f"AWS_Lambda_{runtime}")
        assert found["AWS_LAMBDA_RUNTIME_API"].startswith("127.0.0.1:")
        assert seen[f"{runtime} plain"].output["cwd"] == str(project)

    def test_the_functions_own_go_over_the_providers_and_lambdas(self, seen: Results, runtime: str) -> None:
        found = variables(seen, f"{runtime} plain")
        assert (found["FROM_PROVIDER"], found["LEVEL"]) == ("provider", "function")
        assert found["AWS_REGION"] == "eu-north-1"

    def test_is_local(self, seen: Results, runtime: str) -> None:
        assert variables(seen, f"{runtime} plain")["IS_LOCAL"] == "true"

    def test_the_command_line(self, seen: Results, runtime: str) -> None:
        found = variables(seen, f"{runtime} plain")
        assert (found["FROM_COMMAND"], found["EMPTY"]) == ("1", "")

    def test_the_scenarios_own(self, seen: Results, runtime: str) -> None:
        found = variables(seen, f"{runtime} env")
        assert (found["LEVEL"], found["NUMBER"], found["FLAG"]) == ("scenario", "1", "true")
        assert "FROM_PROVIDER" not in found
        assert "LANG" not in found

    def test_keys_are_made_up(self, seen: Results, runtime: str) -> None:
        result = seen[f"{runtime} plain"]
        found = variables(seen, f"{runtime} plain")
        assert found["AWS_ACCESS_KEY_ID"].startswith("AKIA") or found["AWS_ACCESS_KEY_ID"].startswith("ASIA")
        assert found["AWS_ACCESS_KEY_ID"] != SHELL["AWS_ACCESS_KEY_ID"]
        assert result.output["key"] not in ("", SHELL["AWS_SECRET_ACCESS_KEY"][::-1])
        assert "AWS_PROFILE" not in found
        assert found["AWS_EC2_METADATA_DISABLED"] == "true"
        assert found["AWS_CONFIG_FILE"] == found["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"

    def test_inherited_keys(self, seen: Results, runtime: str) -> None:
        result = seen[f"{runtime} inherits keys"]
        assert result.output["key"] == SHELL["AWS_SECRET_ACCESS_KEY"][::-1]
        assert result.output["env"]["AWS_PROFILE"] == "of-the-shell"
        # Where the shell says that there is no metadata endpoint, the function hears it too.
        of_shell = running.environment()["AWS_EC2_METADATA_DISABLED"]
        assert result.output["env"]["AWS_EC2_METADATA_DISABLED"] == of_shell
        assert "SHELL_ONLY" not in result.output["env"]

    def test_an_inherited_key_is_in_no_report(self, seen: Results, runtime: str) -> None:
        assert seen[f"{runtime} inherits keys"].output["env"]["AWS_SECRET_ACCESS_KEY"] == "***"


@pytest.fixture(scope="module")
def inheriting(project: Path) -> Results:
    write(project, [{"name": function, "function": function} for function in RUNTIMES], "i.yml")
    shell = {name: value for name, value in SHELL.items() if name != "NODE_OPTIONS"}
    return ran(project, "scenarios/i.yml", "--inherit-env", "-e", "LEVEL=command", env=shell)


@both
def test_inherit_env(inheriting: Results, runtime: str) -> None:
    found = variables(inheriting, runtime)
    assert found["SHELL_ONLY"] == "shell"
    # Everything else stays as it was: over the shell, not under it.
    assert found["LEVEL"] == "command"
    assert found["AWS_LAMBDA_FUNCTION_NAME"] == f"surroundings-dev-{runtime}"
    assert found["AWS_ACCESS_KEY_ID"] != SHELL["AWS_ACCESS_KEY_ID"]
    assert "AWS_PROFILE" not in found


def test_an_option_of_node_that_only_the_shell_has(project: Path) -> None:
    write(project, [{"name": "node", "function": "node"}], "n.yml")
    results = ran(project, "scenarios/n.yml", env={"NODE_OPTIONS": "--no-such-option"})
    assert results["node"].status == "passed"


@both
class TestContext:
    def test_the_mock(self, seen: Results, runtime: str) -> None:
        result = seen[f"{runtime} plain"]
        found = result.output["context"]
        name = f"surroundings-dev-{runtime}"
        assert found["aws_request_id"] == result.invocation["request_id"]
        assert found["function_name"] == name
        assert found["function_version"] == "$LATEST"
        assert found["invoked_function_arn"] == f"arn:aws:lambda:eu-central-1:123456789012:function:{name}"
        assert found["memory_limit_in_mb"] == 256
        assert found["log_group_name"] == f"/aws/lambda/{name}"
        assert "/[$LATEST]" in found["log_stream_name"]
        assert (found["identity"], found["client_context"], found["extra"]) == (None, None, None)
        assert 10_000 < found["remaining"] <= 20_000

    @pytest.mark.parametrize("key", sorted(CONTEXT))
    def test_each_override(self, seen: Results, runtime: str, key: str) -> None:
        found = seen[f"{runtime} context"].output["context"]
        if key == "remaining_time_ms":
            assert 3000 < found["remaining"] <= 4321
        elif key == "identity":
            assert found["identity"] == "i-1"
        elif key == "client_context":
            assert found["client_context"] == {"theme": "dark"}
        else:
            assert found[key] == CONTEXT[key]

    def test_what_the_environment_carries(self, seen: Results, runtime: str) -> None:
        found = variables(seen, f"{runtime} context")
        assert found["AWS_LAMBDA_FUNCTION_NAME"] == "renamed"
        assert found["AWS_LAMBDA_FUNCTION_VERSION"] == "7"
        assert found["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
        assert found["AWS_LAMBDA_LOG_GROUP_NAME"] == "/logs/renamed"
        assert found["AWS_LAMBDA_LOG_STREAM_NAME"] == "2026/03/01/[7]abc"

    def test_camel_case(self, seen: Results, runtime: str) -> None:
        found = seen[f"{runtime} context in camelCase"].output["context"]
        assert found["aws_request_id"] == CAMEL_CASE["awsRequestId"]
        assert found["function_name"] == CAMEL_CASE["functionName"]
        assert found["memory_limit_in_mb"] == CAMEL_CASE["memoryLimitInMB"]

    def test_a_text_in_its_place(self, seen: Results, runtime: str) -> None:
        assert seen[f"{runtime} context replaced"].output == {"context": "no context"}


@both
class TestWarmth:
    def test_scenarios_of_one_environment_share_a_worker(self, seen: Results, runtime: str) -> None:
        names = [f"{runtime} {name}" for name in ("plain", "plain again", "after", "warm after cold")]
        assert [seen[name].output["count"] for name in names] == [1, 2, 3, 4]
        assert [seen[name].invocation["nth"] for name in names] == [1, 2, 3, 4]
        assert len({seen[name].invocation["worker"] for name in names}) == 1
        assert [seen[name].invocation["init_ms"] is not None for name in names] == [True, False, False, False]

    def test_a_cold_one_does_not(self, seen: Results, runtime: str) -> None:
        cold = seen[f"{runtime} cold"]
        assert (cold.output["count"], cold.invocation["nth"]) == (1, 1)
        workers = [result.invocation["worker"] for result in seen.values()]
        assert workers.count(cold.invocation["worker"]) == 1

    def test_another_environment_is_another_worker(self, seen: Results, runtime: str) -> None:
        names = ("plain", "env", "inherits keys", "context", "context in camelCase")
        results = [seen[f"{runtime} {name}"] for name in names]
        assert len({result.invocation["worker"] for result in results}) == len(names)
        assert len({result.invocation["environment"] for result in results}) == len(names)
        assert [result.output["count"] for result in results] == [1] * len(names)

    def test_the_same_environment_spelt_differently_is_not(self, seen: Results, runtime: str) -> None:
        one, other = seen[f"{runtime} env"], seen[f"{runtime} env in another order"]
        assert one.invocation["worker"] == other.invocation["worker"]
        assert one.invocation["environment"] == other.invocation["environment"]
        assert other.output["count"] == 2

    def test_a_replaced_context_needs_no_other_worker(self, seen: Results, runtime: str) -> None:
        one, other = seen[f"{runtime} plain"], seen[f"{runtime} context replaced"]
        assert one.invocation["worker"] == other.invocation["worker"]


# Where modules are found


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Modules of layers, of directories named by the environment, and of `node_modules`."""
    root = tmp_path_factory.mktemp("modules")
    major = running.node_major()
    files = {
        "code/find.py": "import layered, alone, named, pinned\n"
        "def handler(event, context):\n"
        "    return [layered.FROM, alone.FROM, named.FROM, pinned.FROM]\n",
        "code/find.js": "exports.handler = async () => ['layered', 'alone', 'named', 'own']\n"
        "  .map((name) => require(name))\n",
        "lower/python/layered.py": "FROM = 'lower'\n",
        "lower/python/alone.py": "FROM = 'lower'\n",
        "upper/python/layered.py": "FROM = 'upper'\n",
        f"upper/python/lib/python3.{sys.version_info[1]}/site-packages/pinned.py": "FROM = 'upper'\n",
        "code/lib/named.py": "FROM = 'lib'\n",
        "lower/nodejs/node_modules/layered/index.js": "module.exports = 'lower'\n",
        "lower/nodejs/node_modules/alone/index.js": "module.exports = 'lower'\n",
        f"upper/nodejs/node{major}/node_modules/layered/index.js": "module.exports = 'upper'\n",
        "code/lib/named/index.js": "module.exports = 'lib'\n",
        "code/node_modules/own/index.js": "module.exports = 'own'\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    function = {"handler": "find.handler", "code": "../code", "layers": ["../lower", "../upper"]}
    functions = {
        "python": {**function, "runtime": "python3.11", "environment": {"PYTHONPATH": "lib"}},
        "node": {**function, "runtime": "nodejs20.x", "environment": {"NODE_PATH": "/var/task/lib"}},
    }
    write(root, [{"name": name, "function": name} for name in functions], functions=functions)
    running.localise(root)
    return ran(root)


def test_modules_of_python(modules: Results) -> None:
    assert modules["python"].output == ["upper", "lower", "lib", "upper"]


def test_modules_of_node(modules: Results) -> None:
    assert modules["node"].output == ["upper", "lower", "lib", "own"]


def test_the_virtualenv_of_the_service_is_preferred(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / ".venv")], check=True)
    (packages,) = tmp_path.glob(".venv/lib/python3.*/site-packages")
    (packages / "marker_of_the_virtualenv.py").write_text("FOUND = 'in the virtualenv'\n")
    (tmp_path / "layer").mkdir()
    (tmp_path / "app.py").write_text(
        "import sys, marker_of_the_virtualenv\n"
        "def handler(event, context):\n"
        "    return [marker_of_the_virtualenv.FOUND, sys.prefix]\n"
    )
    functions = {
        "same": {"runtime": f"python3.{sys.version_info[1]}", "handler": "app.handler", "code": ".."},
        "other": {"runtime": "python3.8", "handler": "app.handler", "code": ".."},
        "another": {"runtime": "python3.8", "handler": "app.handler", "code": "..", "layers": ["../layer"]},
    }
    write(tmp_path, [{"name": name, "function": name} for name in functions], functions=functions)
    results = ran(tmp_path)
    for name in functions:
        assert results[name].output == ["in the virtualenv", str(tmp_path / ".venv")]
    told = running.run(tmp_path, "run", "--no-reports")
    warnings = [line for line in (told.stdout + told.stderr).splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 1
    assert f"`python3.8` of other, another is run by Python 3.{sys.version_info[1]} " in warnings[0]


# Output


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """300 quick scenarios a runtime, which are sent ahead; some print much, some by a child, some nothing."""
    root = tmp_path_factory.mktemp("printed")
    (root / "app.py").write_text(
        "import os, subprocess, sys\n"
        "print('loading')\n"
        "def handler(event, context):\n"
        "    n = event['n']\n"
        "    if n % 7 == 0:\n"
        "        return n\n"
        "    sys.stdout.write(f'out {n};')\n"
        "    sys.stderr.write(f'err {n};')\n"
        "    if n % 50 == 1:\n"
        "        subprocess.run(['sh', '-c', f'echo child {n}; echo child {n} >&2'], check=True)\n"
        "    if n % 50 == 2:\n"
        "        print('x' * 100_000)\n"
        "    os.write(1, b'bare %d;' % n)\n"
        "    print('end', n)\n"
        "    return n\n"
    )
    (root / "app.js").write_text(
        "const { execFileSync } = require('node:child_process')\n"
        "const { writeSync } = require('node:fs')\n"
        "process.stdout.write('loading\\n')\n"
        "exports.handler = async ({ n }) => {\n"
        "  if (n % 7 === 0) return n\n"
        "  process.stdout.write(`out ${n};`)\n"
        "  process.stderr.write(`err ${n};`)\n"
        "  if (n % 50 === 1) {\n"
        "    execFileSync('sh', ['-c', `echo child ${n}; echo child ${n} >&2`], { stdio: 'inherit' })\n"
        "  }\n"
        "  if (n % 50 === 2) process.stdout.write('x'.repeat(100_000) + '\\n')\n"
        "  writeSync(1, `bare ${n};`)\n"
        "  process.stdout.write(`end ${n}\\n`)\n"
        "  return n\n"
        "}\n"
    )
    functions = {
        "python": {"runtime": "python3.11", "handler": "app.handler", "code": ".."},
        "node": {"runtime": "nodejs20.x", "handler": "app.handler", "code": ".."},
    }
    numbers = {"matrix": {"n": list(range(300))}, "event": {"n": "{{ matrix.n }}"}}
    scenarios = [
        {
            "name": f"{name} {{{{ matrix.n }}}}",
            "function": name,
            **numbers,
            "expect": {"output": "{{ matrix.n }}"},
        }
        for name in functions
    ]
    write(root, scenarios, functions=functions)
    running.localise(root)
    return ran(root, "-j", "2")


def expected_output(n: int) -> str:
    if n % 7 == 0:
        return ""
    child = f"child {n}\nchild {n}\n" if n % 50 == 1 else ""
    much = "x" * 100_000 + "\n" if n % 50 == 2 else ""
    return f"out {n};err {n};{child}{much}bare {n};end {n}\n"


@both
def test_every_output_belongs_to_its_invocation_in_the_order_of_writing(
    printed: Results, runtime: str
) -> None:
    wrong = [n for n in range(300) if printed[f"{runtime} {n}"].invocation["logs"] != expected_output(n)]
    assert wrong == []


@both
def test_the_output_of_loading_belongs_to_the_first_invocation(printed: Results, runtime: str) -> None:
    for n in range(300):
        invocation = printed[f"{runtime} {n}"].invocation
        assert invocation["init_logs"] == ("loading\n" if invocation["nth"] == 1 else "")


@both
def test_a_worker_numbers_its_invocations(printed: Results, runtime: str) -> None:
    by_worker: dict[int, list[int]] = {}
    for n in range(300):
        invocation = printed[f"{runtime} {n}"].invocation
        by_worker.setdefault(invocation["worker"], []).append(invocation["nth"])
    for nths in by_worker.values():
        assert nths == list(range(1, len(nths) + 1))
    assert len({result.invocation["request_id"] for result in printed.values()}) == len(printed)


# Limits

COUNT_WORKERS = """\
import os

def handler(event, context):
    mark = b"CAP_OF_WORKERS=" + os.environ["CAP_OF_WORKERS"].encode()
    alive = 0
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if mark not in file.read().split(b"\\0"):
                    continue
            with open(f"/proc/{name}/stat", "rb") as file:
                alive += file.read().rpartition(b")")[2].split()[0] != b"Z"
        except OSError:
            pass
    return {"alive": alive}
"""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="counts processes in /proc: Linux")
def test_there_are_never_more_workers_than_the_cap(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(COUNT_WORKERS)
    functions = {"count": {"runtime": "python3.11", "handler": "app.handler", "code": ".."}}

    def rounds(name: str, environments: int) -> dict[str, Any]:
        """The same environments twice over, so that each of their workers would be of use again."""
        return {
            "name": name + " {{ matrix.round }} {{ matrix.n }}",
            "function": "count",
            "matrix": {"round": [1, 2], "n": list(range(environments))},
            "env": {"NAME": name + " {{ matrix.n }}"},
        }

    write(tmp_path, [rounds("few", 4), rounds("many", 14)], functions=functions)
    running.localise(tmp_path)
    results = ran(tmp_path, "-j", "2", "-e", f"CAP_OF_WORKERS={tmp_path}")
    counts = [result.output["alive"] for result in results.values()]
    # 2 at work, 8 idle (execution/scheduler.py), and one that has been killed and not yet taken away.
    assert max(counts) <= 11
    assert [results[f"few 2 {n}"].invocation["nth"] for n in range(4)] == [2, 2, 2, 2]


def test_the_timeout_of_the_command_line(project: Path) -> None:
    write(project, [{"name": "slow", "function": "pythonSlow"}], "slow.yml")
    results = ran(project, "scenarios/slow.yml", "--timeout", "0.25", status=1)
    invocation = results["slow"].invocation
    assert results["slow"].status == "failed"
    assert invocation["ending"] == "timed out"
    assert invocation["error"]["message"].endswith("Task timed out after 0.25 seconds")
    assert invocation["timeout_s"] == 0.25
    assert invocation["logs"] == "asleep\n"


def test_the_time_of_the_whole_run(project: Path) -> None:
    write(
        project,
        [
            {"name": "quick", "function": "python"},
            {"name": "slow", "function": "pythonSlow"},
            {"name": "never reached", "function": "pythonSlow"},
        ],
        "time.yml",
    )
    done = running.run(
        project, "run", "scenarios/time.yml", "-j", "1", "--max-time", "2", "--json", "-", "--no-reports"
    )
    assert done.status == 1
    report = json.loads(done.stdout)
    # The first has passed by then, but on a machine that is very busy.
    assert [result["status"] for result in report["results"]][1:] == ["not run", "not run"]
    assert all("--max-time" in result["reason"] for result in report["results"][1:])
    assert report["end"]["interrupted"] is not None
    assert running.left_behind(str(project)) == []
