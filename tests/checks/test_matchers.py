"""Every matcher: what it holds for, what it does not hold for, and what is then said."""

# ruff: noqa: E501  # tables are read row by row

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lambda_scenarios.checks.matchers import MATCHER_NAMES

from .judging import judge, matches, messages, output, returned

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json

# expected, found that holds, found that does not, the message about the latter
TABLE: list[tuple[Json, Json, Json, str]] = [
    (1, 1.0, True, "expected the number 1, found true"),
    (1, 1, "1", 'expected the number 1, found the string "1"'),
    ("USD", "USD", "EUR", 'expected "USD", found "EUR"'),
    (None, None, False, "expected null, found false"),
    (True, True, 1, "expected true, found the number 1"),
    (2**53 + 1, 2**53 + 1, 2**53, "expected 9007199254740993, found 9007199254740992"),
    (2**53 + 1, 2**53 + 1, float(2**53), "expected 9007199254740993, found 9007199254740992.0"),
    ("a b", "a b", "a\u00a0b", 'expected "a b", found "a\\u00a0b" (only white space differs)'),
    ("a", "a", "a ", 'expected "a", found "a " (only white space at the ends differs)'),
    ("Ada", "Ada", "ADA", 'expected "Ada", found "ADA" (only upper and lower case differ)'),
    ("\u00e9", "\u00e9", "e\u0301", 'expected "\\u00e9", found "e\\u0301" (the same text, other Unicode code points)'),
    ({"a": 1}, {"a": 1}, {}, 'the key "a" is missing; expected 1'),
    ({"aKey": 1}, {"aKey": 1}, {"a_key": 1}, 'the key "aKey" is missing (there is "a_key"); expected 1'),
    ({}, {}, {"b": [1]}, 'unexpected key "b", with the array [1]'),
    ({"a": {}}, {"a": {}}, {"a": []}, "expected an object, found the array []"),
    ([1, 2], [1, 2], [1, 2, 9], "expected 2 items, found 3: [2] 9 is unexpected"),
    ([1, 2, 3], [1, 2, 3], [1, 3], "expected 3 items, found 2: 2 is missing"),
    ([1, 2, 3], [1, 2, 3], [9, 1, 2], "expected the items in another order, or others: 3 is missing, [0] 9 is unexpected"),
    ({"a": {"$present": True}}, {"a": None}, {}, 'the key "a" is missing; expected {$present: true}'),
    ({"$type": "string"}, "", 1, "expected a string, found the number 1"),
    ({"$type": ["integer", "null"]}, 1.0, 1.5, "expected an integer or null, found the number 1.5"),
    ({"$type": "number"}, 1, True, "expected a number, found true"),
    ({"$not": "x"}, "y", "x", 'expected anything but "x", found "x"'),
    ({"$in": ["a", "b"]}, "b", "c", 'expected one of "a", "b", found the string "c"'),
    ({"$in": [1]}, 1.0, True, "expected 1, found true"),
    ({"$regex": "^a+$"}, "aa", "b", 'expected text that matches ^a+$, found "b"'),
    ({"$regex": "1"}, "213", 1, "expected text that matches 1, found the number 1"),
    ({"$contains": "ell"}, "hello", "halo", 'expected text that contains "ell", found "halo"'),
    ({"$contains": 1}, [2, 1.0], [2, True], "no element of 2 matches 1"),
    ({"$contains": {"a": 1}}, [{"a": 1}], [{"b": 0}, {"a": 2}], 'no element of 2 matches {"a": 1}; the nearest, [1]: expected 1, found 2 at output[1].a'),
    ({"$contains": 1}, [1], [], "expected an element 1, found an empty array"),
    ({"$contains": 1}, [1], "1", 'expected an array with an element 1, found the string "1"'),
    ({"$contains": "a"}, ["a"], {"a": 1}, 'expected a string or an array that contains "a", found the object {"a": 1}'),
    ({"$starts_with": "ab"}, "abc", "cab", 'expected text that begins with "ab", found "cab"'),
    ({"$ends_with": "ab"}, "cab", "abc", 'expected text that ends with "ab", found "abc"'),
    ({"$length": 2}, "🙂é", "🙂", 'expected a length of 2, found 1 character: "🙂"'),
    ({"$length": {"$gte": 1}}, {"a": 1}, [], "expected a length of {$gte: 1}, found 0 items: []"),
    ({"$length": 1}, [1], 1, "expected a string, an array or an object with a length, found the number 1"),
    ({"$gt": 0}, 0.5, 0, "expected a number above 0, found 0"),
    ({"$gte": 1, "$lt": 5}, 1, 5, "expected a number below 5, found 5"),
    ({"$lte": 1}, 1, "0", 'expected a number at most 1, found the string "0"'),
    ({"$gt": 0}, 1, True, "expected a number above 0, found true"),
    ({"$gt": "Z"}, "a", "A", 'expected text that sorts above "Z", found "A"'),
    ({"$lt": "\U00010000"}, "\uffff", "\U00010001", 'expected text that sorts below "𐀀", found "𐀁"'),
    ({"$approx": 0.3}, 0.1 + 0.2, 0.31, "expected about 0.3 (± 3e-07), found 0.31"),
    ({"$approx": {"value": 10, "abs": 1}}, 11, 11.5, "expected about 10 (± 1), found 11.5"),
    ({"$approx": {"value": 100, "rel": 0.1, "abs": 1}}, 110, 111, "expected about 100 (± 10.0), found 111"),
    ({"$approx": 10**400}, 10**400 + 1, 1.5, f"expected about 1{'0' * 400} (± 1{'0' * 394}), found 1.5"),
    ({"$approx": 1}, 1, True, "expected about 1 (± 1e-06), found true"),
    ({"$format": "uuid"}, "6f1c8a3e-0000-4000-8000-00000000000a", "x", 'expected text of the format uuid, found "x"'),
    ({"$json": {"a": 1}}, '{"a": 1.0}', '{"a": 2}', "expected 1, found 2"),
    ({"$json": 1}, "1", "NaN", 'expected a string with JSON, found "NaN" (NaN is no JSON value)'),
    ({"$json": 1}, "1", 1, "expected a string with JSON, found the number 1"),
    ({"$base64": {"$json": [1]}}, "WzFd", "WzJd", "expected 1, found 2"),
    ({"$base64": "é"}, "w6k=", "w6k", 'expected a string with base64, found "w6k" (not base64: Incorrect padding)'),
    ({"$base64": "x"}, "eA==", "/w==", 'expected a string with base64, found "/w==" (the 1 bytes are not UTF-8 text)'),
    ({"$partial": {"a": {"b": 1}}}, {"a": {"b": 1, "c": 2}}, {"a": {}}, 'the key "b" is missing; expected 1'),
    ({"$exactly": {"a": 1}}, {"a": 1}, {"a": 1, "b": 2}, 'unexpected key "b", with the number 2'),
    ({"$unordered": [1, {"$type": "string"}]}, ["x", 1], ["x", 2], "expected 1, found 2"),
    ({"$unordered": [1, 1]}, [1, 1], [1], "expected 2 items in any order, found 1: 1 is missing"),
    ({"$unordered": []}, [], {}, "expected an array, found the object {}"),
    ({"$each": {"$gt": 0}}, [], [1, 0], "expected a number above 0, found 0"),
    ({"$each": 1}, [1, 1], "1", 'expected an array, found the string "1"'),
    ({"$all_of": [{"$gt": 0}, {"$lt": 5}]}, 1, 7, "expected a number below 5, found 7"),
    ({"$any_of": [{"a": 1, "b": 1}, 5]}, 5, {"a": 1, "b": 2}, "none of 2 alternatives matches; the nearest, [0]: expected 1, found 2"),
    ({"$schema": {"type": "string"}}, "x", 1, "expected a string, found the number 1"),
    ({"$literal": {"$type": "string"}}, {"$type": "string"}, "x", 'expected an object, found the string "x"'),
    ({"a": {"$optional": 1}}, {}, {"a": 2}, "expected 1, found 2"),
    ({"a": {"$absent": True}}, {}, {"a": None}, "expected no such key, found null"),
    ({"a": {"$absent": False}}, {"a": None}, {}, 'the key "a" is missing; expected {$absent: false}'),
    ({"a": {"$present": False}}, {}, {"a": 1}, "expected no such key, found the number 1"),
    ({"a": {"$not": 5}}, {"a": 6}, {}, 'the key "a" is missing; expected {$not: 5}'),
    ({"a": {"$not": {"$absent": True}}}, {"a": 6}, {}, 'the key "a" is missing; expected {$not: {$absent: true}}'),
    ({"a": {"$any_of": [{"$absent": True}, 5]}}, {}, {"a": 6}, "none of 2 alternatives matches; the nearest, [0]: expected no such key, found the number 6"),
    ({"a": {"$optional": {"$type": "number"}, "$not": {"$gt": 3}}}, {"a": 2}, {"a": "x"}, 'expected a number, found the string "x"'),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "holding", "failing", "message"), TABLE)
