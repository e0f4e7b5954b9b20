"""The Ruby client as a real process against a stub of the Runtime API.

Where AWS_LAMBDA_RUBY_RIC names a checkout of AWS's client (the gem `aws_lambda_ric`, which is not to be had
from everywhere), both are run on the same handlers and compared.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.clients.runtime_api_stub import Invoke, Observed, observe

HERE = Path(__file__).parent
HANDLERS = HERE / "handlers"
CLIENT = str(HERE.parents[2] / "runner/lambda_scenarios/runtimes/clients/ruby_client.rb")
NONCE = "0123456789abcdef"
RUBY = shutil.which("ruby")
AWS = os.environ.get("AWS_LAMBDA_RUBY_RIC")
_START_AWS = "require 'aws_lambda_ric'; Dir.chdir(ENV['LAMBDA_TASK_ROOT']); AwsLambdaRIC::Bootstrap.new.start"

pytestmark = pytest.mark.skipif(RUBY is None, reason="needs Ruby (apt-get install ruby)")


class Outcome(NamedTuple):
    """What is compared of an invocation, or of the end of the process (`kind` is then its status)."""

    kind: str | int
    error_type: str | None
    body: Any
    log: str


def run(handler: str, queue: list[Invoke], *, given: int = 1, ahead: int = 1, **extra: str) -> Observed:
    return observe(
        [RUBY or "ruby", CLIENT, str(given), NONCE], environment(handler, extra), "/", queue, ahead=ahead
    )


def run_aws(handler: str, queue: list[Invoke], **extra: str) -> Observed:
    command = [RUBY or "ruby", f"-I{AWS}/lib", "-e", _START_AWS]
    return observe(command, environment(handler, extra), "/", queue)


def environment(handler: str, extra: dict[str, str]) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        "SHOP": "bücher",
        "LAMBDA_TASK_ROOT": str(HANDLERS),
        "_HANDLER": handler,
        "AWS_LAMBDA_FUNCTION_NAME": "orders-dev-test",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/orders-dev-test",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2024/01/01/[$LATEST]0123",
        **extra,
    }


def outcomes(observed: Observed) -> list[Outcome]:
    found = []
    for post, output in zip(observed.posts, observed.outputs, strict=True):
        try:
            body = json.loads(post.body)
        except ValueError:
            body = post.body
        if isinstance(body, dict) and "stackTrace" in body:
            body["stackTrace"] = [line for line in body["stackTrace"] if "/aws_lambda_ric" not in line]
            body["stackTrace"] = [line for line in body["stackTrace"] if not line.startswith("-e:")]
        error_type = post.headers.get("lambda-runtime-function-error-type")
        found.append(Outcome(post.kind, error_type, _even(body), _log(output)))
    if observed.status is not None:
        found.append(Outcome(observed.status, None, None, _log(observed.rest)))
    return found


def _even(body: Any) -> Any:
    if isinstance(body, dict):
        return {name: _even(value) for name, value in body.items()}
    return re.sub(r"0x[0-9a-f]+", "0xADDRESS", body) if isinstance(body, str) else body


def _log(output: bytes) -> str:
    text = re.sub(rb"\x00%s \S+\n" % NONCE.encode(), b"", output).decode("utf-8", "replace")
    text = re.sub(r'\n    "(-e:|[^"\n]*/aws_lambda_ric)[^\n]*', "", text)
    text = re.sub(r"0x[0-9a-f]+", "0xADDRESS", text)
    text = re.sub(r'",(\n  \])', r'"\1', text)
    return re.sub(r"\[\n+  \]", "[]", text)  # versions of json write an empty list differently


def case(name: str, **headers: str) -> Invoke:
    return Invoke(f"id-{name.replace(' ', '-')}", json.dumps({"case": name}).encode(), tuple(headers.items()))


def cases_of(file: str) -> list[str]:
    text = (HANDLERS / file).read_text(encoding="utf-8")
    return list(re.findall(r"^    def (\w+)\(_\)", text, re.MULTILINE))


ENDS = re.findall(r"^  when '([^']+)'", (HANDLERS / "ends.rb").read_text(encoding="utf-8"), re.MULTILINE)
BY_NAME = [
    *("deep/place.Deep::Place.handler", "ends.positional", "ends.no_keywords", "ends.missing"),
    *("deep/place.Deep::Nowhere.handler", "deep/place.Deep::Place.missing", "missing.handler", "handler"),
    *("a.b.c.d", "raises.handler", "syntax.handler", "missing_gem.handler", "exits.handler"),
    "vanishes.handler",
]

# --- beside AWS's client, where it is

if AWS is not None:
    # AWS's client dies of a message that is no text.
    @pytest.mark.parametrize("name", [name for name in cases_of("cases.rb") if name != "binary_message"])
    def test_a_case_as_aws(name: str) -> None:
        own, aws = (outcomes(run_("cases.Cases.handler", [case(name)])) for run_ in (run, run_aws))
        if name == "threads":
            own, aws = ([o._replace(log="".join(sorted(o.log))) for o in side] for side in (own, aws))
        assert own == aws

    def whole(found: list[Outcome]) -> tuple[list[Outcome], str]:
        """The log as one text: what is written at the end comes before or after the word of the last post."""
        return [outcome._replace(log="") for outcome in found], "".join(outcome.log for outcome in found)

    @pytest.mark.parametrize("name", [name for name in ENDS if name != "close stdout"])
    def test_an_end_as_aws(name: str) -> None:
        own, aws = (outcomes(run_("ends.handler", [case(name), case("next")])) for run_ in (run, run_aws))
        assert whole(own) == whole(aws)

    @pytest.mark.parametrize("handler", BY_NAME)
    def test_a_handler_as_aws(handler: str) -> None:
        own, aws = (outcomes(run_(handler, [case("x"), case("y")])) for run_ in (run, run_aws))
        # AWS's client ends with 252, those of this project with 1.
        aws = [outcome._replace(kind=1) if outcome.kind == 252 else outcome for outcome in aws]
        assert whole(own) == whole(aws)


# --- by itself

RESULTS: dict[str, Any] = {
    "scalars": [1, 1.5, True, False, None, "text", "symbol", 10**30],
    "unicode": {"größe": "😀", "escape": '\u0001\n"\\/'},
    "object": "halves",
    "time": "1970-01-01 00:00:00 UTC",
    "range": "1..3",
    "nothing": None,
    "nested": {"a": {"b": [{}, []]}},
    "stringio": b"raw bytes \x00",
    "encodings": ["UTF-8", "bücher", "UTF-8", "UTF-8", "UTF-8"],
    "loaded": ["a", "Net::HTTP", 1704067200, "Logger", "StringIO"],
}
ERRORS = {
    "infinity": "Function<JSON::GeneratorError>",
    "circular": "Function<JSON::NestingError>",
    "custom": "Function<Cases::Custom>",
    "custom_without_message": "Function<Cases::Custom>",
    "custom_with_backtrace": "Function<Cases::Custom>",
    "argument": "Function<ArgumentError>",
    "runtime": "Function<RuntimeError>",
    "key": "Function<KeyError>",
    "zero": "Function<ZeroDivisionError>",
    "binary_message": "Function<Cases::Custom>",
    "deep": "Function<JSON::ParserError>",
    "caused": "Function<Cases::Custom>",
}


def test_results_and_errors_in_one_process() -> None:
    names = [*RESULTS, *ERRORS]
    observed = run("cases.Cases.handler", [case(name) for name in names])
    found = dict(zip(names, outcomes(observed), strict=True))
    for name, result in RESULTS.items():
        assert (found[name].kind, found[name].body) == ("response", result), name
    for name, kind in ERRORS.items():
        assert (found[name].kind, found[name].body["errorType"]) == ("error", kind), name
    assert found["custom"].body["errorMessage"] == "Größe 😀"
    (line, *_) = found["custom"].body["stackTrace"]
    assert line.startswith(f"{HANDLERS}/cases.rb:")
    assert "Error raised from handler method" in found["custom"].log
    assert not any(CLIENT in post.body.decode("utf-8", "replace") for post in observed.posts)
    types = {post.headers["content-type"] for post in observed.posts if post.kind == "response"}
    assert types == {"application/json", "application/unknown"}


def test_output_is_divided_among_invocations_that_lie_ready() -> None:
    names = ["prints", "threads", "replaces_stdout", "prints", "zero", "prints"]
    queue = [case(name)._replace(request_id=f"id-{n}") for n, name in enumerate(names)]
    observed = run("cases.Cases.handler", queue, given=16, ahead=16)
    output = b"".join(observed.outputs) + observed.rest
    pieces = re.split(rb"\x00%s (\S+)\n" % NONCE.encode(), output)
    by_id = dict(zip(pieces[1::2], pieces[0::2], strict=False))
    printed = by_id[b"id-0"].decode()
    assert sorted(printed.splitlines()) == sorted(
        ["out", "err", "no newlinewarned", "1", "child", "child err"]
    )
    assert by_id[b"id-3"] == by_id[b"id-5"] == by_id[b"id-0"]
    lines = by_id[b"id-1"].decode().splitlines()
    assert len(lines) == 100
    assert all(re.fullmatch(r"thread \d x{50}", line) for line in lines)
    assert by_id[b"id-2"] == b""
    assert b"ZeroDivisionError" in by_id[b"id-4"]


KILLED = {"exit!": 3, "kill": -9}
FATAL = {
    "exit": "Function<SystemExit>",
    "abort": "Function<SystemExit>",
    "term": "Function<SignalException>",
    "name": "Function<NameError>",
    "method": "Function<NoMethodError>",
    "stack": "Function<SystemStackError>",
    "exception": "Function<Exception>",
    "not implemented": "Function<NotImplementedError>",
}


def test_every_end_is_expected() -> None:
    assert {*KILLED, *FATAL, "arity", "close stdout"} == set(ENDS)


@pytest.mark.parametrize("name", list(KILLED))
def test_it_is_gone(name: str) -> None:
    observed = run("ends.handler", [case(name)])
    assert (observed.posts, observed.status) == ([], KILLED[name])
    assert observed.rest.endswith(b"begins\n")


@pytest.mark.parametrize("name", list(FATAL))
def test_it_says_why_it_goes(name: str) -> None:
    """What AWS's client tells of the end before it ends, with a second invocation in hand."""
    observed = run("ends.handler", [case(name), case("never")], given=2, ahead=2)
    (post,) = observed.posts
    assert (post.kind, json.loads(post.body)["errorType"]) == ("error", FATAL[name])
    assert post.headers["connection"] == "close"
    assert observed.status == 255


