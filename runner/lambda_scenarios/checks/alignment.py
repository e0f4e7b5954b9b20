"""Which found value an expected one most likely stands for: for messages and diffs, never for verdicts."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as SequenceOf
from typing import TYPE_CHECKING

from lambda_scenarios.checks.equality import is_mixed
from lambda_scenarios.checks.judge import holds, holds_absent
from lambda_scenarios.checks.pairing import pair_most
from lambda_scenarios.model.expectation import Equal, Inner, Mapping, Matchers, Node, Sequence, Several

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json

# Pairs of (index of the expected item or None, index of the found one or None), in the order of a diff.
Alignment = list[tuple[int | None, int | None]]

_LARGEST_TABLE = 2_500
_ALIKE = 0.5


def equal_to(value: Json) -> Equal:
    """The node of a value without matchers."""
    return Equal(value, is_mixed(value))


def entries_of(node: Node) -> tuple[tuple[tuple[str, Node], ...], bool] | None:
    """The keys that a node expects of an object, and whether more are allowed; None for others."""
    if isinstance(node, Mapping):
        return node.entries, node.open
    if isinstance(node, Equal) and isinstance(node.value, dict):
        return tuple((key, equal_to(value)) for key, value in node.value.items()), False
    return None


def items_of(node: Node) -> tuple[Node, ...] | None:
    """The items that a node expects of an array; None for others."""
    if isinstance(node, Sequence):
        return node.items
    if isinstance(node, Equal) and isinstance(node.value, list):
        return tuple(map(equal_to, node.value))
    return None


def similarity(node: Node, found: Json) -> float:
    """How much of `found` is as the node expects, from 0 (nothing) to 1 (it holds)."""
    if holds(node, found):
        return 1.0
    if isinstance(node, Matchers):
        return sum(similarity(part, found) for _, part in node.parts) / len(node.parts)
    if isinstance(node, Inner) and node.name in ("$optional", "$partial", "$exactly", "$literal"):
        return similarity(node.node, found)
    if isinstance(node, Several) and node.name == "$any_of":
        return max(similarity(inner, found) for inner in node.nodes)
    keyed = entries_of(node)
    if keyed is not None and isinstance(found, dict):
        entries, is_open = keyed
        alike = sum(
            0.2 + 0.8 * similarity(inner, found[key]) if key in found else holds_absent(inner)
            for key, inner in entries
        )
        names = {key for key, _ in entries}
        more = 0 if is_open else sum(key not in names for key in found)
        # A key in common is something, and being an object at all too.
        return 0.1 + 0.8 * alike / max(1, len(entries) + more)
    items = items_of(node)
    if items is not None and isinstance(found, list):
        alike = sum(map(similarity, items, found))
        return 0.1 + 0.8 * alike / max(1, len(items), len(found))
    return 0.0


def align(expected: SequenceOf[Node], found: SequenceOf[Json]) -> Alignment:
    """Pairs two lists in order, so that an inserted or removed item does not shift all others."""
    start = 0
    while start < min(len(expected), len(found)) and holds(expected[start], found[start]):
        start += 1
    end = 0
    while end < min(len(expected), len(found)) - start and holds(expected[-1 - end], found[-1 - end]):
        end += 1
    pairs: Alignment = [(i, i) for i in range(start)]
    rows, columns = len(expected) - start - end, len(found) - start - end
    if rows * columns > _LARGEST_TABLE:
        pairs += _side_by_side(start, rows, start, columns)
    else:
        scores = [
            [similarity(expected[start + i], found[start + j]) for j in range(columns)] for i in range(rows)
        ]
        pairs += _best_path(scores, rows, columns, start)
    pairs += [(len(expected) - k, len(found) - k) for k in range(end, 0, -1)]
    return pairs


def _best_path(scores: list[list[float]], rows: int, columns: int, start: int) -> Alignment:
    """The pairing in order with the greatest sum of similarities; unlike items are not paired by it."""
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            paired = scores[i][j] + best[i + 1][j + 1] if scores[i][j] >= _ALIKE else 0.0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    pairs: Alignment = []
    i = j = gap_i = gap_j = 0
    while i < rows and j < columns:
        alike = scores[i][j] >= _ALIKE and best[i][j] == scores[i][j] + best[i + 1][j + 1]
        if alike:
            pairs += _side_by_side(start + gap_i, i - gap_i, start + gap_j, j - gap_j)
            pairs.append((start + i, start + j))
            i, j = i + 1, j + 1
            gap_i, gap_j = i, j
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs + _side_by_side(start + gap_i, rows - gap_i, start + gap_j, columns - gap_j)


def _side_by_side(i: int, rows: int, j: int, columns: int) -> Alignment:
    """Between two pairs: item by item, and what is left over stands alone."""
    both = min(rows, columns)
    pairs: Alignment = [(i + k, j + k) for k in range(both)]
    pairs += [(i + k, None) for k in range(both, rows)]
    pairs += [(None, j + k) for k in range(both, columns)]
    return pairs


def align_unordered(expected: SequenceOf[Node], found: SequenceOf[Json]) -> Alignment:
    """Pairs two lists whose order is free: what matches, then what is alike; in the order of `found`."""
    partners = pair_most(len(expected), len(found), lambda i, j: holds(expected[i], found[j]))
    taken = {j for j in partners if j is not None}
    left = [i for i, j in enumerate(partners) if j is None]
    right = [j for j in range(len(found)) if j not in taken]
    if len(left) * len(right) <= _LARGEST_TABLE:
        ranked = sorted(
            ((similarity(expected[i], found[j]), -i, -j) for i in left for j in right), reverse=True
        )
    else:
        ranked = []
    for score, minus_i, minus_j in ranked:
        if score >= _ALIKE and partners[-minus_i] is None and -minus_j not in taken:
            partners[-minus_i] = -minus_j
            taken.add(-minus_j)
    # Unlike ones too stand side by side, rather than all missing ones before all surplus ones.
    rest = [j for j in range(len(found)) if j not in taken]
    for i, j in zip([i for i, j in enumerate(partners) if j is None], rest, strict=False):
        partners[i] = j
    by_found = {j: i for i, j in enumerate(partners) if j is not None}
    pairs: Alignment = [(by_found.get(j), j) for j in range(len(found))]
    return pairs + [(i, None) for i, j in enumerate(partners) if j is None]


def nearest(nodes: SequenceOf[Node], found: Json) -> int:
    """The index of the node that `found` comes nearest to; the first of equals."""
    return _best(len(nodes), lambda i: similarity(nodes[i], found))


def nearest_value(node: Node, found: SequenceOf[Json]) -> int:
    """The index of the value that comes nearest to the node; the first of equals."""
    return _best(len(found), lambda i: similarity(node, found[i]))


def _best(count: int, score: Callable[[int], float]) -> int:
    return max(range(count), key=lambda i: (score(i), -i))
