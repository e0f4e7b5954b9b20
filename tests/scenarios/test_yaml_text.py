"""What is written as YAML is read back as the very same value, by this program and by another's reader."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from lambda_scenarios.scenarios.yaml_source import parse
from lambda_scenarios.scenarios.yaml_text import Unwritable, block, entry, flow, scalar

from .yaml_samples import VALUES, same

# Lone surrogates have no UTF-8, so that no file can hold them.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "",
        " ",
        "a ",
        "- a",
        "a: b",
        "a #b",
        "#",
        "null",
        "Off",
        "010",
        "1e3",
        ".5",
        "<<",
        "=",
        "{{ x }}",
        "a\nb",
        "'",
        '"',
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def read(lines: list[str]) -> Any:
    return parse(("\n".join(lines) + "\n").encode(), "/f.yml")


@given(JSON)
def test_blocks_read_back(value: Any) -> None:
    assert same(read(block(value, 0)), value)
    assert same(read(["a:", *block(value, 4), "b: 1"]), {"a": value, "b": 1})


@given(TEXT, JSON)
def test_entries_read_back(key: str, value: Any) -> None:
    assert same(read(["- 1", "-", *entry(key, value, 2)]), [1, {key: value}])


@given(JSON)
def test_one_line_reads_back(value: Any) -> None:
    assert "\n" not in flow(value)
    assert same(read([f"a: {flow(value)}"]), {"a": value})


@given(TEXT)
def test_other_readers_see_the_same_text(text: str) -> None:
    if any(char in text for char in "\x85\u2028\u2029\ufeff"):
        return  # breaks for YAML 1.1, which the oracle keeps
    assert YAML(typ="safe", pure=True).load(f"a: {scalar(text)}\n") == {"a": text}


@given(VALUES)
def test_samples_read_back(value: Any) -> None:
    assert same(read(block(value, 2)), value)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("creates an order", "creates an order"),
        ("POST /orders", "POST /orders"),
        ("1", '"1"'),
        ("yes", '"yes"'),
        ('{"a": 1}', "'{\"a\": 1}'"),
        ("a: b", '"a: b"'),
        ("it's", '"it\'s"'),
        ("two\nlines", '"two\\nlines"'),
        ("größer", '"größer"'),
    ],
)
def test_texts_are_quoted_only_where_they_must_be(text: str, written: str) -> None:
    assert scalar(text) == written


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "\ud800", {"k" * 2000: 1}, {"a": ["\udc00"]}], ids=repr
)
def test_what_yaml_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(Unwritable):
        block(value, 0)


def test_what_is_nested_too_deep_is_refused() -> None:
    value: Any = 1
    for _ in range(200):
        value = [value]
    with pytest.raises(Unwritable):
        block(value, 0)