def test_an_argument_error_is_no_end() -> None:
    observed = run("ends.handler", [case("arity"), case("other")])
    assert [post.kind for post in observed.posts] == ["error", "response"]


def test_a_closed_stream() -> None:
    observed = run("ends.handler", [case("close stdout"), case("other")])
    assert [post.kind for post in observed.posts] == ["response", "error"]
    assert observed.outputs[0].endswith(b"id-close-stdout\n")


LOADING = {
    "missing.handler": "Init<LoadError>",
    "missing_gem.handler": "Init<LoadError>",
    "handler": "Init<ArgumentError>",
    "a.b.c.d": "Init<ArgumentError>",
    "raises.handler": "Init<KeyError>",
    "syntax.handler": "Init<SyntaxError>",
    "exits.handler": "Init<SystemExit>",
}


@pytest.mark.parametrize("handler", list(LOADING))
def test_it_does_not_load(handler: str) -> None:
    observed = run(handler, [case("x")])
    (post,) = observed.posts
    assert (post.kind, json.loads(post.body)["errorType"]) == ("init error", LOADING[handler])
    assert observed.status == 1
    assert b" init\n" in observed.outputs[0] + observed.rest


def test_it_vanishes_while_it_is_loaded() -> None:
    observed = run("vanishes.handler", [case("x")])
    assert (observed.posts, observed.status) == ([], 7)


