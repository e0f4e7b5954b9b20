from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from hypothesis import given, settings

from lambda_scenarios.checks.diff import diff

from .judging import compiled, output, values

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json


def lines(expected: Json, found: Json) -> list[str]:
    (clause,) = compiled({"output": expected}).clauses
    return [f"{line.sign}{line.text}" for line in diff(clause.node, found)]


def test_a_changed_value_among_others() -> None:
    assert lines({"b": 1, "a": 2}, {"a": 2, "b": 3}) == [
        " {",
        '   "a": 2,',
        '-  "b": 1',
        '+  "b": 3',
        " }",
    ]


def test_missing_keys_stand_where_they_were_expected() -> None:
    assert lines({"a": 1, "b": {"c": []}, "d": 4}, {"a": 1, "d": 4, "e": 5}) == [
        " {",
        '   "a": 1,',
        '-  "b": {',
        '-    "c": []',
        "-  },",
        '   "d": 4,',
        '+  "e": 5',
        " }",
    ]


def test_one_inserted_item_does_not_shift_the_others() -> None:
    expected: list[Json] = [{"id": i} for i in range(3)]
    assert lines(expected, [{"id": 9}, *expected]) == [
        " [",
        "+  {",
        '+    "id": 9',
        "+  },",
        "   {",
        '     "id": 0',
        "   },",
        "   …",
        " ]",
    ]


def test_alike_items_are_compared_with_each_other() -> None:
    expected: Json = [{"id": 1, "n": 1, "m": 1}, {"id": 2, "n": 1, "m": 1}]
    found: Json = [{"id": 2, "n": 1, "m": 2}]
    assert lines(expected, found) == [
        " [",
        "-  {",
        '-    "id": 1,',
        '-    "n": 1,',
        '-    "m": 1',
        "-  },",
        "   {",
        '     "id": 2,',
        '     "n": 1,',
        '-    "m": 1',
        '+    "m": 2',
        "   }",
        " ]",
    ]


def test_matchers_are_shown_as_written_where_they_fail_and_as_found_where_they_hold() -> None:
    expected: Json = {
        "amount": {"$gt": 0, "$lt": 5},
        "id": {"$regex": "^o-"},
        "gone": {"$absent": True},
        "more": {"$partial": {"a": {"$in": [1, 2]}}},
        "list": {"$unordered": [1, {"$type": "string"}]},
        "each": {"$each": {"n": {"$gt": 0}}},
    }
    found: Json = {
        "amount": -1,
        "id": "o-17",
        "gone": 1,
        "more": {"a": 3, "b": 4},
        "list": ["x", 2],
        "each": [{"n": 0}],
    }
    assert lines(expected, found) == [
        " {",
        '-  "amount": {$gt: 0, $lt: 5},',
        '+  "amount": -1,',
        '   "id": "o-17",',
        '-  "gone": {$absent: true},',
        '+  "gone": 1,',
        '   "more": {',
        '-    "a": {$in: [1, 2]},',
        '+    "a": 3,',
        '     "b": 4',
        "   },",
        '   "list": [',
        '     "x",',
        "-    1",
        "+    2",
        "   ],",
        '   "each": [',
        "     {",
        '-      "n": {$gt: 0}',
        '+      "n": 0',
        "     }",
        "   ]",
        " }",
    ]


def test_what_is_far_from_a_change_is_left_out_but_not_what_it_stands_in() -> None:
    found: Json = {"deep": {"deeper": {f"k{i}": i for i in range(20)}}, "last": 1}
    expected = json.loads(json.dumps(found))
    expected["deep"]["deeper"]["k19"] = 0
    assert lines(expected, found) == [
        " {",
        '   "deep": {',
        '     "deeper": {',
        "       …",
        '       "k16": 16,',
        '       "k17": 17,',
        '       "k18": 18,',
        '-      "k19": 0',
        '+      "k19": 19',
        "     }",
        "   },",
        '   "last": 1',
        " }",
    ]


def test_an_entry_is_left_out_whole_or_not_at_all() -> None:
    found: Json = {
        "a": [1, 2],
        "items": [{"sku": f"s{i}", "n": [i, i], "price": i} for i in range(4)],
        "z": {"y": 1},
    }
    expected = json.loads(json.dumps(found))
    expected["items"][1]["price"] = 0
    assert lines(expected, found) == [
        " {",
        "   …",
        '   "items": [',
        "     …",
        "     {",
        "       …",
        '-      "price": 0',
        '+      "price": 1',
        "     },",
        "     …",
        "   ],",
        "   …",
        " }",
    ]


@given(values, values)
@settings(max_examples=200, deadline=None)
def test_no_bracket_of_a_diff_dangles(expected: Json, found: Json) -> None:
    if isinstance(found, str):  # texts have lines, not brackets
        return
    told = lines({"$literal": expected}, found)
    for side in "-+":
        shown = "".join(line[1:] for line in told if line[0] in (side, " "))
        brackets = re.sub(r'"(?:[^"\\]|\\.)*"|[^][{}]', "", shown)
        while brackets != (fewer := re.sub(r"\[\]|\{\}", "", brackets)):
            brackets = fewer
        assert brackets == ""


def test_the_line_end_at_the_end_of_texts_begins_no_line() -> None:
    assert lines("one\ntwo\n", "one\n2\n") == [" one", "-two", "+2"]
    assert lines("", "one\ntwo\n") == ["+one", "+two"]
    assert lines("\n", "one\n") == ["-", "+one"]
    assert lines("one\ntwo\n", "one\ntwo") == [" one", " two", "-"]
    assert lines("one\n\n", "two\n\n") == ["-one", "+two", " "]


def test_texts_are_compared_line_by_line() -> None:
    assert lines("one\ntwo\nthree", "one\n2\nthree ") == [" one", "-two", "-three", "+2", '+"three "']


def test_what_cannot_be_seen_is_made_visible() -> None:
    assert lines({"a": "x y"}, {"a": "x\u00a0y\u200b\ud800\x1b"}) == [
        " {",
        '-  "a": "x y"',
        r'+  "a": "x\u00a0y\u200b\ud800\u001b"',
        " }",
    ]


def test_values_of_one_line_need_no_diff() -> None:
    assert lines(1, 2) == []
    assert lines("a", "b") == []
    assert lines({"a": 1}, {"a": 1}) == []


def test_a_result_nested_beyond_the_stack_has_its_mismatch_all_the_same() -> None:
    text = "[" * 900 + "]" * 900
    (mismatch,) = output({"a": 1}, json.loads(text)).mismatches
    assert mismatch.message.startswith("expected an object, found the array [[[")
