"""Endings, errors, logs, figures, queries, schemas: everything about an outcome but its plain result."""

# ruff: noqa: E501  # tables are read row by row

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambda_scenarios.checks.evaluate import evaluate
from lambda_scenarios.model.outcome import FunctionError, InitFailed, Returned, TimedOut, WorkerDied

from .judging import compiled, function, judge, messages, outcome, returned

if TYPE_CHECKING:
    from lambda_scenarios.model.outcome import Ending
    from lambda_scenarios.model.values import Json

RAISED = FunctionError("ValueError", "negative amount", ('  File "f.py", line 3\n', "    raise\n"))
REFUSED = FunctionError("Runtime.MarshalError", "not serializable", (), raised=False)
INIT = InitFailed("Runtime.ImportModuleError", "No module named 'x'", ())
LATE = TimedOut(3.0, "RequestId: id Error: Task timed out after 3.00 seconds")
DEAD = WorkerDied("RequestId: id Error: Runtime exited with error: exit status 3", 3, None)


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        (RAISED, "the function failed: ValueError: negative amount"),
        (FunctionError("E", "one\ntwo", ()), "the function failed: E: one…"),
        (INIT, "loading the handler failed: Runtime.ImportModuleError: No module named 'x'"),
        (LATE, "the function timed out after 3 s"),
        (DEAD, "the function's process ended: RequestId: id Error: Runtime exited with error: exit status 3"),
    ],
)
@pytest.mark.parametrize(
    "expect", [None, {"output": 1}, {"http": {"status": 200}, "checks": [{"at": "a", "value": 1}]}]
)
def test_without_error_the_function_must_return(expect: Any, ending: Ending, message: str) -> None:
    (mismatch,) = judge(expect, ending).mismatches
    assert (mismatch.expectation, mismatch.message) == ("expect", message)


def test_other_keys_are_judged_beside_an_error() -> None:
    judged = judge({"output": 1, "logs": ["a", "b"]}, RAISED, logs=b"only a")
    assert messages(judged) == [
        "the function failed: ValueError: negative amount",
        'the logs do not contain "b"',
    ]
    assert judged.held == ("logs[0]",)


@pytest.mark.parametrize(
    ("expect", "ending", "told"),
    [
        (True, RAISED, []),
        (True, REFUSED, ["expected an error that the handler raised, but its result was refused: Runtime.MarshalError: not serializable"]),
        (True, LATE, ["expected an error that the handler raised, but the function timed out after 3 s"]),
        (True, INIT, ["expected an error that the handler raised, but loading the handler failed: Runtime.ImportModuleError: No module named 'x'"]),
        (True, Returned(b'{"a": 1}'), ['expected an error that the handler raised, but the function returned {"a": 1}']),
        ({}, Returned(b"null"), ["expected an error, but the function returned null"]),
        ({"type": "E"}, Returned(b"1"), ["expected an error, but the function returned 1"]),
        ({}, DEAD, []),
        ({"type": "ValueError", "message": {"$contains": "negative"}, "stack": {"$contains": "line 3\n    raise"}}, RAISED, []),
        ({"type": "KeyError"}, RAISED, ['expected "KeyError", found "ValueError"']),
        ({"type": "Sandbox.Timedout", "message": {"$ends_with": "3.00 seconds"}, "stack": ""}, LATE, []),
        ({"type": "Runtime.ExitError"}, DEAD, []),
        ({"type": "Runtime.MarshalError"}, REFUSED, []),
        ({"type": {"$starts_with": "Runtime."}}, INIT, []),
    ],
)  # fmt: skip
def test_error(expect: Json, ending: Ending, told: list[str]) -> None:
    assert messages(judge({"error": expect}, ending)) == told


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b'{"a": NaN}', 'expected an object, found the string "{\\"a\\": NaN}" (the result is not JSON: NaN is no JSON value)'),
        (b"", 'expected an object, found the string "" (the result is not JSON: it is empty)'),
        (b"{'a': 1}", 'expected an object, found the string "{\'a\': 1}" (the result is not JSON: expecting property name enclosed in double quotes at line 1, column 2)'),
        (b'{"a": "\xff"}', 'expected an object, found the string "{\\"a\\": \\"\ufffd\\"}" (the result is not JSON: byte 7 is not UTF-8)'),
        (b"[" * 100_000, None),
    ],
)  # fmt: skip
def test_a_result_that_is_no_json(payload: bytes, message: str | None) -> None:
    (told,) = messages(judge({"output": {"a": 1}}, Returned(payload)))
    assert told == message or (message is None and told.endswith("it is nested too deeply)"))