def test_handlers_of_modules() -> None:
    (found,) = outcomes(run("deep/place.Deep::Place.handler", [Invoke("id-1", b'"e"')]))
    assert found.body == {"event": "e", "file": "place.rb", "directory": True}


def test_contexts() -> None:
    client = json.dumps({"custom": {"a": 1}, "client": {"app_title": "ü"}}, ensure_ascii=True)
    queue = [
        Invoke("id-0", b"{}", (("Lambda-Scenarios-Remaining-Ms", "3000.500"),)),
        Invoke(
            "id-1",
            b"{}",
            (
                ("Lambda-Runtime-Client-Context", client),
                ("Lambda-Runtime-Cognito-Identity", '{"cognitoIdentityId": "i"}'),
                ("Lambda-Runtime-Aws-Tenant-Id", "t"),
                ("Lambda-Runtime-Trace-Id", "Root=1"),
                ("Lambda-Scenarios-Remaining-Ms", "50"),
                ("Lambda-Scenarios-Context", '{"set": {"order": {"id": "\\u00fc"}, "function_name": "f"}}'),
            ),
        ),
        Invoke("id-2", b"{}", (("Lambda-Scenarios-Context", '{"replace": "old-script"}'),)),
    ]
    observed = run("contexts.handler", queue)
    plain, full, replaced = outcomes(observed)
    fields, in_time, trace = plain.body
    assert in_time
    assert trace is None
    assert fields == {
        "aws_request_id": "id-0",
        "invoked_function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:orders-dev-test",
        "log_group_name": "/aws/lambda/orders-dev-test",
        "log_stream_name": "2024/01/01/[$LATEST]0123",
        "function_name": "orders-dev-test",
        "memory_limit_in_mb": "128",
        "function_version": "$LATEST",
        "identity": None,
        "tenant_id": None,
        "client_context": None,
    }
    assert re.fullmatch(r"I, \[\S+ #\d+\]  INFO id-0 -- : logged\n", plain.log)
    fields, _, trace = full.body
    assert trace == "Root=1"
    assert fields["client_context"] == json.loads(client)
    assert fields["identity"] == {"cognitoIdentityId": "i"}
    assert (fields["tenant_id"], fields["order"], fields["function_name"]) == ("t", {"id": "ü"}, "f")
    assert replaced.body == "old-script"


