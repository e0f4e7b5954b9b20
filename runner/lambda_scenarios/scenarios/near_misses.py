"""Keys that look like `scenarios` misspelt."""

from __future__ import annotations


def is_near_miss(key: str) -> bool:
    """Whether `key` is within edit distance 2 of `scenarios` (case aside), but isn't it."""
    return key != "scenarios" and 7 <= len(key) <= 11 and _distance(key.lower(), "scenarios") <= 2


def _distance(one: str, other: str) -> int:
    """Levenshtein's distance."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        above = row
        row = [i]
        for j, b in enumerate(other, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b)))
    return row[-1]