def test_a_text_result_equals_text() -> None:
    assert not judge({"output": "plain text"}, Returned(b"plain text")).mismatches


def test_of_duplicate_keys_the_last_wins() -> None:
    assert not judge({"output": {"a": 2}}, Returned(b'{"a": 1, "a": 2}')).mismatches


LOG = (
    b"order o-17 stored\nTraceback\r\xc2\xa0 line 2\r\n"
    + b'{"level": "INFO", "id": 1}\n{"level": "ERROR", "id": 2, "more": [1]}\n{no json}\n'
)


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("o-17", []),
        (["stored", "Traceback\n  line 2\n{"], []),
        ({"$regex": "(?m)^order .*stored$", "$not": {"$contains": "secret"}}, []),
        ({"$contains": "o-18"}, ['the logs do not contain "o-18"']),
        ("order o-18 stored", ['the logs do not contain "order o-18 stored"; the nearest is line 1: "order o-17 stored"']),
        ({"$not": {"$contains": "stored"}}, None),
        ({"$length": 0}, None),
    ],
)  # fmt: skip
def test_logs(expect: Json, told: list[str] | None) -> None:
    found = messages(judge({"logs": expect}, returned(None), logs=LOG))
    assert found == told if told is not None else len(found) == 1


def test_no_logs() -> None:
    assert messages(judge({"logs": "a"}, returned(None))) == [
        'the logs do not contain "a"; nothing was written'
    ]
    assert not judge({"logs": {"$length": 0}}, returned(None)).mismatches


def test_of_a_failed_init_the_logs_are_what_loading_wrote() -> None:
    ended = outcome(INIT, init_logs=b"loading\n")
    expectation = compiled({"error": {}, "logs": "loading"})
    assert not evaluate(expectation, ended, function(), b"").mismatches


@pytest.mark.parametrize(
    ("expect", "holds"),
    [
        ("known", True),
        ({"$contains": "known"}, True),
        ({"$regex": "kno.n"}, True),
        ({"$any_of": [{"$contains": "x"}, {"$ends_with": "known"}]}, True),
        ("unknown", False),
        ({"$not": {"$contains": "secret"}}, False),
        ({"$regex": "^(?!.*secret)"}, False),
        ({"$regex": "^known"}, False),
        ({"$regex": "[^a]known"}, True),
        ({"$length": {"$lt": 1000}}, False),
        ({"$starts_with": "a"}, False),
        ({"$contains": "known", "$not": {"$contains": "secret"}}, False),
        ({"$in": ["a known"]}, False),
    ],
)
def test_a_tail_of_the_logs_never_proves_what_is_not_in_them(expect: Json, holds: bool) -> None:
    found = messages(judge({"logs": expect}, returned(None), logs=b"a known", truncated=True))
    assert (not found) == holds
    assert all("part" in message for message in found)


def test_log_records() -> None:
    def told(*records: Json) -> list[str]:
        return messages(judge({"log_records": list(records)}, returned(None), logs=LOG))

    assert told({"level": "ERROR"}, {"id": {"$lt": 2}, "level": "INFO"}) == []
    assert told({"level": "WARN", "id": 2}) == [
        'no log line of 2 in JSON includes it; the nearest, line 5: expected "WARN", found "ERROR"'
    ]
    (message,) = messages(judge({"log_records": [{"a": 1}]}, returned(None), logs=b"text"))
    assert message == 'expected a log line in JSON that includes {"a": 1}, found none in JSON'
    (message,) = messages(judge({"log_records": [{"a": 1}]}, returned(None), logs=b"text", truncated=True))
    assert message.endswith("(only a part of the logs is known)")


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ({"duration_ms": 3}, []),
        ({"duration_ms": 2}, ["expected a number at most 2, found 3.0"]),
        ({"duration_ms": {"$gt": 1, "$lt": 2}}, ["expected a number below 2, found 3.0"]),
        ({"memory_mb": 39}, ["expected a number at most 39, found 40"]),
        ({"init_ms": 0}, []),
        ({"init_ms": {"$gt": 1000}}, []),
    ],
)
def test_figures(expect: dict[str, Json], told: list[str]) -> None:
    assert messages(judge(expect, returned(None))) == told


