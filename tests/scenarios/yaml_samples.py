"""Values and texts for tests of YAML, and an equality that is as exact as JSON's types."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st


def same(one: Any, other: Any) -> bool:
    """Equality that tells True from 1 and 1 from 1.0."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict) and list(one) == list(other) and all(same(one[k], other[k]) for k in one)
        )
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    kinds = [next(k for k in (bool, int, float, object) if isinstance(v, k)) for v in (one, other)]
    return kinds[0] is kinds[1] and one == other


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\ufeff"), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=15,
)

# Bytes that are hardly ever YAML, and text that nearly is.
YAMLISH = st.text(st.sampled_from("ab01: -?,[]{}#&*!|>'\"%@`\n\t\r~.<=_\\x\x85\u2028\ufeff😀é"), max_size=60)
HOSTILE = st.binary(max_size=60) | YAMLISH.map(str.encode)
