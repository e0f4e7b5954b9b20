"""Properties of matching, most of them judged by something else than this project."""

# ruff: noqa: E501  # tables are read row by row

from __future__ import annotations

import copy
import itertools
import json
from typing import TYPE_CHECKING, Any

import jsonschema
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lambda_scenarios.checks.compile import compile_expectation
from lambda_scenarios.checks.diff import diff
from lambda_scenarios.checks.equality import is_mixed, json_equal
from lambda_scenarios.errors import UsageError
from lambda_scenarios.model.expectation import Equal, Loaded
from lambda_scenarios.model.locations import get_at, parse_location, set_at

from .judging import (
    ORIGIN,
    compiled,
    function,
    judge,
    keys,
    matches,
    outcome,
    output,
    returned,
    scalars,
    values,
)

if TYPE_CHECKING:
    from lambda_scenarios.model.locations import Location
    from lambda_scenarios.model.values import Json

quick = settings(max_examples=150, deadline=None)


def valid(schema: Json, value: Json) -> bool:
    return jsonschema.Draft202012Validator(schema).is_valid(value)  # type: ignore[arg-type]  # any JSON


@given(values)
@quick
def test_a_value_matches_itself(value: Json) -> None:
    assert matches(value, value)
    assert not judge({"output_includes": value}, returned(value)).mismatches
    assert matches({"$literal": value}, value)
    assert not matches({"$not": value}, value)


@given(values, values)
@quick
def test_equality_is_that_of_the_const_of_a_json_schema(left: Json, right: Json) -> None:
    assert matches(left, right) == valid({"const": left}, right)


@given(st.data(), values)
@quick
def test_equality_is_kept_by_another_order_and_another_spelling(data: st.DataObject, value: Json) -> None:
    def respelt(inner: Json) -> Json:
        if isinstance(inner, dict):
            return {key: respelt(inner[key]) for key in data.draw(st.permutations(list(inner)))}
        if isinstance(inner, list):
            return [respelt(item) for item in inner]
        if isinstance(inner, int) and not isinstance(inner, bool) and abs(inner) < 2**53:
            return float(inner)
        return inner

    assert matches(value, respelt(value))
    assert json_equal(respelt(value), value)


@given(values, values)
@quick
def test_evaluation_changes_nothing(expected: Json, found: Json) -> None:
    expect: dict[str, Json] = {
        "output": expected,
        "output_includes": expected,
        "checks": [{"at": "@", "value": expected}],
    }
    before = copy.deepcopy(expect)
    expectation = compiled(expect)
    kept = copy.deepcopy(expectation)
    ended = outcome(returned(found))
    from lambda_scenarios.checks.evaluate import evaluate

    first = evaluate(expectation, ended, function(), b"{}")
    assert evaluate(expectation, ended, function(), b"{}") == first
    assert (expect, expectation) == (before, kept)


@given(st.dictionaries(keys, values, min_size=1, max_size=4), st.data())
@quick
def test_inclusion_survives_the_removal_of_an_expected_key(
    value: dict[str, Json], data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(sorted(value)))
    fewer = {key: inner for key, inner in value.items() if key != gone}
    assert not judge({"output_includes": fewer}, returned(value)).mismatches
    assert not matches(fewer, value)
    assert matches({"$partial": fewer}, value)
    assert judge({"output_includes": {"$exactly": fewer}}, returned(value)).mismatches
    # An optional key makes up for it; a key that must be absent does not.
    assert matches({**fewer, gone: {"$optional": value[gone]}}, value)
    assert matches({**value, "another key": {"$optional": 1}}, value)
    assert not matches({**value, gone: {"$absent": True}}, value)
    assert judge({"output_includes": {gone: {"$absent": True}}}, returned(value)).mismatches


items = st.sampled_from(
    [
        0,
        1,
        True,
        "a",
        {"a": 1},
        {"a": 1, "b": 2},
        {"$type": "number"},
        {"$partial": {"a": 1}},
        {"$present": True},
    ]
)