def test_matcher(expected: Json, holding: Json, failing: Json, message: str) -> None:
    assert messages(output(expected, holding)) == []
    assert messages(output(expected, failing))[:1] == [message]


def test_the_table_has_every_matcher() -> None:
    written = repr(TABLE)
    assert [name for name in MATCHER_NAMES if repr(name) not in written] == []


@pytest.mark.parametrize(
    ("expected", "found", "holds"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}, "d": 3}, True),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}, True),
        ({"a": [1]}, {"a": [1, 2]}, False),
        ({"a": {}}, {"a": {"x": 1}}, True),
        ([], [1], False),
        ({"a": {"$exactly": {"b": 1}}}, {"a": {"b": 1, "c": 2}}, False),
        ({"a": {"$literal": {"b": 1}}}, {"a": {"b": 1, "c": 2}}, False),
        ({"$each": {"b": 1}}, [{"b": 1, "c": 2}], True),
        ({"$contains": {"b": 1}}, [0, {"b": 1, "c": 2}], True),
        ({"$json": {"b": 1}}, '{"b": 1, "c": 2}', True),
        ({"$base64": {"$json": {"b": 1}}}, "eyJiIjogMSwgImMiOiAyfQ==", True),
        ({"$unordered": [{"b": 1}, 2]}, [2, {"b": 1, "c": 2}], True),
        ({"$any_of": [0, {"b": 1}]}, {"b": 1, "c": 2}, True),
        ({"$all_of": [{"b": 1}, {"c": 2}]}, {"b": 1, "c": 2}, True),
        ({"a": {"$optional": {"b": 1}}}, {"a": {"b": 1, "c": 2}}, True),
        ({"$in": [{"b": 1}]}, {"b": 1, "c": 2}, False),
        ({"a": {"$not": {"role": "admin"}}}, {"a": {"role": "admin", "name": "x"}}, False),
        ({"a": {"$absent": True}}, {"b": 1}, True),
    ],
)
def test_inclusion_goes_down(expected: Json, found: Json, holds: bool) -> None:
    assert (not judge({"output_includes": expected}, returned(found)).mismatches) == holds


