"""What is refused before anything runs: the problem, its place, the fix."""

# ruff: noqa: E501  # tables are read row by row

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambda_scenarios.checks.compile import compile_expectation
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.values import Origin, Place, WrittenFloat

from .judging import ORIGIN, compiled, judge, problems, returned

if TYPE_CHECKING:
    from lambda_scenarios.model.values import DocPath, Json

# expect, path beneath it, is the key meant, problem, what label and notes contain
TABLE: list[tuple[Any, DocPath, bool, str, str]] = [
    ({"outptu": 1}, ("outptu",), True, "unknown key `outptu` in `expect`", "did you mean `output`?"),
    ({"output": {"a": {"$gtee": 1}}}, ("output", "a", "$gtee"), True, "unknown matcher `$gtee`", "did you mean `$gte`?"),
    ({"output": {"$zzz": 1}}, ("output", "$zzz"), True, "unknown matcher `$zzz`", "there are: $present"),
    ({"output": {"$gt": 1, "a": 2}}, ("output", "$gt"), True, "`$gt` stands beside the key `a`", "$literal"),
    ({"output": {"$regex": "a(b"}}, ("output", "$regex"), False, "invalid regular expression", "at character 2"),
    ({"output": {"$regex": 1}}, ("output", "$regex"), False, "`$regex` takes a string", "Python"),
    ({"output": {"$in": "a"}}, ("output", "$in"), False, "`$in` takes a list", "write `$in: [a]`"),
    ({"output": {"$any_of": []}}, ("output", "$any_of"), False, "`$any_of` with an empty list can never hold", ""),
    ({"output": {"$all_of": []}}, ("output", "$all_of"), False, "`$all_of` with an empty list always holds", ""),
    ({"output": [{"$absent": True}]}, ("output", 0, "$absent"), True, "`$absent` stands where there is no key", "only the value of a key"),
    ({"output": {"$optional": 1}}, ("output", "$optional"), True, "`$optional` stands where there is no key", ""),
    ({"output": {"a": {"$each": {"$absent": True}}}}, ("output", "a", "$each", "$absent"), True, "`$absent` stands where there is no key", ""),
    ({"output": {"a": {"$present": 1}}}, ("output", "a", "$present"), False, "`$present` takes true or false", ""),
    ({"output": {"$type": "str"}}, ("output", "$type"), False, "unknown type `str`", "did you mean `string`?"),
    ({"output": {"$type": ["string", "nul"]}}, ("output", "$type", 1), False, "unknown type `nul`", "did you mean `null`?"),
    ({"output": {"$format": "datetime"}}, ("output", "$format"), False, "unknown format `datetime`", "did you mean `date-time`?"),
    ({"output": {"$gt": True}}, ("output", "$gt"), False, "`$gt` takes a number or a string", ""),
    ({"output": {"$starts_with": 1}}, ("output", "$starts_with"), False, "`$starts_with` takes a string", "quotes"),
    ({"output": {"$approx": "1"}}, ("output", "$approx"), False, "`$approx` takes a number", ""),
    ({"output": {"$approx": {"value": 1, "ab": 1}}}, ("output", "$approx", "ab"), True, "unknown key `ab` of `$approx`", "did you mean `abs`?"),
    ({"output": {"$approx": {"abs": 1}}}, ("output", "$approx"), False, "`$approx` has no `value`", ""),
    ({"output": {"$approx": {"value": 1, "abs": -1}}}, ("output", "$approx", "abs"), False, "`abs` is negative", ""),
    ({"output": float("nan")}, ("output",), False, "`nan` can't be expected", "JSON"),
    ({"output": {"$schema": {"type": "strin"}}}, ("output", "$schema", "type"), False, "invalid JSON Schema", '"strin"'),
    ({"output_schema": {"properties": {"a": {"minimum": "1"}}}}, ("output_schema", "properties", "a", "minimum"), False, "invalid JSON Schema", 'expected a number, found the string "1"'),
    ({"output_schema": {"$schema": "https://example.test/s"}}, ("output_schema", "$schema"), False, "invalid JSON Schema", "unknown dialect"),
    ({"output_schema": {"items": {"$ref": "https://example.test/order.json"}}}, ("output_schema", "items", "$ref"), False, "invalid JSON Schema", "schemas are not fetched"),
    ({"output_schema": {"$ref": "#/$defs/a"}}, ("output_schema", "$ref"), False, "invalid JSON Schema", "leads nowhere"),
    ({"output_schema": {"pattern": "("}}, ("output_schema", "pattern"), False, "invalid JSON Schema", "format regex"),
    ({"output_schema": [1]}, ("output_schema",), False, "invalid JSON Schema", "a mapping, true or false"),
    ({"output_path": 1}, ("output_path",), False, "`output_path` is a path", ""),
    ({"error": True, "output": 1}, ("error",), True, "`error` stands beside `output`", "no result"),
    ({"error": {"type": "E"}, "http": {}}, ("error",), True, "`error` stands beside `http`", ""),
    ({"error": "ValueError"}, ("error",), False, "`error` is true or a mapping", "type, message, stack"),
    ({"error": {"typ": "E"}}, ("error", "typ"), True, "unknown key `typ` in `error`", "did you mean `type`?"),
    ({"error": {"message": 1}}, ("error", "message"), False, "`message` is text", ""),
    ({"http": 200}, ("http",), False, "`http` is a mapping", "status"),
    ({"http": {"stauts": 200}}, ("http", "stauts"), True, "unknown key `stauts` in `http`", "did you mean `status`?"),
    ({"http": {"status": "200"}}, ("http", "status"), False, "`status` takes a number or matchers", "without quotes: 200"),
    ({"http": {"status": {"code": 200}}}, ("http", "status"), False, "`status` takes a number or matchers", ""),
    ({"http": {"headers": ["a"]}}, ("http", "headers"), False, "`headers` is a mapping", ""),
    ({"http": {"headers": {"a": None}}}, ("http", "headers", "a"), False, "a header can't be null", "$absent"),
    ({"http": {"headers": {"a": {"b": 1}}}}, ("http", "headers", "a"), False, "a header is text", ""),
    ({"http": {"headers": {"$length": 1}}}, ("http", "headers", "$length"), True, "`$length` is no header", ""),
    ({"http": {"cookies": "a=b"}}, ("http", "cookies"), False, "`cookies` is a mapping or a list", ""),
    ({"checks": {"at": "a"}}, ("checks",), False, "`checks` is a list", ""),
    ({"checks": [{"at": "a", "vlaue": 1}]}, ("checks", 0, "vlaue"), True, "unknown key `vlaue` in an item of `checks`", "did you mean `value`?"),
    ({"checks": [{"at": "a"}]}, ("checks", 0), False, "the key `value` is missing", ""),
    ({"checks": [{"at": "a[", "value": 1}]}, ("checks", 0, "at"), False, "invalid JMESPath expression", "too early"),
    ({"checks": [{"at": "a b", "value": 1}]}, ("checks", 0, "at"), False, "invalid JMESPath expression", "unexpected `b`"),
    ({"checks": [{"at": "a", "value": {"$absent": True}}]}, ("checks", 0, "value", "$absent"), True, "`$absent` stands where there is no key", ""),
    ({"logs": 5}, ("logs",), False, "logs are text", ""),
    ({"logs": ""}, ("logs",), False, "any text contains the empty string", "$length: 0"),
    ({"logs": ["a", ["b"]]}, ("logs", 1), False, "logs are text", ""),
    ({"log_records": {"a": 1}}, ("log_records",), False, "`log_records` is a list", ""),
    ({"log_records": ["a"]}, ("log_records", 0), False, "an item of `log_records` is a mapping", ""),
    ({"duration_ms": "5"}, ("duration_ms",), False, "`duration_ms` takes a number or matchers", "without quotes: 5"),
    ({"memory_mb": True}, ("memory_mb",), False, "`memory_mb` takes a number or matchers", "the most"),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "path", "key", "problem", "told"), TABLE)