@given(
    st.lists(items, max_size=4),
    st.lists(st.sampled_from([0, 1, True, "a", {"a": 1}, {"a": 1, "b": 2}]), max_size=4),
)
@quick
def test_unordered_agrees_with_trying_every_permutation(expected: list[Json], found: list[Json]) -> None:
    tried = len(expected) == len(found) and any(
        all(map(matches, expected, order)) for order in itertools.permutations(found)
    )
    assert matches({"$unordered": expected}, found) == tried


def test_unordered_is_a_matching_and_not_greedy() -> None:
    # The first expected item takes either; the second only the first found one.
    assert matches({"$unordered": [{"$type": "number"}, 1]}, [1, 2])
    size = 300
    expected: list[Json] = [{"$gte": i} for i in range(size)]
    assert matches({"$unordered": expected}, list(range(size)))
    assert not matches({"$unordered": expected}, [*range(size - 1), 0])


@given(
    values,
    st.sets(
        st.sampled_from(["string", "number", "integer", "boolean", "array", "object", "null"]), min_size=1
    ),
)
@quick
def test_type_agrees_with_json_schema(value: Json, names: set[str]) -> None:
    wanted: list[Json] = [*sorted(names)]
    assert matches({"$type": wanted}, value) == valid({"type": wanted}, value)
    assert matches({"$type": wanted[0]}, value) == valid({"type": wanted[0]}, value)
    assert matches({"$schema": {"type": wanted}}, value) == valid({"type": wanted}, value)


bounds = st.integers(-3, 3) | st.floats(-3, 3) | st.integers()


@given(scalars, bounds)
@quick
def test_bounds_agree_with_json_schema(value: Json, bound: float) -> None:
    pairs = {"$gt": "exclusiveMinimum", "$gte": "minimum", "$lt": "exclusiveMaximum", "$lte": "maximum"}
    for matcher, keyword in pairs.items():
        assert matches({matcher: bound}, value) == valid({"type": "number", keyword: bound}, value)


@given(
    st.text(max_size=5) | st.lists(scalars, max_size=5) | st.dictionaries(keys, scalars, max_size=5),
    st.integers(0, 5),
)
@quick
def test_length_agrees_with_json_schema(value: Json, length: int) -> None:
    schema: Json = {
        "minLength": length, "maxLength": length, "minItems": length, "maxItems": length,
        "minProperties": length, "maxProperties": length,
    }  # fmt: skip
    assert matches({"$length": length}, value) == valid(schema, value)


@given(scalars, st.lists(scalars, min_size=1, max_size=4))
@quick
def test_membership_agrees_with_json_schema(value: Json, several: list[Json]) -> None:
    assert matches({"$in": several}, value) == valid({"enum": several}, value)
    assert matches({"$contains": value}, several) == valid({"contains": {"const": value}}, several)
    assert matches({"$each": value}, several) == valid({"items": {"const": value}}, several)
    consts: list[Json] = [{"const": item} for item in several]
    assert matches({"$any_of": several}, value) == valid({"anyOf": consts}, value)
    assert matches({"$all_of": several}, value) == valid({"allOf": consts}, value)
    assert matches({"$not": value}, several[0]) == valid({"not": {"const": value}}, several[0])


@given(values, values)
@quick
def test_a_mismatch_names_a_place_that_exists(expected: Json, found: Json) -> None:
    mismatches = output(expected, found).mismatches
    assert bool(mismatches) == (not json_equal(expected, found))
    for mismatch in mismatches:
        place = parse_location(mismatch.location)[1:]
        own = parse_location(mismatch.expectation)[2:]
        assert get_at(expected, own)
        # What is missing is named where it should stand.
        assert get_at(found, place) or get_at(found, place[:-1])
        assert mismatch.origin.path == (*ORIGIN.path, "output", *own)
        assert "\n" not in mismatch.message
    if mismatches and isinstance(found, (dict, list)) and found:
        assert mismatches[0].diff


