# ruff: noqa: E501  # tables are read row by row
from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_scenarios.model.locations import (
    EVERY,
    InvalidLocationError,
    Location,
    NoSuchPlaceError,
    format_location,
    get_at,
    parse_location,
    set_at,
)

from .judging import values

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json

steps = st.text(max_size=5) | st.integers(0, 20) | st.just(EVERY)
locations = st.lists(steps, min_size=1, max_size=4).map(tuple)


@given(locations)
@settings(deadline=None)
def test_what_is_formatted_can_be_read_again(location: Location) -> None:
    assert parse_location(format_location(location)) == location


@given(st.text(alphabet='ab.[]"*0 \\', max_size=10))
@settings(deadline=None)
def test_any_text_is_read_or_refused_at_a_place_inside_it(text: str) -> None:
    try:
        location = parse_location(text)
    except InvalidLocationError as error:
        assert 0 <= error.position <= len(text)
    else:
        assert parse_location(format_location(location)) == location


@given(values, locations, values)
@settings(deadline=None)
def test_what_is_set_is_got_and_nothing_is_changed(value: Json, location: Location, new: Json) -> None:
    before = copy.deepcopy(value)
    try:
        changed = set_at(value, location, new)
    except NoSuchPlaceError:
        changed = None
    else:
        got = get_at(changed, location)
        assert got
        assert all(inner == new for _, inner in got)
    assert value == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name", ("name",)),
        ("a.b", ("a", "b")),
        ("Records[0].body", ("Records", 0, "body")),
        ("a[*].b", ("a", EVERY, "b")),
        ('a["key with dots.and \\"quotes\\""].c', ("a", 'key with dots.and "quotes"', "c")),
        ("[2][*]", (2, EVERY)),
        ('["x-y"]', ("x-y",)),
        ("headers.X-Request-Id", ("headers", "X-Request-Id")),
        ("detail-type", ("detail-type",)),
        ("a.0", ("a", "0")),
        ("a.*", ("a", "*")),
    ],
)
def test_locations(text: str, expected: Location) -> None:
    assert parse_location(text) == expected


@pytest.mark.parametrize(
    ("text", "position"),
    [("", 0), (".a", 0), ("a..b", 2), ("a.", 2), ("a[", 2), ("a[x]", 2), ("a[-1]", 2), ("a[1", 2), ("a[0]b", 4), ('a["b]', 2), ("a]", 1)],
)  # fmt: skip
def test_refused_locations(text: str, position: int) -> None:
    with pytest.raises(InvalidLocationError) as refused:
        parse_location(text)
    assert refused.value.position == position


def test_setting() -> None:
    event: Json = {"Records": [{"body": "a"}, {"body": "b"}]}
    assert set_at(event, parse_location("Records[1].body"), "x") == {
        "Records": [{"body": "a"}, {"body": "x"}]
    }
    assert set_at(event, parse_location("Records[*].body"), 1) == {"Records": [{"body": 1}, {"body": 1}]}
    assert set_at({}, parse_location("a.b[0].c"), 1) == {"a": {"b": [{"c": 1}]}}
    assert set_at([1], parse_location("[1]"), 2) == [1, 2]
    # AWS's events have null where there is none: REST APIs their parameters, claims and variables.
    assert set_at({"a": None}, parse_location("a.b"), 1) == {"a": {"b": 1}}
    assert set_at({"a": None}, parse_location("a[0].b"), 1) == {"a": [{"b": 1}]}


@pytest.mark.parametrize(
    ("value", "text", "problem"),
    [
        ({"a": 1}, "a.b", 'a is a number, not an object with the key "b"'),
        ({"a": [0]}, "a[2]", "a has 1 items: there is no [2]"),
        ({"a": []}, "a[*].b", "a is an empty array: [*] meets nothing"),
        ([], "a", 'the whole is an array, not an object with the key "a"'),
        ({"a": None}, "a[1]", "a has 0 items: there is no [1]"),
        ({"a": None}, "a[*]", "a is null, not an array"),
    ],
)
def test_setting_where_there_is_no_place(value: Json, text: str, problem: str) -> None:
    with pytest.raises(NoSuchPlaceError) as refused:
        set_at(value, parse_location(text), 1)
    assert str(refused.value) == problem
