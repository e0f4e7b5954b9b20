"""Records to render: one of each status, and strategies for any."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from lambda_scenarios.model.record import (
    AttemptRecord,
    DiffLine,
    EnvironmentRecord,
    ErrorRecord,
    InvocationRecord,
    MismatchRecord,
    Planned,
    Record,
    RunEnd,
    RunInfo,
    ShardRecord,
)

FILE = "scenarios/orders/create.yml"
INFO = RunInfo(
    version="0.1.0",
    started="2026-03-01T10:00:00.123Z",
    seed="4711",
    command=("lambda-scenarios", "run", "scenarios/"),
    labels=(("python", "3.11"),),
    services=("orders  serverless.yml · stage dev · eu-west-1 · 3 functions",),
    jobs=2,
)
END = RunEnd(wall_ms=840.0, interrupted=None)
ENVIRONMENT = EnvironmentRecord(1, (("TABLE", "orders-dev"), ("STAGE", "dev")), "nobody's (made-up keys)")

PYTHON_STACK = (
    '  File "/usr/lib/python3.11/json/__init__.py", line 346, in loads\n    return _decoder.decode(s)\n',
    '  File "src/orders.py", line 2, in create\n    return json.loads(event["body"])\n',
)


def invocation(**changes: Any) -> InvocationRecord:
    """A returned invocation of `createOrder`."""
    plain = InvocationRecord(
        function="createOrder",
        function_name="orders-dev-createOrder",
        runtime="python3.11",
        backend="local",
        request_id="6f1c8a3e-24a8-4f5c-9f0e-8d9a1c7b2e10",
        started="2026-03-01T10:00:01.500Z",
        duration_ms=3.25,
        billed_ms=4,
        init_ms=None,
        memory_mb=45,
        memory_size_mb=1024,
        timeout_s=6.0,
        worker=1,
        nth=17,
        environment=1,
        event='{"amount": 1.10}',
        context=None,
        ending="returned",
        output='{"statusCode":201}',
        error=None,
        logs="order o-17 stored\n",
        init_logs="",
        logs_truncated=False,
        hint=None,
        held=(),
        mismatches=(),
    )
    return plain._replace(**changes)


def mismatch(**changes: Any) -> MismatchRecord:
    plain = MismatchRecord(
        expectation="expect.output.body.total.currency",
        location="output.body.total.currency",
        message='expected "USD", found "EUR"',
        expected='"USD"',
        found='"EUR"',
        file=FILE,
        line=31,
        column=24,
        width=13,
        diff=(
            DiffLine(" ", "{"),
            DiffLine(" ", '  "total": {'),
            DiffLine(" ", '    "amount": 12.5,'),
            DiffLine("-", '    "currency": "USD"'),
            DiffLine("+", '    "currency": "EUR"'),
            DiffLine(" ", "  }"),
            DiffLine(" ", "}"),
        ),
    )
    return plain._replace(**changes)


def record(name: str = "creates an order", file: str = FILE, **changes: Any) -> Record:
    """A passed scenario."""
    plain = Record(
        id=f"{file}::{name}",
        file=file,
        line=12,
        name=name,
        description="",
        tags=("orders",),
        function="createOrder",
        status="passed",
        reason=None,
        duration_ms=3.25,
        attempts=(AttemptRecord("passed", (invocation(),)),),
    )
    return plain._replace(**changes)


FAILED = record(
    "keeps the customer's currency",
    line=25,
    status="failed",
    duration_ms=4.0,
    attempts=(
        AttemptRecord(
            "failed",
            (
                invocation(
                    duration_ms=4.0,
                    logs="currency of c-42 not found, falling back to EUR\norder o-17 stored\n",
                    held=("expect.http.status", "expect.http.body.total.amount"),
                    mismatches=(mismatch(),),
                ),
            ),
        ),
    ),
)
RAISED = record(
    "reads the body",
    status="failed",
    attempts=(
        AttemptRecord(
            "failed",
            (
                invocation(
                    ending="function error",
                    output=None,
                    error=ErrorRecord("JSONDecodeError", "Expecting value: line 1", PYTHON_STACK),
                ),
            ),
        ),
    ),
)
FLAKY = record(
    "pays at the second attempt",
    status="flaky",
    attempts=(FAILED.attempts[0], AttemptRecord("passed", (invocation(),))),
)
TIMED_OUT = record(
    "gives up after its timeout",
    duration_ms=1002.0,
    attempts=(
        AttemptRecord(
            "passed",
            (
                invocation(
                    ending="timed out",
                    output=None,
                    init_ms=31.5,
                    error=ErrorRecord(
                        "Sandbox.Timedout", "RequestId: 1 Error: Task timed out after 1.00 seconds", ()
                    ),
                ),
            ),
        ),
    ),
)
SKIPPED = record("sends an e-mail", status="skipped", reason="needs SES", duration_ms=0.0, attempts=())
ERROR = record(
    "runs on Ruby",
    status="error",
    reason="scenario needs Ruby 3.3, which isn't on this machine\n= to install it: apt-get install ruby",
    duration_ms=0.0,
    attempts=(),
)
NOT_RUN = record("comes too late", status="not run", reason="--max-time", duration_ms=0.0, attempts=())
ALL = (record(), FAILED, RAISED, FLAKY, TIMED_OUT, SKIPPED, ERROR, NOT_RUN)


def planned(of: Record) -> Planned:
    return Planned(of.id, of.file, of.line, of.name, of.function, of.labels)


# Characters that have hurt somebody's report before, among all others.
texts = st.text(
    st.one_of(
        st.sampled_from("<>&\"'\\/{}[]():,]\n\r\t\0\x1b\x07\x9b\ufffe\uffff\u2028\u202e\ud800\udfff…é漢👩 "),
        st.characters(),
    ),
    max_size=30,
) | st.sampled_from(["]]>", "</script>", "<!--", "\x1b[31mred\x1b[0m", "&amp;", '","file":', '"status":"'])

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
json_texts = st.one_of(
    json_values.map(json.dumps),
    json_values.map(lambda value: json.dumps(value, ensure_ascii=False)),
    json_values.map(lambda value: json.dumps(value, indent=1)),
    st.sampled_from(["1.10", "1e400", '{"a":1,"a":2}', '{"event":1,"output":2,"logs":"x","request_id":"y"}']),
)
_counts = st.integers(0, 10**6)
_durations = st.floats(0, 1e6, allow_nan=False) | st.integers(0, 1000).map(float)
_times = st.just("2026-03-01T10:00:01.500Z")
_pairs = st.dictionaries(texts, texts, max_size=3).map(lambda found: tuple(found.items()))
_tuples = st.lists(texts, max_size=2).map(tuple)
statuses = st.sampled_from(["passed", "failed", "error", "skipped", "flaky", "not run"])

mismatches = st.builds(
    MismatchRecord,
    expectation=texts, location=texts, message=texts, expected=texts, found=texts, file=texts,
    line=_counts, column=_counts, width=_counts,
    diff=st.lists(st.builds(DiffLine, st.sampled_from(" -+"), texts), max_size=3).map(tuple),
)  # fmt: skip
invocations = st.builds(
    InvocationRecord,
    function=texts, function_name=texts, runtime=texts, backend=texts, request_id=texts, started=_times,
    duration_ms=_durations, billed_ms=_counts, init_ms=st.none() | _durations, memory_mb=st.none() | _counts,
    memory_size_mb=_counts, timeout_s=_durations, worker=_counts, nth=_counts, environment=_counts,
    event=json_texts, context=st.none() | json_texts,
    ending=st.sampled_from(
        ["returned", "function error", "init failed", "timed out", "worker died", "backend failed"]
    ),
    output=st.none() | json_texts,
    error=st.none() | st.builds(ErrorRecord, texts, texts, _tuples),
    logs=texts, init_logs=texts, logs_truncated=st.booleans(), held=_tuples,
    mismatches=st.lists(mismatches, max_size=2).map(tuple),
)  # fmt: skip
attempts = st.builds(AttemptRecord, statuses, st.lists(invocations, max_size=2).map(tuple))
# The name of a label can't have an equals sign: it is what ends it.
labels = st.dictionaries(texts.map(lambda name: name.replace("=", "")), texts, max_size=2).map(
    lambda found: tuple(found.items())
)
records = st.builds(
    Record,
    id=texts, file=texts, line=_counts, name=texts, description=texts, tags=_tuples, function=texts,
    status=statuses, reason=st.none() | texts, duration_ms=_durations,
    attempts=st.lists(attempts, max_size=2).map(tuple), labels=labels,
    snapshot=st.sampled_from([None, "written", "updated"]),
)  # fmt: skip
environments = st.builds(EnvironmentRecord, _counts, _pairs)
plans = st.builds(Planned, texts, texts, _counts, texts, texts, labels)
shards = st.builds(ShardRecord, st.integers(1, 99), st.integers(1, 99), texts)
runs = st.builds(RunInfo, texts, _times, texts, _tuples, _pairs, _tuples, _counts, shard=st.none() | shards)
ends = st.builds(RunEnd, _durations, st.none() | texts, _tuples, _tuples)