def test_refused(expect: Any, path: DocPath, key: bool, problem: str, told: str) -> None:
    found = problems(expect)
    assert problem in [diagnostic.problem for diagnostic in found]
    diagnostic = next(d for d in found if d.problem == problem)
    where = ORIGIN.at(*path)
    assert diagnostic.where == (where.as_key() if key else where)
    assert told in " ".join((diagnostic.label, *diagnostic.notes))


def test_all_problems_are_told_at_once() -> None:
    found = problems({"output": {"a": {"$x": 1}, "b": {"$y": 1}}, "logs": 5, "huh": 1})
    assert len(found) == 4


def test_no_other_position_is_needed_for_a_regular_expression() -> None:
    (diagnostic,) = problems({"output": {"$regex": "ab[c"}})
    assert diagnostic.notes == ("ab[c", "  ^")


def test_error_false_expects_no_error() -> None:
    assert not judge({"error": False, "output": 1}, returned(1)).mismatches


def test_files() -> None:
    assert not problems({"output_path": "a.json"}, a_json={"a": 1})
    assert not problems({"output_schema": "a.json"}, a_json={"type": "object"})
    (diagnostic,) = problems({"output_schema": "a.json"}, a_json={"properties": {"a": {"type": 1}}})
    assert diagnostic.where == ORIGIN.at("output_schema")
    assert diagnostic.notes[0] == "at properties/a/type of the schema"


