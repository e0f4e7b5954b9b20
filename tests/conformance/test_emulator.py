"""This program's answers against those of AWS's runtime interface emulator, on the suite's subjects.

Both serve the same runtimes: AWS's clients for Python, Go and Java, a shell script, and this project's own
clients for Python, Node.js and Ruby, for which the emulator is a server that knows nothing of them. The
events are sent as this program had sent them, and the runtimes have the environment that it gave them.
What can't be equal stands in DIFFERENT, with the reason; the tests hold that it still differs.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from lambda_scenarios.model.function import Function, ServiceInfo
from lambda_scenarios.model.record import InvocationRecord
from lambda_scenarios.reports import record_json, record_reading
from lambda_scenarios.runtimes import java_start
from lambda_scenarios.runtimes.all_runtimes import runtime_of
from lambda_scenarios.runtimes.runtime import World
from tests.clients.python.test_differential import AS_IN_LAMBDA
from tests.conformance import emulator
from tests.conformance.subjects_of_runtimes import SOURCES, SUBJECTS, missing
from tests.program import running

NONCE = "0123456789abcdef"
LARGEST = 6 * 1024 * 1024 + 100  # bytes of a result


class Answer(NamedTuple):
    """What is compared. `kind` is `result`, the type of an error, or `text` for what is no JSON."""

    kind: str
    text: str
    stack: tuple[str, ...] = ()


class Case(NamedTuple):
    name: str
    event: dict[str, Any]


COUNT = {"do": "count"}
VARIABLES = [
    *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"),
    *("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_INITIALIZATION_TYPE"),
    *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_XRAY_CONTEXT_MISSING", "_HANDLER"),
    *("AWS_LAMBDA_MAX_CONCURRENCY", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "TZ", "PATH", "IS_LOCAL"),
    *("SHOP", "EMPTY", "NOWHERE"),
]

# Invocations of one process, one after another, until it ends.
ORDINARY = (
    Case("an object", {"do": "echo", "value": {"a": [1, 2.5, True, None, "x"], "b": {"c": {}}}}),
    Case("a text", {"do": "echo", "value": 'text with ü, €, 😀, "quotes" and\nlines'}),
    Case("an empty list", {"do": "echo", "value": []}),
    Case("an empty text", {"do": "echo", "value": ""}),
    Case("zero", {"do": "echo", "value": 0}),
    Case("false", {"do": "echo", "value": False}),
    Case("null", {"do": "echo", "value": None}),
    Case("numbers", {"do": "echo", "value": [1.0, -0.5, 1e-9, 1e100, 2**53, 123456789.125]}),
    Case("more than a packet", {"do": "echo", "value": "x" * 5000}),  # sent in chunks by the emulator
    Case("nothing", {"do": "nothing"}),
    Case("an error", {"do": "raise"}),
    Case("the state after an error", COUNT),
    Case("output", {"do": "log"}),
    Case("the context", {"do": "context"}),
    Case("the environment", {"do": "env", "names": VARIABLES}),
    Case("the exit status 3", {"do": "exit", "status": 3}),
    Case("the state after the exit status 3", COUNT),
    Case("the exit status 0", {"do": "exit", "status": 0}),
    Case("the state after the exit status 0", COUNT),
    Case("SIGKILL", {"do": "kill"}),
    Case("the state after SIGKILL", COUNT),
    Case("SIGSEGV", {"do": "segfault"}),
    Case("the state after SIGSEGV", COUNT),
    Case("the largest result", {"do": "large", "size": LARGEST - 2}),
    Case("the state after the largest result", COUNT),
    Case("a larger result", {"do": "large", "size": LARGEST - 1}),
    Case("the state after a larger result", COUNT),
)
LARGE = (Case("megabytes", {"do": "echo", "value": "ä" * 900_000}), Case("the state after megabytes", COUNT))
TIMEOUT = (Case("a timeout", {"do": "wait"}), Case("the state after a timeout", COUNT))
FAILED = (Case("a failed init", COUNT), Case("a failed init again", COUNT))
GONE = (Case("an exit while loading", COUNT), Case("an exit while loading again", COUNT))

ENV = {"SHOP": "bücher & co=1", "EMPTY": ""}


class Group(NamedTuple):
    """Cases of one process. `handler` is given where it isn't the subject's own; seconds of the timeout."""

    cases: tuple[Case, ...]
    env: Mapping[str, str]
    timeout: int = 30
    handler: str | None = None


GROUPS = {
    "ordinary": Group(ORDINARY, ENV),
    "large": Group(LARGE, {"GROUP": "large"}),
    "timeout": Group(TIMEOUT, {"GROUP": "timeout"}, timeout=3),
    "failed": Group(FAILED, {"FAIL_INIT": "raise"}),
    "gone": Group(GONE, {"FAIL_INIT": "exit"}),
}
# Further handlers, by their language: files that can't be loaded (of a missing one, this program tells before
# it runs anything), and a result that can't be serialised.
MORE_FILES = {
    "python": {
        "needs.py": "import no_such_module\n",
        "syntax.py": "def handler(event, context:\n",
        "odd.py": "import subject\ndef handler(event, context):\n"
        "    return {1} if event['do'] == 'odd' else subject.handler(event, context)\n",
    },
    "nodejs": {
        "needs.js": "require('no-such-module');\n",
        "syntax.js": "exports.handler = async (event => {\n",
        "odd.js": "const { handler } = require('./subject');\n"
        "exports.handler = async (event, context) => event.do === 'odd' ? 1n : handler(event, context);\n",
    },
    "ruby": {
        "needs.rb": "require 'no_such_file'\n",
        "syntax.rb": "def handler(event:, context:\n",
        "odd.rb": "require_relative 'subject'\nalias ordinary handler\ndef handler(event:, context:)\n"
        "  event['do'] == 'odd' ? Float::NAN : ordinary(event: event, context: context)\nend\n",
    },
}
ODD = (
    Case("the state before it", COUNT),
    Case("a result that can't be serialised", {"do": "odd"}),
    Case("the state after it", COUNT),
)
MORE_GROUPS = {
    "odd": Group(ODD, {"GROUP": "odd"}, handler="odd.handler"),
    "needs": Group((Case("a missing dependency", COUNT),), {"GROUP": "needs"}, handler="needs.handler"),
    "syntax": Group((Case("a syntax error", COUNT),), {"GROUP": "syntax"}, handler="syntax.handler"),
    "nowhere": Group((Case("a missing function", COUNT),), {"GROUP": "nowhere"}, handler="subject.nowhere"),
}


class Peer(NamedTuple):
    """A runtime under the emulator: the subject's own command where `command` is None."""

    subject: str
    command: Callable[[Path], tuple[str, ...]] | None = None


