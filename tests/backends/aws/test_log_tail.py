"""What Lambda sends of the log, divided into what the function printed and what Lambda says of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.backends.aws.log_tail import Tail, read_tail

ID = "6f1c8a3e-0000-4000-8000-000000000001"
START = f"START RequestId: {ID} Version: $LATEST\n"
END = f"END RequestId: {ID}\n"
REPORT = (
    f"REPORT RequestId: {ID}\tDuration: 12.34 ms\tBilled Duration: 43 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 45 MB\tInit Duration: 30.01 ms\t\n"
)
FIGURES = {
    "duration_ms": 12.34,
    "billed_ms": 43,
    "memory_size_mb": 128,
    "memory_mb": 45,
    "init_ms": 30.01,
}


def read(text: str) -> Tail:
    return read_tail(text.encode(), ID)


def test_a_cold_start() -> None:
    traced = "XRAY TraceId: 1-5759e988-bd862e3fe1be46a994272793\tSegmentId: 3f\tSampled: true\t\n"
    begun = "INIT_START Runtime Version: python:3.12.v7\tRuntime Version ARN: arn:aws:lambda:eu-west-1::x\n"
    found = read(f"{begun}loading\n{START}one\n\ntwo\n{END}{REPORT}{traced}")
    expected = Tail(logs=b"one\n\ntwo\n", init_logs=b"loading\n", truncated=False)
    assert found == expected._replace(**FIGURES)  # type: ignore[arg-type]  # names of its fields


def test_a_last_line_without_its_end() -> None:
    assert read(f"{START}no end{END}{REPORT}") == Tail(logs=b"no end", truncated=False)._replace(
        **FIGURES  # type: ignore[arg-type]  # names of its fields
    )


def test_without_its_beginning() -> None:
    found = read(f"ginning is cut off\nrest\n{END}{REPORT}")
    assert (found.logs, found.truncated, found.memory_mb) == (b"ginning is cut off\nrest\n", True, 45)


def test_of_another_invocation() -> None:
    found = read(START.replace("6f", "7f") + "a\n")
    assert found.truncated and found.duration_ms is None


@pytest.mark.parametrize(
    "said",
    [
        f"2026-11-25T10:00:00.123Z {ID} Task timed out after 3.01 seconds\n\n",
        f"RequestId: {ID} Error: Runtime exited with error: exit status 3\nRuntime.ExitError\n",
        f"RequestId: {ID} Error: Runtime exited without providing a reason\nRuntime.ExitError\n",
        "INIT_REPORT Init Duration: 5.23 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.X\n",
        "EXTENSION\tName: x\tState: Ready\tEvents: [INVOKE]\n",
    ],
)
def test_what_lambda_says_is_not_the_functions(said: str) -> None:
    assert read(f"{START}a\n{said}{END}{REPORT}").logs == b"a\n"
    assert read(f"{START}a\n{END}{REPORT}{said}").logs == b"a\n"


def test_what_only_looks_like_it_is_the_functions() -> None:
    printed = "END RequestId: of nobody\nTask timed out after 3.00 seconds\nReport: 5 ms\n"
    assert read(f"{START}{printed}{END}{REPORT}").logs == printed.encode()


def test_a_failed_init_is_told() -> None:
    failed = "INIT_REPORT Init Duration: 9 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.Unknown\n"
    assert read(f"{START}{failed}{END}{REPORT}").init_failed
    assert not read(f"{failed.replace('invoke', 'init')}{START}{END}{REPORT}").init_failed


def event(kind: str, **record: object) -> str:
    return json.dumps({"time": "2026-11-25T10:00:00.000Z", "type": kind, "record": record}) + "\n"


def test_in_json() -> None:
    metrics = {
        "durationMs": 12.34,
        "billedDurationMs": 43,
        "memorySizeMB": 128,
        "maxMemoryUsedMB": 45,
        "initDurationMs": 30.01,
    }
    found = read(
        event("platform.initStart", initializationType="on-demand", phase="init")
        + "loading\n"
        + event("platform.start", requestId=ID, version="$LATEST")
        + '{"level": "INFO", "type": "platform.pretended"}\nplain "platform.start"\n'
        + event("platform.runtimeDone", requestId=ID, status="success")
        + event("platform.report", requestId=ID, metrics=metrics, status="success")
    )
    expected = Tail(
        logs=b'{"level": "INFO", "type": "platform.pretended"}\nplain "platform.start"\n',
        init_logs=b"loading\n",
        truncated=False,
    )
    assert found == expected._replace(**FIGURES)  # type: ignore[arg-type]  # names of its fields


def test_in_json_without_its_beginning() -> None:
    """As where the system log level is WARN, or the log is long."""
    found = read("a\n" + event("platform.report", requestId=ID, metrics={"durationMs": 1}))
    assert (found.logs, found.truncated, found.duration_ms) == (b"a\n", True, 1.0)
    failed = event("platform.initReport", phase="invoke", status="error", metrics={"durationMs": 1})
    assert read(event("platform.start", requestId=ID) + failed).init_failed


@given(st.text(st.characters(exclude_characters="\r")))
def test_any_text_is_given_back(printed: str) -> None:
    text = printed.encode("utf-8", "replace").decode()
    found = read(f"{START}{text}{END}{REPORT}")
    assert found.logs.decode() == text


@given(st.binary(max_size=200), st.booleans())
def test_anything_is_read(data: bytes, json_too: bool) -> None:
    read_tail(data + (b'{"type":"platform.report","record":{}}\n' if json_too else b""), ID)
