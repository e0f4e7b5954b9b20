"""Java with this project's `main` beside AWS's own: what they post and print for the same handlers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.clients.runtime_api_stub import Invoke, Observed, Post, observe

from lambda_scenarios.model.function import Function, ServiceInfo
from lambda_scenarios.runtimes import java, java_client, java_start
from lambda_scenarios.runtimes.java_homes import javas
from lambda_scenarios.runtimes.runtime import Launch, World

HANDLERS = Path(__file__).parent / "handlers"
JAVAC = shutil.which("javac")
SERVICES = "META-INF/services/com.amazonaws.services.lambda.runtime.CustomPojoSerializer"

pytestmark = [
    pytest.mark.skipif(JAVAC is None, reason="needs a JDK (apt-get install default-jdk-headless)"),
    pytest.mark.skipif(sys.platform == "darwin", reason="AWS's main runs on Linux alone"),
]


class Case(NamedTuple):
    handler: str
    events: tuple[bytes, ...] = (b"{}",)
    headers: tuple[tuple[str, str], ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    serialiser: str = ""


CLIENT = (
    '{"client": {"installation_id": "i", "app_title": "t"}, "custom": {"a": "b"}, "env": {"platform": "%s"}}'
)
CASES = {
    "a bean": Case(
        "cases.Cases::bean",
        (
            b'{"name": "\xc3\xbc", "when": 15000000.5, "date": "2020-01-02T03:04:05Z", "numbers": [1, 2.5]}',
            b'{"unknown": {}, "maybe": "yes"}',
            b'{"when": "no time"}',
            b'{"name": "again"}',
        ),
    ),
    "a map": Case("cases.Cases::map", (b'{"a": [1, 1.0, 1e400, null, "\\u20ac"]}', b"[]", b"{")),
    "a text": Case("cases.Cases::text", (b'"a\\"b"', b"null", b"{}")),
    "no event": Case("cases.Cases::nothing"),
    "large ones": Case("cases.Cases::text", (b'"%s"' % (b"x" * 300_000),) * 2),
    "a handler of lists": Case("cases.Cases$Typed", (b"[1, 2]", b'{"a": 1}')),
    "a handler without types": Case("cases.Cases$Raw"),
    "streams": Case("cases.Cases$Streamed", (b"not JSON \xff", b"")),
    "the context": Case("cases.Cases::context"),
    "the context of a phone": Case(
        "cases.Cases::context",
        (b"{}", b'{"a": 1}'),
        (
            ("Lambda-Runtime-Client-Context", CLIENT % "Android"),
            (
                "Lambda-Runtime-Cognito-Identity",
                '{"cognitoIdentityId": "id", "cognitoIdentityPoolId": "pool"}',
            ),
            ("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7;Sampled=1"),
            ("Lambda-Runtime-Aws-Tenant-Id", "tenant"),
        ),
    ),
    "an unreadable context": Case("cases.Cases::map", headers=(("Lambda-Runtime-Client-Context", "{"),)),
    "logs": Case("cases.Cases::logs", (b"{}", b"{}")),
    "logs in JSON": Case(
        "cases.Cases::logs", env=(("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", "INFO"))
    ),
    "an error in JSON": Case("cases.Cases::nested", env=(("AWS_LAMBDA_LOG_FORMAT", "JSON"),)),
    "nested errors": Case("cases.Cases::nested", (b"{}", b"{}")),
    "an error without a message": Case("cases.Cases::messageless"),
    "no end": Case("cases.Cases::deep"),
    "an unserialisable result": Case("cases.Cases::unserialisable", (b"{}", b"{}")),
    "an interrupted thread": Case("cases.Cases::interrupted", (b"{}", b"{}")),
    "an error of the machine's": Case("cases.Cases::machine"),
    "an IOError": Case("cases.Cases::input"),
    "settings": Case("cases.Cases::settings"),
    "another setting": Case(
        "cases.Cases::settings", env=(("AWS_LAMBDA_JAVA_NETWORKADDRESS_CACHE_NEGATIVE_TTL", "7"),)
    ),
    "settings with options": Case("cases.Cases::settings", env=(("JAVA_TOOL_OPTIONS", "-Dlanguage=none"),)),
    "a missing part": Case("cases.Cases::lacking", (b'{"part": {"name": "a"}}', b"{}")),
    "a class that fails to load": Case("cases.Cases$FailsToLoad::handle"),
    "a class that fails to be constructed": Case("cases.Cases$FailsToConstruct::handle"),
    "a class that exits": Case("cases.Cases$Exits::handle"),
    "a class without a constructor": Case("cases.Cases$NoConstructor::handle"),
    "no such method": Case("cases.Cases::nowhere", (b"{}", b"{}")),
    "no such class": Case("cases.Nowhere::handle", (b"{}", b"{}")),
    "no handler": Case("::"),
    "not a handler": Case("cases.Cases$Part"),
    "a serialiser of its own": Case("cases.Cases::map", (b"{}", b"{}"), serialiser="cases.Serialiser\n"),
    "one that fails": Case(
        "cases.Cases::map", env=(("FAIL_SERIALISER", "1"),), serialiser="cases.Serialiser\n"
    ),
    "one that isn't there": Case("cases.Cases::map", serialiser="cases.Nowhere\n"),
}


@pytest.fixture(scope="session")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("classes")
    class_path = java_client.client(os.environ).class_path
    sources = sorted(map(str, HANDLERS.rglob("*.java")))
    assert JAVAC is not None
    command = (JAVAC, "--release", "8", "-Xlint:-options", "-encoding", "UTF-8", "-cp", class_path)
    subprocess.run((*command, "-d", str(target), *sources), check=True)
    (target / "cases" / "Cases$Part.class").rename(target / "Part")  # as if a jar were missing
    return target


def launched(code: Path, case: Case, major: int) -> Launch:
    function = Function(
        key="f",
        name="f",
        handler=case.handler,
        runtime=f"java{major}",
        code=str(code),
        service=ServiceInfo("s", "dev", "us-east-1", str(code), None),
    )
    with pytest.MonkeyPatch.context() as patch:
        # A handler that doesn't exist is told before anything is started.
        patch.setattr("lambda_scenarios.runtimes.java_code._holds", lambda _directory, _wanted: True)
        return java.launch(function, World(os.environ, str(code)))


def done(launch: Launch, code: Path, case: Case) -> Observed:
    queue = [Invoke(f"id-{number}", event, case.headers) for number, event in enumerate(case.events)]
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "LAMBDA_TASK_ROOT": str(code),
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": "group",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        **dict(launch.environment),
        **dict(case.env),
    }
    return observe(launch.command, environment, str(code), queue, settled=True)


class Told(NamedTuple):
    """What can be compared of a Post."""

    kind: str
    request_id: str
    content_type: str | None
    error_type: str | None
    cause: str | None
    body: bytes


_ERROR = "lambda-runtime-function-"


def told(post: Post) -> Told:
    headers = post.headers
    cause = headers.get(_ERROR + "xray-error-cause")
    return Told(
        post.kind,
        post.request_id,
        headers.get("content-type"),
        headers.get(_ERROR + "error-type"),
        None if cause is None else normal(cause),
        normal(post.body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape"),
    )


def normal(text: str) -> str:
    """Without what no two runs have in common, and the classes that differ by design."""
    text = re.sub(r"\$\$Lambda[^ (\")]*|\$Proxy\d+|@[0-9a-f]{5,8}\b", "<made>", text)
    return re.sub(r'"timestamp":"[^"]*"', '"timestamp":"<time>"', text)


def printed(observed: Observed) -> list[str]:
    """AWS's `main` logs an error after it has posted it: not by invocation. Frames of `main` differ."""
    text = b"".join((*observed.outputs, observed.rest)).decode("utf-8", "replace")
    return [line for line in normal(text).splitlines() if not re.match(r"\s+at com\.amazonaws\.", line)]


@pytest.mark.parametrize("major", sorted({java.major for java in javas(os.environ)}))
@pytest.mark.parametrize("name", CASES)
def test_the_same_as_with_the_main_of_aws(name: str, major: int, classes: Path, tmp_path: Path) -> None:
    case = CASES[name]
    code = tmp_path / "code"
    shutil.copytree(classes, code)
    if case.serialiser:
        (code / SERVICES).parent.mkdir(parents=True)
        (code / SERVICES).write_text(case.serialiser)
    ours = done(launched(code, case, major), code, case)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(java_start, "compiler", lambda _java, _others: None)
        theirs = done(launched(code, case, major), code, case)
    assert list(map(told, ours.posts)) == list(map(told, theirs.posts))
    assert printed(ours) == printed(theirs)
    assert ours.status == theirs.status