def test_what_loading_a_file_reports_joins_the_other_problems() -> None:
    missing = Diagnostic("no such file", Place("/project/scenarios/orders.yml", 3))

    def load(_: str) -> Any:
        raise UsageError(missing)

    with pytest.raises(UsageError) as refused:
        compile_expectation({"output_path": "x", "output_schema": "y", "logs": 1}, ORIGIN, load, load)
    assert refused.value.diagnostics[:2] == (missing, missing)
    assert len(refused.value.diagnostics) == 3


def test_a_file_s_keys_are_data() -> None:
    from lambda_scenarios.checks.evaluate import evaluate

    from .judging import function, outcome

    expectation = compiled({"output_path": "a.json"}, a_json={"$type": "x", "b": [1]})
    good = outcome(returned({"$type": "x", "b": [1]}))
    assert not evaluate(expectation, good, function(), b"{}").mismatches
    (mismatch,) = evaluate(
        expectation, outcome(returned({"$type": "x", "b": [2]})), function(), b"{}"
    ).mismatches
    assert (mismatch.expectation, mismatch.location) == ("expect.output_path", "output.b[0]")
    assert mismatch.origin == ORIGIN.at("output_path")


@pytest.mark.parametrize(
    ("text", "found", "holds"),
    [("a\n", "a", True), ("a", "a\n", True), ("a\n", "a\n\n", False), ("a", "b", False), ("1", 1, False)],
)
def test_a_text_file_is_equal_but_for_one_final_newline(text: str, found: Json, holds: bool) -> None:
    from lambda_scenarios.checks.evaluate import evaluate

    from .judging import function, outcome

    judged = evaluate(
        compiled({"output_path": "a.txt"}, a_txt=text), outcome(returned(found)), function(), b""
    )
    assert (not judged.mismatches) == holds


def test_absent_expectation() -> None:
    assert compile_expectation(None, ORIGIN, compiled, compiled).clauses == ()  # type: ignore[arg-type]  # never called


def test_headers_are_compared_as_they_were_written() -> None:
    version = WrittenFloat(1.10)
    version.written = "1.10"
    expect: dict[str, Json] = {"http": {"headers": {"X-Version": version, "X-Length": 12, "X-On": True}}}
    headers: Json = {"x-version": "1.10", "X-LENGTH": "12", "x-on": True}
    assert not judge(expect, returned({"statusCode": 200, "headers": headers})).mismatches


def test_origins_are_of_the_expect_mapping() -> None:
    origin = Origin("/f.yml", ("defaults", "expect"))
    with pytest.raises(UsageError) as refused:
        compile_expectation({"a": 1}, origin, compiled, compiled)  # type: ignore[arg-type]  # never called
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.where == Origin("/f.yml", ("defaults", "expect", "a"), key=True)
