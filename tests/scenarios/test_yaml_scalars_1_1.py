"""PyYAML's resolver is the oracle: SAM reads templates with it."""

from __future__ import annotations

import datetime

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from lambda_scenarios.scenarios.yaml_scalars import NotJsonError
from lambda_scenarios.scenarios.yaml_scalars_1_1 import NOT_STRINGS, resolve
from lambda_scenarios.scenarios.yaml_source import parse


@given(
    st.text("0123456789abxo_:.+-eE", max_size=8)
    | st.sampled_from(
        ["yes", "No", "ON", "off", "oFF", "y", "n", "true", "TRUE", "~", "null", "Null", "nul", ""]
    )
)
@example("0b")
@example("0_")
@example("-0x1F")
@example("1:30")
@example("1:30.5")
@example("2020-01-01")
def test_plain_scalars(text: str) -> None:
    try:
        expected = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, AttributeError, KeyError):
        return  # no plain scalar, or one that PyYAML itself stumbles over
    if isinstance(expected, (datetime.date, datetime.datetime, list, dict)) or text == "-":
        return
    if isinstance(expected, float) and expected != expected:
        return
    try:
        found = resolve(text)
    except NotJsonError:
        assert expected in (float("inf"), float("-inf"))
        return
    assert (found, type(found)) == (expected, type(expected))
    if not isinstance(found, str):
        assert text[:1] in NOT_STRINGS


@pytest.mark.parametrize(
    ("text", "value"),
    [("a: yes", {"a": True}), ("yes: 1", {"yes": 1}), ("a: 'yes'", {"a": "yes"}), ("a: 1\na: 2", {"a": 2})],
)
def test_documents(text: str, value: object) -> None:
    assert parse(text.encode(), "f", "cloudformation", "1.1") == value


def test_the_two_versions_keep_apart() -> None:
    for _ in range(2):
        assert parse(b"[010, on, 1e3]", "f", version="1.1") == [8, True, "1e3"]
        assert parse(b"[010, on, 1e3]", "f") == [10, "on", 1000.0]
