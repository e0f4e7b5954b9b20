"""How the tests of this folder compile expectations and judge results."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from lambda_scenarios.checks.compile import compile_expectation
from lambda_scenarios.checks.evaluate import evaluate
from lambda_scenarios.errors import UsageError
from lambda_scenarios.model.expectation import Evaluation, Expectation, Loaded
from lambda_scenarios.model.function import Function, HttpSource, ServiceInfo
from lambda_scenarios.model.outcome import Ending, Outcome, Returned
from lambda_scenarios.model.values import Origin

if TYPE_CHECKING:
    from lambda_scenarios.errors import Diagnostic
    from lambda_scenarios.model.values import Json

ORIGIN = Origin("/project/scenarios/orders.yml", ("scenarios", 0, "expect"))


def function(source: HttpSource | None = None) -> Function:
    service = ServiceInfo("orders", "dev", "eu-west-1", "/project", None)
    return Function("f", "orders-dev-f", "f.handler", "python3.11", "/project", service, http_source=source)


def outcome(
    ending: Ending,
    *,
    logs: bytes = b"",
    init_logs: bytes = b"",
    truncated: bool = False,
    duration_ms: float = 3.0,
    init_ms: float | None = None,
    memory_mb: int | None = 40,
) -> Outcome:
    return Outcome(
        ending, "id", 0.0, duration_ms, init_ms, memory_mb, logs, init_logs, 1, 1, logs_truncated=truncated
    )


def returned(value: Json) -> Returned:
    return Returned(json.dumps(value).encode())


def compiled(expect: dict[str, Json] | None, **files: Json) -> Expectation:
    """Files are named by keyword, dots as underscores; a text stands for a text file."""

    def load_expected(path: str) -> Loaded:
        value = files[path.replace(".", "_")]
        return Loaded(value, isinstance(value, str))

    return compile_expectation(expect, ORIGIN, load_expected, lambda path: files[path.replace(".", "_")])


def judge(
    expect: dict[str, Json] | None,
    ending: Ending,
    *,
    source: HttpSource | None = None,
    event: Json = None,
    logs: bytes = b"",
    truncated: bool = False,
) -> Evaluation:
    return evaluate(
        compiled(expect),
        outcome(ending, logs=logs, truncated=truncated),
        function(source),
        json.dumps(event).encode(),
    )


def output(expected: Json, found: Json) -> Evaluation:
    return judge({"output": expected}, returned(found))


def matches(expected: Json, found: Json) -> bool:
    return not output(expected, found).mismatches


def messages(evaluation: Evaluation) -> list[str]:
    return [mismatch.message for mismatch in evaluation.mismatches]


def problems(expect: dict[str, Json], **files: Json) -> tuple[Diagnostic, ...]:
    """What compiling reports; empty where it succeeds."""
    try:
        compiled(expect, **files)
    except UsageError as error:
        return error.diagnostics
    return ()


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0.0, 1.0, -1.0, 2.0**60])
    | st.text(max_size=4)
)
# Keys that are no matchers.
keys = st.text(max_size=3).filter(lambda key: not key.startswith("$"))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
