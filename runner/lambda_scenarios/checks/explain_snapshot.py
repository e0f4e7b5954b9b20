"""How a result differs from its snapshot: as the file shows it, JSON inside of texts opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios.checks.alignment import equal_to
from lambda_scenarios.checks.compile import NOTHING
from lambda_scenarios.checks.equality import json_equal
from lambda_scenarios.checks.explain_values import Findings, attach_diff, explain_value
from lambda_scenarios.checks.json_text import parse_json
from lambda_scenarios.checks.wording import short
from lambda_scenarios.model.expectation import Clause, Equal

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_scenarios.model.values import Json

_Pair = tuple["Json", "Json"]


def explain_snapshot(clause: Clause, found: Json, location: str, out: Findings) -> None:
    """Adds the differences of `found`, which is without what is ignored."""
    if clause.node == NOTHING:
        out.add(clause.path, location, "there is no snapshot yet", "a snapshot", short(found))
        return
    if not isinstance(clause.node, Equal):  # anything may become the snapshot
        return
    expected: Json = clause.node.value
    opened = _both(expected, found, _opened)
    if not json_equal(*opened):  # else they differ in how the JSON inside of a text is written
        expected, found = opened
    explain_value(equal_to(expected), found, clause.path, location, out)
    if out.mismatches:
        if not isinstance(found, str):
            expected, found = _both(expected, found, _in_lines)
        attach_diff(out, 0, equal_to(expected), found)


def _both(left: Json, right: Json, change: Callable[[str, str], _Pair | None]) -> _Pair:
    """The two values with those texts changed that stand at the same place."""
    if isinstance(left, str) and isinstance(right, str):
        pair = change(left, right) if left != right else None
        return (left, right) if pair is None else pair
    if isinstance(left, dict) and isinstance(right, dict):
        pairs = {key: _both(left[key], right[key], change) for key in left if key in right}
        return (
            {key: pairs[key][0] if key in pairs else inner for key, inner in left.items()},
            {key: pairs[key][1] if key in pairs else inner for key, inner in right.items()},
        )
    if isinstance(left, list) and isinstance(right, list):
        items = [_both(one, other, change) for one, other in zip(left, right, strict=False)]
        return (
            [*(one for one, _ in items), *left[len(items) :]],
            [*(other for _, other in items), *right[len(items) :]],
        )
    return left, right


def _opened(left: str, right: str) -> _Pair | None:
    """What two texts hold that are both objects or both arrays in JSON."""
    if left[:1] not in ("{", "[") or left[:1] != right[:1]:
        return None
    try:
        return _both(parse_json(left), parse_json(right), _opened)
    except (ValueError, RecursionError):
        return None


def _in_lines(left: str, right: str) -> _Pair | None:
    """Two texts of which one has several lines, as lists of them."""
    if "\n" not in left and "\n" not in right:
        return None
    return list(left.split("\n")), list(right.split("\n"))
