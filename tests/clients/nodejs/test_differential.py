"""This project's client against AWS's own, on the same handlers: answers, exit statuses, logs.

AWS's client is aws-lambda-ric from npm: version 3.3.0 is what nodejs20.x and nodejs22.x do, 4.0.2 what
nodejs24.x does. Its native part, an HTTP client, is replaced by native_stand_in.cjs.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any, NamedTuple

import pytest
from tests.clients.nodejs.conftest import (
    HANDLERS,
    MARKER,
    AwsClient,
    Event,
    Run,
    events_of,
    run_client,
)


class Case(NamedTuple):
    handler: str
    events: tuple[Any, ...] = ({"a": [1, "ž"]},)
    env: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


def words(text: str) -> list[str]:
    return text.split()


RESULTS = words(
    """
    echo nothing nul nested.deep.handler promise thenable thenableWithoutCatch sync syncTwo circular bigint
    func symbol toJson toJsonThrows odd text big callsThis notFunction noSuchExport nested.none.x
    """
)
ERRORS = words(
    """
    plain sync custom later inner string number undef nul object objectToString looksLike nullPrototype
    syncString syncUndefined numericName emptyName noStack getterThrows circular cause aggregate
    inspectThrows printed
    """
)
CALLBACKS = words(
    """
    result error textError falsyError twice never later waits doesNotWait changesWhileWaiting circular
    circularAtOnce asyncToo done doneError succeed succeedThenExit fail failNothing four rest
    """
)
STREAMS = words(
    """
    simple prelude piped objects empty failsFirst failsMidway returns sync waterMark odd
    """
)
ENDS = words(
    """
    exit exitZero neverSettled neverSettledSync unhandledRejection unhandledText uncaught
    """
)
LOGGING = words(
    """
    levels formats errors circular table fails replaced
    """
)
LOADING = words(
    """
    syntax_error.handler syntax_error_esm.handler missing_dependency.handler missing_dependency_esm.handler
    throws_at_load.handler throws_text_at_load.handler exits_at_load.handler top_level_await.handler
    top_level_await.inner top_level_await.default.inner never_loads.handler only_cjs.handler both.handler
    esm_package/index.handler esm_package/defaulted.default pkg/deep/index.handler ./results.echo
    no_such_module.handler no_such/folder.handler nodot ../results.echo .handler index.
    timer_at_load.handler
    """
)

JSON_LOGS = (("AWS_LAMBDA_LOG_FORMAT", "JSON"),)
CLIENT_CONTEXT = '{"client": {"installation_id": "i"}, "custom": {"ž": 1}}'
HEADERS = (
    ("Lambda-Runtime-Client-Context", CLIENT_CONTEXT),
    ("Lambda-Runtime-Cognito-Identity", '{"cognitoIdentityId": "id"}'),
    ("Lambda-Runtime-Trace-Id", "Root=1-2-3;Sampled=1"),
    ("Lambda-Runtime-Aws-Tenant-Id", "tenant"),
)

CASES = [
    *(Case(f"results.{name}") for name in RESULTS),
    *(Case(f"errors.{name}") for name in ERRORS),
    *(Case(f"callbacks.{name}") for name in CALLBACKS),
    *(Case(f"streams.{name}", ({"name": "x"},)) for name in STREAMS),
    *(Case(f"ends.{name}") for name in ENDS),
    Case("ends.counts", (1, 2, 3)),
    Case("ends.syncThenNext", (1, 2, 3)),
    Case("errors.plain", (1, 2)),
    Case("callbacks.waits", (1, 2)),
    *(Case(f"logging.{name}") for name in LOGGING),
    *(Case(f"logging.{name}", env=JSON_LOGS) for name in LOGGING),
    *(Case("logging.levels", env=(("AWS_LAMBDA_LOG_LEVEL", level),)) for level in ("warn", "FATAL", "odd")),
    Case("logging.levels", env=(*JSON_LOGS, ("AWS_LAMBDA_LOG_LEVEL", "error"))),
    Case("logging.levels", env=JSON_LOGS, headers=HEADERS),
    Case("errors.custom", env=JSON_LOGS),
    Case("errors.string", env=JSON_LOGS),
    Case("throws_at_load.handler", env=JSON_LOGS),
    *(Case(name) for name in LOADING),
    *(Case(f"context.{name}") for name in ("keys", "values", "trace", "store", "globals")),
    *(Case(f"context.{name}", headers=HEADERS) for name in ("keys", "values", "trace", "store")),
    Case("context.values", headers=(("Lambda-Runtime-Client-Context", "{broken"),)),
    Case("streams.simple", ({"name": "x"},), env=(("AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA", "1"),)),
]

# What is not equal, on purpose: (generation, handler) -> what is left out of the comparison, and why.
LOG = "log"
TRACE = "trace"
STATUS = "status"
ALL = "all"
EXCEPTIONS: dict[tuple[int, str], tuple[str, ...]] = {
    # 3.3 gives its own stack for a syntax error, in which the mistake's place is missing.
    (3, "syntax_error.handler"): (TRACE, LOG),
    (3, "syntax_error_esm.handler"): (TRACE, LOG),
    # The package of 3.3 answers null; its repository, and so the managed runtimes since, an error.
    (3, "ends.neverSettled"): (ALL,),
    # 3.3 meant the same, but forgot to import the class: a ReferenceError.
    (3, "streams.odd"): (ALL,),
    # Node.js from 22 on quotes the line of the main module that waits.
    (3, "never_loads.handler"): (LOG,),
    # Both die of an error that can't be made text; the last words quote the client's own code.
    (4, "errors.nullPrototype"): (LOG,),
    # Node.js's own last words show the stack as it is.
    (4, "ends.unhandledRejection"): (LOG,),
    # A module without a name is the task root itself: Node.js's message about a folder names the client.
    (4, ".handler"): (ALL,),
    # Headers that the platform never sends: 4.0 stops the process.
    (4, "context.values/broken"): (ALL,),
}


TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
OWN = re.compile(r"\s+at .*(/var/runtime/index\.mjs|aws-lambda-ric|aws_client_3|native_stand_in\.cjs)")


PLUMBING = re.compile(r"(processTicksAndRejections|importModuleDynamicallyWrapper) \(node:")


def clean_stack(lines: list[str]) -> list[str]:
    """Without the frames of either client, and those of Node.js between and below them."""
    kept: list[str] = []
    below = False
    for line in lines:
        if "importModuleDynamicallyWrapper (node:" in line:
            continue  # before Node.js 20 it is there for a CommonJS client only
        if OWN.match(line):
            if kept and PLUMBING.search(kept[-1]):
                kept.pop()
            below = True
        elif not (below and re.match(r"\s+at .*\bnode:", line)):
            kept.append(line.replace("at Object.format (node:", "at format (node:"))
            below = False
    return kept


def clean(value: Any, program: str) -> Any:
    if isinstance(value, dict):
        return {key: clean(item, program) for key, item in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(item, str) for item in value):
            value = clean_stack(value)
        return [clean(item, program) for item in value]
    if isinstance(value, str):
        if "\n    at " in value:
            value = "\n".join(clean_stack(value.split("\n")))
        return value.replace(program, "/var/runtime/index.mjs")
    return value


def clean_log(output: bytes, program: str) -> list[Any]:
    lines: list[Any] = []
    for line in MARKER.sub(b"", output).decode().split("\n"):
        text = TIME.sub("<time>", line)
        if re.match(r"(node:internal/process/promises|(file://)?/.*js):\d+$", text):
            break  # Node.js's own words about the end of 4.0, which throws what it has posted
        if text.startswith('{"'):
            lines.append(clean(json.loads(text), program))
            continue
        head, tab, tail = text.partition("\t{")
        if tab and tail.startswith('"error'):
            lines.append((head, clean(json.loads("{" + tail), program)))
            continue
        lines.append(clean("\n".join(clean_stack(text.split("\r"))), program))
    return [line for line in lines if line != ""]


def shown(run: Run, program: str, without: tuple[str, ...]) -> dict[str, Any]:
    """A run in comparable form."""
    answers = []
    for answer in run.answers:
        streamed = answer.headers.get("lambda-runtime-function-response-mode") == "streaming"
        entry: dict[str, Any] = {"action": answer.action, "id": answer.request_id, "streamed": streamed}
        if streamed:
            entry["type"] = answer.headers["content-type"]
            entry["body"] = answer.body
            entry["trailers"] = dict(answer.trailers)
            encoded = entry["trailers"].pop("lambda-runtime-function-error-body", None)
            if encoded is not None:
                entry["error"] = clean(json.loads(base64.b64decode(encoded)), program)
        else:
            entry["body"] = TIME.sub("<time>", answer.body.decode())
            body = clean(json.loads(answer.body), program)
            if isinstance(body, dict) and "trace" in body:
                entry["body"] = {key: body[key] for key in body if key != "trace" or TRACE not in without}
        answers.append(entry)
    result: dict[str, Any] = {"answers": answers}
    if STATUS not in without:
        refused = any(answer.action == "init/error" for answer in run.answers)
        result["status"] = "failed" if refused else run.status
    if LOG not in without:
        result["log"] = clean_log(run.output, program)
    return result


def name_of(case: Case) -> str:
    parts = [case.handler, *(value for _, value in case.env)]
    parts += ["headers"] if case.headers == HEADERS else ["broken"] if case.headers else []
    parts += [str(len(case.events))] if len(case.events) > 1 else []
    return "/".join(parts)


COMPARED = [
    pytest.param(generation, case, id=f"{generation}-{name_of(case)}")
    for case in CASES
    for generation in (3, 4)
    if ALL not in EXCEPTIONS.get((generation, name_of(case)), ())
]


@pytest.mark.parametrize(("generation", "case"), COMPARED)
def test_equals_the_client_of_aws(generation: int, case: Case, aws_clients: dict[int, AwsClient]) -> None:
    without = EXCEPTIONS.get((generation, name_of(case)), ())
    aws = aws_clients[generation]
    events: list[Event] = events_of(*case.events, headers=case.headers)
    options: dict[str, Any] = {
        "runtime": "nodejs20.x" if generation == 3 else "nodejs24.x",
        "env": {"AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING": "1", **dict(case.env)},
        "task_root": HANDLERS,
    }
    theirs = aws.run(case.handler, events, **options)
    ours = run_client(case.handler, events, **options)
    assert shown(ours, aws.program, without) == shown(theirs, aws.program, without)