def test_exactness_goes_down_too() -> None:
    insides: list[Json] = [{"$each": {"b": 1}}, {"$contains": {"b": 1}}, {"$unordered": [{"b": 1}]}]
    for inside in insides:
        assert not matches(inside, [{"b": 1, "c": 2}])
    assert not matches({"$any_of": [{"b": 1}]}, {"b": 1, "c": 2})


def test_each_failing_expectation_is_told_with_its_own_place() -> None:
    judged = output(
        {"items": [{"price": {"$gt": 0}, "name": "a"}], "a key": "x", "n": 1},
        {"items": [{"price": -1, "name": "b"}], "a key": "y", "n": 1},
    )
    places = [(m.expectation, m.location, m.origin.path[2:]) for m in judged.mismatches]
    assert places == [
        (
            "expect.output.items[0].price.$gt",
            "output.items[0].price",
            ("expect", "output", "items", 0, "price", "$gt"),
        ),
        ("expect.output.items[0].name", "output.items[0].name", ("expect", "output", "items", 0, "name")),
        ('expect.output["a key"]', 'output["a key"]', ("expect", "output", "a key")),
    ]
    assert judged.held == ("output.n",)
    assert [bool(m.diff) for m in judged.mismatches] == [True, False, False]


def test_what_lies_inside_a_string_has_a_place_of_its_own() -> None:
    (first,) = output({"a": {"$json": {"b": [1]}}}, {"a": '{"b": [2]}'}).mismatches
    assert (first.expectation, first.location) == ("expect.output.a.$json.b[0]", "output.a<json>.b[0]")


def test_very_many_differences_are_cut() -> None:
    judged = output(
        [{"a": i, "b": "same"} for i in range(300)], [{"a": -i - 1, "b": "same"} for i in range(300)]
    )
    assert len(judged.mismatches) == 51
    assert judged.mismatches[-1].message == "there are further differences, which are not listed"
    assert len(judged.mismatches[0].diff) == 201
    assert len(judged.held) == 50


def test_long_texts_are_cut_around_the_difference() -> None:
    (mismatch,) = output("x" * 500 + "a" + "y" * 500, "x" * 500 + "b" + "y" * 500).mismatches
    assert mismatch.message.endswith("(they differ from character 501 on)")
    assert len(mismatch.message) < 250
    assert len(mismatch.expected) < 150


def test_deeply_nested_values_are_judged() -> None:
    deep: Json = 1
    for _ in range(300):
        deep = [deep]
    assert messages(output([2], deep)) != []
    assert matches(deep, deep)
