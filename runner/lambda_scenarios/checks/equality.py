"""Equality by JSON semantics: 1 = 1.0, true is not 1, the order of keys is free."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json


def is_mixed(value: Json) -> bool:
    """Does the value hold true, false, 0 or 1 somewhere, which Python's `==` would confuse?"""
    if isinstance(value, dict):
        return any(map(is_mixed, value.values()))
    if isinstance(value, list):
        return any(map(is_mixed, value))
    return isinstance(value, (int, float)) and value in (0, 1)


def json_equal(left: Json, right: Json) -> bool:
    """Are the two values equal by JSON semantics? Integers of any size are compared exactly."""
    if isinstance(left, dict):
        return (
            isinstance(right, dict)
            and len(left) == len(right)
            and all(key in right and json_equal(value, right[key]) for key, value in left.items())
        )
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(json_equal, left, right))
    # Python: True == 1. JSON: not.
    return left == right and (isinstance(left, bool) is isinstance(right, bool))
