"""A result that differs from its snapshot is told of where it differs, whatever the two are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lambda_scenarios.checks.compile import compared
from lambda_scenarios.checks.equality import json_equal
from lambda_scenarios.checks.evaluate import evaluate
from lambda_scenarios.model.expectation import Evaluation, Expectation, Loaded, Snapshot
from lambda_scenarios.model.outcome import Returned, TimedOut

from .judging import ORIGIN, function, outcome

if TYPE_CHECKING:
    from lambda_scenarios.model.outcome import Ending
    from lambda_scenarios.model.values import Json

_small = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.floats(0, 2) | st.text("a\n {", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab$"), inner, max_size=3),
    max_leaves=8,
)
_values = _small | st.recursive(
    _small.map(json.dumps),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=3,
)


def judged(snapshot: Snapshot, ending: Ending) -> Evaluation:
    expectation = Expectation((compared(snapshot),), None, ORIGIN, snapshot)
    return evaluate(expectation, outcome(ending), function(), b"{}")


def against(stored: Json, found: Json, ignore: tuple[str, ...] = ()) -> Evaluation:
    snapshot = Snapshot("/x.json", "a", ignore, Loaded(stored), "compare")
    return judged(snapshot, Returned(json.dumps(found).encode()))


@given(_values, _values)
@settings(deadline=None)
@example({"a": '{"b": 1}'}, {"a": '{"b":1}'})
@example({"a": '{"b": 1}'}, {"a": {"b": 1}})
@example('["a"]', '["b"]')
@example(1, True)
def test_the_verdict_is_that_of_equality_and_each_difference_is_told(stored: Json, found: Json) -> None:
    mismatches = against(stored, found).mismatches
    assert (not mismatches) is json_equal(stored, found)
    assert all(mismatch.origin == ORIGIN.at("snapshot") for mismatch in mismatches)
    assert all(mismatch.location.startswith("output") for mismatch in mismatches)
    if isinstance(stored, dict) and isinstance(found, dict) and mismatches:
        assert {line.sign for line in mismatches[0].diff} & {"-", "+"}


@pytest.mark.parametrize(
    ("stored", "found", "location", "expected", "seen"),
    [
        ({"body": '{"a":{"b":1}}'}, {"body": '{"a":{"b":2}}'}, "output.body.a.b", "1", "2"),
        (
            {"Message": json.dumps('{"n":1}')},
            {"Message": json.dumps('{"n":2}')},
            "output.Message",
            None,
            None,
        ),
        (['{"a":1}', "x"], ['{"a":1}', "y"], "output[1]", '"x"', '"y"'),
        ('{"a":1}', '{"a":2}', "output.a", "1", "2"),
        ({"a": '{"b":[1]}'}, {"a": '{"b":[1,2]}'}, "output.a.b", None, None),
    ],
)
def test_places_inside_of_json_in_texts(
    stored: Json, found: Json, location: str, expected: str | None, seen: str | None
) -> None:
    (mismatch,) = against(stored, found).mismatches
    assert mismatch.location.startswith(location)
    if expected is not None:
        assert (mismatch.expected, mismatch.found) == (expected, seen)


def test_lines_of_texts_are_lines_of_the_diff() -> None:
    stored: Json = {"page": "<a>\n<b>\n<c>\n", "n": 1}
    (mismatch,) = against(stored, {"page": "<a>\n<B>\n<c>\n", "n": 1}).mismatches
    assert mismatch.location == "output.page"
    changed = [line.sign + line.text.strip() for line in mismatch.diff if line.sign != " "]
    assert changed == ['-"<b>",', '+"<B>",']


def test_what_is_ignored_is_in_no_diff() -> None:
    (mismatch,) = against({"a": 1, "at": "then"}, {"a": 2, "at": "now"}, ("at",)).mismatches
    assert "now" not in str(mismatch) and "then" not in str(mismatch)


def test_a_missing_one_is_one_mismatch() -> None:
    snapshot = Snapshot("/x.json", "a", (), None, "require")
    evaluation = judged(snapshot, Returned(b'{"a": 1}'))
    (mismatch,) = evaluation.mismatches
    assert (mismatch.message, mismatch.found) == ("there is no snapshot yet", '{"a": 1}')
    assert evaluation.held == ()


def test_whatever_comes_may_become_one_but_an_error() -> None:
    snapshot = Snapshot("/x.json", "a", (), None, "record")
    assert judged(snapshot, Returned(b"not JSON")) == Evaluation((), ())
    (mismatch,) = judged(snapshot, TimedOut(1.0, "too long")).mismatches
    assert "timed out" in mismatch.message
