"""What is this project's own in the client: markers, prefetch, context overrides, figures, endings."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.clients.nodejs.conftest import (
    CLIENT,
    HANDLERS,
    NONCE,
    PATIENCE,
    RuntimeApi,
    environment,
    events_of,
    run_client,
    split_output,
)


def result_of(handler: str, event: Any = None, **options: Any) -> Any:
    """The one result of a handler."""
    (answer,) = run_client(handler, events_of(event, headers=options.pop("headers", ())), **options).answers
    assert answer.action == "response", answer
    return answer.json()


# ---- Pipelining and the attribution of output


@pytest.mark.parametrize("ahead", [1, 4, 16, 200])
def test_output_belongs_to_its_invocation(ahead: int) -> None:
    count = 200
    run = run_client("noisy.handler", events_of(*({"n": n} for n in range(count))), ahead=ahead)
    written = split_output(run.output)
    assert written.pop("init") == b""
    assert written.pop("") == b""
    assert list(written) == [f"request-{n + 1}" for n in range(count)]
    for n, output in enumerate(written.values()):
        expected = b"out %d\nerr %d\n" % (n, n)
        if n % 20 == 3:
            expected += b"child %d\nchild error %d\n" % (n, n)
        if n % 50 == 7:
            expected += b"%d " % n * 50000 + b"\n"
        if n % 50 == 8:
            assert b"x" * 200000 + b"\n" in output
            continue
        expected += b"end %d" % n
        if n % 30 == 5:
            assert output.startswith(expected)
            assert b"Invoke Error" in output
        else:
            assert output == expected
    for n, answer in enumerate(run.answers):
        assert (answer.action, answer.request_id) == (
            "error" if n % 30 == 5 else "response",
            f"request-{n + 1}",
        )
    assert run.gets == ahead + count


def test_responses_cut_anywhere() -> None:
    events = events_of(*({"text": "ž🐴" * n} for n in range(30)))
    run = run_client("results.echo", events, ahead=8, cut=7)
    assert [answer.json() for answer in run.answers] == [event.body for event in events]


def test_invocations_run_one_after_another() -> None:
    run = run_client("process.oneAtATime", events_of(*range(40)), ahead=10)
    assert [answer.json() for answer in run.answers] == [1] * 40


def test_the_event_loop_is_found_empty_while_invocations_lie_ready() -> None:
    run = run_client("callbacks.waits", events_of(*range(10)), ahead=5)
    assert [answer.json() for answer in run.answers] == ["waited"] * 10
    output = split_output(run.output)
    assert all(b"the loop was not empty" in output[f"request-{n}"] for n in range(1, 11))


def test_large_events_and_results() -> None:
    event = {"text": "ž" * 3_000_000}
    run = run_client("results.echo", events_of(event, event, event), ahead=3)
    assert [answer.json() for answer in run.answers] == [event] * 3


def test_output_is_complete_when_the_handler_exits() -> None:
    run = run_client("noisy.bigThenExit", events_of({}))
    assert (run.status, run.answers) == (7, [])
    assert split_output(run.output)[""] == b"a" * 300000 + b"b" * 300000


def test_markers_survive_a_closed_stdout() -> None:
    run = run_client("noisy.closesStdout", events_of({"n": 1}, {"n": 2}))
    assert split_output(run.output) == {"init": b"", "request-1": b"", "request-2": b"still here 2", "": b""}


def test_an_answer_leaves_before_an_exit() -> None:
    run = run_client("callbacks.succeedThenExit", events_of({}))
    assert [answer.json() for answer in run.answers] == ["sent before the exit"]


# ---- Context and figures


@pytest.mark.parametrize("runtime", ["nodejs20.x", "nodejs24.x"])
def test_context_attributes_are_set_as_given(runtime: str) -> None:
    override = {
        "set": {"functionName": "other", "aws_request_id": "x", "tenant": {"id": [1]}, "awsRequestId": "y"}
    }
    headers = (("Lambda-Scenarios-Context", json.dumps(override)),)
    context = result_of("context.values", headers=headers, runtime=runtime)
    assert override["set"].items() <= context.items()
    assert context["functionVersion"] == "$LATEST"


@pytest.mark.parametrize("runtime", ["nodejs20.x", "nodejs24.x"])
@pytest.mark.parametrize("handler", ["context.replaced"])
def test_context_is_replaced_by_a_text(handler: str, runtime: str) -> None:
    headers = (("Lambda-Scenarios-Context", json.dumps({"replace": "žluť {}"})),)
    assert result_of(handler, headers=headers, runtime=runtime) == {"context": "žluť {}", "type": "string"}


def test_remaining_time_counts_from_the_beginning_of_the_handler() -> None:
    headers = (("Lambda-Scenarios-Remaining-Ms", "5000.4"),)
    run = run_client("context.remaining", events_of(*[{"wait": 30}] * 4, headers=headers), ahead=4)
    for answer in run.answers:
        result = answer.json()
        assert 4900 <= result["before"] <= 5000
        assert result["after"] <= result["before"] - 29
        assert result["whole"]


def test_remaining_time_without_the_header() -> None:
    assert result_of("context.remaining", {})["before"] > 1e12


def test_duration_and_memory() -> None:
    run = run_client("process.waits", events_of({"ms": 40}))
    assert int(run.answers[0].headers["lambda-scenarios-duration-us"]) >= 39_000
    sizes = [1000, 80_000_000, 1000]
    run = run_client("process.allocate", events_of(*({"bytes": size} for size in sizes)))
    first, second, third = (int(answer.headers["lambda-scenarios-memory-kb"]) for answer in run.answers)
    assert 10_000 < first < 200_000
    assert second >= first + 70_000
    assert third >= second


def test_duration_includes_the_wait_for_an_empty_event_loop() -> None:
    run = run_client("callbacks.waits", events_of({}))
    assert int(run.answers[0].headers["lambda-scenarios-duration-us"]) >= 1_500


def test_trace_id_of_each_invocation() -> None:
    first, second = events_of({}, {})
    first = first._replace(headers=(("Lambda-Runtime-Trace-Id", "Root=1"),))
    run = run_client("context.trace", [first, second])
    assert [answer.json() for answer in run.answers] == ["Root=1", "none"]


# ---- Loading


@pytest.mark.parametrize("name", ["invoke", "code", "client", "index", "net", "fs", "util", "nodejs_client"])
@pytest.mark.parametrize("runtime", ["nodejs20.x", "nodejs24.x"])
def test_modules_of_any_name_are_the_users(name: str, runtime: str) -> None:
    assert result_of(f"{name}.handler", runtime=runtime) == f"{name}.js"


def test_the_process_looks_as_in_lambda() -> None:
    assert result_of("process.where") == {
        "cwd": True,
        "argv": ["/var/runtime/index.mjs"],
        "main": True,
        "cached": ["process.js"],
        "parent": "index.mjs",
    }


@pytest.mark.parametrize("runtime", ["nodejs20.x", "nodejs24.x"])
def test_packages_are_found_from_the_task_root_and_node_path(tmp_path: Path, runtime: str) -> None:
    for folder, value in (("task/node_modules/own", "own"), ("layer/node_modules/shared", "shared")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "index.js").write_text(f"module.exports = '{value}';")
    (tmp_path / "task/app.js").write_text(
        "exports.handler = async () => [require('own'), require('shared')];"
    )
    env = {"NODE_PATH": str(tmp_path / "layer/node_modules")}
    result = result_of("app.handler", task_root=str(tmp_path / "task"), env=env, runtime=runtime)
    assert result == ["own", "shared"]


@pytest.mark.parametrize("runtime", ["nodejs20.x", "nodejs24.x"])
def test_typescript_is_not_loaded_and_the_error_says_so(runtime: str) -> None:
    run = run_client("typed.handler", events_of({}), runtime=runtime)
    (answer,) = run.answers
    assert (answer.action, run.status) == ("init/error", 1)
    assert answer.headers["lambda-runtime-function-error-type"] == "Runtime.ImportModuleError"
    assert "Cannot find module 'typed'" in answer.json()["errorMessage"]
    assert answer.json()["errorMessage"].endswith(
        "typed.ts exists, but Lambda does not load TypeScript: compile it first."
    )


def test_a_syntax_error_says_where() -> None:
    run = run_client("syntax_error.handler", events_of({}))
    error = run.answers[0].json()
    assert error["errorType"] == "Runtime.UserCodeSyntaxError"
    assert error["trace"][0].endswith("syntax_error.js:1")
    assert run.status == 1
    assert b"syntax_error.js:1" in split_output(run.output)["init"]


def test_a_task_root_that_is_missing() -> None:
    run = run_client("index.handler", events_of({}), task_root="/no/such/folder")
    assert (run.answers[0].action, run.status) == ("init/error", 1)
    assert "ENOENT" in run.answers[0].json()["errorMessage"]


def test_an_error_beside_loading_ends_it() -> None:
    run = run_client("timer_at_load.handler", events_of({}))
    assert [answer.json()["errorMessage"] for answer in run.answers] == ["timer while loading"]
    assert run.status == 1


def test_callback_handlers_are_warned_about() -> None:
    run = run_client("callbacks.result", events_of({}))
    assert b"\tWARN\t" in split_output(run.output)["init"]
    quiet = run_client(
        "callbacks.result", events_of({}), env={"AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING": "1"}
    )
    assert split_output(quiet.output)["init"] == b""


def test_callback_handlers_are_refused_from_nodejs24_on() -> None:
    run = run_client("callbacks.result", events_of({}), runtime="nodejs24.x")
    assert run.answers[0].json()["errorType"] == "Runtime.CallbackHandlerDeprecated"
    assert run.status == 1


# ---- Endings


def test_a_promise_that_is_never_settled() -> None:
    run = run_client("ends.neverSettled", events_of({}, {}))
    assert [answer.json()["errorType"] for answer in run.answers] == ["Runtime.NodeJsExit"] * 2
    modern = run_client("ends.neverSettled", events_of({}), runtime="nodejs24.x")
    assert (modern.answers, modern.status) == ([], 0)


@pytest.mark.parametrize(
    ("handler", "error_type", "status"),
    [("ends.uncaught", "Error", 129), ("ends.unhandledRejection", "Runtime.UnhandledPromiseRejection", 128)],
)
def test_errors_that_nobody_catches_are_posted_and_end_the_process(
    handler: str, error_type: str, status: int
) -> None:
    # The second event is never handed out: the process is awaited.
    run = run_client(handler, events_of({}, {}))
    assert [answer.headers["lambda-runtime-function-error-type"] for answer in run.answers] == [error_type]
    assert run.status == status
    assert run.gets == 1
    assert run.answers[0].headers["connection"] == "close"


def test_an_error_between_invocations_is_no_ones() -> None:
    run = run_client("process.timerBetween", events_of({}, {}))
    assert (len(run.answers), run.status) == (1, 129)
    assert b"after the answer" in split_output(run.output)[""]


@pytest.mark.parametrize("runtime", ["nodejs20.x", "nodejs24.x"])
def test_a_stream_that_is_never_ended(runtime: str) -> None:
    (answer,) = run_client("streams.unfinished", events_of({}), runtime=runtime).answers
    assert answer.body == b"never ended"
    error = json.loads(base64.b64decode(answer.trailers["lambda-runtime-function-error-body"]))
    assert error["errorMessage"] == "Response stream is not finished."


@pytest.mark.parametrize("runtime", ["nodejs20.x", "nodejs24.x"])
def test_a_content_type_that_comes_too_late(runtime: str) -> None:
    (answer,) = run_client("streams.tooLate", events_of({}), runtime=runtime).answers
    assert answer.trailers["lambda-runtime-function-error-type"] == "Runtime.InvalidStreamingOperation"


def test_streamed_responses_have_figures() -> None:
    (answer,) = run_client("streams.simple", events_of({"name": "x"})).answers
    assert int(answer.headers["lambda-scenarios-duration-us"]) > 0
    assert int(answer.headers["lambda-scenarios-memory-kb"]) > 0


@pytest.mark.parametrize("handler", ["process.started", "process.idle"])
def test_the_process_leaves_without_a_word_when_the_connection_ends(handler: str) -> None:
    api = RuntimeApi(events_of({}))
    process = subprocess.Popen(
        ["node", CLIENT, "1", NONCE],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(handler, "nodejs20.x", api.address, HANDLERS, {}),
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        if handler == "process.idle":
            api.wait(1, threading.Event())
        else:
            line = process.stdout.readline() + process.stdout.readline()
            assert b"started" in line
        api.close()
        rest = process.stdout.read()
        assert process.wait(PATIENCE) == 1
        assert b"exit listener" not in rest
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
