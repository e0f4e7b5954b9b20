"""This project's client against AWS's own, awslambdaric, as real processes on the same handlers.

Compared, for each invocation: response or error, the body's text, the error type that is sent with an
init error, the exit status, and what was written to stdout and stderr. What can't be equal stands in
DIFFERENT, with the reason; the tests hold that it still differs.
"""

from __future__ import annotations

import ast
import functools
import json
import os
import re
import shutil
import sys
import sysconfig
from typing import NamedTuple

import pytest
from tests.clients.runtime_api_stub import Invoke, Observed, observe

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENT = os.path.join(HERE, "../../../runner/lambda_scenarios/runtimes/clients/python_client.py")
CLIENT = os.path.normpath(CLIENT)
NONCE = "0123456789abcdef"

PYTHON_312 = {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.12"}
JSON_LOGS = {"AWS_LAMBDA_LOG_FORMAT": "JSON"}

# How Lambda's own start file runs awslambdaric: the user's code comes on the path after its imports.
AS_IN_LAMBDA = """
import os, sys
del sys.path[0]
from awslambdaric.__main__ import main
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
sys.argv[:] = ["/var/runtime/bootstrap.py"]
main(["", os.environ["_HANDLER"]])
"""

OWN_FRAME = "AWS shows the line of its own client that called the handler; here no frame is left"
EMIT = "the stack goes through the log handler, which stands in another file"
HINT = "a line says that async handlers don't run; Python's own warning does not come"
IMPORT = "AWS calls importlib.import_module, this client what that calls; added to stacks, not to crashes"

# (handler or module, case) -> what can't be equal, and why.
DIFFERENT = {
    ("failures.no_arguments", ""): ({"body"}, OWN_FRAME),
    ("failures.three_arguments", ""): ({"body"}, OWN_FRAME),
    ("failures.not_callable", ""): ({"body"}, OWN_FRAME),
    ("json.loads", ""): ({"body"}, OWN_FRAME),
    ("logs", "bad_arguments"): ({"body", "log"}, EMIT),
    ("results", "coroutine"): ({"log"}, HINT),
    ("results", "async_generator"): ({"log"}, HINT),
    ("interrupted.handler", ""): ({"log"}, IMPORT),
}


class Outcome(NamedTuple):
    """What is compared. `kind` is response, error, init error, or the exit status."""

    kind: str | int
    content_type: str | None
    error_type: str | None
    body: str
    log: str


@pytest.fixture(scope="session")
def task_root(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The handlers, and beside them what could not stand in a repository under the eyes of linters."""
    root = str(tmp_path_factory.mktemp("task") / "root")
    shutil.copytree(os.path.join(HERE, "handlers"), root, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in GENERATED.items():
        with open(os.path.join(root, name), "w", encoding="utf-8") as file:
            file.write(text)
    return root


NAMED = "def handler(event, context):\n    return __file__.rpartition('/')[2]\n"
GENERATED = {
    "syntax.py": "def handler(event, context):\n    return (1\n",
    "indentation.py": "def handler(event, context):\nreturn 1\n",
    "tabs.py": "def handler(event, context):\n\tif event:\n        return 1\n",
    "encoding.py": "# -*- coding: no-such-thing -*-\n",
    "null.py": "a = 1\0\n",
    "missing_dependency.py": "import json\nimport no_such_package\n",
    "missing_name.py": "from json import no_such_name\n",
    "syntax_below.py": "import syntax\n",
    "raises.py": "def check():\n    raise ValueError('while loading')\n\ncheck()\n",
    "raises_non_ascii.py": "raise ValueError('Größe 😀')\n",
    "raises_below.py": "import raises\n",
    "recursion.py": "def f():\n    f()\nf()\n",
    "exits.py3": "",
    "exits_early.py": "import sys\nprint('leaving')\nsys.exit(7)\n",
    "interrupted.py": "raise KeyboardInterrupt\n",
    "prints.py": "import sys\nprint('loading', end='')\nprint('error', file=sys.stderr)\n"
    "def handler(event, context):\n    return 1\n",
    "lazy.py": "def __getattr__(name):\n    if name == 'handler':\n        return lambda e, c: 'lazy'\n"
    "    raise RuntimeError(name)\n",
    "circular.py": "import circular_too\n",
    "circular_too.py": "from circular import missing\n",
    **{
        f"{name}.py": NAMED
        for name in ("invoke", "code", "client", "json_", "python_client", "handler", "main")
    },
    **{f"{name}.py": NAMED for name in ("string", "traceback", "logging", "calendar", "bootstrap_", "test")},
}


def run_own(
    root: str, handler: str, queue: list[Invoke], extra: dict[str, str], python: str = sys.executable
) -> Observed:
    command = [python, "-u", CLIENT, "1", NONCE]
    return observe(command, environment(root, handler, extra), root, queue)


def environment(root: str, handler: str, extra: dict[str, str]) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "LAMBDA_TASK_ROOT": root,
        "_HANDLER": handler,
        "AWS_LAMBDA_FUNCTION_NAME": "orders-dev-test",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/orders-dev-test",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2024/01/01/[$LATEST]0123",
        **extra,
    }


def run_aws(root: str, handler: str, queue: list[Invoke], extra: dict[str, str]) -> Observed:
    command = [sys.executable, "-c", AS_IN_LAMBDA]
    return observe(command, environment(root, handler, extra), root, queue)


def outcomes(observed: Observed, count: int) -> list[Outcome]:
    """One for each invocation that was answered, and one for the end of the process where it ended."""
    found = []
    for post, output in zip(observed.posts, observed.outputs, strict=True):
        error_type = post.headers.get("lambda-runtime-function-error-type")
        content_type = post.headers.get("content-type") if post.kind == "response" else None
        body = post.body.decode("utf-8", "replace")
        found.append(Outcome(post.kind, content_type, error_type, comparable(body), readable(output)))
    if len(found) < count or (found and found[-1].kind == "init error"):
        assert observed.status is not None
        found.append(Outcome(observed.status, None, None, "", readable(observed.rest)))
    return found


def comparable(body: str) -> str:
    """A body, with what depends on the depth of the client's own stack taken out."""
    return re.sub(r"Previous line repeated \d+ more times", "Previous line repeated N more times", body)


def readable(output: bytes) -> str:
    """A log: markers and AWS's general advice taken out, the joints of tracebacks and times evened."""
    output = re.sub(rb"\x00%s \S+\n" % NONCE.encode(), b"", output)
    text = output.decode("utf-8", "replace").replace("\r", "\n").replace("\u00a0", " ")
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", "TIME", text)
    text = re.sub(r"\[WARNING\]\tTIME\t\tLAMBDA_WARNING: .*\n\n", "", text)
    text = re.sub(r'\{[^\n]*"message": "LAMBDA_WARNING: [^\n]*\n', "", text)
    text = re.sub(r"0x[0-9a-f]{6,}", "0xADDRESS", text)
    text = without_client_frames(text)
    return comparable(text)


def without_client_frames(text: str) -> str:
    """Tracebacks that the interpreter printed when a client was left by an exception."""
    entry = r'  File "(?:<string>|[^"\n]*awslambdaric/[^"\n]*)", line \d+, in .*\n(?:    .*\n)*'
    text = re.sub(entry, "", text)
    return re.sub(r"^Traceback \(most recent call last\):\n(?=\w*(Error|Exception): )", "", text, flags=re.M)


def compare(name: tuple[str, str], own: list[Outcome], aws: list[Outcome]) -> None:
    aspects, _reason = DIFFERENT.get(name, (set(), ""))
    assert [o.kind for o in own] == [o.kind for o in aws], (own, aws)
    for mine, theirs in zip(own, aws, strict=True):
        left = {field: value for field, value in mine._asdict().items() if field not in aspects}
        right = {field: value for field, value in theirs._asdict().items() if field not in aspects}
        assert left == right
        if "body" in aspects:
            documents = [json.loads(body) for body in (mine.body, theirs.body)]
            assert [len(d.pop("stackTrace")) for d in documents] != [0, 0]
            assert documents[0] == documents[1]
    for aspect in aspects:
        assert [getattr(o, aspect) for o in own] != [getattr(o, aspect) for o in aws], "no longer different"


# --- many cases of one module, in one process each


def cases_of(module: str) -> list[str]:
    with open(os.path.join(HERE, "handlers", f"{module}.py"), encoding="utf-8") as file:
        tree = ast.parse(file.read())
    functions = [n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return [f.name for f in functions if f.name != "handler" and f.name not in ENDS.get(module, ())]


# Handlers that are not called by their case, or whose process is another one afterwards.
ENDS = {
    "results": ("coroutine", "async_generator"),
    "failures": ("no_arguments", "three_arguments", "no_arguments_below"),
    "streams": (
        *("replace_stdout_for_good", "close_stdout", "close_descriptor", "redirect_descriptor"),
        *("delete_stdout", "odd_stdout"),
    ),
}
# Below Python 3.12 a lone surrogate is escaped; from there on it is no UTF-8, and AWS's client crashes.
NOT_IN_312 = {("results", "surrogate")}


@functools.cache
def module_outcomes(
    root: str, module: str, extra: tuple[tuple[str, str], ...]
) -> dict[str, tuple[Outcome, Outcome]]:
    cases = cases_of(module)
    if dict(extra).get("AWS_EXECUTION_ENV"):
        cases = [case for case in cases if (module, case) not in NOT_IN_312]
    queue = [Invoke(f"id-{case}", json.dumps({"case": case}).encode()) for case in cases]
    runs = [run(root, f"{module}.handler", queue, dict(extra)) for run in (run_own, run_aws)]
    own, aws = (outcomes(run, len(queue)) for run in runs)
    assert len(own) == len(aws) == len(cases), (own[-1], aws[-1])
    return {case: (mine, theirs) for case, mine, theirs in zip(cases, own, aws, strict=True)}


SHARED = [
    (module, extra, case)
    for module, extra in (
        ("results", {}),
        ("results", PYTHON_312),
        ("failures", {}),
        ("failures", PYTHON_312),
        ("failures", JSON_LOGS),
        ("streams", {}),
        ("logs", {}),
        ("logs", {"AWS_LAMBDA_LOG_LEVEL": "DEBUG"}),
        ("logs", JSON_LOGS),
        ("logs", {**JSON_LOGS, "AWS_LAMBDA_LOG_LEVEL": "TRACE", **PYTHON_312}),
        ("logs", {"AWS_LAMBDA_LOG_FORMAT": "text", "AWS_LAMBDA_LOG_LEVEL": "nonsense"}),
    )
    for case in cases_of(module)
    if not (extra.get("AWS_EXECUTION_ENV") and (module, case) in NOT_IN_312)
]


@pytest.mark.parametrize(
    ("module", "extra", "case"),
    SHARED,
    ids=[f"{m}-{'-'.join(e.values()) or 'plain'}-{c}" for m, e, c in SHARED],
)
def test_case(task_root: str, module: str, extra: dict[str, str], case: str) -> None:
    own, aws = module_outcomes(task_root, module, tuple(extra.items()))[case]
    compare((module, case), [own], [aws])


# --- one process for each: handlers by name, failures of loading, ends of the process

BY_NAME = [
    *("shop/orders.create", "shop.orders.create", "shop/orders.fail", "failures.no_arguments"),
    *("failures.three_arguments", "failures.not_callable", "failures.no_arguments_below"),
    *("failures.instance", "failures.Callable", "failures.lambda_handler", "prints.handler", "lazy.handler"),
    *("invoke.handler", "code.handler", "client.handler", "json_.handler", "python_client.handler"),
    *("handler.handler", "main.handler", "string.handler", "traceback.handler", "logging.handler"),
    *("calendar.handler", "bootstrap_.handler", "test.handler", "json.loads", "builtins.print", "sys.exit"),
    *("missing.handler", "results.missing", "nodot", "", ".", ".handler", "results.", "./results.handler"),
    *("../results.handler", "shop/missing.create", "shop.broken.create", "shop/orders/deeper.create"),
    *("syntax.handler", "indentation.handler", "tabs.handler", "encoding.handler", "null.handler"),
    *("missing_dependency.handler", "missing_name.handler", "syntax_below.handler", "raises.handler"),
    *("raises_non_ascii.handler", "raises_below.handler", "recursion.handler", "exits_early.handler"),
    *("interrupted.handler", "lazy.missing", "circular.handler", "results.handler.more", "größe.handler"),
]


@pytest.mark.parametrize("handler", BY_NAME)
def test_handler_by_name(task_root: str, handler: str) -> None:
    queue = [Invoke("id-1", b'{"case": "scalars"}'), Invoke("id-2")]
    if handler.startswith("results"):
        queue = queue[:1]
    own, aws = (outcomes(run(task_root, handler, queue, {}), len(queue)) for run in (run_own, run_aws))
    compare((handler, ""), own, aws)


@pytest.mark.parametrize("handler", ["raises.handler", "missing.handler", "nodot", "syntax.handler"])
def test_init_error_in_json_logs(task_root: str, handler: str) -> None:
    own, aws = (
        outcomes(run(task_root, handler, [Invoke("id-1")], JSON_LOGS), 1) for run in (run_own, run_aws)
    )
    compare((handler, "json"), own, aws)


LAST = [
    *(("exits", case) for case in cases_of("exits")),
    *(("streams", case) for case in ENDS["streams"]),
    *(("results", case) for case in ENDS["results"]),
]


@pytest.mark.parametrize(("module", "case"), LAST)
def test_end_of_the_process(task_root: str, module: str, case: str) -> None:
    queue = [Invoke("id-1", json.dumps({"case": case}).encode())]
    own, aws = (
        outcomes(run(task_root, f"{module}.handler", queue, {}), len(queue)) for run in (run_own, run_aws)
    )
    compare((module, case), own, aws)


@pytest.mark.parametrize("case", ["surrogate"])
def test_text_that_is_no_utf8_from_python_312_on(task_root: str, case: str) -> None:
    queue = [Invoke("id-1", json.dumps({"case": case}).encode())]
    own, aws = (
        outcomes(run(task_root, "results.handler", queue, PYTHON_312), 1) for run in (run_own, run_aws)
    )
    assert [o.kind for o in own] == [o.kind for o in aws] == [1]
    assert own[0].log.splitlines()[-1] == aws[0].log.splitlines()[-1]


# --- events and headers

CLIENT_CONTEXT = json.dumps(
    {
        "custom": {"a": 1},
        "env": {"b": "2"},
        "client": {"installation_id": "i-1", "app_title": "Orders"},
        "w3c": {"traceparent": "00-1", "baggage": 5, "other": "x"},
    }
)
HEADERS = {
    "plain": (),
    "client context": (("Lambda-Runtime-Client-Context", CLIENT_CONTEXT),),
    "custom client context": (("Lambda-Runtime-Client-Context", '{"custom": {"ä": "ö"}}'),),
    "identity": (
        ("Lambda-Runtime-Cognito-Identity", '{"cognitoIdentityId": "id", "cognitoIdentityPoolId": "pool"}'),
    ),
    "tenant": (("Lambda-Runtime-Aws-Tenant-Id", "tenant-1"),),
    "trace": (("Lambda-Runtime-Trace-Id", "Root=1-2;Sampled=1"),),
    "broken client context": (("Lambda-Runtime-Client-Context", "{broken"),),
    "broken identity": (("Lambda-Runtime-Cognito-Identity", "nonsense"),),
    "trace again": (("Lambda-Runtime-Trace-Id", "Root=3-4"),),
    "no trace any more": (),
}


def test_contexts(task_root: str) -> None:
    queue = [
        Invoke(f"id-{i}", b"{}", (*headers, ("Lambda-Runtime-Deadline-Ms", "4102444800000")))
        for i, headers in enumerate(HEADERS.values())
    ]
    own, aws = (
        outcomes(run(task_root, "contexts.handler", queue, {}), len(queue)) for run in (run_own, run_aws)
    )
    assert len(own) == len(HEADERS)
    compare(("contexts", ""), own, aws)


def test_environment_that_a_handler_changes(task_root: str) -> None:
    queue = [Invoke(f"id-{i}") for i in range(3)]
    own, aws = (
        outcomes(run(task_root, "contexts.environment_changes", queue, {}), len(queue))
        for run in (run_own, run_aws)
    )
    assert [o.body for o in own] == ['"orders-dev-test"', '"orders-dev-testx"', '"orders-dev-testxx"']
    compare(("contexts", "environment"), own, aws)


EVENTS = [
    *(b"{}", b"null", b'"text"', b"1.0", b"1e400", b"-0", b" [1 , 2]\n", b"\xef\xbb\xbf[]", b'"\\ud800"'),
    *(b"", b"   ", b"nonsense", b"NaN", b'{"a": ["NaN", Infinity]}', b"[1, -Infinity]", b"1 2", b"{} \n x"),
    *(b'"\xff"', b"'a'", b"01", b'{"a": 1, "a": 2}', b'"' + b"x" * 300_000 + b'"', b'"\\u00e4 \xc3\xa4"'),
    *(b'["' + "😀ä".encode() + b'", nul]', b'{"a" 1}', b'"open', b'{"a":}', b"[1,\n\n  x]"),
]
# What is not JSON and is so in a way that simplejson and the standard library word differently.
EVENTS_WORDED_DIFFERENTLY = [
    *(b"{bad", b"{", b'{"a":1,}', b"[1,]", b"[", b'"\x01"', b'"\\q"', b'"\\u12"', b"[1 2]", b'{"a":1 "b":2}'),
    *(b"{1: 2}", b"[" * 100_000),
]


def test_events(task_root: str) -> None:
    queue = [Invoke(f"id-{i}", event) for i, event in enumerate(EVENTS)]
    own, aws = (
        outcomes(run(task_root, "failures.lambda_handler", queue, {}), len(queue))
        for run in (run_own, run_aws)
    )
    assert len(own) == len(EVENTS)
    compare(("events", ""), own, aws)


def test_events_worded_differently(task_root: str) -> None:
    queue = [Invoke(f"id-{i}", event) for i, event in enumerate(EVENTS_WORDED_DIFFERENTLY)]
    own, aws = (
        outcomes(run(task_root, "failures.lambda_handler", queue, {}), len(queue))
        for run in (run_own, run_aws)
    )
    for mine, theirs in zip(own, aws, strict=True):
        documents = [json.loads(body) for body in (mine.body, theirs.body)]
        words = [document.pop("errorMessage") for document in documents]
        assert documents[0] == documents[1]
        assert words[0] != words[1]
        assert {w[:27] for w in words} == {"Unable to unmarshal input: "}


def test_event_of_another_content_type(task_root: str) -> None:
    """Events that aren't JSON are passed as bytes."""
    queue = [Invoke("id-1", b"\x00raw", (("Content-Type", "text/plain"),))]
    own, aws = (
        outcomes(run(task_root, "shop/orders.create", queue, {}), len(queue)) for run in (run_own, run_aws)
    )
    compare(("content type", ""), own, aws)


def test_interpreter_is_the_one_that_awslambdaric_runs_on() -> None:
    """The comparison means something only where both run on one interpreter."""
    assert sysconfig.get_python_version() == "{}.{}".format(*sys.version_info[:2])