def test_init_and_memory() -> None:
    cold = outcome(returned(None), init_ms=50.0, memory_mb=None)
    judged = evaluate(compiled({"init_ms": 10, "memory_mb": 1}), cold, function(), b"")
    assert messages(judged) == [
        "expected a number at most 10, found 50.0",
        "the memory that was used is not known",
    ]


def test_queries() -> None:
    found: Json = {"items": [{"id": 1, "price": 5}, {"id": 2, "price": 50}], "n": None}

    def judged(at: str, value: Json) -> list[tuple[str, str, str]]:
        mismatches = judge({"checks": [{"at": at, "value": value}]}, returned(found)).mismatches
        return [(m.expectation, m.location, m.message) for m in mismatches]

    assert judged("items[?price > `10`].id", [2]) == []
    assert judged("length(items)", {"$gte": 2}) == []
    assert judged("nothing.here", None) == []
    assert judged("items[0].id", 2) == [
        ("expect.checks[0].value", "output.items[0].id", "expected 2, found 1")
    ]
    assert judged("items[*].id", [1, 3]) == [
        ("expect.checks[0].value[1]", "output | items[*].id[1]", "expected 3, found 2")
    ]
    ((_, location, message),) = judged("length(n)", 1)
    assert location == "output | length(n)"
    assert message.startswith("the expression fails: ")


def test_schemas() -> None:
    schema: Json = {
        "type": "object",
        "required": ["id", "at"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "at": {"type": "string", "format": "date-time"},
            "items": {"items": {"$ref": "#/$defs/item"}},
            "kind": {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "number", "minimum": 5}]},
        },
        "$defs": {"item": {"properties": {"n": {"type": "integer", "minimum": 1}}}},
    }
    good: Json = {
        "id": "6f1c8a3e-0000-4000-8000-00000000000a",
        "at": "2024-02-29T10:00:00Z",
        "items": [{"n": 1.0}],
    }
    assert not judge({"output_schema": schema}, returned(good)).mismatches
    bad: Json = {"id": "x", "items": [{"n": 1}, {"n": 0}, {"n": True}], "kind": 4, "zz": 1}
    judged = judge({"output_schema": schema}, returned(bad))
    assert {(m.location, m.message) for m in judged.mismatches} == {
        ("output", 'the key "at" is missing'),
        ("output", 'unexpected key "zz"'),
        ("output.id", 'expected the format uuid, found "x"'),
        ("output.items[1].n", "0 is less than the minimum of 1"),
        ("output.items[2].n", "expected an integer, found true"),
        ("output.kind", "4 is less than the minimum of 5"),
    }
    places = {m.location: m.expectation for m in judged.mismatches}
    assert places["output.id"] == "expect.output_schema.properties.id.format"
    assert places["output.items[1].n"] == "expect.output_schema.properties.items.items.$ref"


def test_an_old_dialect_is_read_as_such() -> None:
    schema: Json = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "minimum": 1,
        "exclusiveMinimum": True,
    }
    assert judge({"output_schema": schema}, returned(1)).mismatches
    assert not judge({"output_schema": schema}, returned(2)).mismatches


def test_nothing_is_fetched_for_a_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    from .judging import problems

    def connect(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", connect)
    schema: Json = {"$ref": "https://example.test/a.json"}
    assert problems({"output_schema": schema})
    # What stands in an enum or under `properties` is no reference.
    harmless: Json = {"enum": [{"$ref": "https://example.test"}], "properties": {"$ref": {"type": "string"}}}
    assert not judge({"output_schema": harmless}, returned({"$ref": "https://example.test"})).mismatches


def test_a_recursive_schema() -> None:
    schema: Json = {"type": "object", "additionalProperties": {"$ref": "#"}}
    assert not judge({"output_schema": schema}, returned({"a": {"b": {}}})).mismatches
    (mismatch,) = judge({"output_schema": schema}, returned({"a": {"b": 1}})).mismatches
    assert mismatch.location == "output.a.b"