def java_of_aws(code: Path) -> tuple[str, ...]:
    """With AWS's own `main`, which this program starts where there is no compiler."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(java_start, "compiler", lambda _java, _others: None)
        return command(Peer("java"), Group((), {}), code)


PEERS = {
    "awslambdaric": Peer("python", lambda _: (sys.executable, "-c", AS_IN_LAMBDA)),
    "python": Peer("python"),
    "nodejs": Peer("nodejs"),
    "ruby": Peer("ruby"),
    "java": Peer("java"),
    "aws's java": Peer("java", java_of_aws),
    "go": Peer("go"),
    "shell": Peer("shell"),
}


class Difference(NamedTuple):
    """What the emulator answers, what this program does, and why that stays so."""

    emulator: Answer
    own: Answer
    reason: str
    peers: tuple[str, ...] = tuple(PEERS)


_EXIT = Difference(
    Answer("text", ""),
    Answer("Runtime.ExitError", "RequestId: <request> Error: Runtime exited with error: exit status 9"),
    "the emulator has no body for a runtime that ends before it asks for the first invocation",
)
DIFFERENT = {
    "a larger result": Difference(
        Answer(
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        ),
        Answer(
            "Function.ResponseSizeTooLarge",
            "Response payload size (6291557 bytes) exceeded maximum allowed payload size (6291556 bytes).",
        ),
        "this program says how large it was",
    ),
    "the state after a larger result": Difference(
        Answer("result", '{"count": 5, "process": <pid>}'),
        Answer("result", '{"count": 1, "process": <pid>}'),
        "AWS's clients end when their answer is refused, and this program always takes a new process then; "
        "this project's clients and the shell script don't look, and under the emulator go on",
        peers=("python", "nodejs", "ruby", "shell"),
    ),
    "a timeout": Difference(
        Answer("text", "Task timed out after 3.00 seconds"),
        Answer("Sandbox.Timedout", "RequestId: <request> Error: Task timed out after 3.00 seconds"),
        "the emulator answers with text, where Lambda answers with an error that has a type",
    ),
    "an exit while loading": _EXIT,
    "an exit while loading again": _EXIT,
}


@pytest.mark.parametrize("name", PEERS)
def test_answers_as_the_emulator(name: str, tmp_path: Path) -> None:
    peer = PEERS[name]
    lacking = missing(SUBJECTS[peer.subject])
    if lacking is not None:
        pytest.skip(lacking)
    emulator.program()  # skips where it isn't to be had
    code = tmp_path / "code"
    shutil.copytree(SOURCES / peer.subject, code)
    made = SUBJECTS[peer.subject].made
    if made is not None:
        made(code)
    more = MORE_FILES.get(peer.subject, {})
    for file, text in more.items():
        (code / file).write_text(text, encoding="utf-8")
    groups = {**GROUPS, **(MORE_GROUPS if more else {})}
    if "fails to load" in SUBJECTS[peer.subject].left_out:
        del groups["failed"]

    own = own_answers(peer, groups, tmp_path)
    wrong: list[Wrong] = []
    for key, group in groups.items():
        found = own[key]
        environ = {**found[0][1], running.MARK: str(tmp_path)}
        environ["AWS_LAMBDA_FUNCTION_TIMEOUT"] = str(group.timeout)
        with emulator.emulator(command(peer, group, code), code, environ) as aws:
            for case, (invocation, _) in zip(group.cases, found, strict=True):
                answered = aws.invoke(invocation.event.encode())
                wrong += compare(name, case, invocation, answered)
    assert wrong == [], "\n".join(map(repr, wrong))
    until = time.monotonic() + 10
    while running.left_behind(str(tmp_path)) and time.monotonic() < until:
        time.sleep(0.01)  # what was killed is not gone at once
    assert running.left_behind(str(tmp_path)) == []


Invocation = tuple[InvocationRecord, dict[str, str]]


def own_answers(peer: Peer, groups: Mapping[str, Group], directory: Path) -> dict[str, list[Invocation]]:
    """What this program answers, by group; with each the variables that the function saw."""
    subject = SUBJECTS[peer.subject]
    document: dict[str, Any] = {"service": None, "functions": {}, "scenarios": []}
    for key, group in groups.items():
        document["functions"][key] = {
            "handler": group.handler or subject.handler,
            "runtime": subject.runtime,
            "code": "code",
            "memory": 512,
            "timeout": group.timeout,
            "environment": dict(group.env),
        }
        document["scenarios"] += [
            {"name": f"{key}: {case.name}", "function": key, "event": case.event} for case in group.cases
        ]
    (directory / "scenarios.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    (directory / "tmp").mkdir()
    env = {running.MARK: str(directory), "TMPDIR": str(directory / "tmp")}
    done = running.run(directory, "run", "scenarios.yml", "-j", "1", env=env)
    report = directory / "reports" / "report.json"
    assert report.exists(), done
    text = report.read_text(encoding="utf-8")
    variables = {found["key"]: found["variables"] for found in json.loads(text)["environments"]}
    records = [
        record_reading.decode(line.rstrip(",")) for line in text.splitlines() if line.startswith('{"id"')
    ]
    invocations = [record.attempts[0].invocations[0] for record in records]
    return {
        key: [(found, variables[found.environment]) for found in invocations if found.function == key]
        for key in groups
    }


def command(peer: Peer, group: Group, code: Path) -> tuple[str, ...]:
    """As this program starts it."""
    if peer.command is not None:
        return peer.command(code)
    subject = SUBJECTS[peer.subject]
    function = Function(
        key="f",
        name="subject",
        handler=group.handler or subject.handler,
        runtime=subject.runtime,
        code=str(code),
        memory=512,
        service=ServiceInfo("s", "dev", "us-east-1", str(code), None),
    )
    launch = runtime_of(function).launch(function, World(running.environment(), str(code)))
    return launch.command if launch.credits == 1 else (*launch.command, "1", NONCE)


class Wrong(NamedTuple):
    """Answers that are different where they should be equal, or not as DIFFERENT says."""

    case: str
    own: Answer
    emulator: Answer


def compare(peer: str, case: Case, invocation: InvocationRecord, answered: emulator.Answer) -> list[Wrong]:
    own, aws = of_invocation(invocation), of_emulator(answered.body)
    different = DIFFERENT.get(case.name)
    if different is not None and peer in different.peers:
        right = (_spaced(own), _spaced(aws)) == (different.own, different.emulator)
    else:
        right = own == aws
    return [] if right else [Wrong(case.name, own, aws)]


def _spaced(answer: Answer) -> Answer:
    """A result as Python writes JSON: some clients leave out the spaces."""
    if answer.kind != "result":
        return answer
    return answer._replace(text=re.sub(r'([,:])(?=["<\d])', r"\1 ", answer.text))


def of_invocation(invocation: InvocationRecord) -> Answer:
    if invocation.error is None:
        assert invocation.output is not None
        return Answer("result", normal(invocation.output))
    error = invocation.error
    return Answer(error.type, normal(error.message), tuple(normal(line) for line in error.stack))


def of_emulator(body: bytes) -> Answer:
    text = body.decode("utf-8")
    try:
        value = json.loads(text)
    except ValueError:
        return Answer("text", normal(text))
    if isinstance(value, dict) and "errorType" in value:
        stack = value.get("stackTrace") or value.get("trace") or ()
        return Answer(
            value["errorType"], normal(value["errorMessage"]), tuple(normal(line) for line in stack)
        )
    return Answer("result", normal(record_json.json_text(text)))


_NORMAL = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<request>"),
    (re.compile(r'("process": ?)\d+'), r"\1<pid>"),
    (re.compile(r'("remaining": ?)(2\d{4}|30000)\b'), r"\1<ms>"),  # of 30 seconds
    (re.compile(r"0x[0-9a-f]{8,}"), "<address>"),
    # The account of made-up functions.
    (re.compile(r":(123456789012|012345678912):"), ":<account>:"),
)


def normal(text: str) -> str:
    """Without what differs from call to call."""
    for pattern, replacement in _NORMAL:
        text = pattern.sub(replacement, text)
    return text