def _leaves(value: Json, path: Location = ()) -> list[Location]:
    """The places in a value that hold no container with something inside."""
    if isinstance(value, dict) and value:
        return [leaf for key, inner in value.items() for leaf in _leaves(inner, (*path, key))]
    if isinstance(value, list) and value:
        return [leaf for i, inner in enumerate(value) for leaf in _leaves(inner, (*path, i))]
    return [path]


@given(values, st.data())
@quick
def test_one_changed_leaf_is_told_at_its_place(value: Json, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(_leaves(value)))
    ((_, old),) = get_at(value, place)
    new = data.draw(scalars)
    assume(not json_equal(old, new))
    changed = set_at(value, place, new)
    expects: list[dict[str, Json]] = [{"output": value}, {"output_includes": value}]
    for expect in expects:
        if "output_includes" in expect and old == {}:
            continue
        mismatches = judge(expect, returned(changed)).mismatches
        assert mismatches
        # In a list, a changed item may as well be one that is missing and another that was added.
        near = {parse_location(mismatch.location)[1:] for mismatch in mismatches}
        assert any(place[: len(told)] == told for told in near)
        if not any(isinstance(step, int) for step in place):
            assert near == {place}


@given(values, values)
@quick
def test_what_holds_and_what_does_not_are_disjoint(expected: Json, found: Json) -> None:
    judged = output(expected, found)
    failing = {mismatch.expectation.removeprefix("expect.") for mismatch in judged.mismatches}
    assert not failing & set(judged.held)
    for name in judged.held:
        ((_, wanted),) = get_at(expected, parse_location(name)[1:])
        assert not isinstance(wanted, dict | list) or not wanted
    if not judged.mismatches:
        assert judged.held == ()


@given(values, values)
@quick
def test_the_lines_found_of_a_diff_are_the_found_value(expected: Json, found: Json) -> None:
    assume(isinstance(found, (dict, list)))
    lines = diff(Equal(expected, is_mixed(expected)), found, 10_000, 10_000)
    if not lines:
        # An empty container beside another value is said in the message.
        assert json_equal(expected, found) or not found
        return
    assert json.loads("\n".join(line.text for line in lines if line.sign in " +")) == found
    assert any(line.sign != " " for line in lines)


names = st.sampled_from(
    ["output", "output_includes", "output_path", "output_schema", "http", "checks", "error", "logs", "log_records",
     "duration_ms", "init_ms", "memory_mb", "status", "headers", "cookies", "body", "body_includes", "type", "message",
     "at", "value", "$present", "$absent", "$optional", "$type", "$not", "$in", "$regex", "$contains", "$starts_with",
     "$ends_with", "$length", "$gt", "$gte", "$lt", "$lte", "$approx", "$format", "$json", "$base64", "$partial",
     "$exactly", "$unordered", "$each", "$all_of", "$any_of", "$schema", "$literal", "$", "$ref", "abs", "rel"]
)  # fmt: skip
wild = st.recursive(
    scalars | st.sampled_from(["{{ x }}", "(", "uuid", "string", "[*", "a.b", float("nan"), float("inf")]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | keys, inner, max_size=3),
    max_leaves=12,
)


@given(wild, values)
@settings(max_examples=400, deadline=None)
def test_no_expectation_makes_compiling_crash(expect: Any, found: Json) -> None:
    try:
        expectation = compile_expectation(
            expect, ORIGIN, lambda path: Loaded(path, True), lambda _: {"type": "string"}
        )
    except UsageError as error:
        assert error.diagnostics
        assert all(told.problem and told.where is not None for told in error.diagnostics)
        return
    from lambda_scenarios.checks.evaluate import evaluate

    for ending in (returned(found), returned({"statusCode": 200, "body": json.dumps(found)})):
        judged = evaluate(expectation, outcome(ending, logs=b'{"a": 1}\nx'), function(), b"{}")
        assert all(mismatch.message and mismatch.location for mismatch in judged.mismatches)
        # Whatever fails has a reason that was found.
        assert "the expectation does not hold" not in [mismatch.message for mismatch in judged.mismatches]