@pytest.mark.parametrize(("event", "status"), [({}, 0), ({"exits": True}, 5), ({"raises": True}, 1)])
def test_a_child_answers_nothing(event: dict[str, bool], status: int) -> None:
    observed = run("contexts.forks", [Invoke("id-1", json.dumps(event).encode()), Invoke("id-2")])
    found = outcomes(observed)
    assert [outcome.body for outcome in found] == [["parent", status], ["parent", 0]]


def test_memory_and_duration() -> None:
    observed = run("contexts.memory", [Invoke(f"id-{mb}", b'{"mb": %d}' % mb) for mb in (1, 200, 1)])
    sizes = [int(post.headers["lambda-scenarios-memory-kb"]) for post in observed.posts]
    assert sizes[0] < 100_000 < 200_000 < sizes[1] <= sizes[2]
    assert all(int(post.headers["lambda-scenarios-duration-us"]) >= 0 for post in observed.posts)


def test_nothing_is_begun_after_a_result_that_is_too_large() -> None:
    queue = [Invoke("id-1", b'{"size": 7000000}'), Invoke("id-2", b'{"size": 1}')]
    with pytest.raises(TimeoutError):
        run_within(2, "contexts.sized", queue)
    assert [post.request_id for post in run("contexts.sized", queue).posts] == ["id-1", "id-2"]


def run_within(seconds: float, handler: str, queue: list[Invoke]) -> Observed:
    command = [RUBY or "ruby", CLIENT, "2", NONCE]
    return observe(command, environment(handler, {}), "/", queue, ahead=2, seconds=seconds)


def test_megabytes() -> None:
    event = json.dumps("ü" * 2_500_000, ensure_ascii=False).encode()
    (found,) = outcomes(run("deep/place.Deep::Place.handler", [Invoke("id-1", event)]))
    assert found.body["event"] == "ü" * 2_500_000


@pytest.mark.parametrize("name", ["json", "socket", "ruby_client", "client", "logger", "invoke", "code"])
def test_no_module_of_the_user_is_shadowed(name: str, tmp_path: Path) -> None:
    """But for those that AWS's client has loaded itself, which it doesn't load again."""
    (tmp_path / f"{name}.rb").write_text(f"def handler(event:, context:)\n  '{name} of the user'\nend\n")
    (found, *_) = outcomes(run(f"{name}.handler", [Invoke("id-1")], LAMBDA_TASK_ROOT=str(tmp_path)))
    if name in ("ruby_client", "client", "invoke", "code"):
        assert found.body == f"{name} of the user"
    else:
        assert found.kind in ("error", "response")
